import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource, joinedSource, rangeSource } from './byte-source.ts';

test('concatenated sources read as one, wherever a range begins and ends', async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(pieces, fc.nat(40), fc.nat(40), async (parts, offset, length) => {
      const whole = Buffer.concat(parts);
      // Every second one is a part of something larger.
      const joined = joinedSource(
        parts.map((part, at) =>
          at % 2 === 0
            ? bytesSource(part)
            : rangeSource(bytesSource(Buffer.concat([Buffer.from('xx'), part, Buffer.from('x')])), {
                offset: 2,
                length: part.length,
              }),
        ),
      );
      assert.is(joined.size, whole.length);
      assert.equal(
        Buffer.from(await joined.read(offset, length)).toString('hex'),
        whole.subarray(offset, offset + length).toString('hex'),
      );
    }),
    { numRuns: 200 },
  );
});

test.run();
