/**
 * The uploader against a gateway that answers anything the protocol allows, in any order, late and twice, while a person pauses, reorders,
 * cancels and asks again, and the page is closed and opened. When the faults stop, every study must come to rest, and on the way nothing
 * may have been deleted without a true receipt, nothing stored but what was promised, and nothing asked for in a circle.
 *
 * `RELAY_SEED` repeats a run, `RELAY_RUNS` changes how many. Slow for a unit test (some 20 s): thousands of days of a device pass in it.
 */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createModelGateway, createModelKeys, type Fault, type ModelGateway, type ModelKeys } from '#testing/model-gateway.ts';
import { createVirtualTime, watchCrypto, type VirtualTime } from '#testing/virtual-time.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { nextUploadState, type UploadEvent, type UploadState } from '#shared/protocol/upload-state.ts';
import { createApiClient } from '../../app/api-client.ts';
import type { Trouble } from '../queue/queued.ts';
import { CopyUnreadable, keyOf, stateOfConflict, type InstanceKey, type ParcelToSend, type UploadQueue } from '../queue/upload-queue.ts';
import { createFollower } from './follow-events.ts';
import { createUploader, type Uploader } from './uploader.ts';

const RUNS = Number(process.env.RELAY_RUNS ?? 2_000);
const SEED = Number(process.env.RELAY_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** A study that waits five minutes between attempts, and a PACS that is slow, are given half a day. */
const PATIENCE_MS = 12 * 3600_000;
/** In a minute a device with three small studies sends 70 useful requests; one that turns in a circle at 20 ms each sends 3 000. */
const REQUESTS_A_MINUTE = 400;
const PIECE_BYTES = 3;

interface StudyPlan {
  readonly parcels: readonly number[];
  readonly packingMs: number;
  readonly hasConflict: boolean;
  /** The records of its first packing do not hold. */
  readonly isPoisoned: boolean;
  readonly queuedAtMs: number;
}
interface Action {
  readonly atMs: number;
  readonly study: number;
  readonly what: 'pause' | 'first' | 'again' | 'cancel' | 'restart';
}
interface Day {
  readonly studies: readonly StudyPlan[];
  readonly faults: readonly Fault[];
  readonly actions: readonly Action[];
  readonly sealed: boolean;
  readonly streams: boolean;
}

const day: fc.Arbitrary<Day> = fc.record({
  studies: fc.array(fc.record({
    parcels: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
    packingMs: fc.constantFrom(0, 0, 200, 5_000), hasConflict: fc.boolean(), isPoisoned: fc.integer({ min: 0, max: 9 }).map((n) => n === 0), queuedAtMs: fc.constantFrom(0, 0, 1_000, 30_000),
  }), { minLength: 1, maxLength: 3 }),
  faults: fc.array(fc.record({
    nth: fc.nat(10_000), lateMs: fc.constantFrom(0, 0, 100, 4_000), lastsMs: fc.constantFrom(0, 0, 0, 3_000, 100_000), back: fc.integer({ min: 1, max: 6 }),
  }), { maxLength: 60 }),
  actions: fc.array(fc.record({
    atMs: fc.integer({ min: 0, max: 60_000 }), study: fc.nat(2), what: fc.constantFrom('pause' as const, 'first' as const, 'again' as const, 'cancel' as const, 'restart' as const),
  }), { maxLength: 5 }),
  sealed: fc.boolean(), streams: fc.boolean(),
});

type Copy = InstanceKey & { readonly parcel: number; readonly bytes: number; hasCopy: boolean; state: 'safe' | 'sent' | InstanceState };
type Row = {
  readonly id: string; readonly plan: StudyPlan; readonly copies: Copy[]; state: UploadState; uploadId: string | null; receiptId: string | null; trouble: Trouble | null;
  turn: number; isPaused: boolean; rank: number; generation: number; packedParcels: number; readonly locations: Map<string, string>;
};

const uidOf = (study: number, instance = 0): string => `1.2.${study + 1}.${instance}`;
const digestOf = (study: number, instance: number): string => `${study}${instance}`.padEnd(64, 'a');

/** The device's queue in memory: the rules of the real one, without its database. */
/** `broken`: a promise was; thrown alone it would only be one more trouble of the study. */
function createModelQueue(plan: Day, time: VirtualTime, gateway: () => ModelGateway, broken: (error: Error) => void) {
  const contents = new Map<string, { readonly bytes: readonly number[]; readonly keys: readonly string[]; readonly isPoisoned: boolean }>();
  const rows = plan.studies.map((study, index): Row => {
    const copies = study.parcels.flatMap((count, parcel) => Array.from({ length: count }, (_, nth) => parcel * 10 + nth + 1).map((instance): Copy => (
      { sopInstanceUID: uidOf(index, instance), digest: digestOf(index, instance), parcel, bytes: 4, hasCopy: true, state: 'safe' })));
    return {
      id: `study-${index}`, plan: study, copies, state: 'safe', uploadId: null, receiptId: null, trouble: null, turn: 0, isPaused: false, rank: index, generation: 0,
      packedParcels: 0, locations: new Map(),
    };
  });
  const startedAt = time.now();
  const promised = (holds: boolean, promise: string): void => {
    if (!holds) broken(new Error(promise));
  };
  const rowOf = (id: string): Row => rows.find((row) => row.id === id)!;
  const move = (row: Row, event: UploadEvent): boolean => {
    const next = nextUploadState(row.state, event);
    if (next !== null) row.state = next;
    return next !== null;
  };

  function parcelOf(row: Row, nth: number): ParcelToSend {
    const study = rows.indexOf(row);
    const id = `10000000-0000-4000-8000-${String(study * 10_000 + row.generation * 100 + nth).padStart(12, '0')}`;
    const copies = row.copies.filter(({ parcel }) => parcel === nth);
    const bytes = Array.from({ length: copies.length * 4 + 1 }, (_, at) => (study * 31 + nth * 7 + row.generation * 13 + at) % 251);
    contents.set(id, { bytes, keys: copies.map(keyOf), isPoisoned: plan.sealed && row.generation === 0 && row.plan.isPoisoned && copies.length > 1 });
    return {
      id, bytes: bytes.length, instances: copies.length, location: row.locations.get(id) ?? null, seal: plan.sealed ? { keyId: 'k', enc: 'x' } : null,
      read: async (offset, length) => new Uint8Array(bytes.slice(offset, offset + Math.min(length, PIECE_BYTES))),
    };
  }

  const queue: UploadQueue = {
    pending: async () => rows
      .filter((row) => !row.isPaused && time.now() - startedAt >= row.plan.queuedAtMs && ['safe', 'uploading', 'at-gateway', 'attention'].includes(row.state))
      .sort((a, b) => a.rank - b.rank)
      .map(({ id, state, uploadId, receiptId, trouble, turn }) => ({ id, state, uploadId, receiptId, trouble, turn })),
    manifestOf: async (id) => ({
      protocolVersion: 1, policy: { name: 'identified', version: 1 }, studyInstanceUID: uidOf(rows.indexOf(rowOf(id))),
      instances: rowOf(id).copies.map(({ sopInstanceUID, digest, bytes }) => ({
        sopInstanceUID, digest, bytes, seriesInstanceUID: '1.2.9', sopClassUID: '1.2.840.10008.5.1.4.1.1.2', transferSyntaxUID: '1.2.840.10008.1.2.1',
      })),
    }),
    async announced(id, answer) {
      const row = rowOf(id);
      if (row.state === 'taken-back' || row.state === 'done') return false;
      row.uploadId = answer.uploadId;
      for (const { reason, ...instance } of answer.conflict) for (const copy of row.copies) if (keyOf(copy) === keyOf(instance)) copy.state = stateOfConflict(reason);
      return true;
    },
    async *parcelsFor(id, need) {
      const row = rowOf(id);
      const wanted = new Set(need.map(keyOf));
      let isIncomplete = false;
      for (const nth of row.plan.parcels.keys()) {
        const copies = row.copies.filter((copy) => copy.parcel === nth && wanted.has(keyOf(copy)));
        if (copies.length === 0) continue;
        if (row.packedParcels <= nth) await time.sleep(row.plan.packingMs);
        row.packedParcels = Math.max(row.packedParcels, nth + 1);
        if (copies.every(({ hasCopy }) => hasCopy)) yield parcelOf(row, nth);
        else isIncomplete = true;
      }
      // The PACS has lost what it had confirmed: only a person has the files still (see `troubled`).
      if (isIncomplete) throw new CopyUnreadable('settled before');
    },
    beginSending: async (id) => move(rowOf(id), 'started'),
    parcelCreated: async (id, parcelId, location) => void rowOf(id).locations.set(parcelId, location),
    parcelForgotten: async (id, parcelId) => void rowOf(id).locations.delete(parcelId),
    parcelProgress: () => undefined,
    parcelSent: async () => undefined,
    allSent: async (id) => void move(rowOf(id), 'all-sent'),
    async parcelsLost(id) {
      rowOf(id).locations.clear();
      move(rowOf(id), 'parcels-lost');
    },
    async report(id) {
      if (rowOf(id).trouble !== 'receipt-faulty') rowOf(id).trouble = null;
    },
    waiting: async () => undefined,
    async troubled(id, trouble) {
      const row = rowOf(id);
      promised(trouble !== 'unexpected', 'nothing goes wrong that nobody expected');
      row.trouble = trouble;
      if (trouble !== 'copy-unreadable') return;
      // The person chooses the same files again: they are packed and sealed anew.
      for (const copy of row.copies) copy.hasCopy = true;
      Object.assign(row, { generation: row.generation + 1, packedParcels: 0, turn: row.turn + 1, trouble: null });
    },
    refused: async (id) => void move(rowOf(id), 'refused'),
    async settle(id, { jws, receipt }) {
      const row = rowOf(id);
      promised(gateway().trueReceipts.has(jws), 'only a true receipt is settled with');
      const named = new Map(receipt.instances.map((instance) => [keyOf(instance), instance]));
      for (const copy of row.copies) {
        const said = named.get(keyOf(copy));
        if (!said) continue;
        copy.state = said.state;
        if (!isInPacs(said.state)) continue;
        promised(gateway().inPacs.has(keyOf(copy)), 'a copy is deleted only when the PACS had the instance');
        copy.hasCopy = false;
      }
      row.receiptId = receipt.jti;
      row.trouble = null;
      const isComplete = row.copies.every(({ hasCopy }) => !hasCopy);
      if (move(row, isComplete ? 'receipt-checked' : 'receipt-names-refusals') && isComplete) move(row, 'evicted');
    },
  };
  return { queue, rows, contents, move };
}

const isAtRest = (row: Row): boolean => row.state === 'done' || row.state === 'failed' || row.state === 'taken-back' || (row.state === 'attention' && row.plan.hasConflict);

async function live(plan: Day, keys: ModelKeys, isBusy: () => boolean): Promise<void> {
  const time = createVirtualTime(isBusy);
  let gateway: ModelGateway | null = null;
  let failure: unknown = null;
  const { queue, rows, contents, move } = createModelQueue(plan, time, () => gateway!, (error) => (failure ??= error));
  const conflicts = new Set(rows.filter((row) => row.plan.hasConflict).map((row) => keyOf(row.copies[0]!)));
  gateway = createModelGateway({ time, faults: plan.faults, keys, conflicts, streams: plan.streams, contentOf: (id) => contents.get(id)!, isPoisoned: (id) => contents.get(id)!.isPoisoned });
  const fetchOf = gateway.fetch;
  const api = createApiClient({
    baseUrl: 'http://gateway', tokens: { accessToken: async () => 't', renew: async () => null },
    fetch: (...request) => fetchOf(...request).catch((error: unknown) => {
      // What the gateway finds wrong ends the test; what it plays does not.
      if (error instanceof Error && error.constructor === Error) failure ??= error;
      throw error;
    }),
  });
  const random = () => 0.5;
  const clock = { now: time.now, sleep: time.sleep };
  let uploader: Uploader | null = null;
  let closed = new AbortController();
  const runs: Promise<void>[] = [];

  function openPage(): void {
    closed = new AbortController();
    uploader = createUploader({
      queue, api, clock, random, patienceMs: Number.POSITIVE_INFINITY, awaitReceipts: true, follower: createFollower({ api, clock, random }),
      isOnline: () => true, signedIn: async () => undefined, onLink: () => undefined, onRate: () => undefined, onDiagnosis: () => undefined,
    });
    runs.push(uploader.run(closed.signal).catch((error: unknown) => void (failure ??= error)));
  }

  async function act({ atMs, study, what }: Action): Promise<void> {
    const row = rows[study % rows.length]!;
    await time.sleep(atMs);
    if (what === 'restart') {
      closed.abort();
      openPage();
    }
    if (what === 'first') row.rank = -atMs;
    if (what === 'cancel' && row.state !== 'at-gateway') move(row, 'taken-back');
    if (what === 'again') {
      if (row.state === 'attention') gateway!.decide(uidOf(rows.indexOf(row)));
      if (move(row, 'retry')) row.turn += 1;
    }
    if (what === 'pause') row.isPaused = true;
    uploader?.wake();
    if (what !== 'pause') return;
    await time.sleep(20_000);
    row.isPaused = false;
    uploader?.wake();
  }

  openPage();
  let toDo = plan.actions.length;
  for (const action of plan.actions) void act(action).then(() => (toDo -= 1));
  for (const { queuedAtMs } of plan.studies) void time.sleep(queuedAtMs).then(() => uploader?.wake());
  const cameToRest = await time.run(() => failure !== null || (toDo === 0 && rows.every(isAtRest)), PATIENCE_MS);
  closed.abort();
  await Promise.all(runs);
  if (failure !== null) throw failure;
  assert.ok(cameToRest, `every study comes to rest: ${rows.map(({ state, trouble }) => `${state} ${trouble ?? ''}`).join(', ')}; ${gateway.requests.slice(-8).map(({ what }) => what).join(', ')}`);
  for (const row of rows.filter(({ state }) => state === 'done')) for (const copy of row.copies) assert.ok(gateway.inPacs.has(keyOf(copy)), 'what is done is in the PACS');
  checkPace(gateway);
}

/** Of any minute of the day. */
function checkPace({ requests }: ModelGateway): void {
  for (let first = 0, last = 0; last < requests.length; last += 1) {
    while (requests[last]!.at - requests[first]!.at > 60_000) first += 1;
    assert.ok(last - first < REQUESTS_A_MINUTE, `${last - first} requests in a minute, such as ${requests.slice(last - 6, last).map(({ what }) => what).join(', ')}`);
  }
}

test(`whatever the gateway answers, every study comes to rest and nothing is lost (RELAY_SEED=${SEED})`, async () => {
  const keys = await createModelKeys();
  const watched = watchCrypto();
  try {
    await fc.assert(fc.asyncProperty(day, (plan) => live(plan, keys, watched.isBusy)), { numRuns: RUNS, seed: SEED, includeErrorInReport: true });
  } finally {
    watched.stop();
  }
});

test.run();
