// test:all: minutes of pydicom; deidentify-instance.test.ts and deidentify-corpus.test.ts hold the tables by day
/**
 * Values planted in every place of the standard's table are removed, and those that may stay are kept
 * (PS3.15 Annex E).
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped } from '#testing/environment.ts';
import {
  attackDeidentification,
  comparePixels,
  scoreDeidentification,
  validateDeidentified,
  whyNotScored,
  whyNotValidated,
} from '../deid-score.ts';

const test = suite('the score of de-identification');
/** The attacks whose outcome depends on the options: all of them are made where every option is chosen. */
const BY_OPTION: readonly string[] = [
  ...['structure', 'said', 'declared', 'codes', 'report', 'one-patient'],
  ...[
    'H1',
    'H2',
    'M5',
    'M6',
    'M7',
    'M20',
    'M21',
    'M22',
    'M23',
    'M24',
    'L-icc',
    'L-pixels',
    'L-signature',
    'L-uids',
  ],
];
const why = await whyNotScored();
const whyNot = await whyNotValidated();

if (why !== null) {
  skipped('the score of de-identification', why);
} else {
  test('the plain profile and all options together reach 99.95 % in each action, and every cell that is not listed 100 %', async () => {
    assert.is(await scoreDeidentification({ seed: 'relaypacs' }), 0);
  });

  test('the attackers see every value that they plant, where nothing was de-identified', async () => {
    assert.is(await attackDeidentification({ seed: 'relaypacs', sets: ['clean'], isControl: true }), 0);
  });

  test('nothing High or Medium is left of any attack, and nothing harmless goes, under all options together', async () => {
    assert.is(await attackDeidentification({ seed: 'relaypacs', sets: ['all'], isBrief: true }), 0);
  });

  test('nothing is left of the attacks on the header and the pixels under the other sets of options', async () => {
    const sets = ['plain', 'full'];
    assert.is(
      await attackDeidentification({ seed: 'relaypacs', sets, findings: BY_OPTION, isBrief: true }),
      0,
    );
  });
}

if (whyNot !== null) {
  skipped('the validity of what was de-identified', whyNot);
} else {
  test('dciodvfy finds no error that the original did not have, except those that the table itself forces', async () => {
    assert.is(await validateDeidentified(), 0);
  });

  test('other decoders than ours find the same pixels in every syntax, before and after', async () => {
    assert.is(await comparePixels(), 0);
  });
}

test.run();
