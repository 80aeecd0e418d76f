/**
 * Rewrites an instance so that boxes of its image are blank; pixels outside the boxes stay the same. Native and RLE
 * pixels keep their coding. All others are decoded and become native explicit VR little endian, which causes no
 * further loss. Overlays, icons and pictures in sequences are removed, because they may show the covered content.
 *
 * Nothing else in the header changes here, so it still names the patient (see deid/). One frame is held at a time.
 */
import { areWithin, boxesOn, type Box, type CoveredBoxes } from '../dicom/boxes.ts';
import type { ByteSource, ParsedInstance } from '../dicom/data-set.ts';
import { encodeFileMeta, encodeHeader } from '../dicom/encode.ts';
import { ITEM, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from '../dicom/element-header.ts';
import { nativeBytes } from '../dicom/examine-pixel-module.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  RLE_LOSSLESS,
} from '../dicom/registry.ts';
import { PIXEL_DATA } from '../dicom/tags.ts';
import type { TransferSyntaxUID } from '../dicom/uid.ts';
import {
  coverRuns,
  frameUnits,
  nativeLayout,
  sampleBytes,
  touchesBox,
  type RunLayout,
} from './blank-runs.ts';
import { blankSamples, storedRange } from './blank-value.ts';
import { decoderOf } from './coded-frame.ts';
import { decodeFrame, type Decoding } from './decode-frame.ts';
import { encapsulatedFrame } from './encapsulated-frame.ts';
import { readFrameShape, type FrameShape } from './frame-shape.ts';
import { headerPieces } from './covered-header.ts';
import { frameBits, reversedUnits } from './native-frame.ts';
import type { Frame } from './picture.ts';
import { decodeRleSegment, encodeRle } from './rle.ts';

type CoverOutcome =
  | {
      readonly kind: 'covered';
      readonly transferSyntaxUID: TransferSyntaxUID;
      /** The boxes as drawn, or widened to cover both pixels that share their colour. */
      readonly boxes: CoveredBoxes;
      /** The file, piece by piece. Throws `NotCoverable` if a frame turns out to be damaged. */
      readonly pieces: () => AsyncGenerator<Uint8Array<ArrayBuffer>>;
    }
  | { readonly kind: 'refused'; readonly because: 'cannot-be-covered' };

export class NotCoverable extends Error {
  override readonly name = 'NotCoverable';
}

/**
 * The limit for decoded pixels: 450 colour frames of 1024 × 768. A device can write this much, and a PACS accepts it.
 */
const DECODED_BYTES_LIMIT = 1024 ** 3;
const PIECE_BYTES = 1024 ** 2;
const REFUSED = { kind: 'refused', because: 'cannot-be-covered' } as const;
/** Deflated Image Frame Compression, Encapsulated Uncompressed Explicit VR Little Endian. */
const OTHER_LOSSLESS = new Set(['1.2.840.10008.1.2.8.1']);

type Covering = {
  readonly instance: ParsedInstance;
  readonly shape: FrameShape;
  readonly boxes: readonly Box[];
  readonly decoding: Decoding;
};

/** Reads only the header; `pieces` reads the pixels. Throws whatever reading the source throws. */
export async function coverPixels(
  instance: ParsedInstance,
  boxes: readonly Box[],
  decoding: Decoding,
): Promise<CoverOutcome> {
  const shape = readFrameShape(instance);
  if ('because' in shape || !areWithin(boxes, shape) || boxes.length === 0) return REFUSED;
  const blank = await blankSamples(instance, instance.dataSet, shape);
  const { transferSyntaxUID, encoding } = instance;
  const covering = { instance, shape, boxes: wholePairs(boxes, shape), decoding };
  const covered = { kind: 'covered', boxes: covering.boxes as CoveredBoxes } as const;
  if (shape.element.fragments === null) {
    // It could not be verified that boxes over missing pixels are blank.
    if (shape.element.valueLength < nativeBytes(shape)) return REFUSED;
    if (blank === null || (shape.samples === 3 && shape.isSigned)) return REFUSED;
    const layout = nativeLayout(shape, blank, encoding.bigEndian);
    const isDeflated = transferSyntaxUID === DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
    const syntax = isDeflated ? EXPLICIT_VR_LITTLE_ENDIAN : transferSyntaxUID;
    const pixels = () => nativePixels(covering, layout);
    return { ...covered, transferSyntaxUID: syntax, pieces: () => file(covering, syntax, pixels) };
  }
  if (transferSyntaxUID === RLE_LOSSLESS) {
    if (blank === null || shape.bitsAllocated === 1 || isChromaShared(shape)) return REFUSED;
    const pixels = () => rlePixels(covering, rleLayout(shape, blank));
    return { ...covered, transferSyntaxUID, pieces: () => file(covering, transferSyntaxUID, pixels) };
  }
  const isKnown =
    OTHER_LOSSLESS.has(transferSyntaxUID) || decoderOf(transferSyntaxUID, decoding.codecs) !== null;
  if (!isKnown || !fitsNative(shape) || (shape.samples === 1 && blank === null)) return REFUSED;
  const pixels = () => decodedPixels(covering, shape.samples === 3 ? [0, 0, 0] : blank!);
  return {
    ...covered,
    transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    pieces: () => file(covering, EXPLICIT_VR_LITTLE_ENDIAN, pixels),
  };
}

