/** A study that came from several devices or scripts shows how much of all of it is in the PACS. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { entryElsewhere } from './day-entry.ts';
import { whereOf } from './where-of.ts';
import { countsOf, toldStudy, toldUpload, type ToldUpload } from '../testing/told-study.ts';

const test = suite('a study of several senders');
const NOW = new Date(2026, 10, 25, 18);
const AT = new Date(2026, 10, 25, 17).toISOString();

/** The newer one has arrived; of the older one two instances wait. */
const FIRST = toldUpload({
  ...{
    uploadId: 'newer',
    counts: countsOf({ promised: 1, inPacs: 1 }),
    receipt: { id: 'receipt', href: '' },
  },
});
const SECOND = toldUpload({
  ...{ uploadId: 'older', counts: countsOf({ promised: 5, atGateway: 2, inPacs: 3 }) },
  waiting: { because: 'pacs-unreachable', since: AT },
});
const COUNTS = countsOf({ promised: 6, atGateway: 2, inPacs: 4 });

/** The row of a study that came in these uploads. */
const rowOf = (uploads: ToldUpload[], standing: SentStudy['standing'], counts = COUNTS) =>
  entryElsewhere(toldStudy(uploads, { standing, counts }), null, NOW);

test('counts what all of them sent, and says why the rest waits', () => {
  const entry = rowOf([FIRST, SECOND], 'under-way');
  const { total, inPacs, atGateway, waitingFor } = entry.track;
  assert.equal([total, inPacs, atGateway, waitingFor], [6, 4, 2, 'pacs-unreachable']);
  assert.is(whereOf(entry).look, 'wait');
});

test('names the destinations that the rest waits for', () => {
  const waiting = { because: 'required-destination' as const, since: AT, destinations: ['mirror'] };
  const { track } = rowOf([FIRST, { ...SECOND, waiting }], 'under-way');
  assert.equal(track.waitsFor, ['mirror']);
});

test('needs somebody while one of its uploads does', () => {
  const held = {
    ...FIRST,
    waiting: SECOND.waiting,
    counts: countsOf({ promised: 5, inPacs: 3, quarantined: 2 }),
  };
  const counts = countsOf({ promised: 6, inPacs: 4, quarantined: 2 });
  const { track } = rowOf([FIRST, held], 'needs-you', counts);
  assert.equal([track.total, track.inPacs, track.needsYou], [6, 4, 2]);
});

test('counts what an older sender withholds, and not what the same sender withheld before', () => {
  const here = 'a1111111-1111-4111-8111-111111111111';
  const there = 'b1111111-1111-4111-8111-111111111111';
  const uploads = [
    { ...FIRST, device: here, withheld: { 'left-out': 1, held: 2 } },
    { ...SECOND, device: there, withheld: { 'left-out': 3 } },
    { ...SECOND, device: here, withheld: { 'left-out': 9 } },
  ];
  const { track } = rowOf(uploads, 'needs-you');
  assert.equal([track.total, track.leftOut, track.needsYou], [11, 3, 2]);
});

test('says nothing of an older one that was cancelled', () => {
  const held = countsOf({ promised: 5, quarantined: 2, leftOut: 3 });
  const cancelled = { ...SECOND, cancelled: true as const, receipt: FIRST.receipt, counts: held };
  const counts = countsOf({ promised: 6, inPacs: 5, refused: 1 });
  const { track } = rowOf([FIRST, FIRST, cancelled], 'ended', counts);
  assert.equal([track.inPacs, track.needsYou, track.leftOut, track.waitingFor], [5, 0, 1, null]);
});

test('shows the newest one alone where a person cancelled that', () => {
  const cancelled = { ...FIRST, cancelled: true as const, counts: countsOf({ promised: 1, leftOut: 1 }) };
  const { track, part } = rowOf([cancelled, SECOND], 'ended');
  assert.equal([track.total, track.leftOut, part], [1, 1, 'taken-back']);
});

test.run();
