/**
 * The parcel: many instances of one series in one body, the unit of transfer. It is a `multipart/related;
 * type="application/dicom"` body as in STOW-RS (PS3.18 §10.5), so an uncoded parcel is a valid STOW-RS request without
 * changes. A part may be coded without loss (`coding/`); its headers always describe the restored instance.
 *
 * Packing makes a composite Blob. Reading jumps from part to part by Content-Length and never looks into an instance.
 * It trusts no length and no header, but leaves checking digests to verify.
 */
import type { ByteRange, ByteSource } from '../dicom/data-set.ts';
import { isUid } from '../dicom/uid.ts';
import { parseBase64, parseHex, toBase64, toHex } from './digest.ts';
import { sizeOf, type InstanceBytes } from './instance-bytes.ts';

/**
 * Codings of a part: `deflate` is that of HTTP (the zlib format, RFC 9110 §8.4.1.2), `x-jls` our own
 * (protocol/parcel.md).
 */
export type ContentEncoding = 'deflate' | 'x-jls';

/** The input for a part. */
export interface PackedInstance {
  readonly sopInstanceUID: string;
  /** SHA-256 of the restored instance, hexadecimal. */
  readonly digest: string;
  readonly transferSyntaxUID: string;
  readonly bytes: InstanceBytes;
  /** The coded form, sent in place of `bytes`. */
  readonly coding?: { readonly encoding: ContentEncoding; readonly bytes: InstanceBytes };
}

export interface ParcelPart {
  readonly sopInstanceUID: string;
  /** SHA-256 of the restored instance, hexadecimal, from the part's header: not checked yet. */
  readonly digest: string;
  readonly transferSyntaxUID: string;
  /** Where the part's coded bytes are in the parcel. */
  readonly range: ByteRange;
  /** How the bytes are coded; null: not at all. */
  readonly contentEncoding: ContentEncoding | null;
}

/** The body is not a parcel. The message names the byte position and holds no value of the data. */
export class ParcelError extends Error {
  readonly offset: number;
  constructor(what: string, offset: number) {
    super(`${what} at byte ${offset}`);
    this.name = 'ParcelError';
    this.offset = offset;
  }
}

/** The most bytes of one part's headers. Ours take about 270; the limit stops a sender that tries to exhaust memory. */
const PART_HEADER_LIMIT = 4096;
/** The most parts of a parcel: as many as the instances that a manifest may name. */
const PART_LIMIT = 20_000;
const CRLF = '\r\n';
const BOUNDARY = /^[0-9a-f]{32}$/;

/** 128 random bits: no instance contains them by chance, and nobody can know them in advance. */
export function createBoundary(
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> = (bytes) =>
    crypto.getRandomValues(bytes),
): string {
  return toHex(random(new Uint8Array(16)));
}

/** The Unencoded-Digest field: RFC 9530 §2 dictionary of byte sequences. */
function toDigestField(digest: string): string {
  return `sha-256=:${toBase64(parseHex(digest))}:`;
}

/** What a part's headers say: sizes in place of bytes. */
type PartHeader = Omit<PackedInstance, 'bytes' | 'coding'> & {
  readonly bytes: number;
  readonly coding?: { readonly encoding: ContentEncoding; readonly bytes: number } | undefined;
};

function partHeader(boundary: string, part: PartHeader): string {
  return [
    `--${boundary}`,
    `Content-Type: application/dicom; transfer-syntax=${part.transferSyntaxUID}`,
    `Content-Location: ${part.sopInstanceUID}`,
    `Content-Length: ${part.coding?.bytes ?? part.bytes}`,
    ...(part.coding ? [`Content-Encoding: ${part.coding.encoding}`] : []),
    `Unencoded-Digest: ${toDigestField(part.digest)}`,
    '',
    '',
  ].join(CRLF);
}

/**
 * The parcel in pieces. `offsets`: where the bytes of each instance, as sent, begin in the parcel. `boundary` comes
 * from createBoundary.
 */
export function parcelPieces(
  boundary: string,
  parts: readonly PackedInstance[],
): { readonly pieces: readonly InstanceBytes[]; readonly offsets: readonly number[]; readonly size: number } {
  if (!BOUNDARY.test(boundary)) throw new RangeError('a boundary is 32 hexadecimal digits');
  const pieces: InstanceBytes[] = [];
  const offsets: number[] = [];
  let size = 0;
  const add = (piece: InstanceBytes): void => {
    pieces.push(piece);
    size += sizeOf(piece);
  };
  const ascii = new TextEncoder();
  for (const part of parts) {
    const coding = part.coding && { encoding: part.coding.encoding, bytes: sizeOf(part.coding.bytes) };
    add(ascii.encode(partHeader(boundary, { ...part, bytes: sizeOf(part.bytes), coding })));
    offsets.push(size);
    add(part.coding?.bytes ?? part.bytes);
    add(ascii.encode(CRLF));
  }
  add(ascii.encode(`--${boundary}--${CRLF}`));
  return { pieces, offsets, size };
}

/**
 * The parcel as a Blob that refers to the parts' Blobs and contains the parts in memory; nothing is read. `boundary`
 * comes from createBoundary.
 */
export function packParcel(boundary: string, parts: readonly PackedInstance[]): Blob {
  return new Blob([...parcelPieces(boundary, parts).pieces]);
}

