/**
 * Stores files that wait for their job. Each is encrypted under its own key, which is destroyed when the job ends.
 * File names are not kept.
 */
import { join } from 'node:path';
import { parcelKey } from '../ports/blobs/blob-cipher.ts';
import { checkRoom, type Blobs } from '../ports/blobs/blobs.ts';
import { createStudyKeys } from '../pipeline/stores/study-key.ts';

export type InputStore = {
  /**
   * Stores the file for this job. When it resolves, the file and its key (as the database stores it) survive a power
   * cut. Throws StorageFull.
   */
  keep(
    jobId: string,
    chunks: readonly Uint8Array[],
  ): Promise<{ readonly wrappedKey: Uint8Array; readonly bytes: number }>;
  /** Null: the file is gone, or cannot be decrypted. */
  read(jobId: string, wrappedKey: Uint8Array, bytes: number): Promise<Uint8Array | null>;
  /** Destroys the file irrecoverably. */
  destroy(jobId: string, wrappedKey: Uint8Array): Promise<void>;
  /**
   * Destroys files that no open job has named for an hour, which a killed gateway left behind. `open`: the open jobs
   * with their keys.
   */
  sweep(open: ReadonlyMap<string, Uint8Array>): Promise<void>;
};

/** A form may take ten minutes until its jobs exist, and the sweep runs every ten minutes (inference.feature.ts). */
const SWEEPS_UNNAMED = 6;

/** `blobs`: used by this store alone. */
export function createInputStore(blobs: Blobs, wrapKey: Uint8Array, keysFolder: string): InputStore {
  const keys = createStudyKeys(wrapKey, join(keysFolder, 'inputs'));
  /** For each file, the number of consecutive sweeps in which it had no job. */
  let suspects: ReadonlyMap<string, number> = new Map();
  return {
    async keep(jobId, chunks) {
      const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
      await checkRoom(blobs, bytes);
      const wrappedKey = await keys.create(jobId);
      await blobs.create(jobId);
      await blobs.append(jobId, parcelKey(keys.unwrap(jobId, wrappedKey)!, jobId), 0, each(chunks));
      await blobs.sync(jobId);
      return { wrappedKey, bytes };
    },
    async read(jobId, wrappedKey, bytes) {
      const key = keys.unwrap(jobId, wrappedKey);
      const blob = key && (await blobs.open(jobId, parcelKey(key, jobId)));
      if (!blob) return null;
      return blob.read(0, bytes).finally(() => blob.close());
    },
    async destroy(jobId, wrappedKey) {
      await keys.destroy(wrappedKey);
      await blobs.remove(jobId);
    },
    async sweep(open) {
      await keys.sweep([...open.values()]);
      // A file is stored before its job exists, so a new file may still get one.
      const nameless = (await blobs.ids()).filter((id) => !open.has(id));
      const times = (id: string): number => (suspects.get(id) ?? 0) + 1;
      for (const id of nameless) if (times(id) > SWEEPS_UNNAMED) await blobs.remove(id);
      suspects = new Map(nameless.map((id) => [id, times(id)]));
    },
  };
}

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
