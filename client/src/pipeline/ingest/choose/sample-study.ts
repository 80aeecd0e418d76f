/**
 * A small study for the first visit, generated on the spot: a CT of a phantom with 24 slices and one drawn chest
 * film. It shows nobody. `relay sample` makes its studies from the same parts.
 */
import { type BuiltImage, type SimpleElement, buildInstance } from '#shared/dicom/build-instance.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { FIRST_SAMPLE, sampleUid } from '#shared/dicom/sample-uids.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { drawSampleFilm } from './sample-film.ts';

const SLICES = 24;
const SIDE = 256;
export const FILM_SIDE = 512;
export const FILM_WHITE = 4000;
/** Hounsfield units are stored as values from zero upwards. */
export const INTERCEPT = -1024;

/** Centre and half axes as fractions of half the image's side, and the value. A later ellipse covers an earlier one. */
export type Ellipse = readonly [x: number, y: number, a: number, b: number, value: number];

/** The study's files, as if they had been chosen: 25 instances, 3.7 MB. `uuid`: identifies the purpose of the study. */
export function sampleStudyFiles(uuid = FIRST_SAMPLE): File[] {
  const files = Array.from({ length: SLICES }, (_, slice) => ctSlice(uuid, slice));
  return [...files, film(uuid)];
}

function ctSlice(uuid: string, slice: number): File {
  const samples = new Uint16Array(SIDE * SIDE);
  const height = slice / (SLICES - 1);
  const inserts: Ellipse[] = [
    [-0.62, 0.3, 0.06, 0.06, 900],
    [0.62, 0.3, 0.06, 0.06, -100],
  ];
  for (const ellipse of [...thorax(height, 1), ...inserts]) fillEllipse(samples, ellipse);
  const elements: SimpleElement[] = [
    ...axialElements({ side: SIDE, spacing: 1, position: slice * 5, frame: sampleUid(uuid, 0xff) }),
    ...CT_ELEMENTS,
    [0x0008103e, 'LO', 'Phantom axial 5 mm'],
    [0x00281050, 'DS', 40],
    [0x00281051, 'DS', 600],
  ];
  return asFile({ uuid, kind: 'CT', series: 1, number: slice + 1 }, elements, grey(SIDE, samples));
}

/** A drawn chest film of a child, because the models were made for children. */
function film(uuid: string): File {
  const image = grey(FILM_SIDE, drawSampleFilm(FILM_SIDE, FILM_WHITE));
  const elements: SimpleElement[] = [...FILM_ELEMENTS, [0x0008103e, 'LO', 'Phantom frontal']];
  return asFile({ uuid, kind: 'CR', series: 2, number: 1 }, elements, image);
}

/**
 * Body, lungs, heart and spine in Hounsfield units, as they change from the first slice (`height` 0) to the last (1).
 * `size`: the patient's relative size, about 1.
 */
export function thorax(height: number, size: number): Ellipse[] {
  const lung = size * (0.2 + 0.14 * Math.sin(Math.PI * height));
  return [
    [0, 0, 0.86 * size, 0.66 * size, 20],
    [-0.4 * size, -0.05, lung, lung * 1.35, -820],
    [0.4 * size, -0.05, lung, lung * 1.35, -820],
    [0.1, -0.12, 0.2 * height + 0.05, 0.22 * height + 0.05, 60],
    [0, 0.44 * size, 0.12, 0.12, 480],
    [0, 0.44 * size, 0.05, 0.05, 30],
  ];
}

/** Coordinates range from -1 to 1. The value is slightly shaded, so that the effect of windowing is visible. */
function fillEllipse(samples: Uint16Array, [x, y, a, b, value]: Ellipse): void {
  const toPixel = (coordinate: number): number => ((coordinate + 1) / 2) * (SIDE - 1);
  for (let row = Math.ceil(toPixel(y - b)); row <= toPixel(y + b); row++) {
    for (let column = Math.ceil(toPixel(x - a)); column <= toPixel(x + a); column++) {
      const dx = ((2 * column) / (SIDE - 1) - 1 - x) / a;
      const dy = ((2 * row) / (SIDE - 1) - 1 - y) / b;
      if (dx * dx + dy * dy <= 1)
        samples[row * SIDE + column] = Math.round(value + 30 * dx - 20 * dy) - INTERCEPT;
    }
  }
}

