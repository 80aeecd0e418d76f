/**
 * Stored values come out as they went in, from every form that pixels have; damaged pixels are refused by
 * name, and nothing else happens.
 */
import { deflateRawSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { CODED, CODED_COLUMNS, CODED_ROWS, pattern } from '#testing/coded-pictures.ts';
import { parsed } from '#testing/deidentified-file.ts';
import type { BuiltImage, SimpleElement } from '../dicom/build-instance.ts';
import { concatBytes } from '../dicom/encode.ts';
import {
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  RLE_LOSSLESS,
} from '../dicom/registry.ts';
import { EXTENDED_OFFSET_TABLE } from '../dicom/tags.ts';
import { createWaveletCodec } from './codecs.ts';
import { decodeFrame, type FrameOutcome } from './decode-frame.ts';
import { loadCodecs } from './load-codecs.ts';

const test = suite('frames of instances');
const codecs = loadCodecs();
const JPEG = '1.2.840.10008.1.2.4.';
const DEFLATED_FRAMES = '1.2.840.10008.1.2.8.1';

async function decoded(
  image: BuiltImage,
  syntax: string,
  index = 0,
  elements: readonly SimpleElement[] = [],
): Promise<FrameOutcome> {
  const instance = await parsed(builtFile(elements, { image, syntax }));
  return decodeFrame(instance, instance.dataSet, index, { codecs });
}

async function valuesOf(...parameters: Parameters<typeof decoded>): Promise<number[]> {
  const outcome = await decoded(...parameters);
  if (outcome.kind === 'refused') throw new Error(outcome.because);
  return [...outcome.frame.values];
}

const DAMAGED: FrameOutcome = { kind: 'refused', because: 'image-damaged' };
const TOO_LARGE: FrameOutcome = { kind: 'refused', because: 'image-too-large' };

type Pattern = Parameters<typeof pattern>[0];

function imageOf(of: Pattern, codestream: Uint8Array, more: Partial<BuiltImage> = {}): BuiltImage {
  const shape = { rows: CODED_ROWS, columns: CODED_COLUMNS, pixels: [codestream] };
  if (of === 'grey8') return { ...shape, bitsAllocated: 8, ...more };
  if (of === 'grey12') return { ...shape, bitsAllocated: 16, bitsStored: 12, ...more };
  if (of === 'signed16') return { ...shape, bitsAllocated: 16, isSigned: true, ...more };
  return { ...shape, bitsAllocated: 8, photometricInterpretation: 'RGB', ...more };
}

/** The coded image, the coding, and the allowed difference. */
const FORMS: readonly (readonly [keyof typeof CODED, Pattern, string, number])[] = [
  ['jpegBaseline', 'grey8', '50', 4],
  ['jpegProgressive', 'grey8', '55', 4],
  ['jpegExtended12', 'grey12', '51', 16],
  ['jpegProgressive12', 'grey12', '55', 16],
  ...([2, 3, 4, 5, 6, 7] as const).map((n) => [`jpegLossless${n}`, 'signed16', '57', 0] as const),
  ['jpegLossless', 'signed16', '70', 0],
  ['jpegLSLossless', 'signed16', '80', 0],
  ['jpegLSNear', 'grey12', '81', 3],
  ['jpegLSColourByLine', 'colour', '80', 0],
  ['jpegLSColourBySample', 'colour', '80', 0],
  ['jpegLSColourByPlane', 'colour', '80', 0],
  ['jpegLSNearColourByLine', 'colour', '81', 2],
  ['jpegLSNearColourBySample', 'colour', '81', 2],
  ['jpegLSNearColourByPlane', 'colour', '81', 2],
  ['jpeg2000', 'grey8', '90', 0],
  ['jpeg2000Colour', 'colour', '90', 0],
];

for (const [name, of, syntax, tolerance] of FORMS) {
  test(`${name}: ${tolerance === 0 ? 'to the bit' : `within ${tolerance}`}`, async () => {
    const values = await valuesOf(imageOf(of, CODED[name]), JPEG + syntax);
    const expected = pattern(of);
    assert.is(values.length, expected.length);
    const worst = Math.max(...values.map((value, at) => Math.abs(value - expected[at]!)));
    assert.ok(worst <= tolerance, `differs by ${worst}`);
  });
}

for (const [name, worst] of [
  ['jpegColour420', 24],
  ['jpegColour422', 16],
] as const) {
  test(`${name}: subsampled colour becomes RGB`, async () => {
    const values = await valuesOf(
      imageOf('colour', CODED[name], { photometricInterpretation: 'YBR_FULL_422' }),
      `${JPEG}50`,
    );
    const expected = pattern('colour');
    const mean = values.reduce((sum, value, at) => sum + Math.abs(value - expected[at]!), 0) / values.length;
    assert.ok(
      mean < 3 && Math.max(...values.map((value, at) => Math.abs(value - expected[at]!))) <= worst,
      `mean ${mean}`,
    );
  });
}

test('a codestream cut anywhere, or changed anywhere, never throws; cut, it is refused', async () => {
  for (const [name, of, syntax] of FORMS) {
    const whole = CODED[name];
    for (let length = 0; length < whole.length - 4; length += 7) {
      const outcome = await decoded(imageOf(of, whole.slice(0, length & ~1)), JPEG + syntax);
      assert.equal(outcome, DAMAGED, `${name} cut at ${length}`);
    }
    for (let at = 0; at < whole.length; at += 5) {
      const changed = whole.slice();
      changed[at]! ^= 1 << (at & 7);
      const outcome = await decoded(imageOf(of, changed), JPEG + syntax);
      assert.ok(outcome.kind === 'frame' || outcome.because === 'image-damaged', `${name} changed at ${at}`);
    }
  }
  // The codec is whole after all that.
  assert.is((await decoded(imageOf('grey8', CODED.jpeg2000), `${JPEG}90`)).kind, 'frame');
});

/** The codestream with its first scan repeated so many times. */
function withScans(whole: Uint8Array, times: number): Uint8Array {
  const start = whole.findIndex((byte, at) => byte === 0xff && whole[at + 1] === 0xda);
  const end = whole.findIndex((byte, at) => at > start && byte === 0xff && whole[at + 1]! >= 0x80);
  const scan = whole.subarray(start, end);
  const bytes = concatBytes([
    whole.subarray(0, start),
    ...Array.from({ length: times }, () => scan),
    whole.subarray(end),
  ]);
  return bytes.length % 2 === 0 ? bytes : concatBytes([bytes, new Uint8Array(1)]);
}

test('endlessly repeated scans do not keep a core busy: the codestream is refused', async () => {
  for (const [name, of, syntax] of [
    ['jpegLossless', 'signed16', '70'],
    ['jpegLSColourByPlane', 'colour', '80'],
    ['jpegLSColourByLine', 'colour', '80'],
    ['jpegBaseline', 'grey8', '50'],
  ] as const) {
    assert.is((await decoded(imageOf(of, withScans(CODED[name], 1)), JPEG + syntax)).kind, 'frame', name);
    assert.equal(await decoded(imageOf(of, withScans(CODED[name], 2)), JPEG + syntax), DAMAGED, name);
  }
  const scans = CODED.jpegProgressive.filter(
    (byte, at) => byte === 0xda && CODED.jpegProgressive[at - 1] === 0xff,
  ).length;
  const most = 500 - scans + 1;
  assert.is(
    (await decoded(imageOf('grey8', withScans(CODED.jpegProgressive, most)), `${JPEG}55`)).kind,
    'frame',
  );
  assert.is(
    (await decoded(imageOf('grey8', withScans(CODED.jpegProgressive, most + 1)), `${JPEG}55`)).kind,
    'refused',
  );
});

test('bits that are not stored are cleared if the codestream is lossless, and left alone otherwise', async () => {
  const unused = { isSigned: false, bitsStored: 12 };
  for (const [name, syntax] of [
    ['jpegLossless', '70'],
    ['jpegLossless4', '57'],
    ['jpegLSLossless', '80'],
  ] as const) {
    assert.equal(
      await valuesOf(imageOf('signed16', CODED[name], unused), JPEG + syntax),
      pattern('signed16').map((value) => value & 0xfff),
      name,
    );
  }
  const signed = await valuesOf(imageOf('signed16', CODED.jpegLossless, { bitsStored: 12 }), `${JPEG}70`);
  assert.equal(
    signed,
    pattern('signed16').map((value) => (value << 20) >> 20),
  );
  const lossy = await valuesOf(imageOf('grey12', CODED.jpegLSNear, { bitsStored: 10 }), `${JPEG}81`);
  assert.ok(lossy.some((value) => value > 1023));
});

test('a codestream of another size than the header says is refused', async () => {
  for (const [name, of, syntax] of FORMS) {
    for (const more of [
      { rows: CODED_ROWS + 1 },
      { columns: CODED_COLUMNS - 1 },
      { rows: 20_000, columns: 2000 },
    ]) {
      assert.equal(await decoded(imageOf(of, CODED[name], more), JPEG + syntax), DAMAGED);
    }
  }
});

test('a frame of 256 MiB is a frame, one row more is too large', async () => {
  const of = (rows: number): BuiltImage => ({
    rows,
    columns: 32_768,
    bitsAllocated: 16,
    pixels: [CODED.jpegLossless],
  });
  assert.equal(await decoded(of(4096), `${JPEG}70`), DAMAGED);
  assert.equal(await decoded(of(4097), `${JPEG}70`), TOO_LARGE);
  // A frame of 8 bits too: its grey takes as much.
  assert.equal(await decoded({ ...of(4096), bitsAllocated: 8 }, `${JPEG}70`), DAMAGED);
  assert.equal(await decoded({ ...of(4097), bitsAllocated: 8 }, `${JPEG}70`), TOO_LARGE);
});

const words = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);

