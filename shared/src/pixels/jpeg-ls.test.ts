/** JPEG-LS in every interleave, near-lossless too, of bytes that nobody vouches for. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { CODED, CODED_COLUMNS, CODED_ROWS } from '#testing/coded-pictures.ts';
import { decodeJpegLS } from './jpeg-ls.ts';

const test = suite('JPEG-LS frames');

const FORMS = [
  ['jpegLSLossless', 1],
  ['jpegLSNear', 1],
  ['jpegLSColourByLine', 3],
  ['jpegLSColourBySample', 3],
  ['jpegLSColourByPlane', 3],
  ['jpegLSNearColourByLine', 3],
  ['jpegLSNearColourBySample', 3],
  ['jpegLSNearColourByPlane', 3],
] as const;

test('decoding ends for any change to one: with the expected number of samples, none beyond its bits, or with none', () => {
  const changes = fc.array(
    fc.record({ at: fc.nat(), byte: fc.oneof(fc.constantFrom(0, 0x7f, 0x80, 0xff), fc.nat(255)) }),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(fc.constantFrom(...FORMS), changes, ([name, samples], changed) => {
      const bytes = CODED[name].slice();
      for (const { at, byte } of changed) bytes[at % bytes.length] = byte;
      const decoded = decodeJpegLS(bytes, { rows: CODED_ROWS, columns: CODED_COLUMNS, samples });
      if (decoded === null) return;
      assert.is(decoded.values.length, CODED_ROWS * CODED_COLUMNS * samples);
      assert.ok(decoded.values.every((value) => value < 2 ** decoded.bits));
    }),
    { numRuns: 3000 },
  );
});

test.run();
