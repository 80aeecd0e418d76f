/**
 * Compares the Image Pixel Module (PS3.3 §C.7.6.3) with the pixel data, without decoding it: sizes, encoding, offset
 * tables and RLE headers. Pixel data that is missing, too short, too long or oddly coded is only a warning: a PACS
 * stores such an image, and the policy decides about it (protocol/irregularities.ts). It is refused if its claimed
 * size would exhaust the memory of any program that opens it.
 */
import type { ReasonCode } from '../protocol/reasons.ts';
import type { ByteSource, DicomElement, Encoding } from './data-set.ts';
import { readUint32 } from './element-header.ts';
import { frameStarts } from './frame-starts.ts';
import { FRAME_PIXELS_LIMIT, FRAMES_LIMIT, PLAUSIBLE_VALUE_BYTES } from './limits.ts';
import { RLE_LOSSLESS, type SOPClassKind } from './registry.ts';
import {
  BITS_ALLOCATED,
  BITS_STORED,
  COLUMNS,
  DOUBLE_FLOAT_PIXEL_DATA,
  EXTENDED_OFFSET_TABLE,
  FLOAT_PIXEL_DATA,
  ICON_IMAGE_SEQUENCE,
  NUMBER_OF_FRAMES,
  PALETTE_UID,
  PHOTOMETRIC_INTERPRETATION,
  PIXEL_DATA,
  RED_PALETTE_DATA,
  RED_PALETTE_DESCRIPTOR,
  ROWS,
  SAMPLES_PER_PIXEL,
  SEGMENTED_RED_PALETTE_DATA,
} from './tags.ts';
import type { Fault, Unexamined } from './unexamined.ts';
import { asciiText, findElement, numbersOf, textOf } from './values.ts';
import type { ValueContext } from './values.ts';
import type { CutPixelData } from './walk-state.ts';

/** The size of an image, as its header states it. */
export interface PixelModule {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly samples: number;
  readonly bitsAllocated: number;
  readonly photometricInterpretation: string;
}

/**
 * PS3.3 §C.7.6.3.1.1: 1, 3, and (retired) 4 samples. PS3.5 §8.1.1: Bits Allocated is 1 or a multiple of 8; ACR-NEMA
 * had 12.
 */
const SAMPLES = new Set([1, 3, 4]);
const BITS = new Set([1, 8, 12, 16, 24, 32, 40, 48, 56, 64]);
/**
 * The most RLE frames whose headers are examined: enough to notice a damaged file without reading all of a long cine.
 */
const RLE_FRAMES_EXAMINED = 64;
/** The most fragments whose first bytes are examined if their number differs from that of the frames. */
const FRAGMENTS_EXAMINED = 16_384;
/** The most bytes of an offset table that are examined: 16 384 frames. */
const OFFSET_TABLE_BYTES = 65_536;
/** Transfer Syntaxes of video: a single fragment holds all frames (PS3.5 §A.4.6 to §A.4.10). */
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10[0-8](\.1)?$/;

/** The first fault, or null. May add warnings. */
export async function examinePixelModule(
  unexamined: Unexamined,
  context: ValueContext,
  kind: SOPClassKind,
  signal?: AbortSignal,
): Promise<Fault | null> {
  const { elements, encoding, warnings } = unexamined;
  const pixelData = elements.find(
    ({ tag }) => tag === PIXEL_DATA || tag === FLOAT_PIXEL_DATA || tag === DOUBLE_FLOAT_PIXEL_DATA,
  );
  if (isIconOversized(elements, context)) warnings.add('icon-oversized');
  if (!pixelData) {
    if (kind === 'image') warnings.add('pixel-data-missing');
    return null;
  }
  const at = (because: ReasonCode): Fault => ({ because, tag: pixelData.tag, offset: pixelData.offset });
  if (pixelData.items !== null) return at('wrong-vr');
  const module = readPixelModule(elements, context, pixelData.tag);
  if ('because' in module) return module;
  // PS3.5 §A.4: encapsulated transfer syntaxes have fragments, native ones do not. Float pixel data is never
  // encapsulated.
  const mustBeEncapsulated = encoding.encapsulated && pixelData.tag === PIXEL_DATA;
  if (mustBeEncapsulated !== (pixelData.fragments !== null)) return at('pixel-data-encoding');
  if (module.photometricInterpretation === 'PALETTE COLOR' && !hasPalette(elements))
    return at('palette-missing');
  if (pixelData.fragments) return await examineFragments(unexamined, pixelData, module, signal);
  const needed = nativeBytes(module);
  if (pixelData.valueLength < needed && !isPlausible(module)) return at('pixel-data-length');
  // PS3.5 §8.1.1: an odd number of bytes is padded by one. More than that could be hidden data, or a frame that is not
  // declared.
  if (pixelData.valueLength < needed || pixelData.valueLength > needed + (needed & 1))
    warnings.add('pixel-data-length');
  return null;
}

