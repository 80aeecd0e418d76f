import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Diagnosis } from '../queue/queued-study.ts';
import { createPace, type Pace } from './pace.ts';

const MIB = 1024 * 1024;
const WHOLE = 1_000 * MIB;

function bench() {
  const clock = { at: 1_000_000 };
  const told = { rates: [] as number[], diagnoses: [] as (Diagnosis | null)[] };
  const pace = createPace({
    now: () => clock.at,
    onRate: (rate) => void told.rates.push(rate),
    onDiagnosis: (diagnosis) => void told.diagnoses.push(diagnosis),
  });
  return { pace, clock, told };
}

type Link = { readonly pace: Pace; readonly clock: { at: number } };

/** One request at a time over a link of so many bytes per second with that round trip. */
function send({ pace, clock }: Link, pieces: number, bytesPerSecond: number, roundTripMs: number): void {
  for (let sent = 0; sent < pieces; sent += 1) {
    const bytes = pace.pieceBytes(WHOLE);
    const request = pace.begin();
    clock.at += roundTripMs + (bytes * 1000) / bytesPerSecond;
    request.answered(bytes);
  }
}

/** A request that dies at this age, of which the gateway has `kept`. */
function die({ pace, clock }: Link, ms: number, kept: number, left: number | null = null): number {
  const bytes = pace.pieceBytes(WHOLE);
  const request = pace.begin();
  clock.at += ms;
  const tell = request.died({ bytes, left });
  clock.at += 500;
  tell(kept);
  return bytes;
}

test('on a fast link a piece is a whole parcel; on a slow one it takes some seconds', () => {
  const fast = bench();
  send(fast, 6, 200 * MIB, 1);
  assert.is(fast.pace.pieceBytes(16 * MIB), 16 * MIB);
  const slow = bench();
  send(slow, 8, 50_000, 300);
  const seconds = slow.pace.pieceBytes(WHOLE) / 50_000;
  assert.ok(seconds >= 1 && seconds <= 6, `${seconds} s`);
});

test('no last piece of a few bytes is left behind: it would cost a round trip', () => {
  const { pace } = bench();
  assert.is(pace.pieceBytes(2.2 * MIB), 2.2 * MIB);
  assert.ok(pace.pieceBytes(3 * MIB) < 3 * MIB);
});

test('the link is measured and told, over all that is under way at once', () => {
  const { pace, clock, told } = bench();
  for (let round = 0; round < 5; round += 1) {
    const both = [pace.begin(), pace.begin()];
    clock.at += 1_000;
    for (const request of both) request.answered(500_000);
  }
  assert.ok(Math.abs(pace.bytesPerSecond()! - 1_000_000) < 50_000, `${pace.bytesPerSecond()}`);
  assert.ok(Math.abs(told.rates.at(-1)! - 1_000_000) < 200_000);
});

test('a gateway that answers late on a fast link does not make the link look slow: the fastest piece lately tells', () => {
  const { pace, clock, told } = bench();
  const piece = (bytes: number, ms: number): void => {
    const request = pace.begin();
    clock.at += ms;
    request.answered(bytes);
  };
  piece(255 * 1024, 1);
  assert.equal(told.rates, [], 'too small to tell, and too soon');
  piece(2 * MIB, 20);
  assert.equal(told.rates, [100 * MIB], 'told at once, before a quarter of a second');
  for (let sent = 0; sent < 9; sent += 1) piece(4 * MIB, 1_000);
  assert.is(told.rates.length, 1, 'late answers change nothing for a while');
  for (let sent = 0; sent < 4; sent += 1) piece(4 * MIB, 1_000);
  assert.ok(told.rates.at(-1)! < 5 * MIB, 'a link that stays slow is seen to be slow');
});

test('small pieces on a long way: more parcels at once fill it; on a link that hardly moves one goes alone', () => {
  const limited = bench();
  limited.pace.tooLarge(MIB);
  for (let round = 0; round < 10; round += 1) {
    const all = [limited.pace.begin(), limited.pace.begin(), limited.pace.begin()];
    limited.clock.at += 320;
    for (const request of all) request.answered(limited.pace.pieceBytes(WHOLE));
  }
  assert.ok(limited.pace.parcelsAtOnce() > 3);
  const crawling = bench();
  send(crawling, 4, 5_000, 500);
  assert.is(crawling.pace.parcelsAtOnce(), 1);
});

test('what a proxy refused as too large is not tried again but after many pieces, and it is named', () => {
  const { pace, clock, told } = bench();
  pace.tooLarge(2 * MIB);
  assert.is(pace.pieceBytes(WHOLE), MIB);
  send({ pace, clock }, 30, 50 * MIB, 1);
  assert.is(pace.pieceBytes(WHOLE), MIB);
  assert.equal(told.diagnoses, ['proxy-limits-size']);
  send({ pace, clock }, 1_200, 50 * MIB, 1);
  assert.is(told.diagnoses.at(-1), null, 'in another network nothing is in the way');
});

test('requests that die at the same age again and again are ended by somebody: pieces become shorter than that, and it is named', () => {
  const { pace, clock, told } = bench();
  for (let round = 0; round < 3; round += 1) die({ pace, clock }, 30_000 + 200 * round, 900_000);
  assert.equal(told.diagnoses, ['proxy-cuts-long-requests']);
  assert.ok(pace.pieceBytes(WHOLE) / 30_000 < 30, 'a piece fits into that time at that pace');
});

test('three requests that die in one moment are one cut, and cuts at any age are a bad link: nobody is accused', () => {
  const { pace, clock, told } = bench();
  for (let round = 0; round < 4; round += 1) {
    const all = [pace.begin(), pace.begin(), pace.begin()];
    clock.at += [2_000, 9_000, 4_000, 15_000][round]!;
    for (const tell of all.map((request) => request.died({ bytes: MIB, left: null }))) tell(300_000);
    clock.at += 1_000;
    send({ pace, clock }, 1, 500_000, 50);
  }
  assert.equal(told.diagnoses, []);
});

test('bodies that have left and are gone when the request dies were held back by somebody; those of which a part arrived were not', () => {
  const { pace, clock, told } = bench();
  const first = die({ pace, clock }, 4_000, 0, 1_500_000);
  const second = die({ pace, clock }, 2_000, 0, 900_000);
  assert.ok(second < first, 'what may be lost is sent in smaller pieces');
  assert.equal(told.diagnoses, ['proxy-buffers']);
  const honest = bench();
  for (let round = 0; round < 3; round += 1) {
    die(honest, 2_000 + 3_000 * round, round === 1 ? 100_000 : 0, 900_000);
    send(honest, 1, 500_000, 50);
  }
  assert.equal(
    honest.told.diagnoses.filter((one) => one === 'proxy-buffers'),
    [],
  );
});

test('a size above which requests die at once, and below which they live, is a limit that nobody named', () => {
  const { pace, clock, told } = bench();
  for (let round = 0; round < 40; round += 1) {
    if (pace.pieceBytes(WHOLE) > MIB) die({ pace, clock }, 300, 0, 60_000);
    else send({ pace, clock }, 1, 50 * MIB, 5);
  }
  assert.ok(pace.pieceBytes(WHOLE) <= MIB);
  assert.is(told.diagnoses.at(-1), 'proxy-limits-size');
});

test.run();
