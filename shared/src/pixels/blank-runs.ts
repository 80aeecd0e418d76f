/**
 * Computes the bytes of native samples that boxes cover, and the bytes of a blank pixel there. Covering writes these
 * runs, and the gateway's check reads the same ones.
 */
import { boxesOn, type Box } from '../dicom/boxes.ts';
import type { FrameShape } from './frame-shape.ts';

/**
 * The layout of the samples of consecutive frames. Positions are counted in units: bytes, or bits for samples of one
 * bit.
 */
export interface RunLayout {
  readonly isBits: boolean;
  readonly rows: number;
  readonly columns: number;
  /** Units per pixel in one plane. */
  readonly pixel: number;
  /** For each plane, the units of a blank pixel (of two pixels if they share their chroma). */
  readonly planes: readonly Uint8Array[];
}

/** Units `from` to `to` (exclusive) of a row of a box. The blank units repeat, beginning at `start`. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly blank: Uint8Array;
}

/** The bytes of one sample, little endian, at its position among the allocated bits. */
export function sampleBytes(
  value: number,
  {
    bitsAllocated,
    bitsStored,
    highBit,
    isFloat,
  }: Pick<FrameShape, 'bitsAllocated' | 'bitsStored' | 'highBit' | 'isFloat'>,
): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bitsAllocated / 8));
  if (isFloat) return bytes;
  // The sign bit fills the bits above the value.
  let left = BigInt.asUintN(bitsAllocated, BigInt(value) << BigInt(highBit - bitsStored + 1));
  for (let at = 0; at < bytes.length; at += 1, left >>= 8n) bytes[at] = Number(left & 255n);
  return bytes;
}

/** The layout of native samples, with a blank value for each sample of a pixel. */
export function nativeLayout(shape: FrameShape, blank: readonly number[], bigEndian: boolean): RunLayout {
  const { rows, columns, bitsAllocated, isPlanar, photometricInterpretation } = shape;
  const place = { rows, columns };
  if (bitsAllocated === 1)
    return { ...place, isBits: true, pixel: 1, planes: [Uint8Array.of(blank[0]! & 1)] };
  const bytes = blank.map((value) => {
    const sample = sampleBytes(value, shape);
    return bigEndian ? sample.reverse() : sample;
  });
  const width = bitsAllocated / 8;
  if (isPlanar) return { ...place, isBits: false, pixel: width, planes: bytes };
  // "Y1 Y2 CB CR" are two pixels.
  const isShared = photometricInterpretation === 'YBR_FULL_422';
  const together = isShared ? [bytes[0]!, bytes[0]!, bytes[1]!, bytes[2]!] : bytes;
  const pixel = width * (isShared ? 2 : bytes.length);
  return { ...place, isBits: false, pixel, planes: [Uint8Array.from(together.flatMap((each) => [...each]))] };
}

/** Units per frame. */
export function frameUnits({ rows, columns, pixel, planes }: RunLayout): number {
  return rows * columns * pixel * planes.length;
}

/** Calls `use` with each run that touches the `length` units starting at `at`, until it returns false. */
function everyRun(
  layout: RunLayout,
  boxes: readonly Box[],
  { at, length }: { readonly at: number; readonly length: number },
  use: (run: Run) => boolean,
): boolean {
  const { rows, columns, pixel, planes } = layout;
  const row = columns * pixel;
  const end = at + length;
  const firstPlane = Math.floor(at / (rows * row));
  const lastPlane = Math.floor((end - 1) / (rows * row));
  for (let plane = firstPlane; plane <= lastPlane; plane += 1) {
    const begin = plane * rows * row;
    const blank = planes[plane % planes.length]!;
    for (const { x, y, width, height } of boxesOn(boxes, Math.floor(plane / planes.length))) {
      const first = Math.max(y, Math.floor((at - begin) / row));
      const last = Math.min(y + height - 1, Math.floor((end - 1 - begin) / row));
      for (let each = first; each <= last; each += 1) {
        const start = begin + each * row + x * pixel;
        const run = { start, blank, from: Math.max(start, at), to: Math.min(start + width * pixel, end) };
        if (run.from < run.to && !use(run)) return false;
      }
    }
  }
  return true;
}

/** Writes blank pixels over the boxes in `bytes`, which begin at unit `at`. */
export function coverRuns(bytes: Uint8Array, at: number, layout: RunLayout, boxes: readonly Box[]): void {
  const length = layout.isBits ? bytes.length * 8 : bytes.length;
  everyRun(layout, boxes, { at, length }, ({ from, to, start, blank }) => {
    for (let unit = from; unit < to; unit += 1) {
      const value = blank[(unit - start) % blank.length]!;
      if (!layout.isBits) bytes[unit - at] = value;
      else if (value === 1) bytes[(unit - at) >> 3]! |= 1 << ((unit - at) & 7);
      else bytes[(unit - at) >> 3]! &= ~(1 << ((unit - at) & 7));
    }
    return true;
  });
}

/** Whether every pixel of the boxes in `bytes` is blank. */
export function areRunsBlank(
  bytes: Uint8Array,
  at: number,
  layout: RunLayout,
  boxes: readonly Box[],
): boolean {
  const length = layout.isBits ? bytes.length * 8 : bytes.length;
  return everyRun(layout, boxes, { at, length }, ({ from, to, start, blank }) => {
    for (let unit = from; unit < to; unit += 1) {
      const value = layout.isBits ? (bytes[(unit - at) >> 3]! >> ((unit - at) & 7)) & 1 : bytes[unit - at]!;
      if (value !== blank[(unit - start) % blank.length]) return false;
    }
    return true;
  });
}

/** Whether a box touches any of the units. */
export function touchesBox(
  range: { readonly at: number; readonly length: number },
  layout: RunLayout,
  boxes: readonly Box[],
): boolean {
  return !everyRun(layout, boxes, range, () => false);
}
