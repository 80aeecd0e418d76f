/**
 * The uploader against a gateway that answers anything the protocol allows, in any order, late and twice,
 * while a person pauses, reorders, cancels and retries, and the page is closed and opened. When the faults
 * stop, every study must come to rest. On the way no copy may be deleted without a true receipt, no bytes
 * stored that were not promised, and no request repeated in a circle.
 *
 * Slow for a unit test: a thousand days of a device pass in it.
 */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fault } from '#testing/gateway-faults.ts';
import { createSimulatedGateway, type SimulatedGateway } from '#testing/simulated-gateway.ts';
import { createGatewayKeys, type GatewayKeys } from '#testing/simulated-state.ts';
import { runSequences, SEED } from '#testing/run-sequences.ts';
import { createVirtualTime, watchCrypto } from '#testing/virtual-time.ts';
import { createApiClient } from '../net/api-client.ts';
import { keyOf } from '../pipeline/queue/upload-queue.ts';
import type { Clock } from '../pipeline/upload/clock.ts';
import { createFollower } from '../pipeline/upload/follow-events.ts';
import { createSimulatedQueue, uidOf, type Row, type StudyPlan } from './simulated-queue.ts';
import { createUploader, type Uploader } from '../pipeline/upload/uploader.ts';

/** A study that waits five minutes between attempts, and a PACS that is slow, are given half a day. */
const PATIENCE_MS = 12 * 3600_000;
/**
 * In a minute a device with three small studies sends 70 useful requests; one that turns in a circle at 20 ms
 * each sends 3 000.
 */
const REQUESTS_A_MINUTE = 400;
/** Whatever fails, and however often, is tried again after five minutes: somebody may have mended it. */
const LONGEST_WAIT_MS = 300_000;
/** What is under way when a study is set aside or taken back ends within its piece. */
const PIECE_MS = 100;
/** For so long the gateway may be gone, and is met soon after it is back. */
const OUTAGE_MS = 1_800_000;
/** About 20 s on one core. */
const FLOOR = 1_500;

interface Action {
  readonly atMs: number;
  readonly study: number;
  readonly what: 'pause' | 'first' | 'again' | 'cancel' | 'restart';
}
interface Day {
  readonly studies: readonly StudyPlan[];
  readonly outage: (Fault & { readonly after: number }) | null;
  readonly faults: readonly Fault[];
  readonly lateFaults: readonly Fault[];
  readonly actions: readonly Action[];
  readonly sealed: boolean;
  readonly streams: boolean;
}

