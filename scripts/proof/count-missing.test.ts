/** `--complete`: nothing that was left out passes unseen; a clone without `../shared` is excused for that alone. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { countMissing } from './count-missing.ts';

const test = suite('missing parts and skips');

const FIREFOX = { what: 'Firefox', why: 'firefox-esr is not installed' };
const OF_SHARED = [
  { what: 'real files', why: 'the corpus is not there' },
  { what: 'films', why: 'the labelled images are not here' },
  { what: 'results of a chest film', why: 'the evaluation set is not there' },
  { what: 'codes', why: 'no ../shared/standards' },
];
const OTHERS = [FIREFOX, { what: 'the corpus through dciodvfy', why: 'dicom3tools is not installed' }];

test('each missing part and each skip counts where ../shared is', () => {
  assert.is(countMissing([], [], true), 0);
  assert.is(countMissing([FIREFOX], [FIREFOX, FIREFOX], true), 3);
  assert.is(countMissing(OF_SHARED, OF_SHARED, true), 2 * OF_SHARED.length);
});

test('a clone without ../shared is excused for its absence, given as the reason, and for nothing else', () => {
  assert.is(countMissing(OF_SHARED, OF_SHARED, false), 0);
  assert.is(countMissing([...OF_SHARED, ...OTHERS], [...OTHERS, ...OF_SHARED], false), 2 * OTHERS.length);
});

test.run();
