/**
 * Boxes over names: blank inside, outside as it was, in every form that pixels have; and the check of those who do
 * not believe it.
 */
import { deflateRawSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CODED, CODED_COLUMNS, CODED_ROWS } from '#testing/coded-pictures.ts';
import { builtFile } from '#testing/built-file.ts';
import { covered, DECODING, faultsOf, type CoveredBytes } from '#testing/covered-file.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { BOXES_LIMIT, type Box } from '../dicom/boxes.ts';
import type { BuiltImage, SimpleElement } from '../dicom/build-instance.ts';
import type { ParsedInstance } from '../dicom/data-set.ts';
import { concatBytes, encodeFileMeta } from '../dicom/encode.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  RLE_LOSSLESS,
} from '../dicom/registry.ts';
import { findElement, textOf } from '../dicom/values.ts';
import { areCovered } from './check-cover.ts';
import { decodeFrame } from './decode-frame.ts';
import { readFrameShape } from './frame-shape.ts';
import { encodeRle } from './rle.ts';

const test = suite('covered pixels');

const ROWS = 9;
const COLUMNS = 14;
const ALL: Box = { x: 3, y: 2, width: 6, height: 4, frames: null };

type Form = Partial<BuiltImage> & {
  readonly syntax?: string;
  readonly more?: readonly SimpleElement[];
};

/** Values that differ from pixel to pixel, and are never the blank one inside of `ALL`. */
function values(count: number, width: number): Uint8Array {
  const bytes = new Uint8Array(count * width);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = 1 + ((at * 37 + (at >> 3) * 11) % 113);
  return bytes;
}

function fileOf({ syntax = EXPLICIT_VR_LITTLE_ENDIAN, more = [], ...image }: Form): Uint8Array<ArrayBuffer> {
  const { bitsAllocated = 8, frames = 1, photometricInterpretation = 'MONOCHROME2' } = image;
  const samples = /422/.test(photometricInterpretation)
    ? 2
    : /^(RGB|YBR)/.test(photometricInterpretation)
      ? 3
      : 1;
  const pixels =
    bitsAllocated === 1
      ? values(Math.ceil((ROWS * COLUMNS * frames) / 8), 1)
      : values(ROWS * COLUMNS * frames * samples, bitsAllocated / 8);
  return builtFile([[0x00080060, 'CS', 'OT'], ...more], {
    syntax,
    image: { rows: ROWS, columns: COLUMNS, bitsAllocated, pixels, ...image },
  });
}

async function coveredFile(file: Uint8Array, boxes: readonly Box[]): Promise<CoveredBytes> {
  const made = await covered(await parsed(file), boxes);
  if (made === null) throw new Error('it cannot be covered');
  return made;
}

/** Blank inside and as it was outside, by the decoders; and by the check, which finds any pixel that is not. */
async function holds(file: Uint8Array, boxes: readonly Box[]): Promise<CoveredBytes> {
  const made = await coveredFile(file, boxes);
  assert.equal(await faultsOf(await parsed(file), made), []);
  assert.ok(await areCovered(made.instance, made.boxes, DECODING), 'the check agrees');
  assert.not.ok(await areCovered(await parsed(file), made.boxes, DECODING), 'the original is not covered');
  return made;
}

const palette = (offset: number): SimpleElement[] =>
  [0, 1, 2].flatMap((colour): SimpleElement[] => [
    [0x00281101 + colour, 'US', 256, 0, 16],
    [0x00281201 + colour, 'OW', Uint8Array.from({ length: 512 }, (_, at) => (at >> 1) ^ offset)],
  ]);

