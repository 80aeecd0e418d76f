/**
 * Writing a study into the queue: begin, parcel after parcel, finish. "Safe on this device" is true only after `finishStudy`; a page
 * that is killed before leaves whole parcels or none, and `clearInterrupted` takes them away at the next start.
 */
import { createBoundary, packParcel } from '#shared/transfer/parcel.ts';
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import { seal } from './device-key.ts';
import type { LocalDatabase, RecordRow, StudyRow } from './local-database.ts';
import type { Outgoing, PreparedInstance } from './outgoing.ts';
import type { StudyAbout, StudyTitle } from './queued.ts';

/** 1 MiB: the unit of encryption. Smaller costs requests to the database, larger makes the page's tasks long. */
export const RECORD_BYTES = 1024 * 1024;
/** Records in one transaction: 16 MiB in memory at once, which is also a whole parcel of the usual size. */
const RECORDS_AT_ONCE = 16;

export interface NewStudy {
  readonly id: string;
  readonly queuedAt: number;
  /** Whose it is; null where the device does not know. */
  readonly account: string | null;
  readonly policy: StudyRow['policy'];
  readonly title: StudyTitle;
  readonly about: StudyAbout;
}

/** The study was taken back, or its row is gone: whoever packs it stops. */
export class StudyGone extends Error {
  constructor() {
    super('the study is no longer being queued');
    this.name = 'StudyGone';
  }
}

export async function beginStudy(database: LocalDatabase, key: CryptoKey, study: NewStudy): Promise<void> {
  const title = await sealTitle(key, study.id, study.title);
  await database.studies.add({
    id: study.id, queuedAt: study.queuedAt, account: study.account, state: 'reading', policy: study.policy, studyInstanceUID: null, title,
    about: study.about, instances: 0, bytes: 0, uploadId: null, sending: false, sentBytes: 0, neededBytes: 0, departed: 0, counts: null, waiting: null, problem: null, receiptId: null,
    completedAt: null,
  });
}

export function sealTitle(key: CryptoKey, studyId: string, title: StudyTitle): Promise<Uint8Array<ArrayBuffer>> {
  return seal(key, new TextEncoder().encode(JSON.stringify(title)), `title/${studyId}`);
}

/** What is authenticated with each record: it opens only as this part of this parcel. */
export function recordPlace(parcelId: string, position: number, count: number): string {
  return `${parcelId}/${position}/${count}`;
}

export interface NewParcel {
  readonly id: string;
  readonly studyId: string;
  readonly instances: readonly (Outgoing<PreparedInstance> & { readonly position: number })[];
}

/**
 * Packs, encrypts and writes one parcel. Its row and those of its instances come with its last record, in one transaction: until then
 * the records belong to nobody. Throws StudyGone, QuotaExceededError, or what reading the files throws.
 */
export async function storeParcel(database: LocalDatabase, key: CryptoKey, parcel: NewParcel, signal?: AbortSignal): Promise<void> {
  const body = packParcel(createBoundary(), parcel.instances);
  const count = Math.ceil(body.size / RECORD_BYTES);
  try {
    for (let first = 0; first < count; first += RECORDS_AT_ONCE) {
      signal?.throwIfAborted();
      const last = Math.min(count, first + RECORDS_AT_ONCE);
      const records = await sealRecords(key, parcel.id, body, first, last, count);
      if (last < count) await database.records.bulkPut(records);
      else await commitParcel(database, parcel, body.size, records);
    }
  } catch (error) {
    await deleteRecords(database, parcel.id).catch(() => undefined);
    throw error;
  }
}

async function sealRecords(key: CryptoKey, parcelId: string, body: Blob, first: number, last: number, count: number): Promise<RecordRow[]> {
  const records: RecordRow[] = [];
  const bytes = new Uint8Array(await body.slice(first * RECORD_BYTES, last * RECORD_BYTES).arrayBuffer());
  for (let position = first; position < last; position += 1) {
    const start = (position - first) * RECORD_BYTES;
    records.push({ parcelId, position, sealed: await seal(key, bytes.subarray(start, start + RECORD_BYTES), recordPlace(parcelId, position, count)) });
  }
  return records;
}

