/**
 * Clears content of pixel data that belongs to no attribute: bits and bytes outside the samples, and comments and
 * camera data inside codestreams. The values of an image stay as they are. The bytes are searched as they stream,
 * nothing is decoded, and doubtful cases are reported.
 *
 * The device writes what this returns. The gateway runs it again and must find nothing to clear (`residue.ts`).
 */
import type { ByteSource, DicomElement, Encoding, ParsedInstance } from '../../dicom/data-set.ts';
import { tagName } from '../../dicom/dictionary.ts';
import { nativeBits, readPixelModule } from '../../dicom/examine-pixel-module.ts';
import { longNumbers, startsAt } from '../../dicom/frame-starts.ts';
import { encodingOf } from '../../dicom/registry.ts';
import { readStoredBits, type StoredBits } from '../../dicom/stored-bits.ts';
import {
  DOUBLE_FLOAT_PIXEL_DATA,
  EXTENDED_OFFSET_TABLE,
  FLOAT_PIXEL_DATA,
  PIXEL_DATA,
} from '../../dicom/tags.ts';
import { findElement, readValueBytes, type ValueContext } from '../../dicom/values.ts';
import type { PlannedElement } from '../plan.ts';
import { type Segment, zeros } from '../segments.ts';
import { clearFragments } from './clear-fragments.ts';
import { clearNative } from './clear-native.ts';
import { clearedProfile, PROFILE_BYTES_LIMIT } from './clear-profile.ts';
import { clearedTexts, mayHoldText } from './clear-texts.ts';
import { Codestream } from './codestream.ts';
import type { Known } from '../text/hold-known-values.ts';
import type { SampleBits } from './sample-bits.ts';

/** The cleared value of an element that held more than an image shows. */
interface ClearedValue {
  /** Path as in a report: '7fe0,0010'. */
  readonly path: string;
  readonly pieces: readonly Segment[];
}
export type ClearedValues = ReadonlyMap<DicomElement, ClearedValue>;

/** A Data Set or an item, with the elements that describe its pixels. */
interface Around {
  readonly elements: readonly DicomElement[];
  readonly encoding: Encoding;
  readonly instance: ParsedInstance;
}

/** Extended Offset Table, Extended Offset Table Lengths. */
const TABLES = new Set([EXTENDED_OFFSET_TABLE, 0x7fe00002]);
const ICC_PROFILE = 0x00282000;
const BULK = new Set([...TABLES, ICC_PROFILE, FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA, PIXEL_DATA]);
const NOTHING_CLEARED: ClearedValues = new Map();

/**
 * `known`: the values of the header, to be looked for in the texts of other values; null: such texts are not searched.
 * Returns null if something may be hidden where it cannot be cleared. Rejects if reading the source does, and with the
 * signal's reason.
 */
export async function clearBulk(
  instance: ParsedInstance,
  planned: readonly PlannedElement[],
  known: Known | null,
  signal?: AbortSignal,
): Promise<ClearedValues | null> {
  const values = new Map<DicomElement, ClearedValue>();
  for (const { element, path, around } of bulkIn(planned, instance)) {
    signal?.throwIfAborted();
    const pieces = BULK.has(element.tag)
      ? await clearValue(element, around, signal)
      : known && (await clearedTexts(element, known, instance.dataSet));
    if (pieces === 'unclear') return null;
    if (pieces !== null) values.set(element, { path, pieces });
  }
  return values.size === 0 ? NOTHING_CLEARED : values;
}

/**
 * Whether `clearBulk` would return a result. Native samples, which can always be cleared, are not read, and no more
 * than `bytesAtMost` of everything else. Bytes beyond that count as clear here, and `clearBulk` checks them later.
 * Rejects as `clearBulk` does.
 */
export async function isClearableWithin(
  instance: ParsedInstance,
  planned: readonly PlannedElement[],
  bytesAtMost: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const some = { ...instance, dataSet: readingAtMost(instance.dataSet, bytesAtMost) };
  const looked = planned.filter(({ element }) => element !== null && !isClearableNative(element, instance));
  try {
    return (await clearBulk(some, looked, null, signal)) !== null;
  } catch (error) {
    if (error instanceof ReadEnough) return true;
    throw error;
  }
}

function isClearableNative(element: DicomElement, instance: ParsedInstance): boolean {
  const { elements, encoding, characterSets, transferSyntaxUID } = instance;
  if (element.tag !== PIXEL_DATA || element.fragments !== null) return false;
  if (encodingOf(transferSyntaxUID) === null) return false;
  const context: ValueContext = { characterSets, encoding };
  const module = readPixelModule(elements, context, PIXEL_DATA);
  if ('because' in module) return true;
  const { bitsAllocated } = module;
  return sampleBits(bitsAllocated, readStoredBits(elements, context, bitsAllocated), encoding) !== 'unclear';
}

class ReadEnough extends Error {}

function readingAtMost(source: ByteSource, bytes: number): ByteSource {
  let left = bytes;
  return {
    size: source.size,
    read(offset, length) {
      left -= length;
      if (left < 0) throw new ReadEnough('as many bytes as wanted were read');
      return source.read(offset, length);
    },
  };
}