const FORMS: Readonly<Record<string, Form>> = {
  'eight bits': {},
  'sixteen bits': { bitsAllocated: 16 },
  'twelve bits, signed': { bitsAllocated: 16, bitsStored: 12, isSigned: true },
  'thirty-two bits': { bitsAllocated: 32 },
  'one bit': { bitsAllocated: 1 },
  'one bit in three frames that begin inside a byte': { bitsAllocated: 1, frames: 3 },
  'white as the lowest value': { photometricInterpretation: 'MONOCHROME1' },
  colour: { photometricInterpretation: 'RGB' },
  'colour in planes, of three frames': { photometricInterpretation: 'RGB', isPlanar: true, frames: 3 },
  'brightness and colour': { photometricInterpretation: 'YBR_FULL' },
  'colour that two pixels share': { photometricInterpretation: 'YBR_FULL_422' },
  'a palette whose darkest entry is not the first': {
    photometricInterpretation: 'PALETTE COLOR',
    more: palette(200),
  },
  'implicit VR': { syntax: IMPLICIT_VR_LITTLE_ENDIAN, bitsAllocated: 16 },
  'big endian': { syntax: EXPLICIT_VR_BIG_ENDIAN, bitsAllocated: 16 },
  'three frames': { frames: 3 },
};

for (const [name, form] of Object.entries(FORMS)) {
  test(`native pixels (${name}) are blank in the boxes and as they were around them`, async () => {
    const { frames = 1 } = form;
    const last: Box = { x: 0, y: 8, width: 14, height: 1, frames: [frames, frames] };
    const { instance } = await holds(fileOf(form), [ALL, last]);
    assert.is(instance.transferSyntaxUID, form.syntax ?? EXPLICIT_VR_LITTLE_ENDIAN);
  });
}

test('the blank value is the darkest: black of a grey image, of colour and of a palette', async () => {
  const at = async (form: Form): Promise<number[]> => {
    const { instance } = await coveredFile(fileOf(form), [ALL]);
    const decoded = await decodeFrame(instance, instance.dataSet, 0, DECODING);
    if (decoded.kind !== 'frame') throw new Error(decoded.because);
    const { samples, values: all } = decoded.frame;
    return [...all.slice((ALL.y * COLUMNS + ALL.x) * samples, (ALL.y * COLUMNS + ALL.x + 1) * samples)];
  };
  assert.equal(await at({}), [0]);
  assert.equal(await at({ bitsAllocated: 16, bitsStored: 12, isSigned: true }), [-2048]);
  assert.equal(
    await at({ bitsAllocated: 16, bitsStored: 12, photometricInterpretation: 'MONOCHROME1' }),
    [4095],
  );
  assert.equal(await at({ photometricInterpretation: 'YBR_FULL' }), [0, 0, 0]);
  assert.equal(await at(FORMS['a palette whose darkest entry is not the first']!), [200]);
});

test('a deflated data set is covered and written without deflation', async () => {
  const plain = fileOf({});
  const { dataSetOffset, identifiers } = await parsed(plain);
  const meta = encodeFileMeta(identifiers, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN);
  const longer = concatBytes([meta, deflateRawSync(plain.subarray(dataSetOffset))]);
  const { instance } = await holds(longer, [ALL]);
  assert.is(instance.transferSyntaxUID, EXPLICIT_VR_LITTLE_ENDIAN);
});

/** A frame of RLE for each, its segments one byte of each pixel. */
function rleFile(form: Form, frames: number, segments: number): Uint8Array {
  const pixels = Array.from({ length: frames }, (_, frame) =>
    encodeRle(
      Array.from({ length: segments }, (_, segment) =>
        values(ROWS * COLUMNS, 1).map(
          (value, at) => (value + frame * 5 + segment * 3 + (at % 3 ? 0 : 1)) & 127,
        ),
      ),
      COLUMNS,
    ),
  );
  return fileOf({ ...form, syntax: RLE_LOSSLESS, pixels, ...(frames > 1 && { frames }) });
}

