/**
 * Clears encapsulated Pixel Data (PS3.5 §A.4): comments and camera data of the codestreams, bytes behind them, surplus
 * fragments, unused bits where the coding keeps samples as they are, and an offset table that is not a valid one. All
 * of it is overwritten with zeros, so that no length and no offset changes.
 */
import type { ByteRange, ByteSource, DicomElement } from '../../dicom/data-set.ts';
import { rangeSource } from '../../dicom/byte-source.ts';
import { nativeBits, type PixelModule } from '../../dicom/examine-pixel-module.ts';
import { basicOffsets, frameStarts, startsAt, type Fragments } from '../../dicom/frame-starts.ts';
import { inflateDataSet } from '../../dicom/inflate-data-set.ts';
import { type Segment, zeros } from '../segments.ts';
import { clearNative } from './clear-native.ts';
import { Codestream, type FoundInCodestream, windowed } from './codestream.ts';
import { findUnseenInJpeg2000 } from './jpeg-2000-unseen.ts';
import { findUnseenInJpeg } from './jpeg-unseen.ts';
import { clearRle } from './rle-unseen.ts';
import type { SampleBits } from './sample-bits.ts';

/** The codings of frames that can be searched. */
type Coding = 'jpeg' | 'jpeg-ls' | 'jpeg-2000' | 'rle' | 'native' | 'deflated';

const ROOT = '1.2.840.10008.1.2.';
const CODINGS: ReadonlyMap<string, Coding> = new Map(
  (
    [
      ['jpeg', '4.50 4.51 4.52 4.53 4.54 4.55 4.56 4.57 4.58 4.59 4.60 4.61 4.62 4.63 4.64 4.65 4.66 4.70'],
      ['jpeg-ls', '4.80 4.81'],
      ['jpeg-2000', '4.90 4.91 4.92 4.93 4.201 4.202 4.203'],
      ['rle', '5'],
      ['native', '1.98'],
      ['deflated', '8.1'],
    ] as const
  ).flatMap(([coding, ends]) => ends.split(' ').map((end): [string, Coding] => [ROOT + end, coding])),
);

/**
 * Whether encapsulated Pixel Data of this transfer syntax can be searched. Video cannot, because it may carry sound
 * and captions; nor can JPEG XL, because only a decoder finds its end.
 */
export function isClearable(transferSyntaxUID: string): boolean {
  return CODINGS.has(transferSyntaxUID);
}

interface Encapsulated {
  readonly element: DicomElement;
  /** Elements of the Data Set or item around it. */
  readonly elements: readonly DicomElement[];
  readonly module: PixelModule;
  readonly bitsStored: number;
  readonly bits: SampleBits | null;
  readonly transferSyntaxUID: string;
  readonly source: ByteSource;
}

/** A range of the value, and the pieces that replace it, of the same total length. */
type Edit = { readonly range: ByteRange; readonly pieces: readonly Segment[] };

/** Item tag and a length of zero: an empty Basic Offset Table. */
const EMPTY_TABLE = Uint8Array.of(0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0);

/**
 * The pieces of the cleared value, without its delimiter; null if there is nothing to clear, 'unclear' if a frame
 * cannot be searched. Throws the signal's reason.
 */
export async function clearFragments(
  pixels: Encapsulated,
  signal?: AbortSignal,
): Promise<Segment[] | 'unclear' | null> {
  const [table, ...fragments] = pixels.element.fragments ?? [];
  const coding = CODINGS.get(pixels.transferSyntaxUID);
  if (!table || fragments.length === 0 || coding === undefined) return 'unclear';
  const source = windowed(pixels.source);
  const { frames } = pixels.module;
  const parts = { table, fragments };
  const starts = frames === 1 ? [0] : await frameStarts(pixels.elements, source, parts, frames);
  if (starts === null) return 'unclear';
  const edits: Edit[] = [];
  for (const [frame, start] of starts.entries()) {
    signal?.throwIfAborted();
    const own = fragments.slice(start, starts[frame + 1] ?? fragments.length);
    const found = await clearFrame(own, coding, { ...pixels, source }, signal);
    if (found === null) return 'unclear';
    edits.push(...found);
  }
  const isTable = await isOffsetTable(source, parts, starts);
  return isTable && edits.length === 0 ? null : edited(pixels.element, table, isTable, edits);
}

