/** The page of a finished study says only of what is in the PACS that it is there. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { queuedStudy } from '../../testing/queued-study.ts';
import { notSentOf } from './not-sent.ts';
import { arrivedLines, endOf, headOf, whenSaid } from './arrived-said.ts';
import { recordedReceipt } from '../../testing/recorded-receipt.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';

const digest = 'a'.repeat(64);
/** Two images that conflicted with two sent before, and were left out: the study's receipt has all four. */
const RECEIPT = recordedReceipt({
  instances: [
    { sopInstanceUID: '1.2.3.1', digest, bytes: 10, state: 'stored', proof: 'found' },
    { sopInstanceUID: '1.2.3.2', digest, bytes: 10, state: 'stored', proof: 'found' },
    { sopInstanceUID: '1.2.3.1', digest, bytes: 10, state: 'left-out', reason: 'left-out' },
    { sopInstanceUID: '1.2.3.2', digest, bytes: 10, state: 'left-out', reason: 'left-out' },
  ],
});
const NOWHERE = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs: 0, needsYou: 0, leftOut: 0 };
const done = (track: Partial<typeof NOWHERE>) =>
  queuedStudy({ state: 'done', instances: 2, track: { ...NOWHERE, ...track } });

test('a study that a person left out entirely has no tick, and no proof of what others sent', () => {
  const leftOut = done({ leftOut: 2 });
  assert.equal(headOf(leftOut, RECEIPT), { icon: 'note', title: 'Left out by a person' });
  const said = [whenSaid(leftOut, RECEIPT, '3:11 PM'), ...arrivedLines(leftOut, RECEIPT)].join('\n');
  assert.match(said, 'None of the images sent from here are in the PACS (3:11 PM)');
  assert.match(said, '2 images left out: not in the PACS');
  assert.match(said, 'The PACS has 2 images of this study from elsewhere: sent before');
  assert.not.match(said, /confirmed|Checked: the PACS lists|not sent from here/);
});

test('covered images that were not stored are said beside the receipt, and once on the page, without a tick', () => {
  const needs = [{ cause: 'refused', reason: 'already-here-other-boxes', instances: 2 }] as const;
  const refused = { ...done({ needsYou: 2 }), state: 'attention' as const, needs };
  assert.is(headOf(refused, RECEIPT).icon, 'note');
  const said = '2 images need your decision. Not stored: the PACS already has the same original. It was sent';
  assert.match(notSentOf(refused).join(), said);
  assert.not.match(arrivedLines(refused, RECEIPT).join(), 'decision', 'the decision above says it');
  const held = [{ cause: 'held', reason: 'burned-in', instances: 1 }] as const;
  const isHeld = { ...done({ inPacs: 1, needsYou: 1 }), needs: held };
  assert.not.match(arrivedLines(isHeld, RECEIPT).join(), 'held back');
});

test('files that were left out unread are said beside the receipt as in the row', () => {
  const study = { ...done({ inPacs: 2 }), leftUnread: { files: 222, isAtLeast: true } };
  assert.equal(notSentOf(study), ['Reading was stopped: at least 222 unread files were left out']);
  assert.equal(notSentOf({ ...study, leftUnread: null }), []);
});

test('a later version that was left out is no missing instance, and its warning stays', () => {
  const [first, second, later] = RECEIPT.instances;
  const other = { ...later!, digest: 'b'.repeat(64), reason: 'already-here-other-boxes' };
  const receipt = { ...RECEIPT, instances: [first!, second!, other] };
  const study = done({ inPacs: 3 });
  assert.equal(headOf(study, RECEIPT), { icon: 'pacs', title: 'In the PACS' });
  assert.is(whenSaid(study, receipt, '3:11 PM'), '3 images, confirmed 3:11 PM');
  const said = arrivedLines(study, receipt).join('\n');
  assert.match(
    said,
    '1 later version, with different covered areas, was not stored: the PACS keeps the first one. If a name',
  );
  assert.match(said, 'it may still be visible in the PACS. Ask your PACS administrator');
  assert.not.match(said, /left out|from elsewhere/);
  const needs = [{ cause: 'refused', reason: other.reason, instances: 1, stands: true }] as const;
  const undecided = { ...done({ inPacs: 2, needsYou: 1 }), state: 'attention' as const, needs };
  assert.not.match(arrivedLines(undecided, receipt).join(), 'later version', 'the decision above says it');
  const conflict = { cause: 'quarantined', reason: 'conflicting-instance', instances: 1 } as const;
  const ofOneUid = { ...undecided, needs: [conflict] };
  assert.not.match(arrivedLines(ofOneUid, receipt).join(), 'later version', 'beside its stored one too');
});

test('one that still needs a person is not called left out', () => {
  assert.equal(headOf(done({ leftOut: 1, needsYou: 1 }), RECEIPT), {
    icon: 'note',
    title: 'Not in the PACS',
  });
});

test('a study was confirmed when its receipt says so, however late this device learned of it', () => {
  const completedAt = (RECEIPT.iat + 86_400) * 1000;
  const receipt = { ...RECEIPT, confirmed: RECEIPT.iat - 60 };
  assert.is(endOf({ ...done({ inPacs: 2 }), completedAt }, receipt).getTime(), (RECEIPT.iat - 60) * 1000);
  assert.is(endOf({ ...done({ leftOut: 2 }), completedAt }, receipt).getTime(), completedAt);
});

test('a study in the PACS has the tick, its count and its proof', () => {
  const there = done({ inPacs: 2 });
  assert.equal(headOf(there, RECEIPT), { icon: 'pacs', title: 'In the PACS' });
  assert.is(whenSaid(there, RECEIPT, '3:11 PM'), '2 images, confirmed 3:11 PM');
  assert.match(arrivedLines(there, RECEIPT).join(), 'Checked: the PACS lists 2 images');
});

test('a study that a further destination lacks is said to be in the first PACS, decided or not', () => {
  const lacked = (state: 'quarantined' | 'left-out', reason: string): Receipt => {
    const [one] = RECEIPT.instances;
    const there = { name: 'night', pacs: 'dimse://night', need: 'required' as const };
    const destinations = [{ ...there, instances: [{ state: 'refused' as const, reason: 'pacs-refused' }] }];
    return { ...RECEIPT, instances: [{ ...one!, state, reason, proof: 'digest' }], destinations };
  };
  const needs = [
    { cause: 'quarantined', reason: 'pacs-refused', instances: 1, destination: 'night' },
  ] as const;
  const open = { ...done({ needsYou: 1 }), state: 'attention' as const, needs };
  const decided = { ...done({ inPacs: 1 }), givenUpAt: ['night'] };
  for (const [study, receipt, title, when] of [
    [open, lacked('quarantined', 'pacs-refused'), 'In the first PACS, but not in night', ' (3:11 PM)'],
    [decided, lacked('left-out', 'left-out'), 'In the PACS, but not in night', ''],
  ] as const) {
    assert.equal(headOf(study, receipt), { icon: 'note', title });
    const said = [whenSaid(study, receipt, '3:11 PM'), ...arrivedLines(study, receipt)].join('\n');
    assert.match(said, `1 of 1 image is in the first PACS, but not in night${when}`);
    assert.not.match(said, /None of the images sent|not in the PACS|left out/i);
  }
  const said = arrivedLines(decided, lacked('left-out', 'left-out')).join();
  assert.match(said, 'A person decided that night does not need all of this study.');
});

test.run();
