/**
 * Reads the lookup tables of the standard: modality and VOI LUT (PS3.3 §C.11.1.1.1, §C.11.2.1.1), palettes
 * (§C.7.6.3.1.5, §C.7.6.3.1.6) and segmented palettes (§C.7.9.2).
 */
import type { ByteSource, DicomElement } from '../dicom/data-set.ts';
import {
  LUT_DATA,
  LUT_DESCRIPTOR,
  RED_PALETTE_DATA,
  RED_PALETTE_DESCRIPTOR,
  SEGMENTED_RED_PALETTE_DATA,
} from '../dicom/tags.ts';
import { findElement, numbersOf, readValueBytes, type ValueContext } from '../dicom/values.ts';

/** `entries[value - first]`; values outside the table use the nearest entry. `most` is the largest possible entry. */
interface LookupTable {
  readonly entries: Uint16Array;
  readonly first: number;
  readonly most: number;
}

/** 65 536 entries of 16 bits, the most that a descriptor can state. */
const TABLE_BYTES_LIMIT = 131_072;
const MOST_ENTRIES = 65_536;

/**
 * The table of an item of Modality LUT Sequence or VOI LUT Sequence; null if it has no readable table. `isSigned`:
 * input values may be negative.
 */
export async function readTable(
  elements: readonly DicomElement[],
  context: ValueContext,
  source: ByteSource,
  isSigned: boolean,
): Promise<LookupTable | null> {
  const descriptor = findElement(elements, LUT_DESCRIPTOR);
  const data = findElement(elements, LUT_DATA);
  return descriptor && data ? await tableOf(descriptor, data, { context, source, isSigned }) : null;
}

/** Red, green and blue of PALETTE COLOR, whole or segmented; null if one is missing. */
export async function readPalette(
  elements: readonly DicomElement[],
  context: ValueContext,
  source: ByteSource,
  isSigned: boolean,
): Promise<readonly [LookupTable, LookupTable, LookupTable] | null> {
  const reading = { context, source, isSigned };
  const tables = await Promise.all(
    [0, 1, 2].map(async (colour) => {
      const descriptor = findElement(elements, RED_PALETTE_DESCRIPTOR + colour);
      const data = findElement(elements, RED_PALETTE_DATA + colour);
      if (!descriptor) return null;
      if (data) return await tableOf(descriptor, data, reading);
      const segments = findElement(elements, SEGMENTED_RED_PALETTE_DATA + colour);
      return segments ? await segmentedTable(descriptor, segments, reading) : null;
    }),
  );
  const [red, green, blue] = tables;
  return red && green && blue ? [red, green, blue] : null;
}

interface Descriptor {
  readonly count: number;
  readonly first: number;
  readonly bits: number;
}

/**
 * "The first value is the number of entries … when it is 65536 the value is 0; the second the first stored
 * value mapped; the third the bits."
 */
function readDescriptor(element: DicomElement, context: ValueContext, isSigned: boolean): Descriptor {
  const [count = 0, first = 0, bits = 16] = numbersOf(
    element.vr === 'UN' || element.vr === 'OW' ? { ...element, vr: 'US' } : element,
    context,
  );
  const entries = count & 0xffff;
  // For signed stored values, the second value may be written as US with the same 16 bits.
  return {
    count: entries === 0 ? MOST_ENTRIES : entries,
    first: isSigned && first > 32_767 ? first - 65_536 : first,
    bits: bits > 8 && bits <= 16 ? bits : bits === 8 ? 8 : 16,
  };
}

interface Reading {
  readonly context: ValueContext;
  readonly source: ByteSource;
  readonly isSigned: boolean;
}

async function tableOf(
  descriptor: DicomElement,
  data: DicomElement,
  { context, source, isSigned }: Reading,
): Promise<LookupTable | null> {
  const { count, first, bits } = readDescriptor(descriptor, context, isSigned);
  if (data.valueLength === 0 || data.valueLength > TABLE_BYTES_LIMIT) return null;
  const bytes = await readValueBytes(data, source, TABLE_BYTES_LIMIT);
  // Entries of 8 bits are packed two to a word, but some writers put one in each word. Missing entries at the end
  // repeat the last one.
  const isPacked = bytes.length < count * 2;
  const values = isPacked ? Uint16Array.from(bytes) : words(bytes, context);
  if (isPacked && bits > 8 && bytes.length < count) return null;
  const entries = values.slice(0, count);
  return { entries, first, most: isPacked ? 255 : largest(entries, bits) };
}

/**
 * The largest possible entry. Entries of 8 bits in words are in the low byte or, contrary to the standard, scaled to
 * 16 bits.
 */
function largest(entries: Uint16Array, bits: number): number {
  return bits === 8 && entries.some((entry) => entry > 255) ? 65_535 : 2 ** bits - 1;
}

function words(bytes: Uint8Array, { encoding }: ValueContext): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint16Array.from({ length: bytes.length >> 1 }, (_, i) =>
    view.getUint16(i * 2, !encoding.bigEndian),
  );
}

async function segmentedTable(
  descriptor: DicomElement,
  data: DicomElement,
  { context, source, isSigned }: Reading,
): Promise<LookupTable | null> {
  const { count, first, bits } = readDescriptor(descriptor, context, isSigned);
  if (data.valueLength > TABLE_BYTES_LIMIT) return null;
  const bytes = await readValueBytes(data, source, TABLE_BYTES_LIMIT);
  const entries = expandSegments(bits === 8 ? Uint16Array.from(bytes) : words(bytes, context), count);
  return entries ? { entries, first, most: 2 ** bits - 1 } : null;
}

/**
 * PS3.3 §C.7.9.2: opcode 0 discrete (n, values), 1 linear (n, last value; from the previous entry to this value), 2
 * indirect (n segments, offset in 16-bit words, least significant first, from the start of the data). Null if they do
 * not yield `count` entries.
 */
function expandSegments(segments: Uint16Array, count: number): Uint16Array | null {
  const entries = new Uint16Array(count);
  let filled = 0;
  const expand = (from: number, most: number, isIndirect: boolean): boolean => {
    let at = from;
    for (let done = 0; done < most && at < segments.length && filled < count; done += 1) {
      const opcode = segments[at];
      const length = segments[at + 1] ?? 0;
      if (opcode === 0) {
        for (let i = 0; i < length && filled < count; i += 1) entries[filled++] = segments[at + 2 + i] ?? 0;
        at += 2 + length;
      } else if (opcode === 1 && filled > 0) {
        const before = entries[filled - 1]!;
        const last = segments[at + 2] ?? 0;
        for (let i = 1; i <= length && filled < count; i += 1)
          entries[filled++] = Math.round(before + ((last - before) * i) / length);
        at += 3;
      } else if (opcode === 2 && !isIndirect) {
        const offset = (segments[at + 2] ?? 0) + (segments[at + 3] ?? 0) * 65_536;
        if (!expand(offset, length, true)) return false;
        at += 4;
      } else return false;
    }
    return true;
  };
  return expand(0, MOST_ENTRIES, false) && filled === count ? entries : null;
}

/** The entry of a value, from 0 to 1. */
export function entryOf({ entries, first, most }: LookupTable, value: number): number {
  return rawEntryOf({ entries, first }, value) / most;
}

/** The entry of a value, as stored in the table. */
export function rawEntryOf(
  { entries, first }: Pick<LookupTable, 'entries' | 'first'>,
  value: number,
): number {
  return entries[Math.min(entries.length - 1, Math.max(0, Math.round(value) - first))]!;
}