const isChromaShared = ({ samples, photometricInterpretation }: FrameShape): boolean =>
  samples === 3 && /_42[02]$/.test(photometricInterpretation);

function fitsNative(shape: FrameShape): boolean {
  const { rows, columns, frames, samples, bitsAllocated } = shape;
  const bits = rows * columns * samples * bitsAllocated;
  // Frames of 1-bit samples follow each other without padding.
  return (bits % 8 === 0 || frames === 1) && (bits / 8) * frames <= DECODED_BYTES_LIMIT;
}

/** "One CB and CR value for every two Y values": boxes are widened to cover both pixels of a pair. */
function wholePairs(boxes: readonly Box[], shape: FrameShape): readonly Box[] {
  if (shape.element.fragments !== null || !isChromaShared(shape)) return boxes;
  return boxes.map((box) => {
    const x = box.x - (box.x % 2);
    const end = Math.min(shape.columns, box.x + box.width + ((box.x + box.width) % 2));
    return { ...box, x, width: end - x };
  });
}

async function* file(
  { instance, shape }: Covering,
  transferSyntaxUID: TransferSyntaxUID,
  pixels: () => AsyncGenerator<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield new Uint8Array(encodeFileMeta(instance.identifiers, transferSyntaxUID));
  const becomesNative = shape.element.fragments !== null && transferSyntaxUID !== RLE_LOSSLESS;
  const { before, after } = headerPieces(instance, shape, becomesNative);
  for (const piece of before) yield* read(instance.dataSet, piece);
  yield* pixels();
  for (const piece of after) yield* read(instance.dataSet, piece);
}

async function* read(
  source: ByteSource,
  piece: Uint8Array | { readonly offset: number; readonly length: number },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (piece instanceof Uint8Array) yield new Uint8Array(piece);
  else
    for (let at = 0; at < piece.length; at += PIECE_BYTES)
      yield new Uint8Array(await source.read(piece.offset + at, Math.min(PIECE_BYTES, piece.length - at)));
}

/** The element as encoded, with the boxes overwritten. */
async function* nativePixels(
  { instance: { dataSet, encoding }, shape, boxes, decoding: { signal } }: Covering,
  layout: RunLayout,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { element, bitsAllocated } = shape;
  const { tag, vr, valueOffset, valueLength } = element;
  yield new Uint8Array(encodeHeader(tag, vr, valueLength, encoding));
  // PS3.5 §8.1.1: under big endian, 8-bit samples in OW are stored in words with their bytes swapped.
  const isSwapped = encoding.bigEndian && bitsAllocated <= 8 && vr === 'OW';
  const needed = nativeBytes(shape);
  for (let at = 0; at < valueLength; at += PIECE_BYTES) {
    signal?.throwIfAborted();
    const length = Math.min(PIECE_BYTES, valueLength - at);
    const bytes = new Uint8Array(await dataSet.read(valueOffset + at, length));
    const piece = isSwapped ? reversedUnits(bytes, 2) : bytes;
    const samples = piece.subarray(0, Math.max(0, needed - at));
    if (samples.length > 0) coverRuns(samples, layout.isBits ? at * 8 : at, layout, boxes);
    yield isSwapped ? reversedUnits(piece, 2) : piece;
  }
}