type Bulk = { readonly element: DicomElement; readonly path: string; readonly around: Around };

/** Kept pixels and numbers at any depth, since an icon has its own pixels. */
function bulkIn(planned: readonly PlannedElement[], instance: ParsedInstance): Bulk[] {
  const found: Bulk[] = [];
  const visit = (within: readonly PlannedElement[], before: string, around: Around): void => {
    for (const { tag, how, element, items } of within) {
      if (element !== null && how === 'keep' && (BULK.has(tag) || mayHoldText(element)))
        found.push({ element, path: before + tagName(tag), around });
      for (const [at, { item, elements }] of (items ?? []).entries()) {
        const { elements: all, encoding } = item;
        visit(elements, `${before}${tagName(tag)}[${at + 1}]>`, { elements: all, encoding, instance });
      }
    }
  };
  visit(planned, '', { elements: instance.elements, encoding: instance.encoding, instance });
  return found;
}

/** The new pieces of a value. Null: the value stays. 'unclear': what it holds cannot be determined. */
async function clearValue(
  element: DicomElement,
  around: Around,
  signal: AbortSignal | undefined,
): Promise<readonly Segment[] | 'unclear' | null> {
  if (element.tag === ICC_PROFILE) return clearProfile(element, around.instance);
  if (TABLES.has(element.tag)) return (await isOffsetTable(element, around)) ? null : [];
  const { elements, encoding, instance } = around;
  // The sample layout of an unknown transfer syntax is unknown.
  if (encodingOf(instance.transferSyntaxUID) === null) return 'unclear';
  const context: ValueContext = { characterSets: instance.characterSets, encoding };
  const module = readPixelModule(elements, context, element.tag);
  if ('because' in module) return element.fragments === null ? blank(element, instance) : 'unclear';
  const { bitsAllocated } = module;
  const stored = readStoredBits(elements, context, bitsAllocated);
  const bits = element.tag === PIXEL_DATA ? sampleBits(bitsAllocated, stored, encoding) : null;
  if (bits === 'unclear') return 'unclear';
  const { transferSyntaxUID, dataSet: source } = instance;
  if (element.fragments !== null) {
    const { bitsStored } = stored;
    return clearFragments({ element, elements, module, bitsStored, bits, transferSyntaxUID, source }, signal);
  }
  const isSwapped = encoding.bigEndian && bitsAllocated <= 8 && element.vr === 'OW';
  const range = { offset: element.valueOffset, length: element.valueLength };
  return clearNative(range, { bits, length: nativeBits(module), isSwapped }, source, signal);
}

async function clearProfile(
  element: DicomElement,
  { dataSet }: ParsedInstance,
): Promise<Segment[] | 'unclear' | null> {
  if (element.valueLength > PROFILE_BYTES_LIMIT) return 'unclear';
  const profile = await readValueBytes(element, dataSet, PROFILE_BYTES_LIMIT);
  const cleared = clearedProfile(profile);
  return cleared.every((byte, at) => byte === profile[at]) ? null : [cleared];
}

/** Blanks a value that is no image: an item that holds Pixel Data by mistake has no rows and columns. */
async function blank(
  { valueOffset: offset, valueLength: length }: DicomElement,
  { dataSet }: ParsedInstance,
): Promise<Segment[] | null> {
  const value = new Codestream([{ offset, length }], dataSet);
  return (await value.isBlank({ offset: 0, length })) ? null : zeros(length);
}

/** Whether this is an offset table (PS3.3 §C.7.6.3.1.8): one number per frame, its offset or its length. */
async function isOffsetTable(
  element: DicomElement,
  { elements, encoding, instance }: Around,
): Promise<boolean> {
  if (element.valueLength === 0) return true;
  const [table, ...fragments] = findElement(elements, PIXEL_DATA)?.fragments ?? [];
  const module = readPixelModule(elements, { characterSets: [], encoding }, PIXEL_DATA);
  if (!table || fragments.length === 0 || 'because' in module) return false;
  const numbers = await longNumbers(element, instance.dataSet);
  if (numbers?.length !== module.frames || element.valueLength !== 8 * module.frames) return false;
  if (element.tag === EXTENDED_OFFSET_TABLE) return startsAt(numbers, fragments) !== null;
  const longest = fragments.reduce((sum, { length }) => sum + length, 0);
  return numbers.every((length) => length <= longest);
}

/** Null: samples have no unused bits. */
function sampleBits(
  bitsAllocated: number,
  { bitsStored, highBit, isSigned }: StoredBits,
  { bigEndian }: Encoding,
): SampleBits | 'unclear' | null {
  if (bitsStored >= bitsAllocated) return null;
  // The 12 bits of ACR-NEMA, and sizes that no known image uses.
  if (bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 32) return 'unclear';
  return {
    width: (bitsAllocated / 8) as SampleBits['width'],
    lowest: highBit - bitsStored + 1,
    stored: bitsStored,
    isSigned,
    bigEndian,
  };
}