test('RLE stays RLE: of the frames that no box touches not one byte changes', async () => {
  for (const [form, segments] of [
    [{}, 1],
    [{ bitsAllocated: 16 }, 2],
    [{ bitsAllocated: 16, isSigned: true, bitsStored: 12 }, 2],
    [{ photometricInterpretation: 'RGB' }, 3],
    [{ photometricInterpretation: 'YBR_FULL' }, 3],
    [FORMS['a palette whose darkest entry is not the first']!, 1],
  ] as const) {
    const file = rleFile(form, 3, segments);
    const { instance } = await holds(file, [{ ...ALL, frames: [2, 2] }]);
    assert.is(instance.transferSyntaxUID, RLE_LOSSLESS);
    const frameOf = async (of: ParsedInstance, which: number): Promise<string> => {
      const { offset, length } = findElement(of.elements, 0x7fe00010)!.fragments![which + 1]!;
      return Buffer.from(await of.dataSet.read(offset, length)).toString('hex');
    };
    const before = await parsed(file);
    for (const which of [0, 2]) assert.is(await frameOf(instance, which), await frameOf(before, which));
  }
});

test('runs and literals of any length come back as they were, row by row', async () => {
  for (const columns of [1, 2, 127, 128, 129, 300]) {
    const segment = Uint8Array.from({ length: columns * 3 }, (_, at) => (at % 7 < 4 ? at >> 4 : at * 31));
    const file = fileOf({
      syntax: RLE_LOSSLESS,
      columns,
      rows: 3,
      pixels: [encodeRle([segment], columns)],
    });
    const instance = await parsed(file);
    const decoded = await decodeFrame(instance, instance.dataSet, 0, DECODING);
    assert.ok(decoded.kind === 'frame');
    assert.equal([...decoded.frame.values], [...segment], `${columns} columns`);
  }
});

const JPEG = '1.2.840.10008.1.2.4.';
const CODED_FORMS: readonly (readonly [
  coded: keyof typeof CODED,
  syntax: string,
  form: Form,
  method: string | null,
])[] = [
  ['jpegBaseline', '50', {}, 'ISO_10918_1'],
  ['jpegColour420', '50', { photometricInterpretation: 'YBR_FULL_422' }, 'ISO_10918_1'],
  ['jpegExtended12', '51', { bitsAllocated: 16, bitsStored: 12 }, 'ISO_10918_1'],
  ['jpegLossless2', '57', { bitsAllocated: 16, bitsStored: 12 }, null],
];

for (const [coded, syntax, form, method] of CODED_FORMS) {
  test(`compressed pixels (${coded}) become native and stay as they are decoded; a lossy coding stays declared`, async () => {
    const pixels = CODED[coded];
    const file = fileOf({
      ...form,
      syntax: JPEG + syntax,
      rows: CODED_ROWS,
      columns: CODED_COLUMNS,
      pixels: [pixels.length % 2 ? concatBytes([pixels, new Uint8Array(1)]) : pixels],
    });
    const { instance } = await holds(file, [ALL]);
    assert.is(instance.transferSyntaxUID, EXPLICIT_VR_LITTLE_ENDIAN);
    const said = (tag: number) => textOf(findElement(instance.elements, tag), instance);
    assert.equal([said(0x00282110), said(0x00282114)], method === null ? [null, null] : ['01', method]);
    assert.is(said(0x00282112) === null, method === null);
  });
}

test('overlays, icons and other pictures inside go; the rest of the header stays', async () => {
  const picture: SimpleElement[] = [
    [0x00280010, 'US', 2],
    [0x00280011, 'US', 2],
    [0x7fe00010, 'OB', Uint8Array.of(81, 90, 81, 90)],
  ];
  const file = fileOf({
    more: [
      [0x00280106, 'US', 3],
      [0x00282110, 'CS', '01'],
      [0x00400555, 'SQ', [[0x00880200, 'SQ', picture] as SimpleElement]],
      [0x00880200, 'SQ', picture],
      [0x60000010, 'US', ROWS],
      [0x60003000, 'OW', new Uint8Array(16).fill(255)],
    ],
  });
  const { instance } = await holds(file, [ALL]);
  const tags = new Set(instance.elements.map(({ tag }) => tag));
  const gone = [0x00280106, 0x00400555, 0x00880200, 0x60000010, 0x60003000];
  assert.equal(
    gone.filter((tag) => tags.has(tag)),
    [],
  );
  assert.ok(tags.has(0x00282110) && tags.has(0x00080060));
});

