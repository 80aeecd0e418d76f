/**
 * The store of parcels between the device and the PACS. Bytes go in and come out as plain text and lie there
 * as cipher text: no identifying value reaches a disk in another form. The file adapter is file-blobs.ts;
 * blobs.contract.test.ts tests every adapter.
 *
 * It promises: bytes that `append` counted are there for `open`, also after the process was killed; after a
 * power cut only synced bytes are. Bytes that are read are those that were written: a disk that rots, or a
 * person who writes into it, is found when they are read (BlobDamaged). Only a shorter blob looks as if less
 * had come. It does not know what the bytes are, and keeps no key.
 */
import type { ByteRange, ByteSource } from '#shared/dicom/data-set.ts';

/** 32 bytes, one key a blob: see parcelKey. */
export type BlobKey = Uint8Array;

export type OpenBlob = ByteSource & {
  /**
   * The bytes of a range in pieces of up to 1 MiB; may be called again and several times at once. Throws
   * BlobDamaged, as `read` does.
   */
  stream(range: ByteRange, signal: AbortSignal): AsyncGenerator<Uint8Array>;
  close(): Promise<void>;
};

/** A blob in a store, perhaps in another one. */
export type HeldBlob = { readonly blobs: Blobs; readonly id: string; readonly key: BlobKey };

export interface Blobs {
  /** Makes an empty blob; one that is there stays as it is. */
  create(id: string): Promise<void>;
  /** Bytes that are there, or null: there is no such blob. */
  size(id: string): Promise<number | null>;
  /**
   * Writes at `at`, which must be the blob's size. A piece is its giver's again when the next one is asked
   * for. If `pieces` fails midway its error is thrown, and the bytes before it stay. Resolves with the bytes
   * written. Throws StorageFull, and BlobDamaged where the bytes that it continues are damaged.
   */
  append(id: string, key: BlobKey, at: number, pieces: AsyncIterable<Uint8Array>): Promise<number>;
  /** Cuts the end off. Throws BlobDamaged where the bytes before it are damaged. */
  truncate(id: string, key: BlobKey, size: number): Promise<void>;
  /** Resolves when the bytes would outlive a power cut. */
  sync(id: string): Promise<void>;
  /** Null: there is no such blob. */
  open(id: string, key: BlobKey): Promise<OpenBlob | null>;
  /**
   * Gives `id` the bytes of a blob that is whole and synced, without writing them again; it outlives a power cut too.
   * Each is removed for itself, and neither is appended to. False: this store cannot, and nothing has been made.
   */
  adopt(id: string, key: BlobKey, from: HeldBlob): Promise<boolean>;
  /** Removes a blob; a missing one is as good as removed. */
  remove(id: string): Promise<void>;
  ids(): Promise<readonly string[]>;
  /** Room that is left, in bytes. */
  freeBytes(): Promise<number>;
}

export class StorageFull extends Error {
  constructor(cause?: unknown) {
    super('no room is left for parcels', { cause });
    this.name = 'StorageFull';
  }
}

/** The blob's bytes are not those that were written. Those before `offset` may be. */
export class BlobDamaged extends Error {
  readonly offset: number;

  constructor(id: string, offset: number, cause?: unknown) {
    super(`blob ${id} is damaged after byte ${offset}`, { cause });
    this.name = 'BlobDamaged';
    this.offset = offset;
  }
}

/**
 * Left free for the database and the PACS's own files on the same disk: without it they stop before we do.
 */
const RESERVED_BYTES = 512 * 1024 ** 2;
/** Throws StorageFull where so many bytes would eat into the reserve. */
export async function checkRoom(blobs: Pick<Blobs, 'freeBytes'>, bytes: number): Promise<void> {
  if ((await blobs.freeBytes()) < bytes + RESERVED_BYTES) throw new StorageFull();
}