export const FILM_ELEMENTS: readonly SimpleElement[] = [
  [0x00185101, 'CS', 'AP'],
  [0x00200020, 'CS', 'L', 'F'],
  [0x00281050, 'DS', FILM_WHITE / 2],
  [0x00281051, 'DS', FILM_WHITE],
];

export const CT_ELEMENTS: readonly SimpleElement[] = [
  [0x00180060, 'DS', 120],
  [0x00281052, 'DS', INTERCEPT],
  [0x00281053, 'DS', 1],
];

type Axial = {
  readonly side: number;
  /** `spacing`: between pixels; `position`: of the slice. Both in millimetres. */
  readonly spacing: number;
  readonly position: number;
  /** Frame of Reference UID. */
  readonly frame: string;
};

/** The elements of Image Plane and Frame of Reference for an axial slice, 5 mm thick. */
export function axialElements({ side, spacing, position, frame }: Axial): SimpleElement[] {
  const corner = -(spacing * side) / 2;
  return [
    [0x00180050, 'DS', 5],
    [0x00185100, 'CS', 'HFS'],
    [0x00200012, 'IS', 1],
    [0x00200032, 'DS', corner, corner, position],
    [0x00200037, 'DS', 1, 0, 0, 0, 1, 0],
    [0x00200052, 'UI', frame],
    [0x00201040, 'LO', ''],
    [0x00280030, 'DS', spacing, spacing],
  ];
}

/** A square grey image with 12 bits per sample. */
export const grey = (side: number, samples: Uint16Array<ArrayBuffer>): BuiltImage => ({
  ...{ rows: side, columns: side, bitsAllocated: 16, bitsStored: 12 },
  pixels: new Uint8Array(samples.buffer),
});

type DrawnInstance = {
  readonly kind: 'CR' | 'CT' | 'MR' | 'US';
  readonly study: string;
  readonly series: string;
  readonly instance: string;
  readonly elements: readonly SimpleElement[];
  readonly image: BuiltImage;
};

/** A whole Part 10 file, in pieces. `study`, `series`, `instance`: UIDs. */
export function buildDrawn(drawn: DrawnInstance): Uint8Array<ArrayBuffer>[] {
  const { kind, study, series, instance, elements, image } = drawn;
  const parts = buildInstance({
    identifiers: {
      studyInstanceUID: parseUid('StudyInstanceUID', study),
      seriesInstanceUID: parseUid('SeriesInstanceUID', series),
      sopInstanceUID: parseUid('SOPInstanceUID', instance),
      sopClassUID: SOP_CLASSES[kind],
    },
    transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    elements: [
      [0x00080005, 'CS', 'ISO_IR 192'],
      [0x00080060, 'CS', kind],
      [0x00080090, 'PN', ''],
      ...elements,
    ],
    image,
  });
  return parts as Uint8Array<ArrayBuffer>[];
}

type SamplePlace = {
  readonly uuid: string;
  readonly kind: 'CT' | 'CR';
  readonly series: number;
  readonly number: number;
};

function asFile({ uuid, kind, series, number }: SamplePlace, own: SimpleElement[], image: BuiltImage): File {
  const elements: SimpleElement[] = [
    ...own,
    [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'],
    [0x00080020, 'DA', '20250101'],
    [0x00080030, 'TM', '090000'],
    [0x00080050, 'SH', ''],
    [0x00080070, 'LO', 'RelayPACS'],
    [0x00081030, 'LO', 'Sample of a phantom'],
    [0x00100010, 'PN', 'Sample^Study'],
    [0x00100020, 'LO', 'SAMPLE-1'],
    [0x00100030, 'DA', ''],
    [0x00100040, 'CS', 'O'],
    [0x00101010, 'AS', '004Y'],
    [0x00180015, 'CS', 'CHEST'],
    [0x00200010, 'SH', 'SAMPLE'],
    [0x00200011, 'IS', series],
    [0x00200013, 'IS', number],
  ];
  const uid = (count: number): string => sampleUid(uuid, count);
  const uids = { study: uid(0), series: uid(series), instance: uid(series * 0x100 + number) };
  const name = `${kind}${String(number).padStart(3, '0')}.dcm`;
  const options = { type: 'application/dicom', lastModified: 0 };
  return new File(buildDrawn({ kind, ...uids, elements, image }), name, options);
}