/** Whether the table is empty, or holds the offset of each frame and nothing else. */
async function isOffsetTable(
  source: ByteSource,
  { table, fragments }: Fragments,
  starts: readonly number[],
): Promise<boolean> {
  if (table.length === 0) return true;
  if (table.length !== 4 * starts.length) return false;
  const found = startsAt((await basicOffsets(source, table)) ?? [], fragments);
  return found?.every((start, frame) => start === starts[frame]) ?? false;
}

/** Null if the frame cannot be searched. */
async function clearFrame(
  fragments: readonly ByteRange[],
  coding: Coding,
  pixels: Encapsulated,
  signal: AbortSignal | undefined,
): Promise<Edit[] | null> {
  if (coding === 'jpeg' || coding === 'jpeg-ls' || coding === 'jpeg-2000') {
    const codestream = new Codestream(fragments, pixels.source);
    const found =
      coding === 'jpeg-2000'
        ? await findUnseenInJpeg2000(codestream, signal)
        : await findUnseenInJpeg(codestream, coding, signal);
    // Bits beyond Bits Stored cannot be cleared without decoding.
    if (found === null || found.precision > pixels.bitsStored) return null;
    return blanked(codestream, found);
  }
  const [first, ...surplus] = fragments;
  // PS3.5 §A.4.2: each frame is one fragment. A surplus one is a frame beyond the declared number, and no reader
  // accepts it once it is blank.
  if (coding === 'rle' && surplus.length > 0) return null;
  const own = first && (await clearOnlyFragment(first, coding, pixels, signal));
  if (!own) return null;
  const behind = new Codestream(surplus, pixels.source);
  return [...own, ...(await blanked(behind, whole(behind.length)))];
}

const whole = (length: number): FoundInCodestream => ({ unseen: [{ offset: 0, length }], precision: 0 });

async function blanked(codestream: Codestream, { unseen }: FoundInCodestream): Promise<Edit[]> {
  const edits: Edit[] = [];
  for (const range of unseen) {
    if (await codestream.isBlank(range)) continue;
    for (const inSource of codestream.toSource(range))
      edits.push({ range: inSource, pieces: zeros(inSource.length) });
  }
  return edits;
}

/** A coding in which each frame is one fragment. */
async function clearOnlyFragment(
  range: ByteRange,
  coding: 'rle' | 'native' | 'deflated',
  { module, bits, source }: Encapsulated,
  signal: AbortSignal | undefined,
): Promise<Edit[] | null> {
  const samples = { bits, length: nativeBits({ ...module, frames: 1 }), isSwapped: false };
  if (coding === 'deflated') {
    const inflated = await inflateDataSet(rangeSource(source, range), 0, signal);
    if (inflated.kind !== 'inflated') return null;
    const { size } = inflated.dataSet;
    const found = await clearNative({ offset: 0, length: size }, samples, inflated.dataSet, signal);
    return found === null ? [] : null;
  }
  if (coding === 'native') {
    const needed = Math.ceil(samples.length / 8);
    if (needed > range.length) return null;
    const own = { offset: range.offset, length: Math.min(range.length, needed + (needed & 1)) };
    const behind = { offset: own.offset + own.length, length: range.length - own.length };
    const pieces = await clearNative(own, samples, source, signal);
    const rest = await blanked(new Codestream([behind], source), whole(behind.length));
    return pieces === null ? rest : [{ range: own, pieces }, ...rest];
  }
  const { rows, columns, samples: perPixel, bitsAllocated } = module;
  const width = Math.ceil(bitsAllocated / 8);
  const frame = { pixels: rows * columns, samples: perPixel, width, bits };
  const cleared = await clearRle(range, frame, source);
  if (cleared === null) return null;
  if (cleared === 'clear') return [];
  const make = async (from: ByteSource): Promise<Uint8Array> => {
    const made = await clearRle(range, frame, from);
    return made instanceof Uint8Array ? made : from.read(range.offset, range.length);
  };
  return [{ range, pieces: [{ length: range.length, make }] }];
}

/** The value with its edits applied in place. */
function edited(
  { valueOffset, valueLength }: DicomElement,
  table: ByteRange,
  keepsTable: boolean,
  edits: readonly Edit[],
): Segment[] {
  const pieces: Segment[] = keepsTable ? [] : [EMPTY_TABLE];
  let at = keepsTable ? valueOffset : table.offset + table.length;
  for (const { range, pieces: made } of edits.toSorted((a, b) => a.range.offset - b.range.offset)) {
    if (range.offset > at) pieces.push({ offset: at, length: range.offset - at });
    pieces.push(...made);
    at = range.offset + range.length;
  }
  const end = valueOffset + valueLength;
  return at < end ? [...pieces, { offset: at, length: end - at }] : pieces;
}
