/**
 * Values planted in every place of the standard's table are removed, and those that may stay are kept
 * (PS3.15 Annex E).
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped } from '#testing/environment.ts';
import { scoreDeidentification, validateDeidentified, whyNotScored, whyNotValidated } from '../deid-score.ts';

const test = suite('the score of de-identification');
const why = await whyNotScored();
const whyNot = await whyNotValidated();

if (why !== null) {
  skipped('the score of de-identification', why);
} else {
  test('the plain profile and all options together reach 99.95 % in each action, and every cell that is not listed 100 %', async () => {
    assert.is(await scoreDeidentification({ seed: 'relaypacs' }), 0);
  });
}

if (whyNot !== null) {
  skipped('the validity of what was de-identified', whyNot);
} else {
  test('dciodvfy finds no error that the original did not have, except those that the table itself forces', async () => {
    assert.is(await validateDeidentified(), 0);
  });
}

test.run();
