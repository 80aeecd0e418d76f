/**
 * Checks whether the boxes that an instance claims to be covered really are blank, for callers that do not trust the
 * claim. Native pixels are read only where the boxes are, RLE is read one segment at a time, and any other coding is
 * decoded. So nothing larger than `CHECKED_BYTES_LIMIT` is held.
 */
import { areWithin, boxesOn, type Box } from '../dicom/boxes.ts';
import type { ParsedInstance } from '../dicom/data-set.ts';
import { nativeBytes } from '../dicom/examine-pixel-module.ts';
import { RLE_LOSSLESS } from '../dicom/registry.ts';
import { areRunsBlank, nativeLayout, touchesBox } from './blank-runs.ts';
import { blankSamples } from './blank-value.ts';
import { rleLayout } from './cover-pixels.ts';
import { decodeFrame, type Decoding } from './decode-frame.ts';
import { encapsulatedFrame } from './encapsulated-frame.ts';
import { readFrameShape, type FrameShape } from './frame-shape.ts';
import { reversedUnits } from './native-frame.ts';
import { decodeRleSegment } from './rle.ts';

/**
 * The largest frame to be decoded, or segment with its code. Images that were covered by this software are native or
 * RLE.
 */
const CHECKED_BYTES_LIMIT = 128 * 1024 ** 2;
const PIECE_BYTES = 1024 ** 2;

type Checking = {
  readonly instance: ParsedInstance;
  readonly shape: FrameShape;
  readonly blank: readonly number[];
  readonly boxes: readonly Box[];
  readonly decoding: Decoding;
};

/**
 * Also false if it cannot be determined: boxes outside the image, damage, unreadable pixels. Throws the signal's
 * reason, and whatever reading the source throws.
 */
export async function areCovered(
  instance: ParsedInstance,
  boxes: readonly Box[],
  decoding: Decoding,
): Promise<boolean> {
  const shape = readFrameShape(instance);
  if ('because' in shape || !areWithin(boxes, shape)) return false;
  const blank = await blankSamples(instance, instance.dataSet, shape);
  if (blank === null) return false;
  const checking = { instance, shape, blank, boxes, decoding };
  if (shape.element.fragments === null) return isNativeBlank(checking);
  const isRle = instance.transferSyntaxUID === RLE_LOSSLESS;
  for (let frame = 0; frame < shape.frames; frame += 1) {
    decoding.signal?.throwIfAborted();
    if (boxesOn(boxes, frame).length === 0) continue;
    const isBlank = isRle ? await isRleFrameBlank(checking, frame) : await isFrameBlank(checking, frame);
    if (!isBlank) return false;
  }
  return true;
}

async function isNativeBlank({
  instance: { dataSet, encoding },
  shape,
  blank,
  boxes,
  decoding,
}: Checking): Promise<boolean> {
  const { valueOffset, vr } = shape.element;
  const layout = nativeLayout(shape, blank, encoding.bigEndian);
  const isSwapped = encoding.bigEndian && shape.bitsAllocated <= 8 && vr === 'OW';
  const needed = nativeBytes(shape);
  if (shape.element.valueLength < needed) return false;
  const units = layout.isBits ? 8 : 1;
  for (let at = 0; at < needed; at += PIECE_BYTES) {
    decoding.signal?.throwIfAborted();
    const length = Math.min(PIECE_BYTES, needed - at);
    if (!touchesBox({ at: at * units, length: length * units }, layout, boxes)) continue;
    const bytes = await dataSet.read(valueOffset + at, length + (isSwapped ? length % 2 : 0));
    const samples = (isSwapped ? reversedUnits(bytes, 2) : bytes).subarray(0, length);
    if (samples.length < length || !areRunsBlank(samples, at * units, layout, boxes)) return false;
  }
  return true;
}

async function isRleFrameBlank({ instance, shape, blank, boxes }: Checking, frame: number): Promise<boolean> {
  const pixels = shape.rows * shape.columns;
  const layout = rleLayout(shape, blank);
  const segments = layout.planes.length;
  if (pixels > CHECKED_BYTES_LIMIT) return false;
  const coded = await encapsulatedFrame(instance, instance.dataSet, shape, frame);
  if ('because' in coded) return false;
  for (let segment = 0; segment < segments; segment += 1) {
    const bytes = decodeRleSegment(coded, segment, { pixels, segments });
    const at = (frame * segments + segment) * pixels;
    if (bytes === null || !areRunsBlank(bytes, at, layout, boxes)) return false;
  }
  return true;
}

async function isFrameBlank(
  { instance, shape, blank, boxes, decoding }: Checking,
  frame: number,
): Promise<boolean> {
  const { rows, columns, samples, bitsAllocated } = shape;
  if ((rows * columns * samples * bitsAllocated) / 8 > CHECKED_BYTES_LIMIT) return false;
  const decoded = await decodeFrame(instance, instance.dataSet, frame, decoding);
  if (decoded.kind === 'refused') return false;
  const { values } = decoded.frame;
  // Decoded colours are RGB.
  const expected = samples === 3 ? [0, 0, 0] : blank;
  return boxesOn(boxes, frame).every(({ x, y, width, height }) => {
    for (let row = y; row < y + height; row += 1)
      for (let at = (row * columns + x) * samples; at < (row * columns + x + width) * samples; at += 1)
        if (values[at] !== expected[at % samples]) return false;
    return true;
  });
}
