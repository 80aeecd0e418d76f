/**
 * Lossless transport coding of an instance, on the device, before it is packed: JPEG-LS for native pixels, deflate for what is around them.
 * Every piece is restored again and compared before it is used; a piece that is not bit exact, or not smaller, goes as it is.
 *
 * One piece of 2 MiB is in memory at a time; coded pieces become Blobs, which the platform may keep elsewhere.
 */
import { blobSource, bytesSource } from '../../dicom/byte-source.ts';
import type { ByteRange } from '../../dicom/data-set.ts';
import type { ContentEncoding } from '../parcel.ts';
import { adler32, encodeSegmentHeader, FORMAT_VERSION, PIECE_BYTES, type ImageFields, type SegmentHeader } from './coded-format.ts';
import { findRegions, type Region } from './find-regions.ts';
import { restoreInstance, type CodingTools } from './restore-instance.ts';
import { bytesPerPixel, fromGrey, toGrey } from './strip-transform.ts';
import { deflateBlob, deflateBytes, deflateHelps, inflateBytes, WORTHWHILE_RATIO } from './zlib-format.ts';

/** `encoding: null`: coding does not help, and `bytes` is the instance itself. */
export interface CodedInstance {
  readonly encoding: ContentEncoding | null;
  readonly bytes: Blob;
}

type Bytes = Uint8Array<ArrayBuffer>;
type Piece = { readonly header: SegmentHeader; readonly bytes: Bytes };

/** JPEG-LS images have 16 bits for their height (ISO/IEC 14495-1 §C.2.2). */
const LARGEST_SIDE = 65_535;
/** After so many bytes of an instance that coding did not make smaller, the rest is not tried. */
const TRIED_BYTES = 8 * 1024 * 1024;
/** Where more than this part is compressed already, what deflate makes of the header would hardly be noticed. */
const COMPRESSED_SHARE = 0.9;
/** Below, deflate is tried without asking samples first. */
const ASKED_BYTES = 128 * 1024;

/**
 * Codes one instance. Uses about one core; see `coding-pays.ts` for when that is worth it. Throws the signal's reason when aborted, and what the Blob
 * throws when it cannot be read.
 */
export async function codeInstance(instance: Blob, tools: CodingTools): Promise<CodedInstance> {
  const uncoded: CodedInstance = { encoding: null, bytes: instance };
  const regions = await findRegions(instance, tools.signal);
  if (!regions.some(({ kind }) => kind === 'pixels' || kind === 'compressed')) return (await codeWhole(instance, tools)) ?? uncoded;
  const compressed = regions.reduce((sum, { kind, range }) => sum + (kind === 'compressed' ? range.length : 0), 0);
  if (compressed > COMPRESSED_SHARE * instance.size) return uncoded;
  return (await codeRegions(instance, regions, tools)) ?? uncoded;
}

/** HTTP's own coding, for what holds no pixels that JPEG-LS takes. */
async function codeWhole(instance: Blob, tools: CodingTools): Promise<CodedInstance | null> {
  if (!(await deflateHelps(instance))) return null;
  tools.signal?.throwIfAborted();
  const bytes = await deflateBlob(instance);
  const isWorthwhile = bytes.size < WORTHWHILE_RATIO * instance.size && (await restores(bytes, 'deflate', instance, tools));
  return isWorthwhile ? { encoding: 'deflate', bytes } : null;
}

async function restores(coded: Blob, encoding: ContentEncoding, instance: Blob, tools: CodingTools): Promise<boolean> {
  let at = 0;
  for await (const piece of restoreInstance(blobSource(coded), encoding, instance.size, tools)) {
    if (!isEqual(piece, new Uint8Array(await instance.slice(at, at + piece.length).arrayBuffer()))) return false;
    at += piece.length;
  }
  return at === instance.size;
}

