/** Patterns with stars, against a regular expression. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fits } from './fits-pattern.ts';

/** By a regular expression, for texts without its signs. */
const fitsByExpression = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'is').test(text);

test('a star stands for any text, and case does not matter', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[abA*]{1,8}$/), fc.stringMatching(/^[abB]{0,12}$/), (pattern, text) => {
      assert.is(fits(pattern, text), fitsByExpression(pattern, text), `${pattern} on ${text}`);
    }),
    { numRuns: 2000 },
  );
});

test('a pattern of many stars is judged at once', () => {
  assert.not.ok(fits('*a'.repeat(32), `${'a'.repeat(5000)}b`));
});

test.run();
