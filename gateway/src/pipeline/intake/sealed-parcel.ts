/**
 * How a sealed parcel is received. Its records (shared/src/transfer/seal.ts) are opened as they stream in, and
 * complete, valid records are appended to the parcel's blob. The sealed bytes of an incomplete record wait in a tail
 * next to it, so that the offset, which counts sealed bytes, never goes back behind what was received. One record is
 * held in memory; on a slow link, the part that has come is written now and then, so that a killed process loses
 * little.
 *
 * The process may be killed between any two writes. The blob's size says how many records were opened; the tail counts
 * only if it belongs to the next record. So a tail that was not yet removed, or not yet begun, is ignored, and a record
 * that was written in part is cut off and comes again from the tail or the device.
 *
 * [Note: keys of the tail] Each record's tail has a key of its own: the tail is written again from its beginning for
 * each record, and a key stream must not be used twice (blob-cipher.ts). Under another record's key the tail's tags
 * fail, and so the tail's record is recognised.
 */
import { SEALED_RECORD_BYTES, SEAL_TAG_BYTES, openedSize, type Opener } from '#shared/transfer/seal.ts';
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import { BlobDamaged, type BlobKey, type Blobs } from '../../ports/blobs/blobs.ts';
import { tailOf } from '../stores/parcel-blobs.ts';

const SEALED_BYTES = SEALED_RECORD_BYTES + SEAL_TAG_BYTES;

/** A sealed parcel, with what is needed to write it. */
export type SealedParcel = {
  readonly id: string;
  /** The parcel's length as it is sent. */
  readonly bytes: number;
  readonly plainBytes: number;
  readonly records: number;
  readonly studyKey: Uint8Array;
};

/** What has arrived: `held` records in the blob, and `tail` sealed bytes of the next one. */
type SealedState = { readonly held: number; readonly tail: number };

/** Throws RangeError if no sealed parcel can have this length. */
export function toSealedParcel(id: string, bytes: number, studyKey: Uint8Array): SealedParcel {
  const plainBytes = openedSize(bytes);
  if (plainBytes === null) throw new RangeError('no sealed parcel has this length');
  return { id, bytes, plainBytes, records: Math.ceil(bytes / SEALED_BYTES), studyKey };
}

/** The tus offset. */
export function sealedOffset({ bytes }: SealedParcel, { held, tail }: SealedState): number {
  return Math.min(held * SEALED_BYTES, bytes) + tail;
}

const plainEnd = ({ plainBytes }: SealedParcel, held: number): number =>
  Math.min(held * SEALED_RECORD_BYTES, plainBytes);
const sealedLength = ({ bytes }: SealedParcel, record: number): number =>
  Math.min(SEALED_BYTES, bytes - record * SEALED_BYTES);
const recordKey = ({ studyKey, id }: SealedParcel, record: number): BlobKey =>
  parcelKey(studyKey, `${tailOf(id)} ${record}`);

/** What has arrived so far; null: there is no such parcel. Changes nothing. */
export async function readSealedState(blobs: Blobs, parcel: SealedParcel): Promise<SealedState | null> {
  const size = await blobs.size(parcel.id);
  if (size === null) return null;
  const held = size >= parcel.plainBytes ? parcel.records : Math.floor(size / SEALED_RECORD_BYTES);
  return { held, tail: held === parcel.records ? 0 : await tailBytes(blobs, parcel, held) };
}

async function tailBytes(blobs: Blobs, parcel: SealedParcel, record: number): Promise<number> {
  const tail = await blobs.open(tailOf(parcel.id), recordKey(parcel, record));
  if (tail === null) return 0;
  try {
    // A complete record is never left in the tail.
    if (tail.size === 0 || tail.size >= sealedLength(parcel, record)) return 0;
    await tail.read(tail.size - 1, 1);
    return tail.size;
  } catch (error) {
    if (error instanceof BlobDamaged) return 0;
    throw error;
  } finally {
    await tail.close();
  }
}