async function codeRegions(instance: Blob, regions: readonly Region[], tools: CodingTools): Promise<CodedInstance | null> {
  const parts: Blob[] = [];
  let waiting: Bytes[] = [new Uint8Array([FORMAT_VERSION])];
  let [read, written, held] = [0, 1, 1];
  for (const region of regions) {
    for (const range of cut(region)) {
      tools.signal?.throwIfAborted();
      const original = new Uint8Array(await instance.slice(range.offset, range.offset + range.length).arrayBuffer());
      const piece = await codePiece(original, region, tools);
      const header = encodeSegmentHeader(piece.header);
      waiting.push(header, piece.bytes);
      read += range.length;
      written += header.length + piece.bytes.length;
      held += header.length + piece.bytes.length;
      if (read >= TRIED_BYTES && written > WORTHWHILE_RATIO * read) return null;
      if (held < PIECE_BYTES) continue;
      parts.push(new Blob(waiting));
      [waiting, held] = [[], 0];
    }
  }
  return written < WORTHWHILE_RATIO * instance.size ? { encoding: 'x-jls', bytes: new Blob([...parts, ...waiting]) } : null;
}

/** Pieces of a region: whole rows of pixels. */
function cut(region: Region): ByteRange[] {
  let pieceBytes = PIECE_BYTES;
  if (region.kind === 'pixels') {
    const rowBytes = region.width * bytesPerPixel(region.layout);
    const mostRows = Math.floor(LARGEST_SIDE / (region.layout === 'triples' ? 3 : 1));
    pieceBytes = rowBytes * Math.max(1, Math.min(mostRows, Math.floor(PIECE_BYTES / rowBytes)));
  }
  const { offset, length } = region.range;
  const count = Math.ceil(length / pieceBytes);
  return Array.from({ length: count }, (_, i) => ({ offset: offset + i * pieceBytes, length: Math.min(pieceBytes, length - i * pieceBytes) }));
}

/** The smallest form that restores exactly. */
async function codePiece(original: Bytes, region: Region, tools: CodingTools): Promise<Piece> {
  const raw: Piece = { header: { kind: 'raw', image: null, ...sizes(original, original) }, bytes: original };
  if (region.kind !== 'pixels') return (region.kind === 'bytes' ? await deflatePiece(original) : null) ?? raw;
  const image = await codeStrip(original, region, tools);
  // The numbers of colours in a palette need not be near each other where the colours are: there, JPEG-LS may be the worse one.
  const deflated = region.isIndexed ? await deflatePiece(original) : null;
  if (image && deflated) return deflated.bytes.length < image.bytes.length ? deflated : image;
  return image ?? deflated ?? raw;
}

async function codeStrip(original: Bytes, region: Extract<Region, { kind: 'pixels' }>, tools: CodingTools): Promise<Piece | null> {
  const charls = await tools.loadCharls();
  const { shape, samples, base } = toGrey(original, region.layout, region.width);
  const bytes = await charls.encode(samples, shape);
  if (!bytes || bytes.length >= original.length) return null;
  const decoded = await charls.decode(bytes, shape);
  if (!decoded || !isEqual(fromGrey(decoded, region.layout, base), original)) return null;
  const image: ImageFields = { ...shape, base };
  return { header: { kind: region.layout, image, ...sizes(bytes, original) }, bytes };
}

async function deflatePiece(original: Bytes): Promise<Piece | null> {
  if (original.length > ASKED_BYTES && !(await deflateHelps(new Blob([original])))) return null;
  const bytes = await deflateBytes(original);
  if (bytes.length >= original.length) return null;
  const restored = await inflateBytes(bytesSource(bytes), original.length).catch(() => null);
  return restored && isEqual(restored, original) ? { header: { kind: 'deflate', image: null, ...sizes(bytes, original) }, bytes } : null;
}

function sizes(coded: Bytes, original: Bytes): { codedBytes: number; restoredBytes: number; adler32: number } {
  return { codedBytes: coded.length, restoredBytes: original.length, adler32: adler32(original) };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