for (const transferSyntaxUID of [
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
]) {
  test(`native values, signed, with rubbish in the unused bits: ${transferSyntaxUID}`, async () => {
    const image: BuiltImage = {
      rows: 2,
      columns: 2,
      bitsAllocated: 16,
      bitsStored: 12,
      isSigned: true,
      pixels: words(0x0f80, 0xf07f, 0xf800, 0x07ff),
    };
    assert.equal(await valuesOf(image, transferSyntaxUID), [-128, 127, -2048, 2047]);
  });
}

test('the requested frame is decoded, and a missing one is refused', async () => {
  const image: BuiltImage = {
    rows: 1,
    columns: 2,
    frames: 3,
    bitsAllocated: 8,
    pixels: Uint8Array.of(1, 2, 3, 4, 5, 6),
  };
  assert.equal(await valuesOf(image, EXPLICIT_VR_LITTLE_ENDIAN, 1), [3, 4]);
  for (const index of [-1, 3, 0.5])
    assert.equal(await decoded(image, EXPLICIT_VR_LITTLE_ENDIAN, index), {
      kind: 'refused',
      because: 'frame-not-found',
    });
});

test('native YBR, with and without shared colour, becomes RGB', async () => {
  const full: BuiltImage = {
    rows: 1,
    columns: 2,
    bitsAllocated: 8,
    photometricInterpretation: 'YBR_FULL',
    pixels: Uint8Array.of(76, 85, 255, 150, 44, 21),
  };
  assert.equal(await valuesOf(full, EXPLICIT_VR_LITTLE_ENDIAN), [254, 0, 0, 0, 255, 1]);
  const shared: BuiltImage = {
    rows: 1,
    columns: 2,
    bitsAllocated: 8,
    photometricInterpretation: 'YBR_FULL_422',
    pixels: Uint8Array.of(10, 200, 128, 128),
  };
  assert.equal(await valuesOf(shared, EXPLICIT_VR_LITTLE_ENDIAN), [10, 10, 10, 200, 200, 200]);
});

