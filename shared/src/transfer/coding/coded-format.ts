/**
 * The coded form `x-jls` of an instance, version 1 (protocol/parcel.md, "The parcel"): a version byte, then segments.
 * Each segment restores the next run of the instance's bytes. Numbers are little endian. A segment holds:
 *
 *   kind u8 · coded bytes u32 · restored bytes u32 · Adler-32 of the restored bytes u32
 *   [width u16 · height u16 · bits u8 · base u16] · coded bytes
 *
 * The fields in brackets are only in kinds that hold a JPEG-LS image. The reader trusts nothing: impossible values
 * throw CodingError.
 */
import { bytesPerPixel, type SampleLayout } from './strip-transform.ts';

/** The coded bytes are invalid. The message holds no value of the data. */
export class CodingError extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'CodingError';
  }
}

export const FORMAT_VERSION = 1;
export const VERSION_BYTES = 1;

/**
 * The size of the pieces that an instance is cut into, before coding. Larger ones would block a gateway's thread for
 * more than 20 ms while restoring; with smaller ones JPEG-LS would relearn its statistics too often. A CT slice is one
 * piece.
 */
export const PIECE_BYTES = 1024 * 1024;
/** The reader's limit: twice the size of our pieces, for senders that cut differently. */
const SEGMENT_LIMIT_BYTES = 2 * 1024 * 1024;

const PREFIX_BYTES = 13;
const IMAGE_BYTES = 7;
/** The longest header of a segment. */
export const SEGMENT_HEADER_BYTES = PREFIX_BYTES + IMAGE_BYTES;

/** `raw`: uncoded bytes. `deflate`: zlib (RFC 1950). The others: a JPEG-LS image of samples in that layout. */
const KINDS = ['raw', 'deflate', 'bytes', 'words', 'triples'] as const;

export interface ImageFields {
  readonly width: number;
  /** Height of the JPEG-LS image; for `triples` it is three times that of the strip. */
  readonly height: number;
  readonly bitsPerSample: number;
  readonly base: number;
}

export type SegmentHeader = {
  readonly codedBytes: number;
  readonly restoredBytes: number;
  readonly adler32: number;
} & (
  | { readonly kind: 'raw' | 'deflate'; readonly image: null }
  | { readonly kind: SampleLayout; readonly image: ImageFields }
);

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PREFIX_BYTES + (header.image ? IMAGE_BYTES : 0));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, KINDS.indexOf(header.kind));
  view.setUint32(1, header.codedBytes, true);
  view.setUint32(5, header.restoredBytes, true);
  view.setUint32(9, header.adler32, true);
  if (!header.image) return bytes;
  view.setUint16(13, header.image.width, true);
  view.setUint16(15, header.image.height, true);
  view.setUint8(17, header.image.bitsPerSample);
  view.setUint16(18, header.image.base, true);
  return bytes;
}

/**
 * Parses the header at the start of `bytes`, which may be longer than the header. Throws CodingError for a header that
 * no coder writes.
 */
export function parseSegmentHeader(bytes: Uint8Array): {
  readonly header: SegmentHeader;
  readonly length: number;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PREFIX_BYTES) throw new CodingError('a segment is cut');
  const kind = KINDS[view.getUint8(0)];
  const codedBytes = view.getUint32(1, true);
  const restoredBytes = view.getUint32(5, true);
  const adler32 = view.getUint32(9, true);
  if (kind === undefined) throw new CodingError('a segment of no known kind');
  if (restoredBytes === 0 || restoredBytes > SEGMENT_LIMIT_BYTES)
    throw new CodingError('a segment of a size that is not allowed');
  // A segment that coding would not shrink is sent raw, so coded bytes are never more than restored ones.
  if (kind === 'raw' ? codedBytes !== restoredBytes : codedBytes >= restoredBytes)
    throw new CodingError('a segment whose lengths do not fit');
  const sizes = { codedBytes, restoredBytes, adler32 };
  if (kind === 'raw' || kind === 'deflate')
    return { header: { kind, image: null, ...sizes }, length: PREFIX_BYTES };
  if (bytes.length < SEGMENT_HEADER_BYTES) throw new CodingError('a segment is cut');
  const image = {
    width: view.getUint16(13, true),
    height: view.getUint16(15, true),
    bitsPerSample: view.getUint8(17),
    base: view.getUint16(18, true),
  };
  if (!isImageOf(image, kind, restoredBytes))
    throw new CodingError('an image whose size does not fit its segment');
  return { header: { kind, image, ...sizes }, length: SEGMENT_HEADER_BYTES };
}

function isImageOf(
  { width, height, bitsPerSample, base }: ImageFields,
  layout: SampleLayout,
  restoredBytes: number,
): boolean {
  const rows = layout === 'triples' ? height / 3 : height;
  const hasBits =
    layout === 'words' ? bitsPerSample > 8 && bitsPerSample <= 16 : bitsPerSample === 8 && base === 0;
  return hasBits && Number.isInteger(rows) && width * rows * bytesPerPixel(layout) === restoredBytes;
}

/**
 * RFC 1950 §9. The two 16-bit sums are kept in two variables; the remainder is taken only as often as 32 bits require.
 */
export function adler32(bytes: Uint8Array): number {
  const modulus = 65_521;
  const steps = 3_800;
  let a = 1;
  let b = 0;
  for (let at = 0; at < bytes.length; at += steps) {
    const end = Math.min(at + steps, bytes.length);
    for (let i = at; i < end; i += 1) {
      a += bytes[i]!;
      b += a;
    }
    a %= modulus;
    b %= modulus;
  }
  return b * 65_536 + a;
}