/** Null: the disk spoiled the tail, and it was removed. */
async function readTail(
  blobs: Blobs,
  parcel: SealedParcel,
  { held, tail }: SealedState,
): Promise<Uint8Array | null> {
  if (tail === 0) return new Uint8Array();
  const blob = await blobs.open(tailOf(parcel.id), recordKey(parcel, held));
  if (blob === null) throw new Error('the tail of a parcel went away');
  try {
    return await blob.read(0, tail);
  } catch (error) {
    if (!(error instanceof BlobDamaged)) throw error;
    await blobs.remove(tailOf(parcel.id));
    return null;
  } finally {
    await blob.close();
  }
}

type SealedOutcome = {
  readonly state: SealedState;
  /** The record after `held` is invalid: it is discarded, and comes again from its start. */
  readonly isDamaged: boolean;
};

/** When an incomplete record is written to the tail. */
export type TailRule = {
  /** Called with each piece that comes. */
  isDue(): boolean;
  /** Called at the end. False: the bytes of an incomplete record are discarded; in that case `isDue` was never true. */
  mayKeep(): boolean;
};

type SealedInput = {
  readonly opener: Opener;
  readonly body: AsyncIterable<Uint8Array>;
  readonly rule: TailRule;
};

/**
 * Opens and writes what comes; `body` brings no more than the parcel still lacks. `opener` opens from record
 * `from.held` on. Rethrows errors of the blobs and of the body; bytes written until then stay. A tail that the disk
 * spoiled is discarded, and its record comes again from its start.
 */
export async function writeSealed(
  blobs: Blobs,
  parcel: SealedParcel,
  from: SealedState,
  { opener, body, rule }: SealedInput,
): Promise<SealedOutcome> {
  if (from.held === parcel.records) return { state: from, isDamaged: false };
  const tail = await readTail(blobs, parcel, from);
  if (tail === null) return { state: { held: from.held, tail: 0 }, isDamaged: true };
  const record = new Uint8Array(sealedLength(parcel, from.held));
  record.set(tail);
  let filled = from.tail;
  let { held } = from;
  let kept = from;
  let isDamaged = false;
  const keep = async (): Promise<void> => {
    const now = { held, tail: filled };
    await keepTail(blobs, parcel, { before: kept, now }, record);
    kept = now;
  };

  async function* opened(): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      for (let at = 0; at < piece.length; ) {
        const length = sealedLength(parcel, held);
        const taken = piece.subarray(at, at + length - filled);
        record.set(taken, filled);
        filled += taken.length;
        at += taken.length;
        if (filled < length) continue;
        const plain = await opener.open(record.subarray(0, length), held === parcel.records - 1);
        isDamaged = plain === null;
        if (plain === null) return;
        filled = 0;
        yield plain;
        held += 1;
        // It is written: free this 1 MiB at once, because the garbage collector comes late and its pause delays every
        // request.
        plain.buffer.transfer(0);
      }
      if (filled > 0 && rule.isDue()) await keep();
    }
  }
  const start = plainEnd(parcel, from.held);
  // Drops the part of a record that a killed process wrote.
  const key = parcelKey(parcel.studyKey, parcel.id);
  if ((await blobs.size(parcel.id)) !== start) await blobs.truncate(parcel.id, key, start);
  await blobs.append(parcel.id, key, start, opened());
  if (isDamaged) filled = 0;
  if (filled > 0 && !rule.mayKeep())
    return { state: { held, tail: held === from.held ? from.tail : 0 }, isDamaged };
  await keep();
  return { state: { held, tail: filled }, isDamaged };
}

/** Writes the tail of `now`. If `before` is of the same record, its tail is there already and is continued. */
async function keepTail(
  blobs: Blobs,
  parcel: SealedParcel,
  { before, now }: { readonly before: SealedState; readonly now: SealedState },
  record: Uint8Array,
): Promise<void> {
  const id = tailOf(parcel.id);
  if (now.tail === 0) {
    if (before.tail > 0) await blobs.remove(id);
    return;
  }
  const key = recordKey(parcel, now.held);
  const isGrowing = before.tail > 0 && before.held === now.held;
  if (!isGrowing) {
    await blobs.create(id);
    // Emptied without checking its key, because it may be of another record.
    await blobs.truncate(id, key, 0);
  }
  const kept = isGrowing ? before.tail : 0;
  await blobs.append(id, key, kept, only(record.subarray(kept, now.tail)));
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