/** One segment for each byte of a pixel; the most significant byte of each sample comes first (PS3.5 §G.2). */
export function rleLayout(shape: FrameShape, blank: readonly number[]): RunLayout {
  const { rows, columns } = shape;
  const planes = blank.flatMap((value) =>
    [...sampleBytes(value, shape).reverse()].map((byte) => Uint8Array.of(byte)),
  );
  return { isBits: false, rows, columns, pixel: 1, planes };
}

async function* rlePixels(
  { instance, shape, boxes, decoding: { signal } }: Covering,
  layout: RunLayout,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { encoding } = instance;
  yield new Uint8Array(encodeHeader(PIXEL_DATA, 'OB', UNDEFINED_LENGTH, encoding));
  yield new Uint8Array(encodeHeader(ITEM, '', 0, encoding));
  for (let frame = 0; frame < shape.frames; frame += 1) {
    signal?.throwIfAborted();
    const coded = await encapsulatedFrame(instance, instance.dataSet, shape, frame);
    if ('because' in coded) throw new NotCoverable(coded.because);
    const isTouched = boxesOn(boxes, frame).length > 0;
    const bytes = isTouched ? coverRleFrame(coded, { layout, boxes, frame }) : coded;
    const padding = bytes.length % 2;
    yield new Uint8Array(encodeHeader(ITEM, '', bytes.length + padding, encoding));
    yield new Uint8Array(bytes);
    if (padding === 1) yield new Uint8Array(1);
  }
  yield new Uint8Array(encodeHeader(SEQUENCE_DELIMITATION, '', 0, encoding));
}

function coverRleFrame(
  coded: Uint8Array,
  {
    layout,
    boxes,
    frame,
  }: { readonly layout: RunLayout; readonly boxes: readonly Box[]; readonly frame: number },
): Uint8Array {
  const pixels = layout.rows * layout.columns;
  const segments = layout.planes.length;
  const covered = layout.planes.map((_, segment) => {
    const bytes = decodeRleSegment(coded, segment, { pixels, segments });
    if (bytes === null) throw new NotCoverable('image-damaged');
    coverRuns(bytes, (frame * segments + segment) * pixels, layout, boxes);
    return bytes;
  });
  return encodeRle(covered, layout.columns);
}

/** Decodes frames and writes them as native little endian samples. */
async function* decodedPixels(
  { instance, shape, boxes, decoding }: Covering,
  blank: readonly number[],
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { bitsAllocated, bitsStored, frames } = shape;
  const photometricInterpretation = shape.samples === 3 ? 'RGB' : shape.photometricInterpretation;
  // The format of the samples, as `headerPieces` describes it.
  const native = { ...shape, photometricInterpretation, isPlanar: false, highBit: bitsStored - 1 };
  const layout = nativeLayout(native, blank, false);
  const length = nativeBytes(native);
  const { encoding } = instance;
  const vr = bitsAllocated > 8 ? 'OW' : 'OB';
  yield new Uint8Array(
    encodeHeader(PIXEL_DATA, vr, length + (length % 2), { ...encoding, explicitVR: true }),
  );
  for (let frame = 0; frame < frames; frame += 1) {
    const decoded = await decodeFrame(instance, instance.dataSet, frame, decoding);
    if (decoded.kind === 'refused') throw new NotCoverable(decoded.because);
    const bytes = nativeBytesOf(decoded.frame, native);
    const at = frame * frameUnits(layout);
    if (touchesBox({ at, length: frameUnits(layout) }, layout, boxes)) coverRuns(bytes, at, layout, boxes);
    yield bytes;
  }
  if (length % 2 === 1) yield new Uint8Array(1);
}

/** A lossy codestream may exceed the range that the header allows; such values become the nearest allowed ones. */
function nativeBytesOf({ values }: Frame, shape: FrameShape): Uint8Array<ArrayBuffer> {
  const { bitsAllocated } = shape;
  const bytes = new Uint8Array(Math.ceil(frameBits(shape) / 8));
  const [lowest, highest] = storedRange(shape);
  if (bitsAllocated === 1) {
    for (let at = 0; at < values.length; at += 1) bytes[at >> 3]! |= (values[at]! & 1) << (at & 7);
    return bytes;
  }
  const width = bitsAllocated / 8;
  for (let at = 0; at < values.length; at += 1) {
    const value = Math.min(highest, Math.max(lowest, values[at]!));
    for (let byte = 0; byte < width; byte += 1) bytes[at * width + byte] = (value >> (8 * byte)) & 255;
  }
  return bytes;
}