/** An RLE frame: segments of literal bytes, one after another (PS3.5 §G). */
function rle(...segments: readonly Uint8Array[]): Uint8Array {
  const header = new Uint32Array(16);
  const parts = segments.map((segment) =>
    concatBytes([Uint8Array.of(segment.length - 1), segment, new Uint8Array((segment.length + 1) % 2)]),
  );
  header[0] = segments.length;
  let at = 64;
  for (const [i, part] of parts.entries()) {
    header[i + 1] = at;
    at += part.length;
  }
  return concatBytes([new Uint8Array(header.buffer), ...parts]);
}

test('RLE: planes of bytes, the most significant first; several frames', async () => {
  const frame = (high: number): Uint8Array => rle(Uint8Array.of(high, high, 0, 0), Uint8Array.of(1, 2, 3, 4));
  const image: BuiltImage = {
    rows: 2,
    columns: 2,
    frames: 2,
    bitsAllocated: 16,
    pixels: [frame(1), frame(2)],
  };
  assert.equal(await valuesOf(image, RLE_LOSSLESS, 1), [513, 514, 3, 4]);
  const short = rle(Uint8Array.of(1, 2), Uint8Array.of(1, 2));
  assert.equal(await decoded({ ...image, pixels: [short, short] }, RLE_LOSSLESS), DAMAGED);
});