/**
 * Examines Pixel Data that the end of the file cuts off. Native: the file was truncated if the claimed length is the
 * one that rows and columns require, otherwise the length is wrong. Encapsulated without its delimiter: if there are
 * several frames, some may be missing; if there is only one, the writer forgot the delimiter.
 */
export function examineCutPixelData(
  elements: readonly DicomElement[],
  encoding: Encoding,
  cut: CutPixelData,
): ReasonCode {
  const module = readPixelModule(elements, { characterSets: [], encoding }, PIXEL_DATA);
  if (cut === 'unclosed')
    return !('because' in module) && module.frames > 1 ? 'truncated' : 'missing-delimiter';
  if ('because' in module)
    return cut.claimedBytes > PLAUSIBLE_VALUE_BYTES ? 'length-beyond-end' : 'truncated';
  const needed = nativeBytes(module);
  return cut.claimedBytes >= needed && cut.claimedBytes <= needed + 1 ? 'truncated' : 'length-beyond-end';
}

/** The size according to the elements, or what is wrong with them. */
export function readPixelModule(
  elements: readonly DicomElement[],
  context: ValueContext,
  pixelTag: number,
): PixelModule | Fault {
  const rows = oneNumber(elements, ROWS, context, 0);
  const columns = oneNumber(elements, COLUMNS, context, 0);
  const samples = oneNumber(elements, SAMPLES_PER_PIXEL, context, 1);
  // The Floating Point Image Pixel Modules define a fixed Bits Allocated, which some writers omit.
  const bitsOfFloat = pixelTag === DOUBLE_FLOAT_PIXEL_DATA ? 64 : pixelTag === FLOAT_PIXEL_DATA ? 32 : 0;
  const bitsAllocated = oneNumber(elements, BITS_ALLOCATED, context, bitsOfFloat);
  const bitsStored = oneNumber(elements, BITS_STORED, context, 0);
  const frames = numberOfFrames(elements);
  if (typeof rows === 'object') return rows;
  if (typeof columns === 'object') return columns;
  if (typeof samples === 'object') return samples;
  if (typeof bitsAllocated === 'object') return bitsAllocated;
  if (typeof bitsStored === 'object') return bitsStored;
  if (typeof frames === 'object') return frames;
  if (rows === 0 || columns === 0)
    return faultAt('invalid-dimensions', elements, rows === 0 ? ROWS : COLUMNS);
  if (!SAMPLES.has(samples)) return faultAt('inconsistent-pixel-module', elements, SAMPLES_PER_PIXEL);
  if (!BITS.has(bitsAllocated)) return faultAt('inconsistent-pixel-module', elements, BITS_ALLOCATED);
  if (bitsStored > bitsAllocated) return faultAt('inconsistent-pixel-module', elements, BITS_STORED);
  const photometricInterpretation = textOf(findElement(elements, PHOTOMETRIC_INTERPRETATION), context) ?? '';
  return { rows, columns, samples, bitsAllocated, frames, photometricInterpretation };
}

/**
 * Whether the size is plausible. An image that claims more than it contains must not exhaust programs that believe it.
 */
function isPlausible({ rows, columns, frames }: PixelModule): boolean {
  return rows * columns <= FRAME_PIXELS_LIMIT && frames <= FRAMES_LIMIT;
}

/** Bytes of native pixel data, without padding. */
export function nativeBytes(module: PixelModule): number {
  return Math.ceil(nativeBits(module) / 8);
}

/** Bits of native pixel data (PS3.5 §8.1, PS3.3 §C.7.6.3.1.2). */
export function nativeBits({
  rows,
  columns,
  frames,
  samples,
  bitsAllocated,
  photometricInterpretation,
}: PixelModule): number {
  // "YBR_FULL_422 … one CB and CR value for every two Y values": two samples per pixel; 4:2:0 has one and a half.
  const isChromaShared = samples === 3 && /_42[02]$/.test(photometricInterpretation);
  const stored = !isChromaShared ? samples : photometricInterpretation.endsWith('420') ? 1.5 : 2;
  return rows * columns * frames * stored * bitsAllocated;
}

/** A number on which the image depends. It must have the right VR and exactly one value. */
function oneNumber(
  elements: readonly DicomElement[],
  tag: number,
  context: ValueContext,
  absent: number,
): number | Fault {
  const element = findElement(elements, tag);
  if (!element || element.valueLength === 0) return absent;
  if (element.vr === 'UN' && element.bytes?.length === 2)
    return numbersOf({ ...element, vr: 'US' }, context)[0] ?? absent;
  if (element.vr !== 'US' && element.vr !== 'SS') return faultAt('wrong-vr', elements, tag);
  const numbers = numbersOf(element, context);
  return numbers.length === 1 ? numbers[0]! : faultAt('multiple-values', elements, tag);
}

/**
 * PS3.3 §C.7.6.6: a positive IS. Characters after the digits ("1A") are ignored as a writer's mistake, because the
 * length of the pixel data is checked anyway.
 */
