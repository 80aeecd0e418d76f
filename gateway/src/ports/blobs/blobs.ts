/**
 * The store of parcels between the device and the PACS. Bytes go in and come out as plain text and are stored as cipher
 * text: no identifying value reaches a disk in another form. The file adapter is file-blobs.ts; blobs.contract.test.ts
 * tests every adapter.
 *
 * It promises that bytes which `append` counted are there for `open`, also after the process was killed; after a power
 * cut only synced bytes are. Bytes that are read are those that were written: if the disk rots, or somebody writes into
 * it, reading finds out (BlobDamaged). Only a blob that was shortened looks as if fewer bytes had come. The store does
 * not know what the bytes are, and keeps no key.
 */
import type { ByteRange, ByteSource } from '#shared/dicom/data-set.ts';

/** 32 bytes; each blob has a key of its own: see parcelKey. */
export type BlobKey = Uint8Array;

export type OpenBlob = ByteSource & {
  /**
   * The bytes of a range in pieces of up to 1 MiB. May be called repeatedly and concurrently. Throws BlobDamaged, like
   * `read`.
   */
  stream(range: ByteRange, signal: AbortSignal): AsyncGenerator<Uint8Array>;
  close(): Promise<void>;
};

/** A blob, and the store that holds it, which may be another one. */
export type HeldBlob = { readonly blobs: Blobs; readonly id: string; readonly key: BlobKey };

export interface Blobs {
  /** Makes an empty blob; an existing one stays as it is. */
  create(id: string): Promise<void>;
  /** The blob's length in bytes; null: there is no such blob. */
  size(id: string): Promise<number | null>;
  /**
   * Writes at `at`, which must be the blob's size. Once the next piece is asked for, a piece belongs to its giver
   * again. If `pieces` fails midway its error is thrown, and the bytes before it stay. Resolves with the number of
   * bytes written. Throws StorageFull, and BlobDamaged where the existing bytes before them are damaged.
   */
  append(id: string, key: BlobKey, at: number, pieces: AsyncIterable<Uint8Array>): Promise<number>;
  /** Cuts the end off. Throws BlobDamaged where the bytes before it are damaged. */
  truncate(id: string, key: BlobKey, size: number): Promise<void>;
  /** Resolves when the bytes would survive a power cut. */
  sync(id: string): Promise<void>;
  /** Null: there is no such blob. */
  open(id: string, key: BlobKey): Promise<OpenBlob | null>;
  /**
   * Gives `id` the bytes of a blob that is complete and synced, without writing them again; the new blob survives a
   * power cut too. Each of the two blobs is removed on its own, and neither is appended to afterwards. False: this
   * store cannot do that, and nothing was made.
   */
  adopt(id: string, key: BlobKey, from: HeldBlob): Promise<boolean>;
  /** Removes a blob; does nothing if there is none. */
  remove(id: string): Promise<void>;
  ids(): Promise<readonly string[]>;
  /** The free space in bytes. */
  freeBytes(): Promise<number>;
}

export class StorageFull extends Error {
  constructor(cause?: unknown) {
    super('no room is left for parcels', { cause });
    this.name = 'StorageFull';
  }
}

/** The blob's bytes are not those that were written. Bytes before `offset` may still be right. */
export class BlobDamaged extends Error {
  readonly offset: number;

  constructor(id: string, offset: number, cause?: unknown) {
    super(`blob ${id} is damaged after byte ${offset}`, { cause });
    this.name = 'BlobDamaged';
    this.offset = offset;
  }
}

/**
 * Left free for the database and the PACS's own files on the same disk; otherwise they would stop before the gateway
 * does.
 */
export const RESERVED_BYTES = 512 * 1024 ** 2;
/** Throws StorageFull where this many bytes would use up the reserve. */
export async function checkRoom(blobs: Pick<Blobs, 'freeBytes'>, bytes: number): Promise<void> {
  if ((await blobs.freeBytes()) < bytes + RESERVED_BYTES) throw new StorageFull();
}
