/**
 * Names inside compressed pixels: in comments, camera data, thumbnails, profiles, boxes, behind the image, in
 * surplus fragments, in tables of offsets. None leaves, every frame decodes to the same values, and where a
 * name could hide from us the instance is held.
 */
import { deflateRawSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CODED, CODED_COLUMNS, CODED_ROWS } from '#testing/coded-pictures.ts';
import {
  deidentifyBytes,
  parsed,
  pseudonymsOf,
  readyFile,
  residueOf,
  rulesOf,
  settledFile,
  wordOf,
  type ReadyFile,
} from '#testing/deidentified-file.ts';
import { codedImage, sampleImage, seen, type CodedImage, type SampleImage } from '#testing/sample-image.ts';
import { concatBytes } from '../../dicom/encode.ts';

const NAME = 'CANARY^JANE';
const text = new TextEncoder().encode(`${NAME} 1947-05-11`);
const shape = { rows: CODED_ROWS, columns: CODED_COLUMNS };
const ROOT = '1.2.840.10008.1.2.';

/** Asserts that the image's instance is free of the name, shows the same, and does not change again. */
async function losesTheName(image: CodedImage): Promise<void> {
  const file = codedImage(image);
  const before = await residueOf(await parsed(file));
  assert.ok(
    before.some((tag) => tag.startsWith('7fe0')),
    'the gateway would see it',
  );
  const { bytes, outcome } = await settledFile(file);
  assert.not.ok(Buffer.from(bytes).includes(NAME));
  assert.ok(outcome.report.some(({ because }) => because === 'unseen-bytes'));
  for (let frame = 0; frame < (image.frames ?? 1); frame += 1)
    assert.equal(await seen(bytes, frame), await seen(file, frame), `frame ${frame}`);
}

async function isHeld(image: CodedImage): Promise<void> {
  const file = codedImage(image);
  const result = await deidentifyBytes(file, rulesOf(), await pseudonymsOf(1));
  assert.is(wordOf(result), 'pixel-data-not-clearable');
  assert.ok((await residueOf(await parsed(file))).includes('7fe0,0010'));
}

const segment = (marker: number, content: Uint8Array): Uint8Array =>
  concatBytes([Uint8Array.of(0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 0xff), content]);
const withText = (before: string, size = before.length): Uint8Array =>
  concatBytes([new TextEncoder().encode(before), new Uint8Array(size - before.length), text]);
const inserted = (coded: Uint8Array, at: number, added: Uint8Array): Uint8Array =>
  concatBytes([coded.subarray(0, at), added, coded.subarray(at)]);
const behind = (coded: Uint8Array): Uint8Array => concatBytes([coded, text]);

/** A table in which all codes have eight bits. */
const huffman = (head: number): Uint8Array =>
  segment(
    0xc4,
    concatBytes([Uint8Array.of(head, 0, 0, 0, 0, 0, 0, 0, text.length), new Uint8Array(8), text]),
  );
const JPEG_PLANTS: Readonly<Record<string, Uint8Array>> = {
  'a comment': segment(0xfe, text),
  EXIF: segment(0xe1, withText('Exif\0\0')),
  'a profile': segment(0xe2, withText('ICC_PROFILE\0')),
  'IPTC data': segment(0xed, withText('Photoshop 3.0\0')),
  'an unknown application segment': segment(0xef, text),
  'a thumbnail of JFIF': segment(0xe0, withText('JFIF\0', 14)),
  'an extension of JFIF': segment(0xe0, withText('JFXX\0')),
  'text behind the fields of Adobe': segment(0xee, withText('Adobe', 12)),
  SPIFF: segment(0xe8, withText('SPIFF\0', 30)),
  'an unused Huffman table': huffman(0x13),
  'an unused quantization table': segment(
    0xdb,
    concatBytes([Uint8Array.of(3), text, new Uint8Array(64 - text.length)]),
  ),
  'a table that is replaced, or that no scan of this process has': huffman(0x10),
  'two comments, filled up': concatBytes([
    segment(0xfe, text),
    Uint8Array.of(0xff, 0xff),
    segment(0xfe, text),
  ]),
};
const JPEGS: readonly (readonly [string, Uint8Array, SampleImage])[] = [
  ['4.50', CODED.jpegBaseline, { ...shape, bitsAllocated: 8 }],
  ['4.51', CODED.jpegExtended12, { ...shape, bitsAllocated: 16, bitsStored: 12 }],
  ['4.55', CODED.jpegProgressive, { ...shape, bitsAllocated: 8 }],
  ['4.70', CODED.jpegLossless, { ...shape, bitsAllocated: 16, isSigned: true }],
  ['4.80', CODED.jpegLSLossless, { ...shape, bitsAllocated: 16, isSigned: true }],
  ['4.81', CODED.jpegLSNear, { ...shape, bitsAllocated: 16, bitsStored: 12 }],
];

