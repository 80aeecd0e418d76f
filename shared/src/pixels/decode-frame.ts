/**
 * Decodes one frame of an instance, from any common transfer syntax, to stored values. The header states the size; a
 * codestream with a different size is refused before memory is allocated for it. Nothing is scaled, cropped or
 * smoothed here.
 *
 * The decoders in this folder stop when their bytes end. The one in WebAssembly (JPEG 2000, HTJ2K) cannot be
 * interrupted, so untrusted files are decoded in a worker or process that can be terminated.
 */
import type { ByteSource, ParsedInstance } from '../dicom/data-set.ts';
import { RLE_LOSSLESS } from '../dicom/registry.ts';
import type { Codecs } from './codecs.ts';
import { codedFrame, decoderOf } from './coded-frame.ts';
import { encapsulatedFrame } from './encapsulated-frame.ts';
import { type FrameShape, readFrameShape } from './frame-shape.ts';
import { inflateFrame } from './inflate.ts';
import { frameBits, nativeFrame, reversedUnits } from './native-frame.ts';
import type { Frame, PictureRefusal } from './picture.ts';
import { decodeRle } from './rle.ts';

export type FrameOutcome =
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'refused'; readonly because: PictureRefusal };

/** PS3.5 §A.4.12: Deflated Image Frame Compression. */
const DEFLATED_IMAGE_FRAME = '1.2.840.10008.1.2.8.1';

export interface Decoding {
  readonly codecs: Codecs;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Decodes frame `index`, counted from 0. `source` is `instance.dataSet`, or a replacement for it. Throws the signal's
 * reason, and whatever reading the source or loading a codec throws.
 */
export async function decodeFrame(
  instance: ParsedInstance,
  source: ByteSource,
  index: number,
  { codecs, signal }: Decoding,
): Promise<FrameOutcome> {
  const shape = readFrameShape(instance);
  if ('because' in shape) return refused(shape.because);
  if (!Number.isInteger(index) || index < 0 || index >= shape.frames) return refused('frame-not-found');
  signal?.throwIfAborted();
  if (!shape.element.fragments) return await nativeFrameOf(instance, source, shape, index);
  const coded = await encapsulatedFrame(instance, source, shape, index);
  signal?.throwIfAborted();
  if ('because' in coded) return refused(coded.because);
  const { transferSyntaxUID } = instance;
  return await decodeCoded(coded, shape, index, { transferSyntaxUID, codecs });
}

async function nativeFrameOf(
  { encoding }: ParsedInstance,
  source: ByteSource,
  shape: FrameShape,
  index: number,
): Promise<FrameOutcome> {
  const bits = frameBits(shape);
  const firstByte = Math.floor((index * bits) / 8);
  const endByte = Math.ceil(((index + 1) * bits) / 8);
  if (endByte > shape.element.valueLength) return refused('image-damaged');
  // PS3.5 §8.1.1: under big endian, 8-bit samples in OW are stored in words with their bytes swapped.
  const isSwapped = encoding.bigEndian && shape.bitsAllocated <= 8 && shape.element.vr === 'OW';
  const from = isSwapped ? firstByte & ~1 : firstByte;
  const to = isSwapped ? (endByte + 1) & ~1 : endByte;
  const read = await source.read(shape.element.valueOffset + from, to - from);
  if (read.length < endByte - from) return refused('image-damaged');
  const bytes = (isSwapped ? reversedUnits(read, 2) : read).subarray(firstByte - from, endByte - from);
  return answered(
    nativeFrame(bytes, shape, { bigEndian: encoding.bigEndian, firstBit: (index * bits) % 8 }, index),
  );
}

async function decodeCoded(
  coded: Uint8Array,
  shape: FrameShape,
  index: number,
  { transferSyntaxUID, codecs }: { readonly transferSyntaxUID: string; readonly codecs: Codecs },
): Promise<FrameOutcome> {
  const layout = { bigEndian: false, firstBit: 0 };
  if (transferSyntaxUID === RLE_LOSSLESS || transferSyntaxUID === DEFLATED_IMAGE_FRAME) {
    const bytesPerSample = Math.ceil(shape.bitsAllocated / 8);
    const isRle = transferSyntaxUID === RLE_LOSSLESS;
    if (isRle && shape.bitsAllocated === 1) return refused('image-type-unsupported');
    const bytes = isRle
      ? decodeRle(coded, shape.rows * shape.columns, shape.samples, bytesPerSample)
      : await inflateFrame(coded, Math.ceil(frameBits(shape) / 8));
    // RLE has its own planes; Planar Configuration does not describe them (PS3.5 §8.2.2).
    return bytes
      ? answered(nativeFrame(bytes, isRle ? { ...shape, isPlanar: false } : shape, layout, index))
      : refused('image-damaged');
  }
  const decoder = decoderOf(transferSyntaxUID, codecs);
  return decoder ? await codedFrame(coded, shape, index, decoder) : refused('image-type-unsupported');
}

function answered(frame: Frame | null): FrameOutcome {
  return frame ? { kind: 'frame', frame } : refused('image-type-unsupported');
}

function refused(because: PictureRefusal): FrameOutcome {
  return { kind: 'refused', because };
}
