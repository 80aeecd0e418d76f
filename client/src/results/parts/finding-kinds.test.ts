import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reasonBefore } from './finding-kinds.ts';

test('the reason of a correction is offered again for the finding that it was given for, and for no other', () => {
  const before = { verdict: 'correct', finding: 'viral pneumonia', reason: 'Both sides' } as const;
  assert.is(reasonBefore(before, 'viral pneumonia'), 'Both sides');
  assert.is(reasonBefore(before, 'bacterial pneumonia'), '');
  assert.is(reasonBefore(before, null), '');
  assert.is(reasonBefore({ verdict: 'agree' }, null), '');
  assert.is(reasonBefore(null, 'viral pneumonia'), '');
});

test.run();