async function commitParcel(database: LocalDatabase, parcel: NewParcel, bytes: number, records: readonly RecordRow[]): Promise<void> {
  await database.transaction('rw', database.studies, database.instances, database.parcels, database.records, async () => {
    const study = await database.studies.get(parcel.studyId);
    if (study?.state !== 'reading') throw new StudyGone();
    await database.records.bulkPut(records);
    await database.parcels.add({ id: parcel.id, studyId: study.id, bytes, instances: parcel.instances.length, state: 'waiting', location: null });
    await database.instances.bulkAdd(parcel.instances.map((instance) => ({
      studyId: study.id, position: instance.position, parcelId: parcel.id, sopInstanceUID: instance.sopInstanceUID,
      seriesInstanceUID: instance.seriesInstanceUID, sopClassUID: instance.sopClassUID, transferSyntaxUID: instance.transferSyntaxUID,
      bytes: instance.bytes.size, digest: instance.digest, state: 'safe' as const, reason: null,
      ...(instance.originalDigest === null ? {} : { originalDigest: instance.originalDigest }),
    })));
    await database.studies.update(study.id, {
      studyInstanceUID: parcel.instances[0]!.studyInstanceUID,
      instances: study.instances + parcel.instances.length,
      bytes: study.bytes + parcel.instances.reduce((sum, instance) => sum + instance.bytes.size, 0),
    });
  });
}

/** Every instance is in the queue: from here on the study is safe on this device. A study of which nothing could be packed is dropped. */
export async function finishStudy(database: LocalDatabase, studyId: string): Promise<boolean> {
  const study = await database.studies.get(studyId);
  if (!study) throw new StudyGone();
  const state = nextUploadState(study.state, 'packed');
  if (study.instances === 0) {
    await dropStudy(database, studyId);
    return false;
  }
  if (state === null) throw new StudyGone();
  await database.studies.update(studyId, { state });
  return true;
}

/** Deletes the study with all that belongs to it; kept receipts stay. */
export async function dropStudy(database: LocalDatabase, studyId: string): Promise<void> {
  // In one transaction: a parcel that is being committed comes before it and goes too, or after it and finds no study.
  await database.transaction('rw', database.studies, database.instances, database.parcels, database.records, async () => {
    await database.studies.delete(studyId);
    await dropContents(database, studyId);
  });
}

/** Deletes the parcels and instances of a study, its row stays. */
export async function dropContents(database: LocalDatabase, studyId: string): Promise<void> {
  await database.transaction('rw', database.instances, database.parcels, database.records, async () => {
    for (const parcel of await database.parcels.where('studyId').equals(studyId).toArray()) await deleteRecords(database, parcel.id);
    await database.parcels.where('studyId').equals(studyId).delete();
    await database.instances.where('studyId').equals(studyId).delete();
  });
}

export async function deleteRecords(database: LocalDatabase, parcelId: string): Promise<void> {
  await database.records.where('parcelId').equals(parcelId).delete();
}

/**
 * At the start of a page: a study that was still being written when its page ended cannot be finished (its files are gone with the
 * page), so its bytes are deleted and its row says `interrupted`; records without a parcel are deleted. `isAlive` tells a study
 * that another tab is writing at this moment.
 */
export async function clearInterrupted(database: LocalDatabase, isAlive: (studyId: string) => Promise<boolean>): Promise<void> {
  let someoneWrites = false;
  for (const study of await database.studies.toArray()) {
    if (study.state !== 'reading' || study.waiting === 'interrupted') continue;
    if (await isAlive(study.id)) {
      someoneWrites = true;
      continue;
    }
    await dropContents(database, study.id);
    await database.studies.update(study.id, { waiting: 'interrupted', instances: 0, bytes: 0 });
  }
  if (!someoneWrites) await deleteOrphans(database);
}

async function deleteOrphans(database: LocalDatabase): Promise<void> {
  await database.transaction('rw', database.parcels, database.records, async () => {
    const known = new Set(await database.parcels.toCollection().primaryKeys());
    const named = await database.records.orderBy('parcelId').uniqueKeys();
    for (const parcelId of named) if (!known.has(parcelId as string)) await deleteRecords(database, parcelId as string);
  });
}
