/**
 * Reads a part of a parcel as an instance: its bytes with their digest, restored where it was sent coded. An instance
 * larger than `AT_ONCE_BYTES` is never held in memory. Such an instance is written while it is restored, and kept or
 * dropped once more is known about it.
 */
import { createHash, type Hash } from 'node:crypto';
import { giveBack } from '#shared/give-back.ts';
import { bytesSource, rangeSource } from '#shared/dicom/byte-source.ts';
import type { ByteRange, ByteSource } from '#shared/dicom/data-set.ts';
import { CodingError } from '#shared/transfer/coding/coded-format.ts';
import type { ParcelPart } from '#shared/transfer/parcel.ts';
import type { OpenBlob } from '../../ports/blobs/blobs.ts';
import type { Restore, Turn } from '../plan/pipeline-tools.ts';
import type { RestoredBlob } from './restored-blob.ts';

/**
 * Up to this size an instance is read, decrypted and hashed in one go; a larger one in pieces. Two parcels at once hold
 * twice as much.
 */
const AT_ONCE_BYTES = 8 * 1024 * 1024;

/** Where the instance lies: in the parcel's own blob, or in the one for restored instances. */
export type Place = { readonly offset: number; readonly isRestored: boolean };

type ReadPart = {
  /** SHA-256 of the instance, hexadecimal. */
  readonly digest: string;
  /** Calls `use` with the instance's bytes. */
  read<T>(use: (source: ByteSource) => Promise<T>): Promise<T>;
  /** Call exactly one of these two: the restored bytes stay, or are discarded. */
  keep(): Promise<Place>;
  drop(): Promise<void>;
};

export type ReadTools = { readonly restored: RestoredBlob; readonly restore: Restore };

/** `bytes`: the promised length. Null: the part has another length, or cannot be restored. */
export async function readPart(
  body: OpenBlob,
  { part, bytes }: { readonly part: ParcelPart; readonly bytes: number },
  tools: ReadTools,
  turn: Turn,
): Promise<ReadPart | null> {
  if (part.contentEncoding === null)
    return part.range.length === bytes ? readPlain(body, part.range, turn.signal) : null;
  const coded = { encoding: part.contentEncoding, bytes };
  const pieces = tools.restore(rangeSource(body, part.range), coded, turn);
  try {
    return bytes <= AT_ONCE_BYTES
      ? await restoreAtOnce(pieces, bytes, tools.restored)
      : await restoreInPieces(pieces, tools.restored);
  } catch (error) {
    if (error instanceof CodingError) return null;
    throw error;
  }
}

async function readPlain(body: OpenBlob, range: ByteRange, signal: AbortSignal): Promise<ReadPart> {
  const hash = createHash('sha256');
  const place = {
    keep: async () => ({ offset: range.offset, isRestored: false }),
    drop: async () => undefined,
  };
  if (range.length <= AT_ONCE_BYTES) {
    const bytes = await body.read(range.offset, range.length);
    return { digest: hash.update(bytes).digest('hex'), read: (use) => use(bytesSource(bytes)), ...place };
  }
  for await (const piece of body.stream(range, signal)) {
    hash.update(piece);
    giveBack(piece);
  }
  const source = { ...rangeSource(body, range), giveBack };
  return { digest: hash.digest('hex'), read: (use) => use(source), ...place };
}

async function restoreAtOnce(
  pieces: AsyncIterable<Uint8Array>,
  length: number,
  restored: RestoredBlob,
): Promise<ReadPart> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return {
    digest: createHash('sha256').update(bytes).digest('hex'),
    read: (use) => use(bytesSource(bytes)),
    keep: async () => ({ offset: (await restored.add(only(bytes))).offset, isRestored: true }),
    drop: async () => undefined,
  };
}

async function restoreInPieces(pieces: AsyncIterable<Uint8Array>, restored: RestoredBlob): Promise<ReadPart> {
  const hash = createHash('sha256');
  const range = await restored.add(hashed(pieces, hash));
  return {
    digest: hash.digest('hex'),
    read: (use) => restored.read(range, use),
    keep: async () => ({ offset: range.offset, isRestored: true }),
    drop: () => restored.drop(range),
  };
}

async function* hashed(pieces: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
