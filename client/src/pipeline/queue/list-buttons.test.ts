/**
 * Rows of studies in every combination of what the tables know: each instance is in one place, and a study that is not
 * over has a button, or continues without one. The test simulation/way-out.test.ts presses the buttons.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { UPLOAD_STATES } from '#shared/protocol/upload-state.ts';
import { queuedStudy } from '../../testing/queued-study.ts';
import { countStudy, type CountedRow } from './count-study.ts';
import { NO_REASONS, sumOf, type Reasons } from './count-reasons.ts';
import { queueWords } from './queue-words.ts';
import { placeToDecide, rowButtons, TURNS, turnsOf, whyNotCancelled } from './list-buttons.ts';
import type { Waiting } from './queued-study.ts';
import { canCancel, canTakeBack } from './rows/may-be-ended.ts';
import { hasWork } from './rows/instance-queue.ts';
import type { StudyRow } from './rows/local-database.ts';
import { isToBeSent } from './rows/order-studies.ts';
import { compareForSending, ranksAfterMove, type SendingOrder } from './sending-order.ts';
import { hasArrived } from './track-state.ts';
import { partOf, trackOf } from './track-of.ts';

/** Every combination of one value of each. */
function* product<T extends object>(some: { readonly [K in keyof T]: readonly T[K][] }): Generator<T> {
  const names = Object.keys(some) as (keyof T)[];
  const counts = names.map((name) => some[name].length);
  const all = counts.reduce((sum, count) => sum * count, 1);
  for (let nth = 0; nth < all; nth += 1) {
    let rest = nth;
    const one: Partial<T> = {};
    for (const [at, name] of names.entries()) {
      one[name] = some[name][rest % counts[at]!]!;
      rest = Math.floor(rest / counts[at]!);
    }
    yield one as T;
  }
}

const WAITING: readonly Waiting[] = [
  ...([null, 'offline', 'pacs-unreachable', 'storage-full', 'signed-out', 'interrupted'] as const),
];
const refused = (reason: string): Reasons => ({ ...NO_REASONS, refused: [{ reason, instances: 2 }] });
const REASONS: readonly Reasons[] = [
  NO_REASONS,
  refused('pacs-refused'),
  refused('already-here-other-policy'),
  { refused: [], quarantined: [{ reason: 'identity-remains', instances: 1 }], leftOut: 2 },
];
const HELD: readonly StudyRow['held'][] = [
  { reasons: [], leftOut: 0 },
  { reasons: [{ reason: 'burned-in-annotation', instances: 2 }], leftOut: 1 },
];
const counted = (atGateway: number, inPacs: number): StudyRow['counts'] => ({
  ...{ promised: 5, atGateway, inPacs, refused: 0, quarantined: 0, leftOut: 0 },
});

type Some = Omit<CountedRow, 'chosen' | 'instances' | 'packed' | 'problem'> &
  Pick<StudyRow, 'paused' | 'named'> & { readonly hasLeft: StudyRow['hasLeft'] };

type Numbers = 'departed' | 'acknowledged' | 'counts' | 'hasLeft' | 'paused' | 'named';

/** Rows of studies that have five instances with a row, in every combination. */
const rows = (more: { readonly [K in Numbers]: readonly Some[K][] }) =>
  product<Some>({
    state: UPLOAD_STATES,
    waiting: WAITING,
    trouble: [null, 'receipt-faulty', 'copy-unreadable', 'unexpected'],
    packing: [false, true],
    reasons: REASONS,
    held: HELD,
    ...more,
  });

const rowOf = (some: Some): CountedRow => ({
  ...some,
  instances: 5,
  packed: some.packing ? 3 : 5,
  chosen: 5 + sumOf(some.held.reasons) + some.held.leftOut,
  problem: some.state === 'failed' ? 'policy-withdrawn' : null,
});

