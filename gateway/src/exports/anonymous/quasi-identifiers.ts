/**
 * The quasi-identifiers of an anonymous row, and the steps by which each is told less exactly (its hierarchy). Every
 * label comes from a closed list or is computed here, so no cell can hold a name that somebody typed into a header.
 */
import { BODY_PARTS, MODALITIES } from '#shared/dicom/defined-terms.ts';

/** Fields of an export. */
export const QUASI_IDENTIFIERS = ['ageBand', 'sex', 'modalities', 'bodyParts', 'month', 'site'] as const;
export type QuasiIdentifier = (typeof QUASI_IDENTIFIERS)[number];

/** The subject of a row; null where unknown. */
export type Subject = {
  readonly ageYears: number | null;
  readonly sex: string | null;
  readonly modalities: readonly string[];
  /** Values of Body Part Examined. */
  readonly bodyParts: readonly string[];
  /** Month of the study: YYYY-MM, or the beginning of a longer date. */
  readonly month: string | null;
  /** The name of the site in the gateway. */
  readonly site: string | null;
};
/** The labels with which a row is written. */
export type QuasiLabels = Readonly<Record<QuasiIdentifier, string>>;

export const ANY = 'any';
const UNKNOWN = 'unknown';
const OTHER = 'other';

/**
 * 45 CFR 164.514(b)(2)(i)(C): "all ages over 89 […] may be aggregated into a single category of age 90 or older".
 */
const OLDEST_FROM = 90;
/** Nobody is this old; a header may say anything. */
const AGE_LIMIT = 150;
const BAND_YEARS = [5, 10, 20];

function ageBands(years: number | null): string[] {
  if (years === null || !(years >= 0 && years < AGE_LIMIT)) return [...BAND_YEARS.map(() => UNKNOWN), ANY];
  return [...BAND_YEARS.map((width) => bandOf(years, width)), ANY];
}

/** The last band has no upper end. The form is `10 to 14` because a spreadsheet reads `10-14` as a date. */
function bandOf(years: number, width: number): string {
  const from = Math.floor(Math.min(years, OLDEST_FROM) / width) * width;
  return from + width > OLDEST_FROM ? `${from} and over` : `${from} to ${from + width - 1}`;
}

const MONTH = /^(?<year>(?:19|20)\d\d)-(?<month>0[1-9]|1[0-2])(?!\d)/;

function months(value: string | null): string[] {
  const { year, month } = MONTH.exec(value ?? '')?.groups ?? {};
  if (year === undefined || month === undefined) return [UNKNOWN, UNKNOWN, UNKNOWN, ANY];
  return [`${year}-${month}`, `${year}-Q${Math.ceil(Number(month) / 3)}`, year, ANY];
}

const REGIONS: Readonly<Record<string, string>> = {
  HEAD_AND_NECK:
    'BRAIN CAROTID CEREBELLUM CORNEA EAR EYE FACE HEAD HEADNECK IAC JAW LARYNX MANDIBLE MAXILLA MOUTH NECK NOSE ORBIT ' +
    'PAROTID PHARYNX SKULL TEMPORALBONE THYROID TONGUE ZYGOMA SINUS TEETH',
  CHEST:
    'AORTA AXILLA BREAST BRONCHUS CHEST CLAVICLE CORONARYARTERY ESOPHAGUS HEART LUNG MEDIASTINUM RIB STERNUM TRACHEA',
  ABDOMEN_AND_PELVIS:
    'ABDOMEN ABDOMENPELVIS ADRENAL BLADDER CERVIX COLON DUODENUM GALLBLADDER ILIUM JEJUNUM KIDNEY LIVER OVARY PANCREAS ' +
    'PELVIS PROSTATE RECTUM SCROTUM SPLEEN STOMACH URETER URETHRA UTERUS VAGINA',
  SPINE: 'BACK COCCYX CSPINE CTSPINE LSPINE LSSPINE SPINE SSPINE TLSPINE TSPINE',
  UPPER_LIMB: 'ARM ELBOW FINGER FOREARM HAND HUMERUS SCAPULA SHOULDER THUMB WRIST',
  LOWER_LIMB: 'ANKLE CALCANEUS CALF FEMUR FOOT HIP KNEE LEG LOWERLEG PATELLA THIGH TIBIA TOE',
};
const REGION_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(REGIONS).flatMap(([region, parts]) => parts.split(' ').map((part) => [part, region])),
);

/** Body parts, and the name that a model gives to a region of several parts. */
const PARTS: ReadonlySet<string> = new Set([...BODY_PARTS, 'TRUNK']);

function bodyParts(values: readonly string[]): string[] {
  const [exact = UNKNOWN] = listed(values, PARTS);
  const regions = exact.split(' ').map((part) => REGION_OF.get(part) ?? (part === UNKNOWN ? part : OTHER));
  return [exact, [...new Set(regions)].sort().join(' '), ANY];
}

/** Several values are sorted alphabetically, without duplicates. */
function listed(values: readonly (string | null)[], list: ReadonlySet<string>): string[] {
  const codes = values.map((value) => (value ?? '').trim().toUpperCase()).filter((code) => code !== '');
  const told = [...new Set(codes.map((code) => (list.has(code) ? code : OTHER)))];
  return [told.length === 0 ? UNKNOWN : told.sort().join(' '), ANY];
}

/** PS3.3 C.7.1.1: Patient's Sex. */
const SEXES: ReadonlySet<string> = new Set(['F', 'M', 'O']);

/** All words that labels can contain, except numbers. */
export const LABEL_WORDS: readonly string[] = [
  ...[ANY, UNKNOWN, OTHER, 'to', 'and', 'over', ...SEXES, ...MODALITIES, ...PARTS, ...Object.keys(REGIONS)],
];

/**
 * The labels of each quasi-identifier, from the most exact to `any`. The number of steps is the same for every subject.
 */
export const HIERARCHIES: {
  readonly [Q in QuasiIdentifier]: (subject: Subject) => readonly string[];
} = {
  ageBand: ({ ageYears }) => ageBands(ageYears),
  sex: ({ sex }) => listed([sex], SEXES),
  modalities: ({ modalities }) => listed(modalities, MODALITIES),
  bodyParts: (subject) => bodyParts(subject.bodyParts),
  month: ({ month }) => months(month),
  site: ({ site }) => [site ?? UNKNOWN, ANY],
};
