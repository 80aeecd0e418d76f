/**
 * Bits outside the values and bytes behind the last sample, which no image shows, do not leave. The samples stay
 * as they were.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CODED, CODED_COLUMNS, CODED_ROWS } from '#testing/coded-pictures.ts';
import {
  deidentifyBytes,
  parsed,
  pseudonymsOf,
  residueOf,
  rulesOf,
  settledFile,
  wordOf,
} from '#testing/deidentified-file.ts';
import { codedImage, planted, seen, sampleImage, type SampleImage } from '#testing/sample-image.ts';
import { concatBytes } from '../../dicom/encode.ts';
import { PIECE_BYTES } from '../segments.ts';

const unclearTags = async (file: Uint8Array): Promise<string[]> => residueOf(await parsed(file));

const SHAPES: readonly Partial<SampleImage>[] = [
  { bitsAllocated: 16, bitsStored: 12 },
  { bitsAllocated: 16, bitsStored: 12, isSigned: true },
  { bitsAllocated: 16, bitsStored: 12, highBit: 15 },
  { bitsAllocated: 16, bitsStored: 10, highBit: 12, isSigned: true },
  { bitsAllocated: 8, bitsStored: 7 },
  { bitsAllocated: 8, bitsStored: 6, highBit: 6, isSigned: true },
  { bitsAllocated: 8, bitsStored: 7, samples: 3 },
  { bitsAllocated: 32, bitsStored: 20 },
  { bitsAllocated: 32, bitsStored: 24, highBit: 27, isSigned: true },
];

/** The image with an overlay becomes the one without it, and shows the same. */
async function losesItsOverlay(image: SampleImage, syntax: string): Promise<void> {
  const file = sampleImage(image, { syntax, overlay: true });
  assert.ok((await unclearTags(file)).includes('7fe0,0010'));
  const { bytes, outcome } = await settledFile(file);
  const clean = await settledFile(sampleImage(image, { syntax, overlay: false }));
  assert.ok(Buffer.compare(bytes, clean.bytes) === 0, 'the same instance as without the overlay');
  assert.equal(
    outcome.report.filter(({ because }) => because === 'unseen-bytes'),
    [{ path: '7fe0,0010', action: 'C', because: 'unseen-bytes' }],
  );
  assert.equal(await seen(bytes), await seen(file), 'the decoded values');
}

for (const syntax of ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.2'])
  for (const shape of SHAPES)
    test(`bits outside the value are cleared, values stay: ${JSON.stringify(shape)} in ${syntax}`, () =>
      losesItsOverlay({ rows: 16, columns: 51, bitsAllocated: 8, ...shape }, syntax));

test('an image of several pieces is cleared in all of them', () =>
  losesItsOverlay({ rows: 1100, columns: 501, bitsAllocated: 16, bitsStored: 12 }, '1.2.840.10008.1.2.1'));

test('an image whose unused bits are clear stays as it is', async () => {
  const file = sampleImage({ rows: 30, columns: 31, bitsAllocated: 16, bitsStored: 12 }, {});
  const { outcome } = await settledFile(file);
  assert.not.ok(outcome.report.some(({ because }) => because === 'unseen-bytes'));
  assert.not.ok((await unclearTags(file)).includes('7fe0,0010'));
});

for (const bitsAllocated of [1, 8, 16, 32] as const) {
  for (const syntax of ['1.2.840.10008.1.2.1', '1.2.840.10008.1.2.2', '1.2.840.10008.1.2.1.99']) {
    test(`text behind the last sample goes, with its length: ${bitsAllocated} bits in ${syntax}`, async () => {
      const image = { rows: 7, columns: 5, bitsAllocated };
      const file = sampleImage(image, { syntax, behind: planted('CANARY BEHIND') });
      const { bytes } = await settledFile(file);
      const instance = await parsed(bytes);
      const pixels = instance.elements.find(({ tag }) => tag === 0x7fe00010)!;
      const needed = Math.ceil((7 * 5 * bitsAllocated) / 8);
      assert.is(pixels.valueLength, needed + (needed % 2));
      const value = await instance.dataSet.read(pixels.valueOffset, pixels.valueLength);
      assert.not.ok(Buffer.from(value).includes('CANARY'));
      assert.equal(await seen(bytes), await seen(file));
    });
  }
}

test('the byte and the bits that fill up the end are zero', async () => {
  for (const syntax of ['1.2.840.10008.1.2.1', '1.2.840.10008.1.2.2']) {
    for (const [bitsAllocated, rows, columns] of [
      [8, 3, 3],
      [1, 3, 3],
      [1, 3, 7],
    ] as const) {
      const image = { rows, columns, bitsAllocated };
      const { bytes } = await settledFile(sampleImage(image, { syntax, filling: 0xff }));
      const clean = await settledFile(sampleImage(image, { syntax }));
      assert.equal(bytes, clean.bytes, `${bitsAllocated} bits in ${syntax}`);
    }
  }
});

/** The same instance, and what is read of it. */
async function counted(file: Uint8Array) {
  const instance = await parsed(file);
  const read = { bytes: 0, most: 0 };
  const dataSet = {
    size: instance.dataSet.size,
    read(offset: number, length: number) {
      const within = Math.max(0, Math.min(length, instance.dataSet.size - offset));
      read.bytes += within;
      read.most = Math.max(read.most, within);
      return instance.dataSet.read(offset, length);
    },
  };
  return { instance: { ...instance, dataSet }, read };
}

test('pixels are read once, in pieces, however large they are', async () => {
  const native = sampleImage({ rows: 1500, columns: 1500, bitsAllocated: 16, bitsStored: 12 }, {});
  const frame = concatBytes([
    CODED.jpegBaseline.subarray(0, -2),
    new Uint8Array(60_000),
    Uint8Array.of(0xff, 0xd9),
  ]);
  const coded = codedImage({
    ...{ rows: CODED_ROWS, columns: CODED_COLUMNS, bitsAllocated: 8 },
    ...{ syntax: '1.2.840.10008.1.2.4.50', frames: 100, fragments: Array.from({ length: 100 }, () => frame) },
  });
  for (const file of [native, coded]) {
    const { instance, read } = await counted(file);
    const found = await residueOf(instance);
    assert.not.ok(found.includes('7fe0,0010'));
    assert.equal(found, await unclearTags(file));
    assert.ok(read.most <= PIECE_BYTES, 'a piece at a time');
    assert.ok(read.bytes < 1.2 * file.length, `${read.bytes} of ${file.length}`);
  }
});

test('a codestream of more segments than any image has is held after as many steps', async () => {
  const comments = new Uint8Array(4 * 100_000);
  for (let at = 0; at < comments.length; at += 4) comments.set([0xff, 0xfe, 0, 2], at);
  const { jpegBaseline } = CODED;
  const fragment = concatBytes([jpegBaseline.subarray(0, 2), comments, jpegBaseline.subarray(2)]);
  const file = codedImage({
    ...{ rows: CODED_ROWS, columns: CODED_COLUMNS, bitsAllocated: 8 },
    ...{ syntax: '1.2.840.10008.1.2.4.50', fragments: [fragment] },
  });
  const held = await deidentifyBytes(file, rulesOf(), await pseudonymsOf(1));
  assert.is(wordOf(held), 'pixel-data-not-clearable');
});

test.run();