test('each chosen instance is in one place, whatever the row says, and the causes add up', () => {
  let checked = 0;
  // A second device may have sent more of the study, and answers come late.
  const numbers = {
    departed: [0, 2, 5],
    acknowledged: [0, 1, 5],
    counts: [null, counted(1, 2), counted(0, 9)],
  };
  for (const some of rows({ ...numbers, hasLeft: [true], paused: [false], named: [true] })) {
    const row = rowOf(some);
    const { track, needs } = countStudy(row);
    const counts = Object.values(track);
    const isWhole = counts.reduce((sum, count) => sum + count, 0) === row.chosen && Math.min(...counts) >= 0;
    if (!isWhole) assert.unreachable(`${JSON.stringify(row)} is counted as ${JSON.stringify(track)}`);
    assert.is(sumOf(needs), track.needsYou);
    checked += 1;
  }
  assert.ok(checked > 10_000);
});

/** A study in the PACS is done in the same transaction, and packing ends after naming: no other row is ever at rest. */
const isReached = ({ state, named, packing, hasLeft }: Some): boolean =>
  state !== 'in-pacs' && (named || (packing && state === 'reading')) && (state !== 'reading' || !hasLeft);

test('a study that is not over has a button, or continues without anybody', () => {
  const either = [false, true];
  const nothing = { departed: [0], acknowledged: [0], counts: [null] };
  for (const some of rows({ ...nothing, hasLeft: [undefined, true], paused: either, named: either })) {
    if (!isReached(some)) continue;
    const row = { ...rowOf(some), rank: null } as unknown as StudyRow;
    const { state, waiting, trouble, paused } = row;
    const study = queuedStudy({
      ...{ state, waiting, trouble, paused, instances: row.chosen, problem: row.problem },
      ...countStudy(row),
      isWaiting: isToBeSent(row),
      canTakeBack: canTakeBack(row),
      canCancel: canCancel(row),
    });
    const buttons = rowButtons(study);
    const fail = (what: string) => assert.unreachable(`${JSON.stringify({ some, buttons })}: ${what}`);
    if (new Set(buttons).size < buttons.length) fail('a button twice');
    const isOver = state === 'done' || state === 'taken-back';
    if (study.needs.length > 0 || isOver || paused) {
      const isFollowed = paused && study.needs.length === 0 && hasWork(row);
      if (buttons.length === 0 && !isFollowed) fail('no button');
    } else if (!hasWork(row) && !row.packing) fail('nothing to do, and nobody is asked');
    assert.is(partOf(study) === 'needs-you', study.track.needsYou > 0);
    if (hasArrived(trackOf(study, 'online'))) assert.is(study.needs.length, 0);
  }
});

test('one press leads to the decision: held-back images are decided about where all that needs a person is', () => {
  const need = (cause: 'held' | 'refused') => ({ cause, reason: 'burned-in-annotation', instances: 1 });
  assert.equal(placeToDecide(queuedStudy({ needs: [need('refused')] })), { page: 'study', id: 'a' });
  for (const needs of [[need('held')], [need('refused'), need('held')]])
    assert.equal(placeToDecide(queuedStudy({ needs })), { page: 'needs' });
});

test('a study that can no longer be cancelled, and only such a one, says where it is, or how much of it', () => {
  const nothing = { departed: [0], acknowledged: [0], counts: [null, counted(5, 0), counted(0, 5)] };
  const said = new Set<string | null>();
  const parts = new Set<boolean>();
  for (const some of rows({ ...nothing, hasLeft: [true], paused: [false], named: [true] })) {
    const row = { ...rowOf(some), rank: null } as unknown as StudyRow;
    const buttons = { canTakeBack: canTakeBack(row), canCancel: canCancel(row) };
    const study = queuedStudy({ state: row.state, instances: row.chosen, ...countStudy(row), ...buttons });
    const why = whyNotCancelled(study);
    if (why !== null && (study.canCancel || study.canTakeBack)) assert.unreachable(JSON.stringify(some));
    if (why === null && row.state === 'done' && study.track.inPacs > 0) assert.unreachable('not said');
    said.add(why?.place ?? null);
    if (why === null) continue;
    const { unsafe, safe, onTheWay, needsYou, leftOut } = study.track;
    const isAll = unsafe + safe + onTheWay + needsYou + leftOut === 0;
    parts.add(isAll);
    assert.is(queueWords.notCancelled(why).startsWith('It '), isAll, JSON.stringify(some));
  }
  assert.equal([said, parts], [new Set([null, 'gateway', 'pacs']), new Set([true, false])]);
  const track = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs: 1, needsYou: 1, leftOut: 0 };
  const half = queuedStudy({ state: 'attention', instances: 2, track });
  assert.match(
    queueWords.notCancelled(whyNotCancelled(half)!),
    /^1 of 2 is in the PACS and can no longer be cancelled\. .* remove it there\.$/,
  );
  for (const waiting of ['pacs-unreachable', 'pacs-fails-on-some', 'pacs-refuses-size'] as const) {
    const at = { ...track, atGateway: 2, inPacs: 0, needsYou: 0 };
    const held = queuedStudy({ state: 'at-gateway', instances: 2, waiting, track: at });
    assert.is(
      queueWords.notCancelled(whyNotCancelled(held)!),
      'It is at the gateway and waits for the PACS, which has none of it yet. It can no longer be cancelled from here.',
    );
  }
});

