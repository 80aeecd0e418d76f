/**
 * The bytes of an instance as they were promised, for an adapter that needs some of them to judge what its PACS
 * returns. Nothing is opened until they are asked for.
 */
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import type { PromisedFile } from '../../ports/pacs/pacs.ts';
import type { InstanceRow } from '../stores/instance.store.ts';
import { blobOf } from '../stores/parcel-blobs.ts';
import type { StudyTools } from '../plan/pipeline-tools.ts';
import { findStudy } from '../stores/study.store.ts';

type Tools = Pick<StudyTools, 'db' | 'keys' | 'blobs'>;

export const promisedFile = (row: InstanceRow, tools: Tools): PromisedFile => ({
  sopClassUID: row.sop_class_uid,
  transferSyntaxUID: row.transfer_syntax_uid,
  digest: row.digest,
  open: (signal) => bytesOf(row, tools, signal),
});

/** Yields nothing where the bytes or their key are gone. */
async function* bytesOf(
  row: InstanceRow,
  { db, keys, blobs }: Tools,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const study = await findStudy(db, row.study_id);
  // A copy's bytes belong to its original.
  const holder = study?.copy_of == null ? study : await findStudy(db, study.copy_of);
  const blobId = blobOf(row);
  if (blobId === null || holder === undefined || holder.wrapped_key === null) return;
  const key = keys.unwrap(holder.id, holder.wrapped_key);
  const blob = key === null ? null : await blobs.open(blobId, parcelKey(key, blobId));
  if (blob === null) return;
  try {
    const offset = row.body_offset ?? 0;
    if (offset + row.bytes <= blob.size) yield* blob.stream({ offset, length: row.bytes }, signal);
  } finally {
    await blob.close();
  }
}
