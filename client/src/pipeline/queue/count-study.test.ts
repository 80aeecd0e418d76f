import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_REASONS } from './count-reasons.ts';
import { countStudy, type CountedRow } from './count-study.ts';

const row = (some: Partial<CountedRow>): CountedRow => ({
  ...{ chosen: 5, instances: 5, packed: 5, packing: false, held: { reasons: [], leftOut: 0 } },
  ...{ departed: 0, acknowledged: 0, counts: null, reasons: NO_REASONS },
  ...{ state: 'safe', waiting: null, problem: null, trouble: null, ...some },
});
const countsOf = (some: Partial<NonNullable<CountedRow['counts']>>) => ({
  ...{ promised: 5, atGateway: 0, inPacs: 0, refused: 0, quarantined: 0, leftOut: 0, ...some },
});
const ALL_SENT = { departed: 5, acknowledged: 5 };
/** The places that hold anything. */
const placesOf = (some: Partial<CountedRow>) =>
  Object.fromEntries(Object.entries(countStudy(row(some)).track).filter(([, count]) => count > 0));

test('instances that the gateway or the PACS did not take stay on the track, whatever the study does', () => {
  const conflicts = [{ reason: 'conflicting-instance', instances: 4 }];
  const counts = countsOf({ inPacs: 1, quarantined: 4 });
  const reasons = { ...NO_REASONS, quarantined: conflicts };
  for (const state of ['attention', 'at-gateway', 'uploading'] as const) {
    const some = { ...ALL_SENT, state, counts, reasons };
    assert.equal(placesOf(some), { inPacs: 1, needsYou: 4 }, state);
    assert.equal(countStudy(row(some)).needs, [{ cause: 'quarantined', ...conflicts[0]! }]);
  }
});

test('instances that an earlier send brought to the PACS are not taken for those on their way now', () => {
  const counts = (atGateway: number, inPacs: number) => countsOf({ atGateway, inPacs });
  const rest = { chosen: 2, instances: 2, state: 'uploading', departed: 2 } as const;
  assert.equal(placesOf({ ...rest, acknowledged: 0, counts: counts(0, 3) }), { onTheWay: 2 });
  assert.equal(placesOf({ ...rest, acknowledged: 0, counts: counts(3, 0) }), { onTheWay: 2 });
  assert.equal(placesOf({ ...rest, acknowledged: 2, counts: counts(2, 3) }), { atGateway: 2 });
  assert.equal(placesOf({ ...rest, acknowledged: 2, counts: counts(1, 4) }), { atGateway: 1, inPacs: 1 });
});

test('an interrupted study needs somebody for all that was chosen, however little of it was named', () => {
  const cut = { state: 'reading', waiting: 'interrupted', chosen: 150, instances: 0, packing: true } as const;
  assert.equal(placesOf(cut), { needsYou: 150 });
  assert.equal(countStudy(row(cut)).needs, [{ cause: 'interrupted', reason: null, instances: 150 }]);
});

test('a study that is still being read counts all that was chosen from the beginning', () => {
  const read = { state: 'reading', chosen: 25, instances: 24, packing: true, packed: 0 } as const;
  assert.equal(placesOf(read), { unsafe: 25 });
});

test('instances held back on the device are neither on their way nor lost from the count', () => {
  const held = { reasons: [{ reason: 'burned-in-annotation', instances: 2 }], leftOut: 1 };
  assert.equal(placesOf({ held, chosen: 8 }), { safe: 5, needsYou: 2, leftOut: 1 });
  assert.equal(placesOf({ held, chosen: 3, instances: 0 }), { needsYou: 2, leftOut: 1 });
});

test('a refused study needs somebody for all of it that is not in the PACS', () => {
  const counts = countsOf({ atGateway: 1, inPacs: 2 });
  const refused = { state: 'failed', problem: 'policy-withdrawn' } as const;
  const some = { ...refused, counts, departed: 3, acknowledged: 3 };
  assert.equal(placesOf(some), { inPacs: 2, needsYou: 3 });
});

test('a damaged copy stops what has not arrived, and a receipt that does not hold proves nothing', () => {
  const counts = countsOf({ inPacs: 2 });
  const moved = { state: 'uploading', counts, departed: 2, acknowledged: 2 } as const;
  assert.equal(placesOf({ ...moved, trouble: 'copy-unreadable' }), { inPacs: 2, needsYou: 3 });
  assert.equal(placesOf({ ...moved, trouble: 'receipt-faulty' }), { needsYou: 5 });
});

test('an original that the PACS keeps under another policy, or with other boxes, is not stored again and needs somebody', () => {
  for (const reason of ['already-here-other-policy', 'already-here-other-boxes']) {
    const reasons = { ...NO_REASONS, refused: [{ reason, instances: 2 }] };
    const counts = countsOf({ inPacs: 3, refused: 2 });
    const some = { ...ALL_SENT, state: 'attention', reasons, counts } as const;
    assert.equal(placesOf(some), { inPacs: 3, needsYou: 2 });
    assert.equal(countStudy(row(some)).needs, [{ cause: 'refused', reason, instances: 2 }]);
  }
});

test('an original that stands in the PACS in another form is counted once, needing somebody and then as being there', () => {
  const reason = { reason: 'already-here-other-policy', instances: 1, stands: true } as const;
  const counts = countsOf({ inPacs: 4, refused: 1 });
  const needing = { ...NO_REASONS, refused: [reason] };
  assert.equal(placesOf({ ...ALL_SENT, state: 'attention', counts, reasons: needing }), {
    inPacs: 4,
    needsYou: 1,
  });
  const leftOut = { ...NO_REASONS, leftOut: 1, versions: 1 };
  assert.equal(placesOf({ ...ALL_SENT, state: 'done', counts, reasons: leftOut }), { inPacs: 5 });
});

test('a study that was taken back was left out by its person', () => {
  assert.equal(placesOf({ state: 'taken-back' }), { leftOut: 5 });
});

test.run();
