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
  type InstanceKey,
  type ParcelToSend,
  type UploadQueue,
} from '../pipeline/queue/upload-queue.ts';

/** What a piece holds at most: parcels have several. */
const PIECE_BYTES = 3;

export interface StudyPlan {
  readonly parcels: readonly number[];
  readonly packingMs: number;
  readonly hasConflict: boolean;
  /** The records of its first packing do not hold. */
  readonly isPoisoned: boolean;
  readonly queuedAtMs: number;
}

type Copy = InstanceKey & {
  readonly parcel: number;
  readonly bytes: number;
  hasCopy: boolean;
  state: 'safe' | 'sent' | InstanceState;
};
export type Row = {
  readonly id: string;
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
  /** The PACS had all of it when it was announced last. */
  isKnown: boolean;
};

export const uidOf = (study: number, instance = 0): string => `1.2.${study + 1}.${instance}`;
const digestOf = (study: number, instance: number): string => `${study}${instance}`.padEnd(64, 'a');

/** `broken`: a promise was; thrown alone it would only be one more trouble of the study. */
export function createSimulatedQueue(
  plan: { readonly studies: readonly StudyPlan[]; readonly sealed: boolean },
  time: VirtualTime,
  gateway: () => SimulatedGateway,
  broken: (error: Error) => void,
) {
  const contents = new Map<
    string,
    { readonly bytes: readonly number[]; readonly keys: readonly string[]; readonly isPoisoned: boolean }
  >();
  const rows = plan.studies.map((study, index): Row => {
    const copies = study.parcels.flatMap((count, parcel) =>
      Array.from({ length: count }, (_, nth) => parcel * 10 + nth + 1).map(
        (instance): Copy => ({
          sopInstanceUID: uidOf(index, instance),
          digest: digestOf(index, instance),
          parcel,
          bytes: 4,
          hasCopy: true,
          state: 'safe',
        }),
      ),
    );
    return {
      id: `study-${index}`,
      plan: study,
      copies,
      state: 'safe',
      uploadId: null,
      receiptId: null,
      trouble: null,
      turn: 0,
      isPaused: false,
      stoppedAt: null,
      isKnown: false,
      rank: index,
      generation: 0,
      packedParcels: 0,
      locations: new Map(),
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
    const bytes = Array.from(
      { length: copies.length * 4 + 1 },
      (_, at) => (study * 31 + nth * 7 + row.generation * 13 + at) % 251,
    );
    contents.set(id, {
      bytes,
      keys: copies.map(keyOf),
      isPoisoned: plan.sealed && row.generation === 0 && row.plan.isPoisoned && copies.length > 1,
    });
    return {
      id,
      bytes: bytes.length,
      instances: copies.length,
      location: row.locations.get(id) ?? null,
      seal: plan.sealed ? { keyId: 'k', enc: 'x' } : null,
      read: async (offset, length) =>
        new Uint8Array(bytes.slice(offset, offset + Math.min(length, PIECE_BYTES))),
    };
  }

  const queue: UploadQueue = {
    pending: async () =>
      rows
        .filter(
          (row) =>
            !row.isPaused &&
            time.now() - startedAt >= row.plan.queuedAtMs &&
            ['safe', 'uploading', 'at-gateway', 'attention'].includes(row.state),
        )
        .sort((a, b) => a.rank - b.rank)
        .map(({ id, state, uploadId, receiptId, trouble, turn }) => ({
          id,
          state,
          uploadId,
          receiptId,
          trouble,
          turn,
        })),
    manifestOf: async (id) => ({
      protocolVersion: 1,
      policy: { name: 'identified', version: 1 },
      studyInstanceUID: uidOf(rows.indexOf(rowOf(id))),
      instances: rowOf(id).copies.map(({ sopInstanceUID, digest, bytes }) => ({
        sopInstanceUID,
        digest,
        bytes,
        seriesInstanceUID: '1.2.9',
        sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
        transferSyntaxUID: '1.2.840.10008.1.2.1',
      })),
    }),
    async announced(id, answer) {
      const row = rowOf(id);
      if (row.state === 'taken-back' || row.state === 'done') return false;
      row.uploadId = answer.uploadId;
      row.isKnown =
        answer.need.length + answer.conflict.length === 0 &&
        answer.have.every(({ inPacs }) => inPacs === true);
      for (const { reason, ...instance } of answer.conflict)
        for (const copy of row.copies)
          if (keyOf(copy) === keyOf(instance)) copy.state = stateOfConflict(reason);
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
    async allSent(id) {
      const row = rowOf(id);
      promised(
        row.isKnown || gateway().conduct.isCompleted(row.uploadId!),
        'all is sent when the gateway, asked after the last byte, misses nothing',
      );
      move(row, 'all-sent');
    },
    async parcelsLost(id) {
      rowOf(id).locations.clear();
      move(rowOf(id), 'parcels-lost');
    },
    async report(id, status) {
      promised(
        status.studyInstanceUID === uidOf(rows.indexOf(rowOf(id))),
        'what is said of another study is not said of this one',
      );
      promised(gateway().said.has(status.receipt?.id ?? null), 'only what the gateway said is believed');
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
      Object.assign(row, {
        generation: row.generation + 1,
        packedParcels: 0,
        turn: row.turn + 1,
        trouble: null,
      });
    },
    async refused(id, code) {
      promised(
        gateway().refusals.has(code),
        `a study is given up when the gateway refused it for good, and not for ${code}`,
      );
      move(rowOf(id), 'refused');
    },
    async settle(id, { jws, receipt }) {
      const row = rowOf(id);
      promised(
        gateway().trueReceipts.get(jws) === uidOf(rows.indexOf(row)),
        'only a true receipt of this study is settled with',
      );
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
      if (move(row, isComplete ? 'receipt-checked' : 'receipt-names-refusals') && isComplete)
        move(row, 'evicted');
    },
  };
  /** The study of a tus request. */
  function ownerOf(path: string, init: RequestInit): Row | undefined {
    if (path !== '/upload/files')
      return rows.find(({ locations }) =>
        [...locations.values()].some((location) => path.endsWith(location)),
      );
    const metadata = new Headers(init.headers).get('upload-metadata') ?? '';
    const parcelId = Buffer.from(/parcel ([^,]+)/.exec(metadata)?.[1] ?? '', 'base64').toString();
    return rows[Math.floor(Number(parcelId.slice(-12)) / 10_000)];
  }

  return { queue, rows, contents, move, ownerOf };
}