for (const [end, coded, image] of JPEGS) {
  test(`${end}: nothing but the image is left of a JPEG codestream`, async () => {
    for (const [what, plant] of Object.entries(JPEG_PLANTS)) {
      const fragments = [inserted(coded, 2, plant)];
      await losesTheName({ ...image, syntax: ROOT + end, fragments }).catch((error: unknown) => {
        throw new Error(`${what}: ${String(error)}`);
      });
    }
    await losesTheName({ ...image, syntax: ROOT + end, fragments: [behind(coded)] });
  });

  test(`${end}: text in surplus fragments goes, and fragments may part anywhere`, async () => {
    const syntax = ROOT + end;
    await losesTheName({ ...image, syntax, fragments: [coded, text] });
    const whole = inserted(coded, 2, segment(0xfe, text));
    for (const at of [4, 10, 40])
      await losesTheName({ ...image, syntax, fragments: [whole.subarray(0, at), whole.subarray(at)] });
    const frames = 2;
    await losesTheName({ ...image, syntax, frames, fragments: [coded, text, coded] });
    await losesTheName({ ...image, syntax, frames, fragments: [coded, coded, text] });
  });

  test(`${end}: a codestream without an end, or with bytes that it does not count, is held`, async () => {
    const syntax = ROOT + end;
    await isHeld({ ...image, syntax, fragments: [concatBytes([coded.subarray(0, -2), text])] });
    await isHeld({ ...image, syntax, fragments: [text] });
    const tables = concatBytes([new Uint8Array(65), text]);
    await isHeld({ ...image, syntax, fragments: [inserted(coded, 2, segment(0xdb, tables))] });
    const reserved = segment(0xf0, text);
    await isHeld({ ...image, syntax, fragments: [inserted(coded, 2, reserved)] });
  });
}

const box = (type: string, content: Uint8Array): Uint8Array => {
  const length = content.length + 8;
  return concatBytes([
    Uint8Array.of(length >> 24, length >> 16, length >> 8, length),
    new TextEncoder().encode(type),
    content,
  ]);
};
const jpeg2000 = { ...shape, bitsAllocated: 8, syntax: `${ROOT}4.90` } as const;
/** The first marker segment behind SIZ. */
const behindSiz = (coded: Uint8Array): number => 4 + ((coded[4]! << 8) | coded[5]!);
const comment = segment(0x64, concatBytes([Uint8Array.of(0, 1), text]));

/** A comment in the header of the only tile-part, whose length grows by it. */
function inTile(coded: Uint8Array): Uint8Array {
  const start = Buffer.from(coded).indexOf(Buffer.of(0xff, 0x90, 0, 10));
  const grown = inserted(coded, start + 12, comment);
  const view = new DataView(grown.buffer, grown.byteOffset);
  const length = view.getUint32(start + 6);
  if (length > 0) view.setUint32(start + 6, length + comment.length);
  return grown;
}

test('nothing but the image is left of a JPEG 2000 codestream', async () => {
  const coded = CODED.jpeg2000;
  const plants = [inserted(coded, behindSiz(coded), comment), inTile(coded), behind(coded)];
  for (const fragment of plants) await losesTheName({ ...jpeg2000, fragments: [fragment] });
  const whole = inserted(coded, behindSiz(coded), comment);
  for (const at of [4, 60, 80])
    await losesTheName({ ...jpeg2000, fragments: [whole.subarray(0, at), whole.subarray(at)] });
  await losesTheName({ ...jpeg2000, fragments: [coded, text] });
});

