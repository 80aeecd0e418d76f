/**
 * The page's queue as the uploader sees it, over IndexedDB. Each call is one transaction. Deletes an instance's bytes only in
 * `settle`, which takes nothing but a checked receipt (I: only a receipt whose signature was checked makes an instance evictable).
 */
import { liveQuery } from 'dexie';
import type { Manifest, ManifestAnswer } from '#shared/protocol/manifest.ts';
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { nextUploadState, type UploadEvent } from '#shared/protocol/upload-state.ts';
import { open } from './device-key.ts';
import { deleteRecords, RECORD_BYTES, recordPlace } from './enqueue.ts';
import type { InstanceRow, LocalDatabase, ParcelRow, StudyRow } from './local-database.ts';
import { createProgress, endsIn, type Progress } from './progress.ts';
import { CopyUnreadable, keyOf, stateOfConflict, type CheckedReceipt, type InstanceKey, type ParcelToSend, type QueuedUpload, type UploadQueue } from './upload-queue.ts';

export interface InstanceQueueTools {
  readonly database: LocalDatabase;
  readonly key: CryptoKey;
  /** Only what this account queued is sent in its name. */
  readonly account: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const WORTH_WORK = new Set(['safe', 'uploading', 'at-gateway', 'attention']);

export function createInstanceQueue({ database, key, account, now }: InstanceQueueTools): UploadQueue {
  const progress = createProgress((id, numbers) => database.studies.update(id, { ...numbers }), now);

  async function change(id: string, event: UploadEvent, also: Partial<StudyRow> = {}): Promise<boolean> {
    return database.transaction('rw', database.studies, async () => {
      const study = await database.studies.get(id);
      const state = study && nextUploadState(study.state, event);
      if (!study || state === null || state === undefined) return false;
      await database.studies.update(id, { ...also, state });
      return true;
    });
  }

  return {
    async pending() {
      // What nobody is named for is theirs who signs in first.
      await database.studies.filter((study) => (study.account ?? null) === null).modify({ account });
      const isOurs = (study: StudyRow) => study.account === account && WORTH_WORK.has(study.state);
      const rows = await database.studies.orderBy('queuedAt').filter(isOurs).toArray();
      return rows.map(({ id, state, uploadId, receiptId, trouble = null, turn = 0 }): QueuedUpload => ({ id, state, uploadId, receiptId, trouble, turn }));
    },
    manifestOf: (id) => manifestOf(database, id),
    announced: (id, answer) => announced(database, id, answer),
    parcelsFor: (id, need) => parcelsFor(database, key, progress, id, need),
    async beginSending(id) {
      return change(id, 'started', { sending: true });
    },
    async parcelCreated(_id, parcelId, location) {
      await database.parcels.update(parcelId, { location });
    },
    async parcelForgotten(_id, parcelId) {
      await database.parcels.update(parcelId, { location: null });
    },
    parcelProgress: progress.note,
    async parcelSent(id, parcelId) {
      await database.transaction('rw', database.parcels, database.instances, async () => {
        await database.parcels.update(parcelId, { state: 'sent' });
        await database.instances.where('parcelId').equals(parcelId).and((row) => row.state === 'safe').modify({ state: 'sent' });
      });
      await progress.write(id);
    },
    async allSent(id) {
      await change(id, 'all-sent', { waiting: null });
    },
    async parcelsLost(id, missing) {
      const lost = new Set(missing.map(keyOf));
      await database.transaction('rw', database.instances, async () => {
        await database.instances.where('studyId').equals(id).and((row) => lost.has(keyOf(row))).modify({ state: 'safe', reason: null });
      });
      await change(id, 'parcels-lost', { departed: 0, acknowledged: 0, counts: null });
    },
    async report(id, status) {
      const waiting = status.waiting?.because ?? null;
      await database.studies.where('id').equals(id).modify((row) => {
        Object.assign(row, { counts: status.counts, waiting });
        // What is followed again was sent whole; a receipt is believed in `settle` only.
        if (row.trouble !== 'receipt-faulty') row.trouble = null;
      });
    },
    async waiting(id, because) {
      const study = await database.studies.get(id);
      if (study && study.waiting !== because) await database.studies.update(id, { waiting: because });
    },
    async troubled(id, trouble) {
      await database.studies.update(id, { trouble });
    },
    async refused(id, code) {
      await change(id, 'refused', { problem: code, waiting: null, trouble: null });
    },
    settle: (id, checked) => settle(database, now, id, checked),
  };
}

async function instancesOf(database: LocalDatabase, id: string): Promise<InstanceRow[]> {
  return database.instances.where('studyId').equals(id).sortBy('position');
}

async function manifestOf(database: LocalDatabase, id: string): Promise<Manifest> {
  const study = await database.studies.get(id);
  if (!study || study.studyInstanceUID === null) throw new Error('a study that is not queued has no manifest');
  const named = new Map<string, Manifest['instances'][number]>();
  for (const row of await instancesOf(database, id)) {
    // A person's word stands: what was left out is not promised again.
    if (row.state === 'left-out' || named.has(keyOf(row))) continue;
    const { sopInstanceUID, seriesInstanceUID, sopClassUID, transferSyntaxUID, bytes, digest, originalDigest } = row;
    const original = originalDigest === undefined ? {} : { originalDigest };
    named.set(keyOf(row), { sopInstanceUID, seriesInstanceUID, sopClassUID, transferSyntaxUID, bytes, digest, ...original });
  }
  return {
    protocolVersion: PROTOCOL_VERSION,
    policy: { name: study.policy.name, version: study.policy.version },
    studyInstanceUID: study.studyInstanceUID,
    instances: [...named.values()],
  };
}

async function announced(database: LocalDatabase, id: string, answer: ManifestAnswer): Promise<boolean> {
  const held = new Set(answer.have.map(keyOf));
  const conflicts = new Map(answer.conflict.map((instance) => [keyOf(instance), instance.reason]));
  return database.transaction('rw', database.studies, database.instances, async () => {
    const study = await database.studies.get(id);
    if (!study || study.state === 'taken-back' || study.state === 'done') return false;
    const rows = await instancesOf(database, id);
    const changed = rows.flatMap((row): InstanceRow[] => {
      const reason = conflicts.get(keyOf(row));
      if (reason !== undefined) return [{ ...row, state: stateOfConflict(reason), reason }];
      return held.has(keyOf(row)) && row.state === 'safe' ? [{ ...row, state: 'sent' }] : [];
    });
    await database.instances.bulkPut(changed);
    const departed = rows.filter((row) => held.has(keyOf(row)) || conflicts.has(keyOf(row))).length;
    await database.studies.update(id, { uploadId: answer.uploadId, departed, acknowledged: departed, waiting: null, problem: null });
    return true;
  });
}

async function* parcelsFor(
  database: LocalDatabase, key: CryptoKey, progress: Progress, id: string, need: readonly InstanceKey[],
): AsyncGenerator<ParcelToSend> {
  const wanted = new Set(need.map(keyOf));
  const rows = await instancesOf(database, id);
  const parcelIds = [...new Set(rows.filter((row) => wanted.has(keyOf(row))).map((row) => row.parcelId))];
  const parcels = (await database.parcels.bulkGet(parcelIds)).filter((parcel) => parcel !== undefined);
  // One that was sent and is wanted again is asked for by its name: what was damaged gets a new place, what only waits for verify is there.
  for (const parcel of parcels) if (parcel.state === 'sent') parcel.location = null;
  if (parcels.length < parcelIds.length) throw new CopyUnreadable('a parcel is missing');
  const sizes = Map.groupBy(rows, (row) => row.parcelId);
  const planned = parcels.map(({ id: parcelId, bytes }) => ({ id: parcelId, bytes, ends: endsIn(bytes, sizes.get(parcelId)!.map((row) => row.bytes)) }));
  progress.plan(id, rows.length - planned.reduce((sum, { ends }) => sum + ends.length, 0), planned);
  await progress.write(id);
  for (const parcel of parcels) yield toParcelToSend(database, key, parcel);
}

function toParcelToSend(database: LocalDatabase, key: CryptoKey, parcel: ParcelRow): ParcelToSend {
  const count = Math.ceil(parcel.bytes / RECORD_BYTES);
  async function record(position: number): Promise<Uint8Array<ArrayBuffer>> {
    const row = await database.records.get([parcel.id, position]);
    if (!row) throw new CopyUnreadable('a record is missing');
    return open(key, row.sealed, recordPlace(parcel.id, position, count)).catch((cause: unknown) => {
      throw new CopyUnreadable(cause);
    });
  }
  return {
    id: parcel.id, bytes: parcel.bytes, instances: parcel.instances, location: parcel.location, seal: null,
    async read(offset, length) {
      const end = Math.min(offset + length, parcel.bytes);
      const piece = new Uint8Array(Math.max(0, end - offset));
      for (let at = offset; at < end; ) {
        const position = Math.floor(at / RECORD_BYTES);
        const bytes = (await record(position)).subarray(at - position * RECORD_BYTES).subarray(0, end - at);
        piece.set(bytes, at - offset);
        at += bytes.length;
      }
      return piece;
    },
  };
}

/** Nothing more has to be done about it on this device. `inPacs`: UIDs of what the receipt says the PACS holds. */
function isSettledForUs({ state, reason, sopInstanceUID }: InstanceRow, inPacs: ReadonlySet<string>): boolean {
  if (state === 'safe' || state === 'sent') return false;
  // The other one may have been promised only, and never have come.
  if (reason === 'already-here-other-policy') return inPacs.has(sopInstanceUID);
  return isInPacs(state as InstanceState) || state === 'left-out';
}

async function settle(database: LocalDatabase, now: () => number, id: string, { jws, receipt }: CheckedReceipt): Promise<void> {
  const named = new Map(receipt.instances.map((instance) => [keyOf(instance), instance]));
  const tables = [database.studies, database.instances, database.parcels, database.records, database.receipts];
  await database.transaction('rw', tables, async () => {
    const study = await database.studies.get(id);
    if (!study) return;
    const rows = (await instancesOf(database, id)).map((row): InstanceRow => {
      const said = named.get(keyOf(row));
      // A person's word stands against a receipt that was issued before it.
      if (row.state === 'left-out' && said && !isInPacs(said.state)) return row;
      return said ? { ...row, state: said.state, reason: said.reason ?? null } : row;
    });
    await database.instances.bulkPut(rows);
    await database.receipts.put({ id: receipt.jti, studyId: id, jws, issuedAt: receipt.iat * 1000, revision: receipt.revision, root: receipt.root });
    const inPacs = new Set(receipt.instances.filter((instance) => isInPacs(instance.state)).map((instance) => instance.sopInstanceUID));
    const kept = new Set(rows.filter((row) => !isSettledForUs(row, inPacs)).map((row) => row.parcelId));
    for (const parcel of await database.parcels.where('studyId').equals(id).toArray()) {
      if (kept.has(parcel.id)) continue;
      await deleteRecords(database, parcel.id);
      await database.parcels.delete(parcel.id);
    }
    await database.studies.update(id, { receiptId: receipt.jti, waiting: null, trouble: null, ...outcomeOf(study, kept.size === 0, now()) });
  });
}

/** The receipt was checked; with nothing left on the device the study is done and its title is erased. */
function outcomeOf(study: StudyRow, isComplete: boolean, at: number): Partial<StudyRow> {
  const checked = nextUploadState(study.state, isComplete ? 'receipt-checked' : 'receipt-names-refusals');
  if (checked === null) return {};
  if (!isComplete) return { state: checked };
  return { state: nextUploadState(checked, 'evicted') ?? checked, title: null, completedAt: at };
}

/** Calls `onChange` whenever the studies in the queue change, in whichever tab; returns how to stop that. */
export function watchQueue(database: LocalDatabase, onChange: () => void): () => void {
  const watched = liveQuery(async () => (await database.studies.toArray()).map(({ id, state, trouble, turn }) => `${id} ${state} ${trouble} ${turn}`).join());
  let last = '';
  const subscription = watched.subscribe((states) => {
    if (states === last) return;
    last = states;
    onChange();
  });
  return () => subscription.unsubscribe();
}
