/**
 * Finds the fragments of one frame in encapsulated Pixel Data (PS3.5 §A.4): by the Extended Offset Table, by
 * the Basic Offset Table, by one fragment a frame, or, if a frame has several and there is no table, by the
 * places where codestreams begin.
 */
import type { ByteRange, ByteSource, ParsedInstance } from '../dicom/data-set.ts';
import { concatBytes } from '../dicom/encode.ts';
import { readUint32 } from '../dicom/element-header.ts';
import { EXTENDED_OFFSET_TABLE } from '../dicom/tags.ts';
import { findElement, readValueBytes } from '../dicom/values.ts';
import type { FrameShape } from './frame-shape.ts';
import { FRAME_BYTES_LIMIT, type PictureRefusal } from './picture.ts';

/** Offsets of 8 bytes for a million frames; a longer table is not read. */
const TABLE_BYTES_LIMIT = 8 * 1024 * 1024;
/** Item tag and length before each fragment. */
const ITEM_HEADER_BYTES = 8;

/** The codestream of the frame, its fragments joined. */
export async function encapsulatedFrame(
  instance: ParsedInstance,
  source: ByteSource,
  { element, frames }: Pick<FrameShape, 'element' | 'frames'>,
  frame: number,
): Promise<Uint8Array | { readonly because: PictureRefusal }> {
  const [table, ...fragments] = element.fragments ?? [];
  if (!table || fragments.length === 0) return { because: 'image-without-pixels' };
  const starts = frames === 1 ? [0] : await frameStarts(instance, source, { table, fragments }, frames);
  if (starts === null) return { because: 'image-damaged' };
  const wanted = fragments.slice(starts[frame], starts[frame + 1] ?? fragments.length);
  const bytes = wanted.reduce((sum, { length }) => sum + length, 0);
  if (bytes > FRAME_BYTES_LIMIT) return { because: 'image-too-large' };
  const parts = await Promise.all(wanted.map(({ offset, length }) => source.read(offset, length)));
  const joined = parts.length === 1 ? parts[0]! : concatBytes(parts);
  return joined.length < bytes || bytes === 0 ? { because: 'image-damaged' } : joined;
}

/** The number of each frame's first fragment, ascending; null if it cannot be known. */
async function frameStarts(
  instance: ParsedInstance,
  source: ByteSource,
  { table, fragments }: { readonly table: ByteRange; readonly fragments: readonly ByteRange[] },
  frames: number,
): Promise<readonly number[] | null> {
  const offsets = (await extendedOffsets(instance, source)) ?? (await basicOffsets(source, table));
  const byTable = offsets?.length === frames ? startsAt(offsets, fragments) : null;
  if (byTable) return byTable;
  if (fragments.length === frames) return fragments.map((_, which) => which);
  return await startsOfCodestreams(source, fragments, frames);
}

async function extendedOffsets(
  instance: ParsedInstance,
  source: ByteSource,
): Promise<readonly number[] | null> {
  const element = findElement(instance.elements, EXTENDED_OFFSET_TABLE);
  if (!element || element.valueLength === 0 || element.valueLength > TABLE_BYTES_LIMIT) return null;
  const bytes = await readValueBytes(element, source, TABLE_BYTES_LIMIT);
  return Array.from(
    { length: bytes.length >> 3 },
    (_, i) => readUint32(bytes, i * 8 + 4, false) * 2 ** 32 + readUint32(bytes, i * 8, false),
  );
}

async function basicOffsets(
  source: ByteSource,
  { offset, length }: ByteRange,
): Promise<readonly number[] | null> {
  if (length === 0 || length > TABLE_BYTES_LIMIT) return null;
  const bytes = await source.read(offset, length);
  return Array.from({ length: bytes.length >> 2 }, (_, i) => readUint32(bytes, i * 4, false));
}

/**
 * Offsets count from the first byte of the first item after the table (PS3.5 §A.4). Null if one points to no
 * fragment, or they do not ascend.
 */
function startsAt(offsets: readonly number[], fragments: readonly ByteRange[]): number[] | null {
  const origin = fragments[0]!.offset - ITEM_HEADER_BYTES;
  const numbers = new Map(fragments.map(({ offset }, which) => [offset - ITEM_HEADER_BYTES - origin, which]));
  const starts = offsets.map((offset) => numbers.get(offset) ?? -1);
  return starts.every((start, i) => start > (starts[i - 1] ?? -1)) && starts[0] === 0 ? starts : null;
}

/**
 * A JPEG or JPEG-LS codestream begins with SOI and a marker, one of JPEG 2000 with SOC and SIZ. No later
 * fragment begins with these by chance.
 */
async function startsOfCodestreams(
  source: ByteSource,
  fragments: readonly ByteRange[],
  frames: number,
): Promise<number[] | null> {
  const starts: number[] = [];
  for (const [which, { offset }] of fragments.entries()) {
    const [a, b, c, d] = await source.read(offset, 4);
    const isStart =
      (a === 0xff && b === 0xd8 && c === 0xff) || (a === 0xff && b === 0x4f && c === 0xff && d === 0x51);
    if (isStart) starts.push(which);
  }
  return starts.length === frames && starts[0] === 0 ? starts : null;
}