test('of the boxes of a JP2 file those stay that an image needs', async () => {
  const image = Uint8Array.of(0, 0, 0, 20, 0, 0, 0, 24, 0, 1, 0x8f, 7, 0, 0);
  const header = box(
    'jp2h',
    concatBytes([box('ihdr', image), box('colr', Uint8Array.of(1, 0, 0, 0, 0, 0, 17))]),
  );
  const named = box('jp2h', concatBytes([box('ihdr', image), box('lbl ', text)]));
  const before = [
    box('jP  ', Uint8Array.of(13, 10, 0x87, 10)),
    box('ftyp', new TextEncoder().encode('jp2 \0\0\0\0jp2 ')),
  ];
  const stream = box('jp2c', CODED.jpeg2000);
  for (const boxes of [
    [...before, header, box('xml ', text), stream],
    [...before, header, stream, box('uuid', text)],
    [...before, named, stream],
  ])
    await losesTheName({ ...jpeg2000, fragments: [concatBytes(boxes)] });
  const profiled = box(
    'jp2h',
    concatBytes([box('ihdr', image), box('colr', concatBytes([Uint8Array.of(2, 0, 0), text]))]),
  );
  await isHeld({ ...jpeg2000, fragments: [concatBytes([...before, profiled, stream])] });
});

test('a JPEG 2000 codestream without an end is held', async () => {
  const coded = CODED.jpeg2000.subarray(0, -2);
  await isHeld({ ...jpeg2000, fragments: [concatBytes([coded, text])] });
});

/** PS3.5 §G: each byte of a sample a segment, the highest first, coded as literal runs. */
function rle(
  bytes: Uint8Array,
  width: number,
  planted: Partial<Record<'header' | 'between' | 'behind', Uint8Array>>,
): Uint8Array {
  const planes = Array.from({ length: width }, (_, plane) => {
    const own = bytes.filter((_, at) => at % width === width - 1 - plane);
    const runs: Uint8Array[] = [];
    for (let at = 0; at < own.length; at += 128) {
      const run = own.subarray(at, at + 128);
      runs.push(Uint8Array.of(run.length - 1), run);
    }
    const coded = concatBytes([...runs, plane === 0 && planted.between ? planted.between : new Uint8Array()]);
    return concatBytes([coded, new Uint8Array(coded.length % 2)]);
  });
  const header = new Uint8Array(64);
  const view = new DataView(header.buffer);
  view.setUint32(0, width, true);
  let at = 64;
  for (const [plane, coded] of planes.entries()) {
    view.setUint32(4 + 4 * plane, at, true);
    at += coded.length;
  }
  if (planted.header) header.set(planted.header, 64 - planted.header.length);
  return concatBytes([header, ...planes, planted.behind ?? new Uint8Array()]);
}

const samplesOf = async (image: SampleImage, overlay: boolean): Promise<Uint8Array> => {
  const instance = await parsed(sampleImage(image, { overlay }));
  const pixels = instance.elements.find(({ tag }) => tag === 0x7fe00010)!;
  return instance.dataSet.read(pixels.valueOffset, pixels.valueLength);
};
const words = { rows: 20, columns: 24, bitsAllocated: 16, bitsStored: 12 } as const;

test('RLE: text in its header, between and behind its segments goes', async () => {
  const bytes = await samplesOf(words, false);
  const syntax = `${ROOT}5`;
  for (const place of ['header', 'between', 'behind'] as const)
    await losesTheName({ ...words, syntax, fragments: [rle(bytes, 2, { [place]: text })] });
  await isHeld({ ...words, syntax, fragments: [concatBytes([rle(bytes, 2, {}).subarray(0, -9)])] });
});

test('RLE: frames that the header does not count are held; blanked, nothing could read them', async () => {
  const frame = rle(await samplesOf(words, false), 2, {});
  const image = { ...words, syntax: `${ROOT}5`, fragments: [frame, frame] };
  assert.ok(await readyFile(codedImage({ ...image, frames: 2 })));
  await isHeld(image);
});

