/**
 * The device's queue in memory, for the simulation of the uploader: the rules of the real one without its
 * database, and the promises that it watches over.
 */
import type { SimulatedGateway } from '#testing/simulated-gateway.ts';
import type { VirtualTime } from '#testing/virtual-time.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { nextUploadState, type UploadEvent, type UploadState } from '#shared/protocol/upload-state.ts';
import type { Trouble } from '../pipeline/queue/queued-study.ts';
import {
  CopyUnreadable,
  keyOf,
  stateOfConflict,
  type CheckedReceipt,
  type InstanceKey,
  type ParcelToSend,
  type UploadQueue,
} from '../pipeline/queue/upload-queue.ts';

/** The most that a piece holds: parcels have several. */
const PIECE_BYTES = 3;

export interface StudyPlan {
  readonly parcels: readonly number[];
  readonly packingMs: number;
  readonly hasConflict: boolean;
  /** The records of its first packing are damaged. */
  readonly isPoisoned: boolean;
  readonly queuedAtMs: number;
}

type Copy = InstanceKey & {
  readonly parcel: number;
  readonly bytes: number;
  hasCopy: boolean;
  state: 'safe' | 'sent' | InstanceState;
};

export interface Row {
  readonly id: string;
  readonly nth: number;
  readonly plan: StudyPlan;
  readonly copies: Copy[];
  state: UploadState;
  uploadId: string | null;
  receiptId: string | null;
  trouble: Trouble | null;
  turn: number;
  isPaused: boolean;
  rank: number;
  generation: number;
  packedParcels: number;
  readonly locations: Map<string, string>;
  /** Since then nothing of it may leave: it is paused, or taken back. */
  stoppedAt: number | null;
  /** The PACS had all of it when it was last announced. */
  isKnown: boolean;
}

/** A parcel as the gateway will open it. */
export interface ParcelContent {
  readonly bytes: readonly number[];
  readonly keys: readonly string[];
  readonly isPoisoned: boolean;
}

export interface SimulatedQueueTools {
  readonly plan: { readonly studies: readonly StudyPlan[]; readonly sealed: boolean };
  readonly time: VirtualTime;
  readonly gateway: () => SimulatedGateway;
  /** A promise was broken; a thrown error would count only as a trouble of the study. */
  broken(error: Error): void;
}

export interface SimulatedQueue {
  readonly queue: UploadQueue;
  readonly rows: readonly Row[];
  /** By the device's name of the parcel. */
  readonly contents: ReadonlyMap<string, ParcelContent>;
  /** The study of a tus request. */
  ownerOf(path: string, init: RequestInit): Row | undefined;
}

interface Ground {
  readonly tools: SimulatedQueueTools;
  readonly rows: readonly Row[];
  readonly contents: Map<string, ParcelContent>;
  readonly startedAt: number;
}

export function createSimulatedQueue(tools: SimulatedQueueTools): SimulatedQueue {
  const rows = tools.plan.studies.map(newRow);
  const ground: Ground = { tools, rows, contents: new Map(), startedAt: tools.time.now() };
  return {
    queue: { ...queueForParcels(ground), ...queueForStudies(ground) },
    rows,
    contents: ground.contents,
    ownerOf: (path, init) => ownerOf(rows, path, init),
  };
}

export const uidOf = (study: number, instance = 0): string => `1.2.${study + 1}.${instance}`;
const digestOf = (study: number, instance: number): string => `${study}${instance}`.padEnd(64, 'a');

export function move(row: Row, event: UploadEvent): boolean {
  const next = nextUploadState(row.state, event);
  if (next !== null) row.state = next;
  return next !== null;
}

function newRow(plan: StudyPlan, nth: number): Row {
  const copyOf = (parcel: number, at: number): Copy => {
    const instance = parcel * 10 + at + 1;
    const key = { sopInstanceUID: uidOf(nth, instance), digest: digestOf(nth, instance) };
    return { ...key, parcel, bytes: 4, hasCopy: true, state: 'safe' };
  };
  return {
    id: `study-${nth}`,
    nth,
    plan,
    copies: plan.parcels.flatMap((count, parcel) =>
      Array.from({ length: count }, (_, at) => copyOf(parcel, at)),
    ),
    state: 'safe',
    uploadId: null,
    receiptId: null,
    trouble: null,
    turn: 0,
    isPaused: false,
    stoppedAt: null,
    isKnown: false,
    rank: nth,
    generation: 0,
    packedParcels: 0,
    locations: new Map(),
  };
}