test('a study of which all is at the gateway is not offered to be paused or cancelled, though it is not over', () => {
  const some = { state: 'uploading', waiting: null, trouble: null, packing: false, reasons: NO_REASONS };
  const row = (departed: number, more: Partial<StudyRow> = {}) => {
    const held = { reasons: [], leftOut: 0 };
    const all = { ...some, held, instances: 5, chosen: 5, packed: 5, departed, acknowledged: departed };
    return { ...all, counts: null, hasLeft: true, rank: null, problem: null, ...more } as unknown as StudyRow;
  };
  const shown = (one: StudyRow) =>
    queuedStudy({
      ...{ state: one.state, paused: one.paused === true, instances: one.chosen, trouble: one.trouble },
      ...countStudy(one),
      ...{ isWaiting: isToBeSent(one), canTakeBack: canTakeBack(one), canCancel: canCancel(one) },
    });
  assert.equal(rowButtons(shown(row(4))), ['pause', 'cancel']);
  assert.equal(rowButtons(shown(row(5))), []);
  assert.equal(rowButtons(shown(row(5, { paused: true }))), ['resume']);
  assert.equal(rowButtons(shown(row(5, { trouble: 'receipt-faulty' }))), ['tryNow', 'cancel']);
  assert.is(whyNotCancelled(shown(row(4))), null);
  assert.equal(whyNotCancelled(shown(row(5))), { place: 'gateway', gone: 5, total: 5 });
});

test('each button that changes a turn moves the study to where it says', () => {
  const one = { rank: [null, 0, 1, 2], score: [null, 0.5] };
  for (const a of product<Pick<SendingOrder, 'rank' | 'score'>>(one))
    for (const b of product<Pick<SendingOrder, 'rank' | 'score'>>(one))
      for (const c of product<Pick<SendingOrder, 'rank' | 'score'>>(one)) moves([a, b, c]);
});

function moves(some: readonly Pick<SendingOrder, 'rank' | 'score'>[]): void {
  const studies = some.map((each, nth) => ({ ...each, id: `${nth}`, queuedAt: nth }));
  const order = studies.toSorted(compareForSending);
  for (const [place, { id }] of order.entries()) {
    const turns = turnsOf(queuedStudy({}), place, order.length);
    assert.equal(
      turns,
      TURNS.filter((turn) => (turn === 'later' ? place < 2 : place > 0)),
    );
    for (const turn of turns) {
      const to = { first: 0, earlier: place - 1, later: place + 1 }[turn];
      const ranks = ranksAfterMove(studies, id, to);
      const after = studies.map((study) => ({ ...study, rank: ranks.get(study.id) ?? study.rank }));
      const at = after.toSorted(compareForSending).findIndex((study) => study.id === id);
      assert.is(at, to, `${turn} of ${id} in ${JSON.stringify(studies)}`);
    }
  }
}

test('a paused study in the first place can be sent first: that resumes it', () => {
  assert.equal(turnsOf(queuedStudy({ paused: true }), 0, 2), ['first', 'later']);
  assert.equal(turnsOf(queuedStudy({ paused: true }), 0, 1), []);
});

test.run();
