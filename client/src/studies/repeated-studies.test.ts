/** A study that was sent several times: the rows of the day's list that stand for it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { createEntries } from './day-entry.ts';

const NOW = new Date(2026, 10, 22, 15, 0);
const at = (day: number) => new Date(2026, 10, day, 9).getTime();
const inPacs = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs: 12, needsYou: 0, leftOut: 0 };
const done = (id: string, more: Partial<QueuedStudy>) =>
  queuedStudy({ id, state: 'done', track: inPacs, isWaiting: false, receiptId: `receipt-${id}`, ...more });
const keysOf = (...studies: readonly QueuedStudy[]) =>
  createEntries()({ studies, sent: [], link: 'online', device: null }, NOW).map(({ key }) => key);

test('a study that was sent again is one row once as much of it has arrived', () => {
  const uid = { studyInstanceUID: '1.2.3' };
  const first = done('first', { ...uid, queuedAt: at(21) });
  const again = done('again', { ...uid, queuedAt: at(22) });
  assert.equal(keysOf(first, again), ['again']);
  assert.equal(keysOf(again, first), ['again']);
  const part = { ...again, instances: 3, track: { ...inPacs, inPacs: 3 } };
  assert.equal(keysOf(first, part), ['first', 'again'], 'a smaller part of it does not stand for all');
  const onItsWay = queuedStudy({ ...uid, id: 'again', queuedAt: at(22) });
  assert.equal(keysOf(first, onItsWay), ['first', 'again'], 'one that is on its way is seen');
  assert.equal(keysOf(first, { ...again, removed: true }), ['again'], 'removed, it brings no other back');
});

test('of attempts of which one had a conflict the last one that is whole stays, once nobody has to decide', () => {
  const uid = { studyInstanceUID: '1.2.3' };
  const decided = { ...inPacs, inPacs: inPacs.inPacs - 1, leftOut: 1 };
  const undecided = { ...inPacs, inPacs: inPacs.inPacs - 1, needsYou: 1 };
  const attempt = (id: string, day: number, track: QueuedStudy['track'], needs: QueuedStudy['needs'] = []) =>
    done(id, { ...uid, queuedAt: at(day), track, needs });
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

test.run();