function rowOf({ rows }: Ground, id: string): Row {
  return rows.find((row) => row.id === id)!;
}

function check({ tools }: Ground, holds: boolean, promise: string): void {
  if (!holds) tools.broken(new Error(promise));
}

const MAY_PEND: ReadonlySet<UploadState> = new Set(['safe', 'uploading', 'at-gateway', 'attention']);

function mayPend({ tools, startedAt }: Ground, { isPaused, plan, state }: Row): boolean {
  return !isPaused && tools.time.now() - startedAt >= plan.queuedAtMs && MAY_PEND.has(state);
}

function ownerOf(rows: readonly Row[], path: string, init: RequestInit): Row | undefined {
  if (path !== '/upload/files')
    return rows.find(({ locations }) => [...locations.values()].some((location) => path.endsWith(location)));
  const metadata = new Headers(init.headers).get('upload-metadata') ?? '';
  const parcelId = Buffer.from(/parcel ([^,]+)/.exec(metadata)?.[1] ?? '', 'base64').toString();
  return rows[Math.floor(Number(parcelId.slice(-12)) / 10_000)];
}

type ForParcels = 'parcelsFor' | 'parcelCreated' | 'parcelForgotten' | 'parcelProgress' | 'parcelSent';

function queueForParcels(ground: Ground): Pick<UploadQueue, ForParcels> {
  return {
    parcelsFor: (id, need) => parcelsFor(ground, rowOf(ground, id), need),
    async parcelCreated(id, parcelId, location) {
      rowOf(ground, id).locations.set(parcelId, location);
    },
    async parcelForgotten(id, parcelId) {
      rowOf(ground, id).locations.delete(parcelId);
    },
    parcelProgress: () => undefined,
    parcelSent: async () => undefined,
  };
}

async function* parcelsFor(
  ground: Ground,
  row: Row,
  need: readonly InstanceKey[],
): AsyncGenerator<ParcelToSend> {
  const wanted = new Set(need.map(keyOf));
  let isIncomplete = false;
  for (const nth of row.plan.parcels.keys()) {
    const copies = row.copies.filter((copy) => copy.parcel === nth && wanted.has(keyOf(copy)));
    if (copies.length === 0) continue;
    if (row.packedParcels <= nth) await ground.tools.time.sleep(row.plan.packingMs);
    row.packedParcels = Math.max(row.packedParcels, nth + 1);
    if (copies.every(({ hasCopy }) => hasCopy)) yield parcelOf(ground, row, nth);
    else isIncomplete = true;
  }
  // The PACS has lost instances that it had confirmed: only a person still has the files (see `troubled`).
  if (isIncomplete) throw new CopyUnreadable('settled before');
}

