/**
 * One frame of an instance, from any transfer syntax that the road meets, as stored values. The header says
 * what must come out; a codestream that says otherwise is refused before memory is taken for it. Nothing is
 * scaled, cut or smoothed here.
 *
 * Decoders written here end when their bytes end. The one in WebAssembly (JPEG 2000, HTJ2K) cannot be
 * interrupted: who decodes what nobody vouches for does so in a worker or a process that may be ended.
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

/**
 * Frame `index`, counted from 0. `source` is `instance.dataSet`, or what stands in its place. Throws the
 * signal's reason, and what reading the source or loading a codec throws.
 */
export async function decodeFrame(
  instance: ParsedInstance,
  source: ByteSource,
  index: number,
  codecs: Codecs,
  signal?: AbortSignal,
): Promise<FrameOutcome> {
  const shape = readFrameShape(instance);
  if ('because' in shape) return refused(shape.because);
  if (!Number.isInteger(index) || index < 0 || index >= shape.frames) return refused('frame-not-found');
  signal?.throwIfAborted();
  if (!shape.element.fragments) return await nativeFrameOf(instance, source, shape, index);
  const coded = await encapsulatedFrame(instance, source, shape.element, shape.frames, index);
  signal?.throwIfAborted();
  if ('because' in coded) return refused(coded.because);
  return await decodeCoded(instance.transferSyntaxUID, coded, shape, index, codecs);
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
  // PS3.5 §8.1.1: under big endian, 8-bit samples stand in words of OW with their bytes swapped.
  const isSwapped = encoding.bigEndian && shape.bitsAllocated <= 8 && shape.element.vr === 'OW';
  const [from, to] = isSwapped ? [firstByte & ~1, (endByte + 1) & ~1] : [firstByte, endByte];
  const read = await source.read(shape.element.valueOffset + from, to - from);
  if (read.length < endByte - from) return refused('image-damaged');
  const bytes = (isSwapped ? reversedUnits(read, 2) : read).subarray(firstByte - from, endByte - from);
  return answered(
    nativeFrame(bytes, shape, { bigEndian: encoding.bigEndian, firstBit: (index * bits) % 8 }, index),
  );
}

async function decodeCoded(
  transferSyntaxUID: string,
  coded: Uint8Array,
  shape: FrameShape,
  index: number,
  codecs: Codecs,
): Promise<FrameOutcome> {
  const layout = { bigEndian: false, firstBit: 0 };
  if (transferSyntaxUID === RLE_LOSSLESS || transferSyntaxUID === DEFLATED_IMAGE_FRAME) {
    const bytesPerSample = Math.ceil(shape.bitsAllocated / 8);
    const isRle = transferSyntaxUID === RLE_LOSSLESS;
    if (isRle && shape.bitsAllocated === 1) return refused('image-type-unsupported');
    const bytes = isRle
      ? decodeRle(coded, shape.rows * shape.columns, shape.samples, bytesPerSample)
      : await inflateFrame(coded, Math.ceil(frameBits(shape) / 8));
    // RLE has planes of its own: Planar Configuration says how they lie in the header's own terms only (PS3.5
    // §8.2.2).
    return bytes
      ? answered(nativeFrame(bytes, isRle ? { ...shape, isPlanar: false } : shape, layout, index))
      : refused('image-damaged');
  }
  const decode = decoderOf(transferSyntaxUID, codecs);
  if (!decode) return refused('image-type-unsupported');
  return await codedFrame(coded, shape, index, decode, transferSyntaxUID);
}

function answered(frame: Frame | null): FrameOutcome {
  return frame ? { kind: 'frame', frame } : refused('image-type-unsupported');
}

function refused(because: PictureRefusal): FrameOutcome {
  return { kind: 'refused', because };
}
