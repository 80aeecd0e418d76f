/** The decoder gives what CharLS coded, whatever the image; and has an end, whatever the bytes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { seededRandom } from '#testing/synthetic-study.ts';
import { decodeJpegLS, type GreyShape } from './jpeg-ls-decoder.ts';
import { loadCharls } from './load-charls.ts';

const test = suite('JPEG-LS');

const SHAPE: GreyShape = { width: 33, height: 21, bitsPerSample: 12 };

/** Flat areas, slopes and noise, by `noisy` (0 to 1) and `spread`: every mode of the coder has its turn. */
function samplesOf(
  { width, height, bitsPerSample }: GreyShape,
  seed: number,
  noisy: number,
  spread: number,
): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  const most = 2 ** bitsPerSample - 1;
  const base = Math.floor(random() * most);
  const values = Array.from(
    { length: width * height },
    (_, i) =>
      (base + 3 * Math.floor(i / width) + (random() < noisy ? Math.floor(random() * spread * most) : 0)) &
      most,
  );
  return bitsPerSample > 8 ? new Uint8Array(Uint16Array.from(values).buffer) : Uint8Array.from(values);
}

async function codedOf(
  shape: GreyShape,
  samples = samplesOf(shape, 7, 0.5, 0.02),
): Promise<Uint8Array<ArrayBuffer>> {
  return (await (await loadCharls()).encode(samples, shape))!;
}

test('an image is what it was before another implementation coded it', async () => {
  const shapes = fc.record({
    width: fc.integer({ min: 1, max: 70 }),
    height: fc.integer({ min: 1, max: 40 }),
    bitsPerSample: fc.integer({ min: 8, max: 16 }),
  });
  const looks = fc.record({
    seed: fc.integer(),
    noisy: fc.constantFrom(0, 0.02, 0.5, 1),
    spread: fc.constantFrom(0.001, 0.05, 1),
  });
  await fc.assert(
    fc.asyncProperty(shapes, looks, async (shape, { seed, noisy, spread }) => {
      const samples = samplesOf(shape, seed, noisy, spread);
      assert.equal(decodeJpegLS(await codedOf(shape, samples), shape), samples);
    }),
    { numRuns: 400 },
  );
});

test('long runs, and a change after each, are followed to the end of the line', async () => {
  const shape = { width: 40_000, height: 3, bitsPerSample: 8 };
  const samples = new Uint8Array(120_000);
  for (let at = 0, step = 1; at < samples.length; at += step, step = (step * 3) % 20_011)
    samples[at] = step & 255;
  assert.equal(decodeJpegLS(await codedOf(shape, samples), shape), samples);
});

test('an image of an unexpected size, or with anything else in its header, is refused before decoding', async () => {
  const coded = await codedOf(SHAPE);
  for (const other of [{ width: 21, height: 33 }, { bitsPerSample: 13 }, { width: 65_535, height: 65_535 }]) {
    assert.is(decodeJpegLS(coded, { ...SHAPE, ...other }), null);
  }
  const headerBytes = 25;
  for (let at = 0; at < headerBytes; at += 1)
    assert.is(
      decodeJpegLS(
        coded.map((byte, i) => (i === at ? byte ^ 1 : byte)),
        SHAPE,
      ),
      null,
      `byte ${at}`,
    );
});

test('an image that is cut is refused, wherever it is cut', async () => {
  const coded = await codedOf(SHAPE);
  for (let end = 0; end < coded.length - 6; end += 1)
    assert.is(decodeJpegLS(coded.subarray(0, end), SHAPE), null, `cut at ${end} of ${coded.length}`);
});

test('decoding ends for any bytes after the header: with the expected number of samples, or with none', async () => {
  const headers = new Map<number, Uint8Array>();
  for (const bitsPerSample of [8, 12, 16])
    headers.set(
      bitsPerSample,
      (await codedOf({ ...SHAPE, bitsPerSample })).slice(0, bitsPerSample > 12 ? 40 : 25),
    );
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }),
    fc
      .array(fc.constantFrom(0, 0, 0, 0x7f, 0xff, 1, 0x80), { maxLength: 3000 })
      .map((bytes) => Uint8Array.from(bytes)),
  );
  fc.assert(
    fc.property(fc.constantFrom(8, 12, 16), bodies, (bitsPerSample, body) => {
      const shape = { ...SHAPE, bitsPerSample };
      const samples = decodeJpegLS(Uint8Array.from([...headers.get(bitsPerSample)!, ...body]), shape);
      assert.ok(
        samples === null || samples.length === SHAPE.width * SHAPE.height * (bitsPerSample > 8 ? 2 : 1),
      );
    }),
    { numRuns: 500 },
  );
});

test.run();
