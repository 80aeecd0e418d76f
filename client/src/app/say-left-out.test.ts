/** The studies of which something was not sent can be told apart, also once their patients are no longer known. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { queuedStudy } from '../testing/queued-study.ts';
import { sayLeftOut } from './say-left-out.ts';

const NOW = new Date(2026, 10, 26, 15);
const track = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs: 11, needsYou: 0, leftOut: 1 };
const at = (day: number, hour: number) =>
  queuedStudy({ state: 'done', track, queuedAt: new Date(2026, 10, day, hour, 23).getTime() });
// Some versions of ICU put a narrow space before AM.
const said = (study: ReturnType<typeof at>) => sayLeftOut(study, NOW).replaceAll('\u202f', ' ');

test('a study without a name or label is named by the date and time at which it was queued', () => {
  assert.equal([at(26, 4), at(25, 4)].map(said), [
    '1 image left out of CT study, 4:23 AM',
    '1 image left out of CT study, Nov 25, 2026, 4:23 AM',
  ]);
  assert.is(said({ ...at(26, 4), label: 'T. T. …123' }), '1 image left out of T. T. …123');
});

test('an image of which the PACS has another version is not among those left out', () => {
  const study = { ...at(26, 4), label: 'N. P.', track: { ...track, inPacs: 1, leftOut: 2 } };
  assert.is(said(study), '2 images left out of N. P.');
});

test('a study with which files were left out unread says so as in the list of studies', () => {
  const study = { ...at(26, 4), label: 'N. P.', leftUnread: { files: 222, isAtLeast: false } };
  const unread = 'Reading was stopped: 222 unread files were left out';
  assert.is(said({ ...study, track: { ...track, leftOut: 0 } }), `N. P.: ${unread}`);
  assert.is(said(study), `1 image left out of N. P.. ${unread}`);
});

test('images of a study whose sending was cancelled are not said to be missing from one that was sent', () => {
  const cancelled = { ...at(26, 4), label: 'N. P.', track: { ...track, inPacs: 0, leftOut: 14 } };
  assert.is(said({ ...cancelled, state: 'taken-back' }), 'Sending N. P. was cancelled: 14 images');
});

test.run();
