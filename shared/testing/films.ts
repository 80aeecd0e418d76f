/**
 * Films for tests of models: the labelled images of `../shared/models/eval` beside the clone, and any grey
 * picture as a digital radiograph of a child. The images serve evaluation only and are not part of the
 * repository; without them `evalImages` says null.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { readImageFile } from '#shared/pixels/image-file.ts';
import type { GreyPicture } from '#shared/pixels/picture.ts';
import { testEnvironment } from './environment.ts';
import { seededRandom } from './synthetic-study.ts';

export interface EvalImage {
  readonly file: string;
  readonly expected: {
    readonly 'image-kind': readonly number[];
    readonly pneumonia?: {
      readonly probabilities: readonly number[];
      readonly score: number;
      readonly camPeak: readonly [number, number];
    };
    readonly 'lung-fields'?: { readonly fraction: number };
  };
  readonly kind: string;
  readonly finding?: string;
}

export interface EvalSet {
  readonly folder: string;
  readonly tolerance: {
    readonly probabilities: number;
    readonly score: number;
    readonly fraction: number;
    readonly camPeak: number;
  };
  readonly images: readonly EvalImage[];
}

/** Null if they are not next to the clone. */
export async function evalImages(): Promise<EvalSet | null> {
  const { corpus } = testEnvironment();
  const folder = corpus === null ? null : join(corpus, '../models/eval');
  if (folder === null || !existsSync(join(folder, 'expected.json'))) return null;
  return {
    ...(JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as Omit<EvalSet, 'folder'>),
    folder,
  };
}

/** Grey from 0 to 1, as the file has it. */
export async function readEvalImage({ folder }: EvalSet, file: string): Promise<GreyPicture> {
  const read = await readImageFile(new Uint8Array(await readFile(join(folder, file))));
  if (read.kind === 'refused') throw new Error(`${file}: ${read.because}`);
  return read.picture;
}

/** A quarter turn to the right. */
export function turned({ rows, columns, grey }: GreyPicture): GreyPicture {
  const out = new Float32Array(grey.length);
  for (let y = 0; y < rows; y += 1)
    for (let x = 0; x < columns; x += 1) out[x * rows + (rows - 1 - y)] = grey[y * columns + x]!;
  return { rows: columns, columns: rows, grey: out };
}

export function inverted({ rows, columns, grey }: GreyPicture): GreyPicture {
  return { rows, columns, grey: grey.map((value) => 1 - value) };
}

export interface FilmOptions {
  /** Two films of different seeds are of two patients. */
  readonly seed: number;
  /** (0010,1010): AS, for example `003Y`. */
  readonly age?: string;
  /** Added to the usual elements of such a film, or replacing them. */
  readonly elements?: readonly SimpleElement[];
}

const DIGITAL_X_RAY = '1.2.840.10008.5.1.4.1.1.1.1';

/**
 * A chest radiograph of a child, antero-posterior, 8 bits, whose window gives each stored value its share of
 * 255.
 */
export function filmOf(
  { rows, columns, grey }: GreyPicture,
  { seed, age = '003Y', elements: others = [] }: FilmOptions,
): { readonly studyInstanceUID: string; readonly bytes: Uint8Array<ArrayBuffer> } {
  const random = seededRandom(seed);
  const uid = () =>
    `2.25.${BigInt(Math.floor(random() * 2 ** 32)) * 0x100000000n + BigInt(Math.floor(random() * 2 ** 32)) + 1n}`;
  const identifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', uid()),
    seriesInstanceUID: parseUid('SeriesInstanceUID', uid()),
    sopInstanceUID: parseUid('SOPInstanceUID', uid()),
    sopClassUID: parseUid('SOPClassUID', DIGITAL_X_RAY),
  };
  const own: SimpleElement[] = [
    [0x00080020, 'DA', '20260301'],
    [0x00080030, 'TM', '101500'],
    [0x00080060, 'CS', 'DX'],
    [0x00081030, 'LO', 'Chest AP'],
    [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY'],
    [0x00100010, 'PN', `Film^Child${seed}`],
    [0x00100020, 'LO', `FILM-${seed}`],
    [0x00101010, 'AS', age],
    [0x00180015, 'CS', 'CHEST'],
    [0x00185101, 'CS', 'AP'],
    [0x00200011, 'IS', 1],
    [0x00200013, 'IS', 1],
    [0x00281050, 'DS', 128],
    [0x00281051, 'DS', 256],
  ];
  const elements = [...own.filter(([tag]) => !others.some(([other]) => other === tag)), ...others];
  // A loop: `Uint8Array.from` takes twenty seconds for the forty million pixels of the largest film.
  const pixels = new Uint8Array(grey.length);
  for (let at = 0; at < grey.length; at += 1) pixels[at] = Math.round(grey[at]! * 255);
  const image = { rows, columns, bitsAllocated: 8, pixels } as const;
  const bytes = concatBytes(
    buildInstance({ identifiers, transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN, elements, image }),
  );
  return { studyInstanceUID: identifiers.studyInstanceUID, bytes: new Uint8Array(bytes) };
}