test('fragments without a table are joined by the beginnings of codestreams', async () => {
  const { jpegLossless: whole } = CODED;
  const halves = [whole.slice(0, 300), whole.slice(300)];
  const image = imageOf('signed16', whole, { frames: 2, pixels: [...halves, ...halves] });
  assert.equal(await valuesOf(image, `${JPEG}70`, 1), pattern('signed16'));
  assert.equal(
    await decoded({ ...image, pixels: [halves[0]!, halves[1]!, halves[1]!] }, `${JPEG}70`, 1),
    DAMAGED,
  );
});

test('single bits, frames without padding between them', async () => {
  // Three frames of 3 × 3: 27 bits, the lowest of each byte first.
  const image: BuiltImage = {
    rows: 3,
    columns: 3,
    frames: 3,
    bitsAllocated: 1,
    pixels: Uint8Array.of(0b00000001, 0b00000010, 0b11111100, 0b00000111),
  };
  for (const [frame, bits] of ['100000000', '100000000', '111111111'].entries())
    assert.equal((await valuesOf(image, EXPLICIT_VR_LITTLE_ENDIAN, frame)).join(''), bits);
});

test('32 bits, and colour in planes', async () => {
  const values = [0, 1, 0x7fffffff, 0xffffffff];
  const image: BuiltImage = {
    rows: 1,
    columns: 4,
    bitsAllocated: 32,
    pixels: new Uint8Array(Uint32Array.from(values).buffer),
  };
  assert.equal(await valuesOf(image, EXPLICIT_VR_LITTLE_ENDIAN), values);
  assert.equal(
    await valuesOf({ ...image, isSigned: true }, EXPLICIT_VR_LITTLE_ENDIAN),
    [0, 1, 0x7fffffff, -1],
  );
  const planes: BuiltImage = {
    rows: 1,
    columns: 2,
    bitsAllocated: 8,
    photometricInterpretation: 'RGB',
    isPlanar: true,
    pixels: Uint8Array.of(1, 2, 3, 4, 5, 6),
  };
  assert.equal(await valuesOf(planes, EXPLICIT_VR_LITTLE_ENDIAN), [1, 3, 5, 2, 4, 6]);
});

