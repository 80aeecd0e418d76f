import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createProgress, endsIn, type ProgressNumbers } from './progress.ts';
import { NO_REASONS } from './count-reasons.ts';
import { countStudy, type CountedRow } from './count-study.ts';
import { createRate } from './rate.ts';

type Row = Pick<
  CountedRow,
  'instances' | 'departed' | 'acknowledged' | 'counts' | 'state' | 'packing' | 'packed'
>;
const trackOf = (row: Row) =>
  countStudy({
    ...{ chosen: row.instances, held: { reasons: [], leftOut: 0 }, reasons: NO_REASONS },
    ...{ waiting: null, problem: null, trouble: null, ...row },
  }).track;
/** The places that hold anything. */
const placesOf = (row: Row) =>
  Object.fromEntries(Object.entries(trackOf(row)).filter(([, count]) => count > 0));

/**
 * Four instances of 100 bytes in one parcel, and a clock that advances a second with each reading, so that
 * every change is written.
 */
function travelling(had = 0) {
  const seen: ProgressNumbers[] = [];
  let at = 0;
  const progress = createProgress(
    async (_, numbers) => seen.push(numbers),
    () => (at += 1_000),
  );
  progress.plan('study', had, 0);
  progress.add('study', { id: 'parcel', bytes: 440, ends: endsIn(440, [100, 100, 100, 100]) }, 0, 0);
  const places = (acknowledged: number, left: number) => {
    progress.note('study', 'parcel', acknowledged, left);
    const { safe, onTheWay, atGateway } = trackOf({
      ...{ instances: 4 + had, counts: null, state: 'uploading', packing: false, packed: 4, ...seen.at(-1)! },
    });
    return [safe, onTheWay, atGateway];
  };
  return { seen, places };
}

test('the places count up instance by instance while one parcel travels', () => {
  const { places } = travelling();
  assert.equal(places(0, 0), [4, 0, 0]);
  assert.equal(places(0, 1), [3, 1, 0]);
  assert.equal(places(0, 221), [1, 3, 0]);
  assert.equal(places(110, 221), [1, 2, 1]);
  assert.equal(places(330, 440), [0, 1, 3]);
  assert.equal(places(440, 440), [0, 0, 4]);
});

test('instances that the gateway already had are counted from the beginning', () => {
  assert.equal(travelling(3).places(0, 0), [4, 0, 3]);
});

test('after an interruption the rate ignores bytes that arrived before it', () => {
  const { seen, places } = travelling();
  places(220, 220);
  assert.equal([seen.at(-1)?.sentBytes, seen.at(-1)?.neededBytes], [0, 220]);
  places(220, 330);
  assert.equal([seen.at(-1)?.sentBytes, seen.at(-1)?.neededBytes], [110, 220]);
});

test("the gateway's count and the device's are merged: an instance is at one place only", () => {
  const counts = { promised: 4, atGateway: 1, inPacs: 2, refused: 0, quarantined: 1, leftOut: 0 };
  const sent = { instances: 4, departed: 4, acknowledged: 4, packed: 4, packing: false, counts } as const;
  // An instance held for a person is at the gateway until the receipt names it.
  assert.equal(placesOf({ ...sent, state: 'at-gateway' }), { atGateway: 2, inPacs: 2 });
});

test('instances still being packed are not called safe, and those that have left are on their way', () => {
  const left = { instances: 10, packed: 4, departed: 1, acknowledged: 0 };
  const row = { ...left, counts: null, state: 'uploading' } as const;
  assert.equal(placesOf({ ...row, packing: true }), { unsafe: 6, safe: 3, onTheWay: 1 });
  assert.equal(placesOf({ ...row, packing: false }), { safe: 9, onTheWay: 1 });
  // The gateway already had five before anything was packed.
  const had = { ...row, packed: 2, departed: 5, acknowledged: 5, packing: true };
  assert.equal(placesOf(had), { unsafe: 5, atGateway: 5 });
});

test('parcels packed later are added to the count as they come', () => {
  const seen: ProgressNumbers[] = [];
  let at = 0;
  const progress = createProgress(
    async (_, numbers) => seen.push(numbers),
    () => (at += 1_000),
  );
  // Two instances are at the gateway; one of them lies in the same parcel as one that is needed.
  progress.plan('study', 2, 300);
  progress.add('study', { id: 'first', bytes: 100, ends: [100] }, 0, 200);
  progress.note('study', 'first', 0, 50);
  assert.equal(seen.at(-1), { departed: 3, acknowledged: 2, sentBytes: 50, neededBytes: 300 });
  progress.add('study', { id: 'second', bytes: 220, ends: [110, 220] }, 1, 0);
  progress.note('study', 'second', 220, 220);
  progress.note('study', 'first', 100, 100);
  assert.equal([seen.at(-1)?.departed, seen.at(-1)?.acknowledged], [4, 4]);
});

test('a link on which nothing moves any more is reported as stalled, without a time left', () => {
  const rate = createRate();
  rate.note(0, 0);
  rate.note(1_000, 1_000);
  rate.note(5_000, 5_000);
  assert.is(rate.bytesPerSecond(6_000), 1_000);
  assert.is(rate.secondsLeft(10_000, 6_000), 10);
  assert.not(rate.isStalled(6_000));
  assert.ok(rate.isStalled(21_000));
  assert.is(rate.secondsLeft(10_000, 21_000), null);
});

test('a slow first piece soon stops affecting the time left', () => {
  const rate = createRate();
  rate.note(0, 0);
  rate.note(100, 1_000);
  for (let at = 1_400; at <= 5_000; at += 400) rate.note(100 + at - 1_000, at);
  assert.ok(rate.bytesPerSecond(5_000) > 800, `${rate.bytesPerSecond(5_000)}`);
});

test.run();
