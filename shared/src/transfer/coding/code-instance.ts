/**
 * Lossless transport coding of an instance on the device, before it is packed: JPEG-LS for native pixels, deflate for
 * everything else. Every coded piece is restored and compared first; a piece that is not bit exact, or not smaller, is
 * sent uncoded.
 *
 * Only one piece of 1 MiB is in memory at a time (an instance of up to 4 MiB whole). Coded pieces become Blobs, which
 * the platform may keep outside memory.
 */
import { blobSource, bytesSource } from '../../dicom/byte-source.ts';
import type { ByteRange, ByteSource } from '../../dicom/data-set.ts';
import { HELD_BYTES, joinBytes, type InstanceBytes } from '../instance-bytes.ts';
import type { ContentEncoding } from '../parcel.ts';
import type { Charls } from './charls.ts';
import {
  adler32,
  encodeSegmentHeader,
  FORMAT_VERSION,
  PIECE_BYTES,
  type ImageFields,
  type SegmentHeader,
} from './coded-format.ts';
import { findRegions, type Region } from './find-regions.ts';
import { decodeJpegLS } from './jpeg-ls-decoder.ts';
import { restoreInstance } from './restore-instance.ts';
import { bytesPerPixel, fromGrey, toGrey } from './strip-transform.ts';
import { deflateBytes, deflateHelps, deflateSource, inflateBytes, WORTHWHILE_RATIO } from './zlib-format.ts';

export interface CodingTools {
  /** `load-charls.ts` or `load-charls.browser.ts`; called only if there are pixels to code. */
  readonly loadCharls: () => Promise<Charls>;
  readonly signal?: AbortSignal | undefined;
}

/** `encoding` null: coding does not help, and `bytes` is the instance itself. */
export interface CodedInstance<T extends InstanceBytes = Blob> {
  readonly encoding: ContentEncoding | null;
  readonly bytes: T;
}

/** Collects the coded bytes. */
interface Collecting<T> {
  add(chunk: Uint8Array): void;
  bytes(): number;
  whole(): T;
  toSource(whole: T): ByteSource;
}

type Bytes = Uint8Array<ArrayBuffer>;
type Piece = { readonly header: SegmentHeader; readonly bytes: Uint8Array };

/** JPEG-LS stores the height of an image in 16 bits (ISO/IEC 14495-1 §C.2.2). */
const LARGEST_SIDE = 65_535;
/** If coding has not made this many bytes of an instance smaller, the rest is not tried. */
const TRIED_BYTES = 8 * 1024 * 1024;
/** If more than this share is already compressed, deflating the header would hardly help. */
const COMPRESSED_SHARE = 0.9;
/** Below this size, deflate is tried without testing samples first. */
const ASKED_BYTES = 128 * 1024;

/**
 * Codes one instance. Uses about one core; see `coding-pays.ts` for when that is worth it. Throws the
 * signal's reason when aborted, and what the Blob throws when it cannot be read.
 */
export async function codeInstance(instance: Blob, tools: CodingTools): Promise<CodedInstance> {
  // A browser needs a millisecond for each read of a Blob, so a small one is read only once.
  const source =
    instance.size <= HELD_BYTES
      ? bytesSource(new Uint8Array(await instance.arrayBuffer()))
      : blobSource(instance);
  return (await code(source, tools, collectBlob)) ?? { encoding: null, bytes: instance };
}

/** Codes an instance that is in memory; the result is in memory too. */
export async function codeHeld(instance: Bytes, tools: CodingTools): Promise<CodedInstance<Bytes>> {
  return (await code(bytesSource(instance), tools, collectBytes)) ?? { encoding: null, bytes: instance };
}

/** Null: coding does not help. */
async function code<T extends InstanceBytes>(
  source: ByteSource,
  tools: CodingTools,
  collect: () => Collecting<T>,
): Promise<CodedInstance<T> | null> {
  const regions = await findRegions(source, tools.signal);
  if (!regions.some(({ kind }) => kind === 'pixels' || kind === 'compressed'))
    return codeWhole(source, tools, collect());
  const compressed = regions.reduce(
    (sum, { kind, range }) => sum + (kind === 'compressed' ? range.length : 0),
    0,
  );
  return compressed > COMPRESSED_SHARE * source.size ? null : codeRegions(source, regions, tools, collect());
}

/** The `deflate` coding of HTTP, for instances without pixels that JPEG-LS can code. */
async function codeWhole<T extends InstanceBytes>(
  source: ByteSource,
  tools: CodingTools,
  written: Collecting<T>,
): Promise<CodedInstance<T> | null> {
  if (!(await deflateHelps(source))) return null;
  for await (const chunk of deflateSource(source)) {
    tools.signal?.throwIfAborted();
    written.add(chunk);
  }
  if (written.bytes() >= WORTHWHILE_RATIO * source.size) return null;
  const bytes = written.whole();
  return (await restores(written.toSource(bytes), 'deflate', source, tools))
    ? { encoding: 'deflate', bytes }
    : null;
}

