import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withoutPadding } from './padding.ts';

const test = suite('padding');

test('is taken off the end of a text, and of nothing else', () => {
  for (const [text, expected] of [
    ['1.2.3\0', '1.2.3'],
    [' A  B \0 ', ' A  B'],
    ['\0 ', ''],
    ['', ''],
    ['A\t', 'A\t'],
  ] as const)
    assert.is(withoutPadding(text), expected);
});

test('within a long text costs no more than the text', () => {
  const text = `${' '.repeat(65_535)}A`;
  for (let count = 0; count < 100; count++) assert.is(withoutPadding(text), text);
});
test.run();