const fault: fc.Arbitrary<Fault> = fc.record({
  nth: fc.nat(10_000),
  lateMs: fc.constantFrom(0, 0, 100, 4_000),
  lastsMs: fc.constantFrom(0, 0, 0, 3_000, 100_000),
  back: fc.integer({ min: 1, max: 6 }),
});
const day: fc.Arbitrary<Day> = fc.record({
  studies: fc.array(
    fc.record({
      parcels: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
      packingMs: fc.constantFrom(0, 0, 200, 5_000),
      hasConflict: fc.boolean(),
      isPoisoned: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      queuedAtMs: fc.constantFrom(0, 0, 1_000, 30_000),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  outage: fc.option(
    fc.record({
      nth: fc.nat(10_000),
      lateMs: fc.constant(0),
      lastsMs: fc.constant(OUTAGE_MS),
      back: fc.constant(1),
      after: fc.nat(12),
    }),
    { freq: 9 },
  ),
  faults: fc.array(fault, { maxLength: 60 }),
  lateFaults: fc.array(fault, { maxLength: 10 }),
  actions: fc.array(
    fc.record({
      atMs: fc.integer({ min: 0, max: 60_000 }),
      study: fc.nat(2),
      what: fc.constantFrom(
        'pause' as const,
        'first' as const,
        'again' as const,
        'cancel' as const,
        'restart' as const,
      ),
    }),
    { maxLength: 5 },
  ),
  sealed: fc.boolean(),
  streams: fc.boolean(),
});

const isAtRest = (row: Row): boolean =>
  row.state === 'done' ||
  row.state === 'failed' ||
  row.state === 'taken-back' ||
  (row.state === 'attention' && row.plan.hasConflict);

function faultsOf({ faults, outage }: Day): readonly Fault[] {
  return outage === null ? faults : faults.toSpliced(outage.after, 0, outage);
}

async function live(plan: Day, keys: GatewayKeys, isBusy: () => boolean): Promise<void> {
  const time = createVirtualTime(isBusy);
  let gateway: SimulatedGateway | null = null;
  let failure: unknown = null;
  const { queue, rows, contents, move, ownerOf } = createSimulatedQueue(
    plan,
    time,
    () => gateway!,
    (error) => (failure ??= error),
  );
  const conflicts = new Set(rows.filter((row) => row.plan.hasConflict).map((row) => keyOf(row.copies[0]!)));
  gateway = createSimulatedGateway({
    time,
    faults: faultsOf(plan),
    lateFaults: plan.lateFaults,
    keys,
    conflicts,
    streams: plan.streams,
    contentOf: (id) => contents.get(id)!,
    isPoisoned: (id) => contents.get(id)!.isPoisoned,
  });
  const fetchOf = gateway.fetch;
  const api = createApiClient({
    baseUrl: 'http://gateway',
    tokens: { accessToken: async () => 't', renew: async () => null },
    fetch: (...request) =>
      (checkStopped(...request), fetchOf(...request)).catch((error: unknown) => {
        // What the gateway finds wrong ends the test; what it plays does not.
        if (error instanceof Error && error.constructor === Error) failure ??= error;
        throw error;
      }),
  });
  const random = () => 0.5;
  const clock: Clock = {
    now: time.now,
    sleep(ms, signal) {
      if (ms > LONGEST_WAIT_MS) failure ??= new Error(`nothing is put off for ${ms} ms`);
      return time.sleep(ms, signal);
    },
  };

  /** Of a study that was set aside or taken back nothing leaves any more. */
  function checkStopped(input: string | URL | Request, init: RequestInit = {}): void {
    const { pathname } = new URL(String(input));
    const stoppedAt = pathname.startsWith('/upload/files')
      ? (ownerOf(pathname, init)?.stoppedAt ?? null)
      : null;
    if (stoppedAt !== null && time.now() - stoppedAt > PIECE_MS)
      failure ??= new Error('what was set aside or taken back is not sent');
  }
  let uploader: Uploader | null = null;
  let closed = new AbortController();
  const runs: Promise<void>[] = [];

  function openPage(): void {
    closed = new AbortController();
    uploader = createUploader({
      queue,
      api,
      clock,
      random,
      patienceMs: Number.POSITIVE_INFINITY,
      awaitReceipts: true,
      follower: createFollower({ api, clock, random }),
      isOnline: () => true,
      signedIn: async () => undefined,
      onLink: () => undefined,
      onRate: () => undefined,
      onDiagnosis: () => undefined,
    });
    runs.push(uploader.run(closed.signal).catch((error: unknown) => void (failure ??= error)));
  }

  async function act({ atMs, study, what }: Action): Promise<void> {
    const row = rows[study % rows.length]!;
    await time.sleep(atMs);
    if (what !== 'first') gateway!.conduct.forgive();
    if (what === 'restart') {
      closed.abort();
      openPage();
    }
    if (what === 'first') row.rank = -atMs;
    if (what === 'cancel' && row.state !== 'at-gateway' && move(row, 'taken-back'))
      row.stoppedAt = time.now();
    if (what === 'again') {
      if (row.state === 'attention') gateway!.decide(uidOf(rows.indexOf(row)));
      if (move(row, 'retry')) row.turn += 1;
    }
    if (what === 'pause') Object.assign(row, { isPaused: true, stoppedAt: row.stoppedAt ?? time.now() });
    uploader?.wake();
    if (what !== 'pause') return;
    await time.sleep(20_000);
    row.isPaused = false;
    if (row.state !== 'taken-back') row.stoppedAt = null;
    gateway!.conduct.forgive();
    uploader?.wake();
  }

  openPage();
  let toDo = plan.actions.length;
  for (const action of plan.actions) void act(action).then(() => (toDo -= 1));
  for (const { queuedAtMs } of plan.studies) void time.sleep(queuedAtMs).then(() => uploader?.wake());
  const cameToRest = await time.run(
    () => failure !== null || (toDo === 0 && rows.every(isAtRest)),
    PATIENCE_MS,
  );
  closed.abort();
  await Promise.all(runs);
  if (failure !== null) throw failure;
  assert.ok(
    cameToRest,
    `every study comes to rest: ${rows.map(({ state, trouble }) => `${state} ${trouble ?? ''}`).join(', ')}; ${gateway.requests
      .slice(-8)
      .map(({ what }) => what)
      .join(', ')}`,
  );
  for (const row of rows.filter(({ state }) => state === 'done'))
    for (const copy of row.copies) assert.ok(gateway.inPacs.has(keyOf(copy)), 'what is done is in the PACS');
  checkPace(gateway);
}

/** Of any minute of the day. */
function checkPace({ requests }: SimulatedGateway): void {
  for (let first = 0, last = 0; last < requests.length; last += 1) {
    while (requests[last]!.at - requests[first]!.at > 60_000) first += 1;
    assert.ok(
      last - first < REQUESTS_A_MINUTE,
      `${last - first} requests in a minute, such as ${requests
        .slice(last - 6, last)
        .map(({ what }) => what)
        .join(', ')}`,
    );
  }
}

test(`whatever the gateway answers, every study comes to rest and nothing is lost: I16 (RELAY_SEED=${SEED})`, async () => {
  const keys = await createGatewayKeys();
  const watched = watchCrypto();
  try {
    await runSequences({ sequences: day, live: (plan) => live(plan, keys, watched.isBusy), floor: FLOOR });
  } finally {
    watched.stop();
  }
});

test.run();