const HOSTILE: Readonly<Record<string, Partial<Box>>> = {
  'left of the image': { x: -1 },
  'above it': { y: -1 },
  'no number': { x: Number.NaN },
  'half a pixel': { width: 1.5 },
  'no width': { width: 0 },
  endless: { height: Infinity },
  huge: { width: 2 ** 52 },
  'beyond the last column': { x: COLUMNS - 5 },
  'beyond the last row': { y: ROWS - 3 },
  'a frame that is not there': { frames: [1, 3] },
  'frame zero': { frames: [0, 1] },
  'frames the wrong way round': { frames: [2, 1] },
};

for (const [name, wrong] of Object.entries(HOSTILE)) {
  test(`a box that is none (${name}) is neither covered nor believed`, async () => {
    const instance = await parsed(fileOf({ frames: 2 }));
    const box = { ...ALL, ...wrong };
    assert.is(await covered(instance, [ALL, box]), null);
    const { instance: blank } = await coveredFile(fileOf({ frames: 2 }), [ALL]);
    assert.not.ok(await areCovered(blank, [ALL, box], DECODING));
  });
}

test('boxes at the edges, the whole image, and as many as allowed are covered; one more is not', async () => {
  const whole: Box = { x: 0, y: 0, width: COLUMNS, height: ROWS, frames: [1, 2] };
  await holds(fileOf({ frames: 2 }), [whole]);
  const corners = [0, COLUMNS - 1].flatMap((x) =>
    [0, ROWS - 1].map((y) => ({ x, y, width: 1, height: 1, frames: null })),
  );
  await holds(fileOf({ frames: 2 }), corners);
  const many = (count: number): Box[] =>
    Array.from({ length: count }, (_, at) => ({
      x: at % COLUMNS,
      y: at % ROWS,
      width: 1,
      height: 1,
      frames: null,
    }));
  await holds(fileOf({}), many(BOXES_LIMIT));
  assert.is(await covered(await parsed(fileOf({})), many(BOXES_LIMIT + 1)), null);
  assert.is(await covered(await parsed(fileOf({})), []), null);
});

test('one pixel that is not blank is found, in whatever form', async () => {
  for (const file of [
    fileOf({}),
    fileOf({ bitsAllocated: 1, frames: 3 }),
    rleFile({ bitsAllocated: 16 }, 2, 2),
  ]) {
    const instance = await parsed(file);
    const { frames } = readFrameShape(instance) as { frames: number };
    const made = await coveredFile(file, [{ ...ALL, frames: [frames, frames] }]);
    const wider = made.boxes.map((box) => ({ ...box, width: box.width + 1 }));
    assert.ok(await areCovered(made.instance, made.boxes, DECODING));
    assert.not.ok(await areCovered(made.instance, wider, DECODING));
    assert.is(await areCovered(made.instance, [{ ...ALL, frames: null }], DECODING), frames === 1);
  }
});

test('damaged frames, and pixels that nothing here reads, are refused', async () => {
  const damaged = fileOf({
    syntax: `${JPEG}70`,
    pixels: [new Uint8Array(64).fill(3)],
  });
  const failed = await covered(await parsed(damaged), [ALL]).catch((error: Error) => error.name);
  assert.is(failed, 'NotCoverable');
  const video = fileOf({ syntax: `${JPEG}102`, pixels: [new Uint8Array(64).fill(3)] });
  assert.is(await covered(await parsed(video), [ALL]), null);
});

test.run();