function numberOfFrames(elements: readonly DicomElement[]): number | Fault {
  const element = findElement(elements, NUMBER_OF_FRAMES);
  const text = element?.bytes ? asciiText(element.bytes).trim() : '';
  if (text === '' || text === '\0') return 1;
  const frames = Number.parseInt(text, 10);
  return frames > 0 ? frames : faultAt('invalid-number-of-frames', elements, NUMBER_OF_FRAMES);
}

function hasPalette(elements: readonly DicomElement[]): boolean {
  if (findElement(elements, PALETTE_UID)) return true;
  // The tags for red, green and blue are consecutive: descriptors 1101-1103, tables 1201-1203 or segmented 1221-1223.
  return [0, 1, 2].every(
    (colour) =>
      findElement(elements, RED_PALETTE_DESCRIPTOR + colour) !== null &&
      (findElement(elements, RED_PALETTE_DATA + colour) ??
        findElement(elements, SEGMENTED_RED_PALETTE_DATA + colour)) !== null,
  );
}

async function examineFragments(
  unexamined: Unexamined,
  pixelData: DicomElement,
  module: PixelModule,
  signal?: AbortSignal,
): Promise<Fault | null> {
  const { dataSet, elements, transferSyntaxUID, warnings } = unexamined;
  const at = (because: ReasonCode): Fault => ({ because, tag: pixelData.tag, offset: pixelData.offset });
  const [table, ...fragments] = pixelData.fragments ?? [];
  if (!isPlausible(module) && fragments.length < module.frames) return at('pixel-data-length');
  if (!table || fragments.length === 0) {
    warnings.add('pixel-data-missing');
    return null;
  }
  const bytes = fragments.reduce((sum, { length }) => sum + 8 + length, 0);
  signal?.throwIfAborted();
  if (table.length % 4 !== 0) return at('offset-table-invalid');
  const offsets = await dataSet.read(table.offset, Math.min(table.length, OFFSET_TABLE_BYTES));
  for (let i = 0; i + 4 <= offsets.length; i += 4)
    if (readUint32(offsets, i, false) >= bytes) return at('offset-table-invalid');
  const extended = findElement(elements, EXTENDED_OFFSET_TABLE)?.bytes;
  // OV: 64-bit offsets; the upper half of an offset within this file is small.
  for (let i = 0; extended && i + 8 <= extended.length; i += 8) {
    if (readUint32(extended, i + 4, false) * 2 ** 32 + readUint32(extended, i, false) >= bytes)
      return at('offset-table-invalid');
  }
  if (fragments.length < module.frames && !VIDEO.test(transferSyntaxUID)) warnings.add('pixel-data-length');
  // PS3.5 §A.4: a frame may have several fragments. Then an offset table or its codestream shows where it begins.
  const isOpen = module.frames > 1 && fragments.length > module.frames && !VIDEO.test(transferSyntaxUID);
  if (isOpen && fragments.length <= FRAGMENTS_EXAMINED) {
    const starts = await frameStarts(elements, dataSet, { table, fragments }, module.frames);
    if (starts === null && !warnings.has('transfer-syntax-unknown')) warnings.add('pixel-data-not-decodable');
  }
  if (transferSyntaxUID !== RLE_LOSSLESS) return null;
  // PS3.5 §G: each frame is one fragment with as many segments as a pixel has bytes.
  const segments = module.samples * Math.ceil(module.bitsAllocated / 8);
  for (const { offset, length } of fragments.slice(0, RLE_FRAMES_EXAMINED)) {
    signal?.throwIfAborted();
    if (!(await isRleFrame(dataSet, offset, length, segments))) warnings.add('pixel-data-not-decodable');
  }
  return null;
}

/**
 * PS3.5 §G.5: a header of 64 bytes with the number of segments and the offset of each. The first segment follows the
 * header directly.
 */
async function isRleFrame(
  source: ByteSource,
  offset: number,
  length: number,
  segments: number,
): Promise<boolean> {
  if (length < 64) return false;
  const header = await source.read(offset, 64);
  if (readUint32(header, 0, false) !== segments || readUint32(header, 4, false) !== 64) return false;
  for (let i = 1, before = 0; i <= segments; i++) {
    const begin = readUint32(header, i * 4, false);
    if (begin <= before || begin >= length) return false;
    before = begin;
  }
  return true;
}

/** An icon is not essential. If it claims more pixels than it has, it is kept but never decoded. */
function isIconOversized(elements: readonly DicomElement[], context: ValueContext): boolean {
  for (const { elements: icon, encoding } of findElement(elements, ICON_IMAGE_SEQUENCE)?.items ?? []) {
    const pixelData = findElement(icon, PIXEL_DATA);
    const [rows = 0] = numbersOf(findElement(icon, ROWS), { ...context, encoding });
    const [columns = 0] = numbersOf(findElement(icon, COLUMNS), { ...context, encoding });
    if (pixelData && !pixelData.fragments && rows * columns > pixelData.valueLength * 8) return true;
  }
  return false;
}

function faultAt(because: ReasonCode, elements: readonly DicomElement[], tag: number): Fault {
  return { because, tag, offset: findElement(elements, tag)?.offset ?? 0 };
}
