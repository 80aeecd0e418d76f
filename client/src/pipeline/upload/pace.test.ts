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

/** Sends pieces, one request at a time, over a link with this rate in bytes per second and this round trip. */
function send({ pace, clock }: Link, pieces: number, bytesPerSecond: number, roundTripMs: number): void {
  for (let sent = 0; sent < pieces; sent += 1) {
    const bytes = pace.pieceBytes(WHOLE);
    const request = pace.begin();
    clock.at += roundTripMs + (bytes * 1000) / bytesPerSecond;
    request.answered(bytes);
  }
}

/** A request that dies at this age, of which the gateway has kept `kept` bytes. */
function die({ pace, clock }: Link, ms: number, kept: number, left: number | null = null): number {
  const bytes = pace.pieceBytes(WHOLE);
  const request = pace.begin();
  clock.at += ms;
  const tell = request.died({ bytes, left });
  clock.at += 500;
  tell(kept);
  return bytes;
}

test('on a fast link a piece is a whole parcel; on a slow one it takes a few seconds', () => {
  const fast = bench();
  send(fast, 6, 200 * MIB, 1);
  assert.is(fast.pace.pieceBytes(16 * MIB), 16 * MIB);
  const slow = bench();
  send(slow, 8, 50_000, 300);
  const seconds = slow.pace.pieceBytes(WHOLE) / 50_000;
  assert.ok(seconds >= 1 && seconds <= 6, `${seconds} s`);
});

test('no tiny last piece is left over: it would cost a round trip', () => {
  const { pace } = bench();
  assert.is(pace.pieceBytes(2.2 * MIB), 2.2 * MIB);
  assert.ok(pace.pieceBytes(3 * MIB) < 3 * MIB);
});

test('the link is measured over all simultaneous requests, and reported', () => {
  const { pace, clock, told } = bench();
  for (let round = 0; round < 5; round += 1) {
    const both = [pace.begin(), pace.begin()];
    clock.at += 1_000;
    for (const request of both) request.answered(500_000);
  }
  assert.ok(Math.abs(pace.bytesPerSecond()! - 1_000_000) < 50_000, `${pace.bytesPerSecond()}`);
  assert.ok(Math.abs(told.rates.at(-1)! - 1_000_000) < 200_000);
});

test('a gateway that answers late does not make a fast link look slow: the fastest recent piece counts', () => {
  const { pace, clock, told } = bench();
  const piece = (bytes: number, ms: number): void => {
    const request = pace.begin();
    clock.at += ms;
    request.answered(bytes);
  };
  piece(255 * 1024, 1);
  assert.equal(told.rates, [], 'too small and too early to measure');
  piece(2 * MIB, 20);
  assert.equal(told.rates, [100 * MIB], 'reported within a quarter of a second');
  for (let sent = 0; sent < 9; sent += 1) piece(4 * MIB, 1_000);
  assert.is(told.rates.length, 1, 'late answers change nothing for a while');
  for (let sent = 0; sent < 4; sent += 1) piece(4 * MIB, 1_000);
  assert.ok(told.rates.at(-1)! < 5 * MIB, 'a link that stays slow is reported as slow');
});

test('with small pieces and long round trips more parcels fill the link; on a very slow link one goes alone', () => {
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

test('a size that a proxy refused is retried only after many pieces, and the proxy is reported', () => {
  const { pace, clock, told } = bench();
  pace.tooLarge(2 * MIB);
  assert.is(pace.pieceBytes(WHOLE), MIB);
  send({ pace, clock }, 30, 50 * MIB, 1);
  assert.is(pace.pieceBytes(WHOLE), MIB);
  assert.equal(told.diagnoses, ['proxy-limits-size']);
  send({ pace, clock }, 1_200, 50 * MIB, 1);
  assert.is(told.diagnoses.at(-1), null, 'on another network nothing is in the way');
});

test('requests that keep dying at the same age are ended by a proxy: pieces become shorter, and it is reported', () => {
  const { pace, clock, told } = bench();
  for (let round = 0; round < 3; round += 1) die({ pace, clock }, 30_000 + 200 * round, 900_000);
  assert.equal(told.diagnoses, ['proxy-cuts-long-requests']);
  assert.ok(pace.pieceBytes(WHOLE) / 30_000 < 30, 'a piece fits into that time at that rate');
});

test('three requests that die at one moment are one interruption, and deaths at random ages are a bad link: no proxy is blamed', () => {
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

test('bodies that left and are lost when the request dies were buffered by a proxy; partly arrived ones were not', () => {
  const { pace, clock, told } = bench();
  const first = die({ pace, clock }, 4_000, 0, 1_500_000);
  const second = die({ pace, clock }, 2_000, 0, 900_000);
  assert.ok(second < first, 'bytes that may be lost are sent in smaller pieces');
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

test('a size above which requests die at once, and below which they succeed, is an undeclared limit', () => {
  const { pace, clock, told } = bench();
  for (let round = 0; round < 40; round += 1) {
    if (pace.pieceBytes(WHOLE) > MIB) die({ pace, clock }, 300, 0, 60_000);
    else send({ pace, clock }, 1, 50 * MIB, 5);
  }
  assert.ok(pace.pieceBytes(WHOLE) <= MIB);
  assert.is(told.diagnoses.at(-1), 'proxy-limits-size');
});

test.run();
