import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { heldFor, IRREGULARITIES, irregularitiesIn, treatmentOf } from './irregularities.ts';
import { REASONS, WARNINGS } from './reasons.ts';

test('an odd instance is sent with a warning unless the policy is strict, or removes names and not the odd part', () => {
  assert.equal(heldFor(IRREGULARITIES, treatmentOf({ deidentify: false })), []);
  assert.equal(heldFor(IRREGULARITIES, treatmentOf({ deidentify: false, strict: false })), []);
  assert.equal(heldFor(IRREGULARITIES, treatmentOf({ deidentify: false, strict: true })), IRREGULARITIES);
  const removed = ['file-meta-twice', 'sequence-unreadable'];
  assert.equal(
    heldFor(IRREGULARITIES, treatmentOf({ deidentify: true })),
    IRREGULARITIES.filter((each) => !removed.includes(each)),
  );
});

test('other warnings hold nothing, and the order of a file’s warnings does not matter', () => {
  assert.equal(irregularitiesIn(['invalid-date', 'odd-length', 'pixel-data-missing']), [
    'pixel-data-missing',
    'odd-length',
  ]);
  assert.equal(heldFor(['invalid-date', 'patient-missing'], 'strict'), []);
});

test('each has a sentence for both ends: sent, with what to do, or held', () => {
  for (const code of IRREGULARITIES) {
    assert.match(WARNINGS[code], /\. It is sent unchanged/, code);
    assert.match(REASONS[code].next, 'leave it out', code);
  }
});

test.run();