test('Deflated Image Frame: each frame separately, with exactly its size', async () => {
  const frame = (value: number, pixels: number): Uint8Array =>
    new Uint8Array(deflateRawSync(new Uint8Array(pixels).fill(value)));
  const image: BuiltImage = {
    rows: 8,
    columns: 8,
    frames: 2,
    bitsAllocated: 8,
    pixels: [frame(3, 64), frame(4, 64)],
  };
  assert.equal(new Set(await valuesOf(image, DEFLATED_FRAMES, 1)), new Set([4]));
  for (const pixels of [63, 65, 100_000_000]) {
    assert.equal(
      await decoded({ ...image, frames: 1, pixels: [frame(3, pixels)] }, DEFLATED_FRAMES),
      DAMAGED,
    );
  }
});

/**
 * The tables say that the second frame begins with the third fragment. Offsets count from the first item
 * behind the table.
 */
const HALVES = [CODED.jpegLossless.slice(0, 300), CODED.jpegLossless.slice(300)] as const;
const SECOND = HALVES[0].length + HALVES[1].length + 16;

test('the Extended Offset Table finds frames of several fragments', async () => {
  const table: SimpleElement = [
    EXTENDED_OFFSET_TABLE,
    'OV',
    new Uint8Array(BigUint64Array.of(0n, BigInt(SECOND)).buffer),
  ];
  const zeros = new Uint8Array(HALVES[0].length);
  const image = imageOf('signed16', CODED.jpegLossless, { frames: 2, pixels: [zeros, HALVES[1], ...HALVES] });
  assert.equal(await valuesOf(image, `${JPEG}70`, 1, [table]), pattern('signed16'));
  assert.equal(await decoded(image, `${JPEG}70`, 0, [table]), DAMAGED);
});

test('the Basic Offset Table finds them too; one that points nowhere is not believed', async () => {
  const image = imageOf('signed16', CODED.jpegLossless, { frames: 2, pixels: [...HALVES, ...HALVES] });
  const file = builtFile([], { image, syntax: `${JPEG}70` });
  const empty = Buffer.from(file).indexOf(Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]));
  for (const second of [SECOND, SECOND + 2]) {
    const table = new Uint8Array(Uint32Array.of(8, 0, second).buffer);
    const bytes = concatBytes([file.subarray(0, empty + 4), table, file.subarray(empty + 8)]);
    const instance = await parsed(bytes);
    const outcome = await decodeFrame(instance, instance.dataSet, 1, { codecs });
    assert.equal(outcome.kind === 'frame' && [...outcome.frame.values], pattern('signed16'));
  }
});

test('video is not decoded, and a header alone has no pixels', async () => {
  assert.equal(await decoded(imageOf('grey8', new Uint8Array(8)), `${JPEG}102`), {
    kind: 'refused',
    because: 'image-type-unsupported',
  });
  const instance = await parsed(builtFile([], { sopClass: '1.2.840.10008.5.1.4.1.1.88.11' }));
  assert.equal(await decodeFrame(instance, instance.dataSet, 0, { codecs }), {
    kind: 'refused',
    because: 'image-without-pixels',
  });
});

test('a JPEG 2000 module that a large image has filled is not kept, any other is', async () => {
  let made = 0;
  let memory = new ArrayBuffer(0);
  const codec = createWaveletCodec(async () => {
    made += 1;
    return class {
      getEncodedBuffer = (bytes: number) => new Uint8Array(bytes);
      decode = () => undefined;
      getFrameInfo = () => ({ width: 1, height: 1, componentCount: 1, bitsPerSample: 8, isSigned: false });
      getDecodedBuffer = () => new Uint8Array(memory, 0, 1);
      delete = () => undefined;
    };
  });
  const madeFor = async (mebibytes: number): Promise<number> => {
    memory = new ArrayBuffer(mebibytes * 1024 ** 2);
    assert.is((await codec.decode(new Uint8Array(4)))?.bytes.length, 1);
    return made;
  };
  assert.is(await madeFor(16), 1);
  assert.is(await madeFor(60), 1);
  assert.is(await madeFor(128), 1);
  assert.is(await madeFor(16), 2);
});

test.run();
