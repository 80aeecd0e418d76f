/**
 * The file for a stick: studies that are sealed to the gateway, to be sent from another machine. The file is written
 * and read as a stream; only the index and one piece are in memory at a time.
 *
 * | bytes | content |
 * | --- | --- |
 * | 16 | `RelayPACS stick` and a line feed |
 * | 4 | length of the index, big endian |
 * | 32 | SHA-256 of the index |
 * | … | the index: JSON (protocol/stick.ts) |
 * | … | the ticket and the parcels of each study, in the order of the index, each followed by its SHA-256 |
 *
 * The digests reveal a damaged or cut file before anything of it is sent. The seals, and the device's signature in the
 * ticket, prove that nobody has forged it; only the gateway can check those.
 */
import type { ByteSource } from '../dicom/data-set.ts';
import { STICK_MAGIC } from '../dicom/foreign-file.ts';
import { stickIndexSchema, type StickIndex, type StickParcel, type StickTicket } from '../protocol/stick.ts';
import { createRunningDigest } from './digest.ts';

const MAGIC = new TextEncoder().encode(STICK_MAGIC);
const DIGEST_BYTES = 32;
/** Enough for a study of 20 000 parcels and as many in other studies; a real file has a few hundred. */
const INDEX_BYTES_LIMIT = 8 * 1024 * 1024;
const PIECE_BYTES = 1024 * 1024;

/**
 * The file is not a file for a stick, is of a newer version, or has a damaged or cut index: nothing in it can be used.
 */
export class StickError extends Error {
  readonly fault: 'not-a-stick' | 'newer' | 'damaged';
  constructor(fault: StickError['fault']) {
    super(SENTENCES[fault]);
    this.name = 'StickError';
    this.fault = fault;
  }
}

const SENTENCES = {
  'not-a-stick': 'This is not a file with studies saved for a stick.',
  newer: 'This file was saved by a newer version of RelayPACS. Update this one.',
  damaged: 'The file is damaged. Save it again on the device that has the studies.',
} as const;

/** A ticket or a parcel. */
export interface StickBody {
  readonly bytes: number;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

type StickSection<Entry> = Entry & StickBody & { readonly digestAt: number };

export interface StickStudy {
  readonly ticket: StickSection<StickTicket>;
  readonly parcels: readonly StickSection<StickParcel>[];
}

/**
 * Whether a reader accepts a file with this index: the number of studies and the size of tickets are within the limits.
 */
export function fitsReader(index: StickIndex): boolean {
  return stickIndexSchema.safeParse(index).success && encodeIndex(index).length <= INDEX_BYTES_LIMIT;
}

/** The size of the file with this index. */
export function stickBytes(index: StickIndex): number {
  const head = MAGIC.length + 4 + DIGEST_BYTES + encodeIndex(index).length;
  return head + entriesOf(index).reduce((sum, { bytes }) => sum + bytes + DIGEST_BYTES, 0);
}

/**
 * The file in pieces. `bodies`: in the order of the index. Throws RangeError if the size of a body is not that in the
 * index, and what reading throws.
 */
export async function* writeStick(
  index: StickIndex,
  bodies: Iterable<StickBody> | AsyncIterable<StickBody>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const text = encodeIndex(index);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length);
  yield new Uint8Array(MAGIC);
  yield length;
  yield new Uint8Array(await crypto.subtle.digest('SHA-256', text));
  yield text;
  const entries = entriesOf(index);
  let at = 0;
  for await (const body of bodies) {
    if (entries[at]?.bytes !== body.bytes)
      throw new RangeError('a part has another size than the index says');
    at += 1;
    const digest = await createRunningDigest();
    for (let from = 0; from < body.bytes; from += PIECE_BYTES) {
      const piece = await body.read(from, Math.min(PIECE_BYTES, body.bytes - from));
      if (piece.length !== Math.min(PIECE_BYTES, body.bytes - from))
        throw new RangeError('a part is too short');
      digest.update(piece);
      yield piece;
    }
    yield digest.end();
  }
  if (at !== entries.length) throw new RangeError('a part of the index is missing');
}

/** Reads the index. Throws StickError, and what the source throws. */
export async function openStick(source: ByteSource): Promise<readonly StickStudy[]> {
  const fixed = MAGIC.length + 4 + DIGEST_BYTES;
  const head = await source.read(0, Math.min(fixed, source.size));
  if (head.length < MAGIC.length || MAGIC.some((byte, at) => head[at] !== byte))
    throw new StickError('not-a-stick');
  if (head.length < fixed) throw new StickError('damaged');
  const length = new DataView(head.buffer, head.byteOffset).getUint32(MAGIC.length);
  if (length > INDEX_BYTES_LIMIT || fixed + length > source.size) throw new StickError('damaged');
  const text = new Uint8Array(await source.read(fixed, length));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', text));
  if (text.length !== length || !isEqual(digest, head.subarray(MAGIC.length + 4)))
    throw new StickError('damaged');
  const index = parseIndex(text);
  const end = stickBytes(index);
  if (!Number.isSafeInteger(end) || source.size > end) throw new StickError('damaged');
  let at = fixed + length;
  const place = <Entry extends { readonly bytes: number }>(entry: Entry): StickSection<Entry> => {
    const from = at;
    at += entry.bytes + DIGEST_BYTES;
    return {
      ...entry,
      digestAt: from + entry.bytes,
      read: (offset, wanted) => readPart(source, from + offset, wanted),
    };
  };
  return index.studies.map(({ ticket, parcels }) => ({ ticket: place(ticket), parcels: parcels.map(place) }));
}

/**
 * Whether the section's bytes are still those that were saved. `cut`: the file ends too early. Throws what the source
 * throws.
 */
export async function checkSection(
  source: ByteSource,
  section: StickSection<StickBody>,
): Promise<'whole' | 'cut' | 'damaged'> {
  if (section.digestAt + DIGEST_BYTES > source.size) return 'cut';
  const digest = await createRunningDigest();
  for (let at = 0; at < section.bytes; at += PIECE_BYTES)
    digest.update(await section.read(at, Math.min(PIECE_BYTES, section.bytes - at)));
  return isEqual(digest.end(), await source.read(section.digestAt, DIGEST_BYTES)) ? 'whole' : 'damaged';
}

async function readPart(
  source: ByteSource,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await source.read(offset, length));
}

function parseIndex(text: Uint8Array): StickIndex {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    throw new StickError('damaged');
  }
  const { success, data } = stickIndexSchema.safeParse(json);
  if (success) return data;
  const { version } = (json ?? {}) as { readonly version?: unknown };
  throw new StickError(typeof version === 'number' && version > 1 ? 'newer' : 'damaged');
}

function encodeIndex(index: StickIndex): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(index));
}

const entriesOf = ({ studies }: StickIndex): readonly { readonly bytes: number }[] =>
  studies.flatMap(({ ticket, parcels }) => [ticket, ...parcels]);

/** Whether `expected` begins with `digest`. */
function isEqual(digest: Uint8Array, expected: Uint8Array): boolean {
  return expected.length >= digest.length && digest.every((byte, at) => byte === expected[at]);
}