async function restores(
  coded: ByteSource,
  encoding: ContentEncoding,
  source: ByteSource,
  tools: CodingTools,
): Promise<boolean> {
  let at = 0;
  for await (const piece of restoreInstance(coded, encoding, source.size, tools)) {
    if (!isEqual(piece, await source.read(at, piece.length))) return false;
    at += piece.length;
  }
  return at === source.size;
}

async function codeRegions<T extends InstanceBytes>(
  source: ByteSource,
  regions: readonly Region[],
  tools: CodingTools,
  written: Collecting<T>,
): Promise<CodedInstance<T> | null> {
  written.add(new Uint8Array([FORMAT_VERSION]));
  let read = 0;
  for (const region of regions) {
    for (const range of cut(region)) {
      tools.signal?.throwIfAborted();
      const piece = await codePiece(await source.read(range.offset, range.length), region, tools);
      written.add(encodeSegmentHeader(piece.header));
      written.add(piece.bytes);
      read += range.length;
      if (read >= TRIED_BYTES && written.bytes() > WORTHWHILE_RATIO * read) return null;
    }
  }
  return written.bytes() < WORTHWHILE_RATIO * source.size
    ? { encoding: 'x-jls', bytes: written.whole() }
    : null;
}

/** Collects chunks into a Blob per MiB: a browser can move Blobs to its disk when memory is short. */
function collectBlob(): Collecting<Blob> {
  const parts: Blob[] = [];
  let waiting: Bytes[] = [];
  let total = 0;
  let held = 0;
  return {
    add(chunk) {
      waiting.push(chunk as Bytes);
      total += chunk.length;
      held += chunk.length;
      if (held < PIECE_BYTES) return;
      parts.push(new Blob(waiting));
      waiting = [];
      held = 0;
    },
    bytes: () => total,
    whole: () => new Blob([...parts, ...waiting]),
    toSource: blobSource,
  };
}

function collectBytes(): Collecting<Bytes> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  return {
    add(chunk) {
      chunks.push(chunk);
      total += chunk.length;
    },
    bytes: () => total,
    whole: () => joinBytes(chunks),
    toSource: bytesSource,
  };
}

/** Cuts a region into pieces; pixels are cut between rows. */
function cut(region: Region): ByteRange[] {
  let pieceBytes = PIECE_BYTES;
  if (region.kind === 'pixels') {
    const rowBytes = region.width * bytesPerPixel(region.layout);
    const mostRows = Math.floor(LARGEST_SIDE / (region.layout === 'triples' ? 3 : 1));
    pieceBytes = rowBytes * Math.max(1, Math.min(mostRows, Math.floor(PIECE_BYTES / rowBytes)));
  }
  const { offset, length } = region.range;
  const count = Math.ceil(length / pieceBytes);
  return Array.from({ length: count }, (_, i) => ({
    offset: offset + i * pieceBytes,
    length: Math.min(pieceBytes, length - i * pieceBytes),
  }));
}

/** Returns the smallest form that restores exactly. */
async function codePiece(original: Uint8Array, region: Region, tools: CodingTools): Promise<Piece> {
  const raw: Piece = { header: { kind: 'raw', image: null, ...sizes(original, original) }, bytes: original };
  if (region.kind !== 'pixels') return (region.kind === 'bytes' ? await deflatePiece(original) : null) ?? raw;
  const image = await codeStrip(original, region, tools);
  // Palette indices of similar colours need not be close, so JPEG-LS may code them worse than deflate.
  const deflated = region.isIndexed ? await deflatePiece(original) : null;
  if (image && deflated) return deflated.bytes.length < image.bytes.length ? deflated : image;
  return image ?? deflated ?? raw;
}

async function codeStrip(
  original: Uint8Array,
  region: Extract<Region, { kind: 'pixels' }>,
  tools: CodingTools,
): Promise<Piece | null> {
  const { shape, samples, base } = toGrey(original, region.layout, region.width);
  // Without the coder (the device is offline and has lost its cache) the piece is sent uncoded.
  const bytes = await tools
    .loadCharls()
    .then((charls) => charls.encode(samples, shape))
    .catch(() => null);
  if (!bytes || bytes.length >= original.length) return null;
  const decoded = decodeJpegLS(bytes, shape);
  if (!decoded || !isEqual(fromGrey(decoded, region.layout, base), original)) return null;
  const image: ImageFields = { ...shape, base };
  return { header: { kind: region.layout, image, ...sizes(bytes, original) }, bytes };
}

async function deflatePiece(original: Uint8Array): Promise<Piece | null> {
  if (original.length > ASKED_BYTES && !(await deflateHelps(bytesSource(original)))) return null;
  const bytes = await deflateBytes(original);
  if (bytes.length >= original.length) return null;
  const restored = await inflateBytes(bytes, original.length).catch(() => null);
  return restored && isEqual(restored, original)
    ? { header: { kind: 'deflate', image: null, ...sizes(bytes, original) }, bytes }
    : null;
}

function sizes(
  coded: Uint8Array,
  original: Uint8Array,
): { codedBytes: number; restoredBytes: number; adler32: number } {
  return { codedBytes: coded.length, restoredBytes: original.length, adler32: adler32(original) };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
