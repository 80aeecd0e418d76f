import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readFigure } from './read-figure.ts';

test('decimals stand behind a point or a comma', () => {
  for (const [typed, number] of [
    ['7.25', 7.25],
    ['12,5', 12.5],
    [' -0.5 ', -0.5],
    // Other programs write a minus sign like this.
    ['\u22122,5', -2.5],
    ['100', 100],
    // While it is typed.
    ['7.', 7],
    ['7,', 7],
  ] as const)
    assert.is(readFigure(typed), number, typed);
});

test('a text that may be another number, or is none, is no number', () => {
  for (const typed of ['1,200', '1,234.5', '1.2.3', '12 5', '7mm', '-', '.', 'e', '1e3'])
    assert.is(readFigure(typed), typed);
  assert.is(readFigure('9'.repeat(400)), Number('9'.repeat(40)));
  assert.is(readFigure('  '), null);
});

test.run();
