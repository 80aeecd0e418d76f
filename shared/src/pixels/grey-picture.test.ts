/**
 * A picture is what a person would see: LUTs, windows, palettes and colours as the header says them, for each
 * frame.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { CODED, CODED_COLUMNS, CODED_ROWS, pattern } from '#testing/coded-pictures.ts';
import { parsed } from '#testing/deidentified-file.ts';
import type { BuiltImage, SimpleElement } from '../dicom/build-instance.ts';
import { EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/registry.ts';
import {
  BITS_ALLOCATED,
  DOUBLE_FLOAT_PIXEL_DATA,
  FLOAT_PIXEL_DATA,
  FRAME_VOI_LUT_SEQUENCE,
  LUT_DATA,
  LUT_DESCRIPTOR,
  MODALITY_LUT_SEQUENCE,
  PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
  PHOTOMETRIC_INTERPRETATION,
  PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
  RED_PALETTE_DATA,
  RED_PALETTE_DESCRIPTOR,
  RESCALE_INTERCEPT,
  RESCALE_SLOPE,
  ROWS,
  COLUMNS,
  SAMPLES_PER_PIXEL,
  SEGMENTED_RED_PALETTE_DATA,
  SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
  VOI_LUT_FUNCTION,
  VOI_LUT_SEQUENCE,
  WINDOW_CENTER,
  WINDOW_WIDTH,
} from '../dicom/tags.ts';
import { type PictureOutcome, readInstancePicture } from './grey-picture.ts';
import { loadCodecs } from './load-codecs.ts';

const test = suite('grey pictures');
const codecs = loadCodecs();

async function picture(
  elements: readonly SimpleElement[],
  image?: BuiltImage,
  index = 0,
  syntax: string = EXPLICIT_VR_LITTLE_ENDIAN,
): Promise<PictureOutcome> {
  const instance = await parsed(builtFile(elements, { image, syntax }));
  return readInstancePicture(instance, instance.dataSet, index, { codecs });
}

async function isGrey(expected: readonly number[], ...parameters: Parameters<typeof picture>): Promise<void> {
  const read = await picture(...parameters);
  if (read.kind !== 'picture') throw new Error(read.because);
  const grey = [...read.picture.grey];
  assert.ok(
    grey.length === expected.length && grey.every((value, at) => Math.abs(value - expected[at]!) < 1e-4),
    `${grey.map((value) => value.toFixed(4))} is not ${expected}`,
  );
}

const words = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);
const row = (values: readonly number[], more: Partial<BuiltImage> = {}): BuiltImage => ({
  rows: 1,
  columns: values.length,
  bitsAllocated: 16,
  pixels: words(...values),
  ...more,
});
const windowOf = (center: number, width: number, name?: string): SimpleElement[] => [
  [WINDOW_CENTER, 'DS', String(center)],
  [WINDOW_WIDTH, 'DS', String(width)],
  ...(name ? [[VOI_LUT_FUNCTION, 'CS', name] as const] : []),
];
const rescale = (slope: number, intercept: number): SimpleElement[] => [
  [RESCALE_INTERCEPT, 'DS', String(intercept)],
  [RESCALE_SLOPE, 'DS', String(slope)],
];

test('a window is linear, linear exact or sigmoid (PS3.3 C.11.2.1.2, C.11.2.1.3)', async () => {
  const values = [0, 1, 50, 99, 100, 200];
  await isGrey([0, 0.5 - 48.5 / 99, 0.5 + 0.5 / 99, 0.5 + 49.5 / 99, 1, 1], windowOf(50, 100), row(values));
  await isGrey([0, 0.01, 0.5, 0.99, 1, 1], windowOf(50, 100, 'LINEAR_EXACT'), row(values));
  await isGrey(
    values.map((value) => 1 / (1 + Math.exp((-4 * (value - 50)) / 100))),
    windowOf(50, 100, 'SIGMOID'),
    row(values),
  );
  await isGrey([0, 0, 0, 1, 1, 1], windowOf(51, 1), row(values));
});

test('the first window counts, after the rescale; one that the standard forbids does not', async () => {
  await isGrey(
    [0, 0.5, 1],
    [
      [WINDOW_CENTER, 'DS', '0\\7'],
      [WINDOW_WIDTH, 'DS', '200\\9'],
      [VOI_LUT_FUNCTION, 'CS', 'LINEAR_EXACT'],
      ...rescale(2, -100),
    ],
    row([0, 50, 100]),
  );
  await isGrey([0, 0.5, 1], windowOf(4000, 0), row([10, 20, 30]));
});

test('without a window the range of the frame is the range of grey; one value alone is black', async () => {
  await isGrey([0, 0.25, 1], [], row([1000, 1001, 1004]));
  await isGrey([1, 0.75, 0], [], row([1000, 1001, 1004], { photometricInterpretation: 'MONOCHROME1' }));
  await isGrey([0, 0, 0], [], row([7, 7, 7]));
});

const table = (count: number, first: number, bits: number, ...entries: number[]): SimpleElement[] => [
  [LUT_DESCRIPTOR, 'US', count, first, bits],
  [LUT_DATA, 'OW', words(...entries)],
];

test('a modality LUT, then a VOI LUT; outside of a table its ends hold', async () => {
  const modality: SimpleElement = [MODALITY_LUT_SEQUENCE, 'SQ', table(3, 10, 16, 0, 50, 100)];
  await isGrey([0, 0, 0.5, 1, 1], [modality, ...windowOf(50, 100, 'LINEAR_EXACT')], row([0, 10, 11, 12, 99]));
  const voi: SimpleElement = [VOI_LUT_SEQUENCE, 'SQ', table(3, 0, 8, 0, 51, 255), table(1, 0, 8, 9)];
  await isGrey([0, 0.2, 1, 1], [voi], row([0, 1, 2, 3]));
  await isGrey([0, 0.2, 1, 1], [voi, ...windowOf(9, 9)], row([0, 1, 2, 3]));
});

test('signed values find their place in a table', async () => {
  const modality: SimpleElement = [MODALITY_LUT_SEQUENCE, 'SQ', table(3, 0xffff, 16, 0, 50, 100)];
  await isGrey([0, 0.5, 1], [modality], row([0xffff, 0, 1], { isSigned: true }));
});

for (const transferSyntaxUID of [EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN]) {
  test(`functional groups say it for each frame, or for all: ${transferSyntaxUID}`, async () => {
    const frame = (slope: number): SimpleElement[] => [
      [PIXEL_VALUE_TRANSFORMATION_SEQUENCE, 'SQ', rescale(slope, 0)],
    ];
    const elements: SimpleElement[] = [
      [
        SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        'SQ',
        [[FRAME_VOI_LUT_SEQUENCE, 'SQ', windowOf(50, 100, 'LINEAR_EXACT')]],
      ],
      [PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, 'SQ', frame(1), frame(2)],
    ];
    const image = row([0, 50, 25, 50], { columns: 2, frames: 2 });
    await isGrey([0, 0.5], elements, image, 0, transferSyntaxUID);
    await isGrey([0.5, 1], elements, image, 1, transferSyntaxUID);
  });
}

const palette = (bits: number, ...colours: readonly Uint8Array[]): SimpleElement[] =>
  colours.flatMap((entries, i): SimpleElement[] => [
    [RED_PALETTE_DESCRIPTOR + i, 'US', 3, 1, bits],
    [RED_PALETTE_DATA + i, 'OW', entries],
  ]);
const bytes = (...values: readonly number[]): BuiltImage => ({
  rows: 1,
  columns: values.length,
  bitsAllocated: 8,
  photometricInterpretation: 'PALETTE COLOR',
  pixels: Uint8Array.from(values),
});

test('a palette of 16 bits, of 8 bits in words, of 8 bits in bytes, and a segmented one', async () => {
  const expected = [0, 0, 0.299, 0.587 + 0.114, 0.587 + 0.114];
  const indices = bytes(0, 1, 2, 3, 9);
  await isGrey(expected, palette(16, words(0, 65_535, 0), words(0, 0, 65_535), words(0, 0, 65_535)), indices);
  await isGrey(expected, palette(8, words(0, 255, 0), words(0, 0, 255), words(0, 0, 255)), indices);
  await isGrey(
    expected,
    palette(8, Uint8Array.of(0, 255, 0, 0), Uint8Array.of(0, 0, 255, 0), Uint8Array.of(0, 0, 255, 0)),
    indices,
  );
  // Discrete: one entry, 0; linear: over two entries to 65 534.
  const ramp = [0, 1, 0, 1, 2, 65_534];
  const segmented = [0, 1, 2].flatMap((i): SimpleElement[] => [
    [RED_PALETTE_DESCRIPTOR + i, 'US', 3, 0, 16],
    [SEGMENTED_RED_PALETTE_DATA + i, 'OW', words(...ramp)],
  ]);
  await isGrey([0, 32_767 / 65_535, 65_534 / 65_535], segmented, bytes(0, 1, 2));
});

test('colour is luma, interleaved or in planes', async () => {
  const colour = { bitsAllocated: 8, photometricInterpretation: 'RGB' } as const;
  const pixels = Uint8Array.of(255, 0, 0, 255, 255, 255);
  await isGrey([0.299, 1], [], { ...colour, rows: 1, columns: 2, pixels });
  const coded = { ...colour, rows: CODED_ROWS, columns: CODED_COLUMNS, pixels: [CODED.jpegLSColourByLine] };
  const colours = pattern('colour');
  const expected = Array.from(
    { length: CODED_ROWS * CODED_COLUMNS },
    (_, i) => (0.299 * colours[i * 3]! + 0.587 * colours[i * 3 + 1]! + 0.114 * colours[i * 3 + 2]!) / 255,
  );
  await isGrey(expected, [], coded, 0, '1.2.840.10008.1.2.4.80');
});

test('float and double pixels, including NaN', async () => {
  const module = (bits: number): SimpleElement[] => [
    [ROWS, 'US', 1],
    [COLUMNS, 'US', 4],
    [SAMPLES_PER_PIXEL, 'US', 1],
    [PHOTOMETRIC_INTERPRETATION, 'CS', 'MONOCHROME2'],
    [BITS_ALLOCATED, 'US', bits],
  ];
  const values = [-1.5, 0, Number.NaN, 1.5];
  const floats: SimpleElement = [FLOAT_PIXEL_DATA, 'OF', new Uint8Array(Float32Array.from(values).buffer)];
  await isGrey([0, 0.5, 0, 1], [...module(32), floats]);
  await isGrey([0, 0.5, 0, 1], [...module(32), floats, ...windowOf(0, 2, 'LINEAR_EXACT')]);
  const voi: SimpleElement = [VOI_LUT_SEQUENCE, 'SQ', table(3, 0, 8, 0, 51, 255)];
  await isGrey([0, 0, 0, 1], [...module(32), floats, voi]);
  await isGrey(
    [0, 0.5, 0, 1],
    [...module(64), [DOUBLE_FLOAT_PIXEL_DATA, 'OD', new Uint8Array(Float64Array.from(values).buffer)]],
  );
});

test.run();