for (const isSigned of [false, true])
  test(`RLE and encapsulated samples: an overlay in unused bits goes (${isSigned ? 'signed' : 'unsigned'})`, async () => {
    const image = { ...words, isSigned };
    const clean = await samplesOf(image, false);
    const overlaid = await samplesOf(image, true);
    for (const [syntax, code] of [
      [`${ROOT}5`, (bytes: Uint8Array) => rle(bytes, 2, {})],
      [`${ROOT}1.98`, (bytes: Uint8Array) => bytes],
    ] as const) {
      const file = codedImage({ ...image, syntax, fragments: [code(overlaid)] });
      const expected = codedImage({ ...image, syntax, fragments: [code(clean)] });
      assert.equal((await readyFile(file)).bytes, (await readyFile(expected)).bytes);
    }
  });

test('encapsulated samples: text behind the last one goes', async () => {
  const bytes = await samplesOf({ ...words, bitsStored: 16 }, false);
  const image = { ...words, bitsStored: 16, syntax: `${ROOT}1.98` };
  // Nothing here decodes this form.
  const left = await settledFile(codedImage({ ...image, fragments: [concatBytes([bytes, text])] }));
  assert.not.ok(Buffer.from(left.bytes).includes(NAME));
});

test('deflated frames pass if they hold the samples and nothing else', async () => {
  const image = { rows: 16, columns: 16, bitsAllocated: 8, syntax: `${ROOT}8.1` } as const;
  const bytes = await samplesOf(image, false);
  const whole = codedImage({ ...image, fragments: [deflateRawSync(bytes)] });
  assert.ok(await readyFile(whole));
  await isHeld({ ...image, fragments: [deflateRawSync(concatBytes([bytes, text]))] });
  await isHeld({ ...image, fragments: [concatBytes([deflateRawSync(bytes), text])] });
});

test('tables of offsets hold offsets, or they go', async () => {
  const coded = CODED.jpegBaseline;
  const image = {
    ...shape,
    bitsAllocated: 8,
    syntax: `${ROOT}4.50`,
    fragments: [coded, coded],
    frames: 2,
  } as const;
  const offsets = (length: number, ...numbers: number[]): Uint8Array => {
    const bytes = new Uint8Array(length * numbers.length);
    for (const [at, number] of numbers.entries())
      new DataView(bytes.buffer).setUint32(at * length, number, true);
    return bytes;
  };
  const second = coded.length + (coded.length % 2) + 8;
  const right = codedImage({ ...image, table: offsets(4, 0, second) });
  const isCleared = ({ outcome }: ReadyFile) =>
    outcome.report.some(({ because }) => because === 'unseen-bytes');
  assert.not(isCleared(await readyFile(right)));
  for (const tables of [
    { table: offsets(4, 0, 3) },
    { table: offsets(4, 0, second, 5) },
    { extendedTable: offsets(8, 0, second, 9) },
    { extendedTable: offsets(8, 0, 5) },
  ]) {
    const file = codedImage({ ...image, ...tables });
    const result = await settledFile(file);
    assert.ok(isCleared(result));
    for (const frame of [0, 1]) assert.equal(await seen(result.bytes, frame), await seen(file, frame));
  }
});

test('video, JPEG XL and samples with more bits than are stored are held: nothing looks through them', async () => {
  const image = { ...shape, bitsAllocated: 8 } as const;
  for (const end of ['4.100', '4.102', '4.107', '4.110', '4.112'])
    await isHeld({ ...image, syntax: ROOT + end, fragments: [Uint8Array.of(1, 2, 3, 4)] });
  const narrow = { ...shape, bitsAllocated: 16, bitsStored: 12 } as const;
  await isHeld({ ...narrow, syntax: `${ROOT}4.70`, fragments: [CODED.jpegLossless] });
  await isHeld({ ...narrow, syntax: `${ROOT}4.80`, fragments: [CODED.jpegLSLossless] });
  await isHeld({ ...jpeg2000, bitsStored: 6, fragments: [CODED.jpeg2000] });
});

test.run();