function parcelOf({ tools, contents }: Ground, row: Row, nth: number): ParcelToSend {
  const { sealed } = tools.plan;
  const number = row.nth * 10_000 + row.generation * 100 + nth;
  const id = `10000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  const copies = row.copies.filter(({ parcel }) => parcel === nth);
  const bytes = Array.from(
    { length: copies.length * 4 + 1 },
    (_, at) => (row.nth * 31 + nth * 7 + row.generation * 13 + at) % 251,
  );
  const isPoisoned = sealed && row.generation === 0 && row.plan.isPoisoned && copies.length > 1;
  contents.set(id, { bytes, keys: copies.map(keyOf), isPoisoned });
  return {
    id,
    bytes: bytes.length,
    instances: copies.length,
    location: row.locations.get(id) ?? null,
    seal: sealed ? { keyId: 'k', enc: 'x' } : null,
    read: async (offset, length) =>
      new Uint8Array(bytes.slice(offset, offset + Math.min(length, PIECE_BYTES))),
  };
}

function queueForStudies(ground: Ground): Omit<UploadQueue, ForParcels> {
  const row = (id: string): Row => rowOf(ground, id);
  return {
    pending: async () => pendingOf(ground),
    manifestOf: async (id) => manifestOf(row(id)),
    announced: async (id, answer) => noteAnnouncement(row(id), answer),
    beginSending: async (id) => move(row(id), 'started'),
    async allSent(id) {
      const { isKnown, uploadId } = row(id);
      check(
        ground,
        isKnown || ground.tools.gateway().conduct.isCompleted(uploadId!),
        'all is sent when the gateway, asked after the last byte, misses nothing',
      );
      move(row(id), 'all-sent');
    },
    async parcelsLost(id) {
      row(id).locations.clear();
      move(row(id), 'parcels-lost');
    },
    async report(id, { studyInstanceUID, receipt }) {
      const { nth, trouble } = row(id);
      check(ground, studyInstanceUID === uidOf(nth), 'a status of another study is not taken for this one');
      const isSaid = ground.tools.gateway().said.has(receipt?.id ?? null);
      check(ground, isSaid, 'only what the gateway said is believed');
      if (trouble !== 'receipt-faulty') row(id).trouble = null;
    },
    waiting: async () => undefined,
    async troubled(id, trouble) {
      check(ground, trouble !== 'unexpected', 'nothing goes wrong that nobody expected');
      if (trouble === 'copy-unreadable') chooseAgain(row(id));
      else row(id).trouble = trouble;
    },
    async refused(id, code) {
      const isFinal = ground.tools.gateway().refusals.has(code);
      check(ground, isFinal, `a study is given up when the gateway refused it for good, and not for ${code}`);
      move(row(id), 'refused');
    },
    settle: async (id, checked) => settle(ground, row(id), checked),
  };
}

function pendingOf(ground: Ground): Awaited<ReturnType<UploadQueue['pending']>> {
  return ground.rows
    .filter((row) => mayPend(ground, row))
    .sort((a, b) => a.rank - b.rank)
    .map(({ id, state, uploadId, receiptId, trouble, turn }) => ({
      id,
      state,
      uploadId,
      receiptId,
      trouble,
      turn,
    }));
}

function manifestOf({ nth, copies }: Row): Awaited<ReturnType<UploadQueue['manifestOf']>> {
  return {
    protocolVersion: 1,
    policy: { name: 'identified', version: 1 },
    studyInstanceUID: uidOf(nth),
    instances: copies.map(({ sopInstanceUID, digest, bytes }) => ({
      sopInstanceUID,
      digest,
      bytes,
      seriesInstanceUID: '1.2.9',
      sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
      transferSyntaxUID: '1.2.840.10008.1.2.1',
    })),
  };
}

function noteAnnouncement(row: Row, answer: Parameters<UploadQueue['announced']>[1]): boolean {
  if (row.state === 'taken-back' || row.state === 'done') return false;
  row.uploadId = answer.uploadId;
  row.isKnown =
    answer.need.length + answer.conflict.length === 0 && answer.have.every(({ inPacs }) => inPacs === true);
  for (const { reason, ...instance } of answer.conflict)
    for (const copy of row.copies) if (keyOf(copy) === keyOf(instance)) copy.state = stateOfConflict(reason);
  return true;
}

/** A person chooses the same files again: they are packed and sealed again. */
function chooseAgain(row: Row): void {
  for (const copy of row.copies) copy.hasCopy = true;
  row.generation += 1;
  row.packedParcels = 0;
  row.turn += 1;
  row.trouble = null;
}

function settle(ground: Ground, row: Row, { jws, receipt }: CheckedReceipt): void {
  const { trueReceipts, inPacs } = ground.tools.gateway();
  check(
    ground,
    trueReceipts.get(jws) === uidOf(row.nth),
    'only a true receipt of this study is settled with',
  );
  const named = new Map(receipt.instances.map((instance) => [keyOf(instance), instance]));
  for (const copy of row.copies) {
    const said = named.get(keyOf(copy));
    if (!said) continue;
    copy.state = said.state;
    if (!isInPacs(said.state)) continue;
    check(ground, inPacs.has(keyOf(copy)), 'a copy is deleted only when the PACS had the instance');
    copy.hasCopy = false;
  }
  row.receiptId = receipt.jti;
  row.trouble = null;
  const isComplete = row.copies.every(({ hasCopy }) => !hasCopy);
  if (move(row, isComplete ? 'receipt-checked' : 'receipt-names-refusals') && isComplete)
    move(row, 'evicted');
}
