/**
 * Where verify puts restored instances: one blob for each run on a parcel, written from beginning to end. It is made
 * with the first instance, and only its run writes into it, so that two runs that cross (one was taken for dead) do not
 * spoil each other's.
 */
import { rangeSource } from '#shared/dicom/byte-source.ts';
import type { ByteRange, ByteSource } from '#shared/dicom/data-set.ts';
import type { BlobKey, Blobs } from '../../ports/blobs/blobs.ts';

export type RestoredBlob = {
  readonly id: string;
  /** Appends the pieces and returns their range. Rethrows what the pieces throw; then none of them stays. */
  add(pieces: AsyncIterable<Uint8Array>): Promise<ByteRange>;
  /** Removes the range that was added last. */
  drop(range: ByteRange): Promise<void>;
  /** Calls `use` with the bytes of a range. */
  read<T>(range: ByteRange, use: (source: ByteSource) => Promise<T>): Promise<T>;
  /** The blob's length in bytes. */
  size(): number;
  /** Resolves when the bytes would survive a power cut. */
  sync(): Promise<void>;
  remove(): Promise<void>;
};

export function createRestoredBlob(blobs: Blobs, id: string, key: BlobKey): RestoredBlob {
  let size = 0;
  let isMade = false;
  const cutAt = async (end: number): Promise<void> => {
    await blobs.truncate(id, key, end);
    size = end;
  };
  return {
    id,
    async add(pieces) {
      if (!isMade) await blobs.create(id);
      isMade = true;
      const offset = size;
      try {
        const length = await blobs.append(id, key, offset, pieces);
        size += length;
        return { offset, length };
      } catch (error) {
        await cutAt(offset);
        throw error;
      }
    },
    drop: ({ offset }) => cutAt(offset),
    async read(range, use) {
      const blob = await blobs.open(id, key);
      if (blob === null) throw new Error('the blob of restored instances is gone');
      return use(rangeSource(blob, range)).finally(() => blob.close());
    },
    size: () => size,
    async sync() {
      if (size > 0) await blobs.sync(id);
    },
    async remove() {
      if (isMade) await blobs.remove(id);
    },
  };
}
