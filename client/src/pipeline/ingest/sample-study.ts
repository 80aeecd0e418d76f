/**
 * A small study for the first visitor, made here and now: a CT of a phantom with 24 slices and one drawn chest
 * film. Nobody is in it.
 */
import { type BuiltImage, type SimpleElement, buildInstance } from '#shared/dicom/build-instance.ts';
import type { InstanceIdentifiers } from '#shared/dicom/data-set.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { FIRST_SAMPLE, sampleUid } from '#shared/dicom/sample-uids.ts';
import { type SOPClassUID, parseUid } from '#shared/dicom/uid.ts';
import { drawSampleFilm } from './sample-film.ts';

const SLICES = 24;
const SIDE = 256;
const FILM_SIDE = 512;
const FILM_WHITE = 4000;
/** Hounsfield units are stored from zero on. */
const INTERCEPT = -1024;
const BODY = 20;

/**
 * An ellipse of the phantom: centre and half axes in parts of the image's half side, value in Hounsfield
 * units.
 */
type Ellipse = {
  readonly x: number;
  readonly y: number;
  readonly a: number;
  readonly b: number;
  readonly value: number;
};

/** The study's files, as if they had been chosen: 25 instances, 3.7 MB. `uuid`: of what the study is for. */
export function sampleStudyFiles(uuid = FIRST_SAMPLE): File[] {
  const files = Array.from({ length: SLICES }, (_, slice) => ctSlice(uuid, slice));
  return [...files, film(uuid)];
}

function ctSlice(uuid: string, slice: number): File {
  const elements: SimpleElement[] = [
    ...commonElements('CT', 1, slice + 1, 'Phantom axial 5 mm'),
    [0x00180050, 'DS', '5'],
    [0x00180060, 'DS', '120'],
    [0x00185100, 'CS', 'HFS'],
    [0x00200012, 'IS', 1],
    [0x00200032, 'DS', '-128', '-128', String(slice * 5)],
    [0x00200037, 'DS', '1', '0', '0', '0', '1', '0'],
    [0x00200052, 'UI', sampleUid(uuid, 0xff)],
    [0x00201040, 'LO', ''],
    [0x00280030, 'DS', '1', '1'],
    [0x00281050, 'DS', '40'],
    [0x00281051, 'DS', '600'],
    [0x00281052, 'DS', String(INTERCEPT)],
    [0x00281053, 'DS', '1'],
  ];
  const samples = new Uint16Array(SIDE * SIDE);
  for (const ellipse of ellipsesAt(slice / (SLICES - 1))) fillEllipse(samples, ellipse);
  return asFile(
    { uuid, sopClassUID: SOP_CLASSES.CT, seriesNumber: 1, instanceNumber: slice + 1 },
    elements,
    grey(SIDE, samples),
  );
}

/** A drawn chest film of a child, for whom the models were made. */
function film(uuid: string): File {
  const elements: SimpleElement[] = [
    ...commonElements('CR', 2, 1, 'Phantom frontal'),
    [0x00185101, 'CS', 'AP'],
    [0x00200020, 'CS', 'L', 'F'],
    [0x00281050, 'DS', String(FILM_WHITE / 2)],
    [0x00281051, 'DS', String(FILM_WHITE)],
  ];
  const place = { uuid, sopClassUID: SOP_CLASSES.CR, seriesNumber: 2, instanceNumber: 1 };
  return asFile(place, elements, grey(FILM_SIDE, drawSampleFilm(FILM_SIDE, FILM_WHITE)));
}

/** Body, lungs, heart, spine and two inserts, as they change from the first slice (0) to the last (1). */
function ellipsesAt(height: number): Ellipse[] {
  const lung = 0.2 + 0.14 * Math.sin(Math.PI * height);
  return [
    { x: 0, y: 0, a: 0.86, b: 0.66, value: BODY },
    { x: -0.4, y: -0.05, a: lung, b: lung * 1.35, value: -820 },
    { x: 0.4, y: -0.05, a: lung, b: lung * 1.35, value: -820 },
    { x: 0.1, y: -0.12, a: 0.2 * height + 0.05, b: 0.22 * height + 0.05, value: 60 },
    { x: 0, y: 0.44, a: 0.12, b: 0.12, value: 480 },
    { x: 0, y: 0.44, a: 0.05, b: 0.05, value: 30 },
    { x: -0.62, y: 0.3, a: 0.06, b: 0.06, value: 900 },
    { x: 0.62, y: 0.3, a: 0.06, b: 0.06, value: -100 },
  ];
}

/**
 * Coordinates from -1 to 1; the value is shaded a little, so that windowing shows. A later ellipse covers an
 * earlier one.
 */
function fillEllipse(samples: Uint16Array, { x, y, a, b, value }: Ellipse): void {
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

function grey(side: number, samples: Uint16Array<ArrayBuffer>): BuiltImage {
  return {
    rows: side,
    columns: side,
    bitsAllocated: 16,
    bitsStored: 12,
    pixels: new Uint8Array(samples.buffer),
  };
}

function commonElements(
  modality: string,
  seriesNumber: number,
  instanceNumber: number,
  description: string,
): SimpleElement[] {
  return [
    [0x00080005, 'CS', 'ISO_IR 192'],
    [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'],
    [0x00080020, 'DA', '20250101'],
    [0x00080030, 'TM', '090000'],
    [0x00080050, 'SH', ''],
    [0x00080060, 'CS', modality],
    [0x00080070, 'LO', 'RelayPACS'],
    [0x00080090, 'PN', ''],
    [0x00081030, 'LO', 'Sample of a phantom'],
    [0x0008103e, 'LO', description],
    [0x00100010, 'PN', 'Sample^Study'],
    [0x00100020, 'LO', 'SAMPLE-1'],
    [0x00100030, 'DA', ''],
    [0x00100040, 'CS', 'O'],
    [0x00101010, 'AS', '004Y'],
    [0x00180015, 'CS', 'CHEST'],
    [0x00200010, 'SH', 'SAMPLE'],
    [0x00200011, 'IS', seriesNumber],
    [0x00200013, 'IS', instanceNumber],
  ];
}

interface SamplePlace {
  readonly uuid: string;
  readonly sopClassUID: SOPClassUID;
  readonly seriesNumber: number;
  readonly instanceNumber: number;
}

function asFile(
  { uuid, sopClassUID, seriesNumber, instanceNumber }: SamplePlace,
  elements: readonly SimpleElement[],
  image: BuiltImage,
): File {
  const kind = sopClassUID === SOP_CLASSES.CT ? 'CT' : 'CR';
  const name = `${kind}${String(instanceNumber).padStart(3, '0')}.dcm`;
  const identifiers: InstanceIdentifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', sampleUid(uuid, 0)),
    seriesInstanceUID: parseUid('SeriesInstanceUID', sampleUid(uuid, seriesNumber)),
    sopInstanceUID: parseUid('SOPInstanceUID', sampleUid(uuid, seriesNumber * 0x100 + instanceNumber)),
    sopClassUID,
  };
  const parts = buildInstance({ identifiers, transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN, elements, image });
  return new File(parts as Uint8Array<ArrayBuffer>[], name, { type: 'application/dicom', lastModified: 0 });
}