/** The size in bytes of the parcel that packParcel would make, computed without its instances. */
export function packedBytes(parts: readonly PartHeader[]): number {
  const boundary = '0'.repeat(32);
  const closing = `--${boundary}--${CRLF}`.length;
  return parts.reduce(
    (sum, part) => sum + partHeader(boundary, part).length + (part.coding?.bytes ?? part.bytes) + CRLF.length,
    closing,
  );
}

/**
 * The parts of a parcel in order. `source.size` is the size of the whole body. Throws ParcelError if the body ends
 * early, continues after its end or has a length that points outside; the parts before the error have been yielded.
 */
export async function* readParcel(source: ByteSource): AsyncGenerator<ParcelPart> {
  const boundary = await readBoundary(source);
  const opening = `--${boundary}${CRLF}`;
  let at = opening.length;
  for (let count = 0; ; count += 1) {
    if (count === PART_LIMIT) throw new ParcelError('too many parts', at);
    const { fields, end } = await readHeader(source, at);
    const part = toPart(fields, end, at);
    const next = part.range.offset + part.range.length;
    if (next + CRLF.length + opening.length > source.size)
      throw new ParcelError('a part reaches beyond the end', at);
    yield part;
    const delimiter = await readText(source, next, CRLF.length + opening.length + CRLF.length);
    at = next + CRLF.length + opening.length;
    if (delimiter.startsWith(`${CRLF}${opening}`)) continue;
    const closing = `${CRLF}--${boundary}--`;
    if (!delimiter.startsWith(closing)) throw new ParcelError('no boundary after a part', next);
    // RFC 2046 §5.1.1: a line break follows the last boundary only before an epilogue. We write one all the same.
    const closed = next + closing.length;
    if (source.size !== closed && (delimiter !== closing + CRLF || source.size !== closed + CRLF.length))
      throw new ParcelError('bytes after the last boundary', closed);
    return;
  }
}

async function readText(source: ByteSource, offset: number, length: number): Promise<string> {
  // Latin-1 maps each byte to one character, so that offsets in the text are offsets in the body.
  return new TextDecoder('latin1').decode(await source.read(offset, Math.min(length, source.size - offset)));
}

/** The boundary comes from the first line, because a stored parcel has no Content-Type. */
async function readBoundary(source: ByteSource): Promise<string> {
  const line = await readText(source, 0, '--'.length + 32 + CRLF.length);
  const boundary = line.slice(2, 34);
  if (!line.startsWith('--') || !line.endsWith(CRLF) || !BOUNDARY.test(boundary))
    throw new ParcelError('no boundary', 0);
  return boundary;
}

async function readHeader(
  source: ByteSource,
  offset: number,
): Promise<{ fields: Map<string, string>; end: number }> {
  const text = await readText(source, offset, PART_HEADER_LIMIT);
  const length = text.indexOf(CRLF + CRLF);
  if (length < 0) throw new ParcelError('the headers of a part have no end', offset);
  const fields = new Map<string, string>();
  for (const line of text.slice(0, length).split(CRLF)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    // RFC 9110 §5.1: a field name is a token. A repeated name would be ambiguous.
    if (colon < 1 || !/^[a-z0-9-]+$/.test(name) || fields.has(name))
      throw new ParcelError('a header of a part cannot be read', offset);
    fields.set(name, line.slice(colon + 1).trim());
  }
  return { fields, end: offset + length + 2 * CRLF.length };
}

function toPart(fields: ReadonlyMap<string, string>, offset: number, at: number): ParcelPart {
  const sopInstanceUID = fields.get('content-location') ?? '';
  if (!isUid(sopInstanceUID)) throw new ParcelError('Content-Location is not a UID', at);
  const length = fields.get('content-length') ?? '';
  if (!/^(0|[1-9][0-9]{0,14})$/.test(length)) throw new ParcelError('Content-Length is not a length', at);
  const type = /^application\/dicom; *transfer-syntax=([0-9.]{1,64})$/.exec(fields.get('content-type') ?? '');
  if (!type || !isUid(type[1]!)) throw new ParcelError('Content-Type is not that of an instance', at);
  return {
    sopInstanceUID,
    digest: parseDigestField(fields.get('unencoded-digest') ?? '', at),
    transferSyntaxUID: type[1]!,
    range: { offset, length: Number(length) },
    contentEncoding: parseEncoding(fields.get('content-encoding'), at),
  };
}

/**
 * RFC 9110 §8.4.1: names of codings are case-insensitive. A part with an unknown coding cannot be restored,
 * so it is refused.
 */
function parseEncoding(field: string | undefined, at: number): ContentEncoding | null {
  const name = field?.toLowerCase();
  if (name === undefined || name === 'deflate' || name === 'x-jls') return name ?? null;
  throw new ParcelError('Content-Encoding is not known', at);
}

function parseDigestField(field: string, at: number): string {
  const digest = /^sha-256=:([A-Za-z0-9+/]{43}=):$/.exec(field)?.[1];
  if (digest === undefined) throw new ParcelError('Unencoded-Digest is not a SHA-256', at);
  try {
    return toHex(parseBase64(digest));
  } catch {
    throw new ParcelError('Unencoded-Digest is not a SHA-256', at);
  }
}
