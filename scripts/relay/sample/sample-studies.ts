/**
 * The studies of `relay sample`: invented patients, whose names and Patient IDs say so, with films, slices and scans
 * that are drawn here. The same each time, bit for bit: sent again, a study is the same study.
 */
import { buildInstance, type BuiltImage, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { SAMPLE_PATIENT_PREFIX } from '#shared/protocol/sample.ts';
import { drawFilm, drawScan, drawSlice, FILM_SIDE, FILM_WHITE, SCAN, seeded } from './draw-slices.ts';

/** Derived from the UUID 7c1f3a52-93d4-4e0b-8a6d-50b2c7e40000; the last digits count (PS3.5 §B.2). */
const FIRST_UUID = 0x7c1f3a5293d44e0b8a6d50b2c7e40000n;

export const SAMPLE_KINDS = ['CR', 'CT', 'MR', 'US'] as const;
export type SampleKind = (typeof SAMPLE_KINDS)[number];

export type SampleStudy = {
  readonly number: number;
  readonly kind: SampleKind;
  readonly studyInstanceUID: string;
  readonly patient: number;
  /** The film has something to be found in it. */
  readonly isOpaque: boolean;
};

/** A film for every second study, and the other kinds in turn; a patient who has two has them one after the other. */
export function sampleStudies(count: number): SampleStudy[] {
  const others = ['CT', 'MR', 'US'] as const;
  return Array.from({ length: count }, (_, at) => ({
    number: at + 1,
    kind: at % 2 === 0 ? 'CR' : others[((at - 1) / 2) % others.length]!,
    studyInstanceUID: uid(at + 1, 0, 0),
    // Every fourth patient has a film and a CT, an MR or a scan.
    patient: at % 8 === 1 ? at : at + 1,
    isOpaque: at % 4 === 2,
  }));
}

const SURNAMES = [
  ...['Quince', 'Medlar', 'Sorrel', 'Tansy', 'Yarrow', 'Borage', 'Lovage', 'Salsify', 'Damson', 'Bergamot'],
  ...[
    'Chicory',
    'Fennel',
    'Juniper',
    'Marjoram',
    'Nettle',
    'Parsnip',
    'Rhubarb',
    'Saffron',
    'Teasel',
    'Verbena',
  ],
  ...['Woodruff', 'Angelica', 'Burdock', 'Caraway', 'Dill', 'Elder', 'Gentian', 'Hyssop', 'Lupin', 'Mallow'],
];

/** The files of a study, as a modality would send them. */
export function filesOf(study: SampleStudy): Uint8Array<ArrayBuffer>[] {
  switch (study.kind) {
    case 'CR':
      return [film(study)];
    case 'CT':
      return slicesOf(study, 12, ctSlice);
    case 'MR':
      return slicesOf(study, 10, mrSlice);
    case 'US':
      return [1, 2].map((number) => scan(study, number));
    default:
      return study.kind satisfies never;
  }
}

const slicesOf = (
  study: SampleStudy,
  count: number,
  slice: (study: SampleStudy, number: number, height: number) => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer>[] =>
  Array.from({ length: count }, (_, at) => slice(study, at + 1, at / (count - 1)));

function film(study: SampleStudy): Uint8Array<ArrayBuffer> {
  const elements: SimpleElement[] = [
    [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY'],
    [0x00081030, 'LO', 'Chest AP'],
    [0x00180015, 'CS', 'CHEST'],
    [0x00185101, 'CS', 'AP'],
    [0x00200020, 'CS', 'L', 'F'],
    [0x00281050, 'DS', String(FILM_WHITE / 2)],
    [0x00281051, 'DS', String(FILM_WHITE)],
  ];
  const samples = drawFilm(study.number, study.isOpaque);
  return build(study, { number: 1, elements, image: grey(FILM_SIDE, FILM_SIDE, samples, 12) });
}

/** Hounsfield units are stored from zero on. */
const INTERCEPT = -1024;
const CT_SIDE = 192;

function ctSlice(study: SampleStudy, number: number, height: number): Uint8Array<ArrayBuffer> {
  const drawn = { phantom: 'thorax', side: CT_SIDE, height, seed: study.number } as const;
  const samples = drawSlice({ ...drawn, offset: -INTERCEPT, background: -1000 });
  const elements: SimpleElement[] = [
    ...axial(study, number, { spacing: 2, side: CT_SIDE }),
    [0x00081030, 'LO', 'CT thorax'],
    [0x00180015, 'CS', 'CHEST'],
    [0x00180060, 'DS', '120'],
    [0x00281050, 'DS', '-500'],
    [0x00281051, 'DS', '1500'],
    [0x00281052, 'DS', String(INTERCEPT)],
    [0x00281053, 'DS', '1'],
    [0x00281054, 'LO', 'HU'],
  ];
  return build(study, { number, elements, image: grey(CT_SIDE, CT_SIDE, samples, 12) });
}

const MR_SIDE = 160;

function mrSlice(study: SampleStudy, number: number, height: number): Uint8Array<ArrayBuffer> {
  const drawn = { phantom: 'head', side: MR_SIDE, height, seed: study.number } as const;
  const samples = drawSlice({ ...drawn, offset: 0, background: 8 });
  const elements: SimpleElement[] = [
    ...axial(study, number, { spacing: 240 / MR_SIDE, side: MR_SIDE }),
    [0x00081030, 'LO', 'MR head'],
    [0x00180015, 'CS', 'BRAIN'],
    [0x00180020, 'CS', 'SE'],
    [0x00180021, 'CS', 'NONE'],
    [0x00180022, 'CS', ''],
    [0x00180023, 'CS', '2D'],
    [0x00180080, 'DS', '4000'],
    [0x00180081, 'DS', '90'],
    [0x00180091, 'IS', 1],
    [0x00281050, 'DS', '400'],
    [0x00281051, 'DS', '800'],
  ];
  return build(study, { number, elements, image: grey(MR_SIDE, MR_SIDE, samples, 12) });
}

function scan(study: SampleStudy, number: number): Uint8Array<ArrayBuffer> {
  const elements: SimpleElement[] = [
    [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY'],
    [0x00081030, 'LO', 'Abdomen'],
    [0x00180015, 'CS', 'ABDOMEN'],
    [0x00200020, 'CS', ''],
    [0x00280301, 'CS', 'NO'],
  ];
  const pixels = new Uint8Array(drawScan(study.number * 10 + number));
  return build(study, { number, elements, image: { ...SCAN, bitsAllocated: 8, pixels } });
}

/** Image Plane and Frame of Reference: axial, 5 mm apart. */
function axial(
  study: SampleStudy,
  number: number,
  { spacing, side }: { readonly spacing: number; readonly side: number },
): SimpleElement[] {
  const corner = String(-(spacing * side) / 2);
  return [
    [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY', ...(study.kind === 'CT' ? ['AXIAL'] : ['M', 'SE'])],
    [0x00180050, 'DS', '5'],
    [0x00185100, 'CS', 'HFS'],
    [0x00200012, 'IS', 1],
    [0x00200032, 'DS', corner, corner, String(number * 5)],
    [0x00200037, 'DS', '1', '0', '0', '0', '1', '0'],
    [0x00200052, 'UI', uid(study.number, 0xf, 1)],
    [0x00201040, 'LO', ''],
    [0x00280030, 'DS', String(spacing), String(spacing)],
  ];
}

const grey = (rows: number, columns: number, samples: Uint16Array, bitsStored: number): BuiltImage => ({
  ...{ rows, columns, bitsAllocated: 16, bitsStored },
  pixels: new Uint8Array(samples.buffer as ArrayBuffer),
});

type Built = {
  readonly number: number;
  readonly elements: readonly SimpleElement[];
  readonly image: BuiltImage;
};

function build(study: SampleStudy, { number, elements, image }: Built): Uint8Array<ArrayBuffer> {
  const sopClassUID = SOP_CLASSES[study.kind];
  const identifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', study.studyInstanceUID),
    seriesInstanceUID: parseUid('SeriesInstanceUID', uid(study.number, 1, 0)),
    sopInstanceUID: parseUid('SOPInstanceUID', uid(study.number, 1, number)),
    sopClassUID,
  };
  const parts = buildInstance({
    identifiers,
    transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    elements: [...commonElements(study, number), ...elements],
    image,
  });
  return concatBytes(parts) as Uint8Array<ArrayBuffer>;
}

function commonElements({ number: study, kind, patient }: SampleStudy, number: number): SimpleElement[] {
  const random = seeded(patient);
  // The models were made for children: the patients of films are some.
  const years = patient % 2 === 1 ? 1 + Math.floor(random() * 5) : 20 + Math.floor(random() * 65);
  const month = String(1 + Math.floor(random() * 6)).padStart(2, '0');
  const sex = random() < 0.5 ? 'F' : 'M';
  const day = String(1 + ((study * 5) % 27)).padStart(2, '0');
  const three = (value: number): string => String(value).padStart(3, '0');
  return [
    [0x00080005, 'CS', 'ISO_IR 192'],
    [0x00080020, 'DA', `202606${day}`],
    [0x00080030, 'TM', `${String(8 + (study % 9)).padStart(2, '0')}1500`],
    [0x00080050, 'SH', `SMP${three(study)}`],
    [0x00080060, 'CS', kind],
    [0x00080070, 'LO', 'RelayPACS sample'],
    [0x00080090, 'PN', ''],
    [0x0008103e, 'LO', 'Drawn, of nobody'],
    [0x00100010, 'PN', `SAMPLE^${SURNAMES[(patient - 1) % SURNAMES.length]}`],
    [0x00100020, 'LO', `${SAMPLE_PATIENT_PREFIX}${three(patient)}`],
    [0x00100030, 'DA', `${2026 - years}${month}15`],
    [0x00100040, 'CS', sex],
    [0x00101010, 'AS', `${three(years)}Y`],
    [0x00200010, 'SH', `S${three(study)}`],
    [0x00200011, 'IS', 1],
    [0x00200013, 'IS', number],
  ];
}

function uid(study: number, series: number, number: number): string {
  return `2.25.${FIRST_UUID + BigInt(study * 0x100 + series * 0x10 + number)}`;
}
