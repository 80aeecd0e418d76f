/**
 * Packs a named study, parcel by parcel. Each parcel is sealed to the gateway's key, written completely or not at
 * all, and may be sent from then on. The study is "safe on this device" only after `finishPacking`
 * (finish-packing.ts). Runs in workers, because it imports the cipher.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { SealingKey } from '#shared/protocol/api.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { createBoundary, packParcel } from '#shared/transfer/parcel.ts';
import { createSealer, SEALED_RECORD_BYTES, sealedSize, type Sealer } from '#shared/transfer/seal.ts';
import { deleteUnlessComplete } from './drop-study.ts';
import { isBeingPacked } from './finish-packing.ts';
import type { InstanceRow, LocalDatabase, RecordRow } from './local-database.ts';
import { StudyGone } from './name-study.ts';
import type { Outgoing, PreparedInstance } from '#shared/ingest/outgoing.ts';

/**
 * The number of records in one transaction: 16 MiB in memory at once, which is also a whole parcel of the usual size.
 */
const RECORDS_AT_ONCE = 16;

export interface NewParcel {
  /** A UUID, under which the gateway knows the parcel too. */
  readonly id: string;
  readonly studyId: string;
  readonly instances: readonly (Outgoing<PreparedInstance> & { readonly position: number })[];
}

/**
 * Packs, seals and writes one parcel. Its row and its instances' rows are written with the last record, in one
 * transaction; until then the records belong to no parcel. Throws StudyGone, QuotaExceededError and file reading
 * errors.
 */
export async function storeParcel(
  database: LocalDatabase,
  key: SealingKey,
  parcel: NewParcel,
  signal?: AbortSignal,
): Promise<void> {
  const body = packParcel(createBoundary(), parcel.instances);
  const sealer = await createSealer(key, parcel.id);
  const whole = { bytes: sealedSize(body.size), keyId: key.kid, enc: sealer.enc };
  try {
    for await (const { records, isLast } of sealRecords(sealer, parcel.id, body, signal)) {
      if (isLast) await commitParcel(database, parcel, whole, records);
      else await database.records.bulkPut(records);
    }
  } catch (error) {
    await ignoreFailure(
      deleteUnlessComplete(database, parcel.id),
      'leftover records belong to no parcel, and the next start deletes them',
    );
    throw error;
  }
}

type SomeRecords = { readonly records: readonly RecordRow[]; readonly isLast: boolean };

/** Yields RECORDS_AT_ONCE records at a time. Throws the signal's reason before the next batch. */
async function* sealRecords(
  sealer: Sealer,
  parcelId: string,
  body: Blob,
  signal?: AbortSignal,
): AsyncGenerator<SomeRecords> {
  const count = Math.ceil(body.size / SEALED_RECORD_BYTES);
  for (let first = 0; first < count; first += RECORDS_AT_ONCE) {
    signal?.throwIfAborted();
    const after = Math.min(count, first + RECORDS_AT_ONCE);
    const part = body.slice(first * SEALED_RECORD_BYTES, after * SEALED_RECORD_BYTES);
    const bytes = new Uint8Array(await part.arrayBuffer());
    const records: RecordRow[] = [];
    for (let position = first; position < after; position += 1) {
      const start = (position - first) * SEALED_RECORD_BYTES;
      const record = bytes.subarray(start, start + SEALED_RECORD_BYTES);
      records.push({
        parcelId,
        position,
        sealed: await sealer.seal(record, position, position === count - 1),
      });
    }
    yield { records, isLast: after === count };
  }
}

type SealedBody = { readonly bytes: number; readonly keyId: string; readonly enc: string };

async function commitParcel(
  database: LocalDatabase,
  parcel: NewParcel,
  { bytes, keyId, enc }: SealedBody,
  records: readonly RecordRow[],
): Promise<void> {
  await database.transaction(
    'rw',
    database.studies,
    database.instances,
    database.parcels,
    database.records,
    async () => {
      const study = await database.studies.get(parcel.studyId);
      if (!isBeingPacked(study)) throw new StudyGone();
      const rows = await database.instances.bulkGet(
        parcel.instances.map(({ position }): [string, number] => [study.id, position]),
      );
      await database.records.bulkPut(records);
      await database.parcels.add({
        id: parcel.id,
        studyId: study.id,
        bytes,
        instances: parcel.instances.length,
        state: 'waiting',
        location: null,
        seal: { keyId, enc },
      });
      await database.instances.bulkPut(
        parcel.instances.map(({ coding }, at): InstanceRow => {
          const row = rows[at];
          if (!row) throw new StudyGone();
          return { ...row, parcelId: parcel.id, ...(coding && { codedBytes: sizeOf(coding.bytes) }) };
        }),
      );
      await database.studies.update(study.id, { packed: study.packed + parcel.instances.length });
    },
  );
}
