/**
 * Finds the first fragment of each frame in encapsulated Pixel Data (PS3.5 §A.4): by the Extended Offset Table, by the
 * Basic Offset Table, by one fragment per frame, or, if frames have several fragments and there is no table, by the
 * fragments with which codestreams begin.
 */
import type { ByteRange, ByteSource, DicomElement } from './data-set.ts';
import { readUint32 } from './element-header.ts';
import { EXTENDED_OFFSET_TABLE } from './tags.ts';
import { findElement, readValueBytes } from './values.ts';

/** The longest offset table that is read: 8 bytes for each of a million frames. */
const TABLE_BYTES_LIMIT = 8 * 1024 * 1024;
/** Bytes of the item tag and length before each fragment. */
const ITEM_HEADER_BYTES = 8;

/** The fragments of Pixel Data: the first one is the Basic Offset Table. */
export interface Fragments {
  readonly table: ByteRange;
  readonly fragments: readonly ByteRange[];
}

/**
 * The index of each frame's first fragment, in ascending order; null if it cannot be determined. `elements`: the Data
 * Set or item that contains the Pixel Data.
 */
export async function frameStarts(
  elements: readonly DicomElement[],
  source: ByteSource,
  { table, fragments }: Fragments,
  frames: number,
): Promise<readonly number[] | null> {
  const offsets = (await extendedOffsets(elements, source)) ?? (await basicOffsets(source, table));
  const byTable = offsets?.length === frames ? startsAt(offsets, fragments) : null;
  if (byTable) return byTable;
  if (fragments.length === frames) return fragments.map((_, which) => which);
  return await startsOfCodestreams(source, fragments, frames);
}

async function extendedOffsets(
  elements: readonly DicomElement[],
  source: ByteSource,
): Promise<readonly number[] | null> {
  const element = findElement(elements, EXTENDED_OFFSET_TABLE);
  return element ? longNumbers(element, source) : null;
}

/** The numbers of an OV element; null if it has none or is longer than any table. */
export async function longNumbers(
  element: DicomElement,
  source: ByteSource,
): Promise<readonly number[] | null> {
  if (element.valueLength === 0 || element.valueLength > TABLE_BYTES_LIMIT) return null;
  const bytes = await readValueBytes(element, source, TABLE_BYTES_LIMIT);
  return Array.from(
    { length: bytes.length >> 3 },
    (_, i) => readUint32(bytes, i * 8 + 4, false) * 2 ** 32 + readUint32(bytes, i * 8, false),
  );
}

/** The offsets in the Basic Offset Table; null if it is empty. */
export async function basicOffsets(
  source: ByteSource,
  { offset, length }: ByteRange,
): Promise<readonly number[] | null> {
  if (length === 0 || length > TABLE_BYTES_LIMIT) return null;
  const bytes = await source.read(offset, length);
  return Array.from({ length: bytes.length >> 2 }, (_, i) => readUint32(bytes, i * 4, false));
}

/**
 * Offsets count from the first byte of the first item after the table (PS3.5 §A.4). Null if an offset points to no
 * fragment, or the offsets do not ascend.
 */
export function startsAt(offsets: readonly number[], fragments: readonly ByteRange[]): number[] | null {
  const origin = fragments[0]!.offset - ITEM_HEADER_BYTES;
  const numbers = new Map(fragments.map(({ offset }, which) => [offset - ITEM_HEADER_BYTES - origin, which]));
  const starts = offsets.map((offset) => numbers.get(offset) ?? -1);
  return starts.every((start, i) => start > (starts[i - 1] ?? -1)) && starts[0] === 0 ? starts : null;
}

/**
 * A JPEG or JPEG-LS codestream begins with SOI and a marker, a JPEG 2000 codestream with SOC and SIZ. Later fragments
 * of a codestream do not begin with these by chance.
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
