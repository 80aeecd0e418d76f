/** A study that was sent several times: the rows of the day's list that stand for it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { endingWords } from '../pipeline/queue/ending-words.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { valuesOf } from '../testing/values-of.ts';
import { chooseEntries } from './choose-entries.ts';
import { EVERYTHING } from './list-choice.ts';
import { createEntries } from './day-entry.ts';
import { createJoin, sendsOf } from './join-sends.ts';
import { whereOf } from './where-of.ts';
import { listedNow } from '../testing/told-study.ts';

const NOW = new Date(2026, 10, 22, 15, 0);
const at = (day: number) => new Date(2026, 10, day, 9).getTime();
const inPacs = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs: 12, needsYou: 0, leftOut: 0 };
const done = (id: string, more: Partial<QueuedStudy>) =>
  queuedStudy({ id, state: 'done', track: inPacs, isWaiting: false, receiptId: `receipt-${id}`, ...more });
const UID = { studyInstanceUID: '1.2.3' };
const cancelled = queuedStudy({
  ...{ ...UID, id: 'cancelled', queuedAt: at(21), state: 'taken-back', isWaiting: false },
  track: { ...inPacs, inPacs: 0, leftOut: 12 },
});
const keysOf = (...studies: readonly QueuedStudy[]) => listedNow({ studies }, NOW).map(({ key }) => key);

test('a study that was sent again is one row once as much of it has arrived', () => {
  const first = done('first', { ...UID, queuedAt: at(21) });
  const again = done('again', { ...UID, queuedAt: at(22) });
  assert.equal(keysOf(first, again), ['again']);
  assert.equal(keysOf(again, first), ['again']);
  const part = { ...again, instances: 3, track: { ...inPacs, inPacs: 3 } };
  assert.equal(keysOf(first, part), ['first', 'again'], 'a smaller part of it does not stand for all');
  const onItsWay = queuedStudy({ ...UID, id: 'again', queuedAt: at(22) });
  assert.equal(keysOf(first, onItsWay), ['first', 'again'], 'one that is on its way is seen');
  assert.equal(keysOf(first, { ...again, removed: true }), ['again'], 'removed, it brings no other back');
  const short = { ...again, instances: 13, track: { ...inPacs, leftOut: 1 } };
  assert.equal(keysOf(first, short), ['again'], 'also where another one of it was left out');
});

test('of attempts of which one had a conflict the last one that is whole stays, once nobody has to decide', () => {
  const decided = { ...inPacs, inPacs: inPacs.inPacs - 1, leftOut: 1 };
  const undecided = { ...inPacs, inPacs: inPacs.inPacs - 1, needsYou: 1 };
  const attempt = (id: string, day: number, track: QueuedStudy['track'], needs: QueuedStudy['needs'] = []) =>
    done(id, { ...UID, queuedAt: at(day), track, needs });
  const conflict = { cause: 'refused', reason: 'conflicting-instance', instances: 1 } as const;
  const first = attempt('first', 20, inPacs);
  const last = attempt('last', 22, inPacs);
  assert.equal(keysOf(first, attempt('conflict', 21, decided), last), ['last']);
  assert.equal(keysOf(first, attempt('conflict', 21, undecided, [conflict]), last), ['conflict', 'last']);
  assert.equal(
    keysOf(last, attempt('conflict', 23, decided)),
    ['last', 'conflict'],
    'it says what was left out',
  );
});

const rowsOf = (...studies: readonly QueuedStudy[]) => createJoin()(listedNow({ studies }, NOW));
const placeOf = (...studies: readonly QueuedStudy[]) => {
  const rows = rowsOf(...studies);
  assert.is(rows.length, 1);
  const { part, track } = rows[0]!;
  return [part, whereOf(rows[0]!).look, track.inPacs, track.total];
};

test('a study that is sent in parts is one row in the most urgent place of its parts, with the counts of that part', () => {
  const there = done('there', { ...UID, queuedAt: at(21) });
  const later = { ...UID, queuedAt: at(22), instances: 3 };
  const waits = queuedStudy({ ...later, id: 'waits', track: { ...inPacs, inPacs: 0, safe: 3 } });
  const read = queuedStudy({ ...later, id: 'read', state: 'reading', packing: true, instances: 0 });
  const nowhere = { ...inPacs, inPacs: 0 };
  const needs = [{ cause: 'quarantined', reason: null, instances: 3 }] as const;
  const asks = queuedStudy({ ...later, id: 'asks', needs, track: { ...nowhere, needsYou: 3 } });
  const over = { state: 'taken-back', isWaiting: false, track: { ...nowhere, leftOut: 3 } } as const;
  const takenBack = queuedStudy({ ...later, ...over, id: 'cancelled' });
  const more = done('more', { ...later, track: { ...inPacs, inPacs: 3 } });
  assert.equal(placeOf(there, waits), ['under-way', 'moving', 0, 3]);
  assert.equal(placeOf(there, { ...read, track: nowhere }), ['under-way', 'moving', 0, 0]);
  assert.equal(placeOf(asks, there, waits), ['needs-you', 'stop', 0, 3]);
  assert.equal(placeOf(there, takenBack), ['taken-back', 'over', 0, 3]);
  assert.equal(placeOf(there, more), ['arrived', 'good', 3, 3]);
  assert.is(whereOf(rowsOf(there, takenBack)[0]!).said, 'Cancelled before sending');
  const [row] = rowsOf(there, waits);
  assert.equal([row!.key, row!.hasReceipt, row!.at], ['there', true, at(22)]);
  assert.equal(valuesOf(sendsOf(row!), 'key'), ['there', 'waits']);
});

test('a study that was cancelled and then sent as a whole has arrived', () => {
  const again = done('again', { ...UID, queuedAt: at(22) });
  assert.equal(keysOf(cancelled, { ...again, holds: ['cancelled'] }), ['again']);
  assert.equal(keysOf(cancelled, again), ['cancelled', 'again'], 'it may be another part');
  assert.equal(keysOf(done('before', { ...UID, queuedAt: at(20) }), cancelled), ['before', 'cancelled']);
});

test('a study that is cancelled again is not said to be cancelled before that is confirmed', () => {
  const again = { ...UID, state: 'uploading', cancelling: true, isWaiting: false } as const;
  const cancelling = queuedStudy({ ...again, id: 'cancelling', queuedAt: at(22) });
  const [row] = rowsOf(cancelled, cancelling);
  assert.equal([row!.study?.id, whereOf(row!).said], ['cancelling', endingWords.cancelled.asked]);
});

test('a study of several sends is found by what is known of any of them, and stays the same row meanwhile', () => {
  const there = done('there', { ...UID, queuedAt: at(21) });
  const waits = queuedStudy({ ...UID, id: 'waits', queuedAt: at(22) });
  const other = queuedStudy({ id: 'other', studyInstanceUID: '1.2.4', queuedAt: at(22) });
  const entriesOf = createEntries();
  const join = createJoin();
  const rows = (...studies: readonly QueuedStudy[]) => join(listedNow({ studies }, NOW, entriesOf));
  const before = rows(there, waits, other);
  const found = chooseEntries(before, { ...EVERYTHING, text: 'receipt-there' }, NOW);
  assert.equal(
    found.flatMap(({ entries }) => entries),
    [before[0]],
  );
  assert.is(rows(there, waits, other), before);
  const after = rows({ ...there }, { ...waits, paused: true }, other);
  assert.equal([after[0] === before[0], after[1] === before[1]], [false, true]);
  assert.equal(valuesOf(rows({ ...there, removed: true }, waits).map(sendsOf), 'length'), [1, 1]);
});

test.run();
