/**
 * Whether a model may judge this instance, according to its header. The original header decides: a de-identified one
 * may lack the age, and the answer would be `unknown`. Only this answer is passed on, and no value of the header.
 */
import type { DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import { BODY_PART_EXAMINED, MODALITY, PATIENT_BIRTH_DATE, STUDY_DATE } from '../dicom/tags.ts';
import { findElement, textOf } from '../dicom/values.ts';
import { CARDS, type ModelCard } from './card.ts';
import { isForProcessing, VIEW_POSITION } from './film-header.ts';
import type { Population } from './model.ts';

const PATIENT_AGE = 0x00101010;
const VIEW_CODE_SEQUENCE = 0x00540220;
const ANATOMIC_REGION_SEQUENCE = 0x00082218;
const CODE_VALUE = 0x00080100;

/** Projection radiographs. PS3.3 §C.7.3.1.1.1: CR "Computed Radiography", DX "Digital Radiography". */
const RADIOGRAPHS = new Set(['CR', 'DX']);
/**
 * PS3.16 Annex L: values of Body Part Examined for the thorax and what is in it, and the SNOMED CT and SRT codes for
 * them (PS3.16 CID 4009, 4031).
 */
const BODY_PARTS: Readonly<Record<string, ReadonlySet<string>>> = {
  CHEST: new Set(['CHEST', 'THORAX', 'LUNG', '51185008', '43799004', '39607008', 'T-D3000', 'T-28000']),
};
/** PS3.16 CID 4010 "DX View": SNOMED CT and SRT codes for what View Position calls AP and PA. */
const VIEWS: Readonly<Record<string, string>> = {
  '399348003': 'AP',
  'R-10206': 'AP',
  '272479007': 'PA',
  'R-10214': 'PA',
};
const DAYS_OF_A_YEAR = 365.25;
const YEARS: Readonly<Record<string, number>> = {
  D: 1 / DAYS_OF_A_YEAR,
  W: 7 / DAYS_OF_A_YEAR,
  M: 1 / 12,
  Y: 1,
};

/**
 * `outside` if anything contradicts the card, `inside` if modality, body part, view and age all agree, else `unknown`.
 * An image that is not for presentation is outside every population, because models are trained on images for viewing.
 */
export function populationOf(instance: ParsedInstance, card: ModelCard = CARDS.pneumonia): Population {
  const { population } = card;
  if (!population) return 'inside';
  const read = readerOf(instance);
  const codeIn = (sequence: number): string | null => {
    const item = findElement(instance.elements, sequence)?.items?.[0];
    return item ? read(CODE_VALUE, item.elements) : null;
  };
  const viewCode = codeIn(VIEW_CODE_SEQUENCE);
  const agrees: (boolean | null)[] = [
    isOneOf(read(MODALITY), RADIOGRAPHS),
    isOneOf(
      read(BODY_PART_EXAMINED) ?? codeIn(ANATOMIC_REGION_SEQUENCE),
      BODY_PARTS[population.bodyPart] ?? new Set([population.bodyPart]),
    ),
    isOneOf(read(VIEW_POSITION) ?? (viewCode && (VIEWS[viewCode] ?? viewCode)), new Set(population.view)),
    isOfAge(agesOf(instance), population.ageYears),
  ];
  if (agrees.includes(false) || isForProcessing(instance)) return 'outside';
  return agrees.includes(null) ? 'unknown' : 'inside';
}

const readerOf =
  (instance: ParsedInstance) =>
  (tag: number, elements: readonly DicomElement[] = instance.elements): string | null =>
    textOf(findElement(elements, tag), instance)?.toUpperCase() ?? null;

function isOneOf(value: string | null, allowed: ReadonlySet<string>): boolean | null {
  return value === null ? null : allowed.has(value);
}

/**
 * The age in completed years, from Patient's Age and from the dates. If there are two values, both must agree with the
 * card.
 */
export function agesOf(instance: ParsedInstance): number[] {
  const read = readerOf(instance);
  const said = /^(\d{1,3})([DWMY])$/.exec(read(PATIENT_AGE) ?? '');
  const birth = dayOf(read(PATIENT_BIRTH_DATE));
  const study = dayOf(read(STUDY_DATE));
  // Days are numbers YYYYMMDD, so the difference gains a full year only on the birthday.
  const counted =
    birth !== null && study !== null && study >= birth ? [Math.floor((study - birth) / 10_000)] : [];
  return [...(said ? [Math.floor(Number(said[1]) * YEARS[said[2]!]! + 1e-9)] : []), ...counted];
}

function isOfAge(years: readonly number[], [least, most]: readonly [number, number]): boolean | null {
  return years.length === 0 ? null : years.every((age) => age >= least && age <= most);
}

/** PS3.5 §6.2: DA is YYYYMMDD ("YYYY.MM.DD" in old files). Returned as one number; null: it is not a date. */
function dayOf(text: string | null): number | null {
  const parts = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text ?? '');
  if (!parts) return null;
  const year = Number(parts[1]);
  const month = Number(parts[2]);
  const day = Number(parts[3]);
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
    ? year * 10_000 + month * 100 + day
    : null;
}
