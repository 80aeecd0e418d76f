import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { textsBetween } from './texts-between.ts';

test('the texts between two marks are those of the expression that looks for the next closing mark', () => {
  const text = fc
    .array(fc.constantFrom('<s>', '</s>', 'a', '<', 's>', '/'), { maxLength: 14 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (said) => {
      const expected = [...said.matchAll(/<s>(.*?)<\/s>/g)].map(([, inner]) => inner);
      assert.equal(textsBetween(said, '<s>', '</s>'), expected);
    }),
    { numRuns: 2_000, seed: 1 },
  );
});

test.run();
