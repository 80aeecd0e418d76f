/**
 * Files that wait for their job: encrypted, each under a key of its own that is destroyed when the job ends.
 * Their names are not kept.
 */
import { join } from 'node:path';
import { parcelKey } from '../ports/blobs/blob-cipher.ts';
import { checkRoom, type Blobs } from '../ports/blobs/blobs.ts';
import { createStudyKeys } from '../pipeline/study-key.ts';

export type InputStore = {
  /**
   * Keeps the file for this job; it outlives a power cut when this resolves, with its key as the database
   * keeps it. Throws StorageFull.
   */
  keep(
    jobId: string,
    chunks: readonly Uint8Array[],
  ): Promise<{ readonly wrappedKey: Uint8Array; readonly bytes: number }>;
  /** Null: it is gone, or nobody can open it. */
  read(jobId: string, wrappedKey: Uint8Array, bytes: number): Promise<Uint8Array | null>;
  /** For ever. */
  destroy(jobId: string, wrappedKey: Uint8Array): Promise<void>;
  /**
   * Destroys files that no open job has named for an hour: a gateway that was killed left them. `open`: jobs,
   * with their keys.
   */
  sweep(open: ReadonlyMap<string, Uint8Array>): Promise<void>;
};

/** A form may take ten minutes until its jobs are there; the sweep comes every ten (inference.feature.ts). */
const SWEEPS_UNNAMED = 6;

/** `blobs`: of this store alone. */
export function createInputStore(blobs: Blobs, wrapKey: Uint8Array, keysFolder: string): InputStore {
  const keys = createStudyKeys(wrapKey, join(keysFolder, 'inputs'));
  /** In how many sweeps in a row each had no job. */
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
      // A file arrives before its job: a new one may still get one.
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
