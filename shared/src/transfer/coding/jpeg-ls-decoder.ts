/**
 * Decodes JPEG-LS (ISO/IEC 14495-1) as `x-jls` uses it: lossless, one component, the standard's own parameters. It reads bytes that nobody
 * vouches for, on the gateway: so it is bounded by the size that was asked for, whatever they hold.
 *
 * [Note: Why not CharLS's decoder] Its WebAssembly build (codec-charls 1.2.7) runs for ever on some damaged images, found within the first dozens of
 * random changes, and a thread in WebAssembly cannot be interrupted: one hostile parcel would stop a gateway. This one is half as fast (50 MB of
 * CT a second), and both sides run it: what a device has checked is what the gateway will restore.
 */
import { BitReader } from './bit-reader.ts';

/** One grey image: 8 bits a sample in one byte, 9 to 16 in two, little endian. */
export interface GreyShape {
  /** Pixels, 1 to 65 535. */
  readonly width: number;
  readonly height: number;
  /** 8 to 16. */
  readonly bitsPerSample: number;
}

/** The bytes of an image of this shape, before it is coded. */
export function greyBytes({ width, height, bitsPerSample }: GreyShape): number {
  return width * height * (bitsPerSample > 8 ? 2 : 1);
}

/** The samples; null when `coded` is no image of this shape, or is damaged (damage may also give other samples). */
export function decodeJpegLS(coded: Uint8Array, shape: GreyShape): Uint8Array<ArrayBuffer> | null {
  const start = scanStart(coded, shape);
  return start === null ? null : new ScanDecoder(new BitReader(coded, start), shape).decode();
}

/**
 * Where the entropy-coded bytes begin; null unless there is nothing before them but a header of exactly this shape: start of image, start
 * of frame (§C.2.2: SOF55), perhaps the parameters that are the default anyway (§C.2.4.1.1), start of scan (§C.2.3: NEAR 0).
 */
function scanStart(coded: Uint8Array, { width, height, bitsPerSample }: GreyShape): number | null {
  const [t1, t2, t3] = thresholds(bitsPerSample);
  const frame = [0xff, 0xd8, 0xff, 0xf7, 0, 11, bitsPerSample, ...word(height), ...word(width), 1, 1, 0x11, 0];
  const preset = [0xff, 0xf8, 0, 13, 1, ...word((1 << bitsPerSample) - 1), ...word(t1), ...word(t2), ...word(t3), ...word(RESET)];
  const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0];
  const isAt = (offset: number, expected: readonly number[]): boolean => expected.every((byte, i) => coded[offset + i] === byte);
  const at = frame.length + (isAt(frame.length, preset) ? preset.length : 0);
  return isAt(0, frame) && isAt(at, scan) ? at + scan.length : null;
}

function word(value: number): [number, number] {
  return [value >> 8, value & 255];
}

/** §C.2.4.1.1.1, for NEAR 0 and at least 8 bits. */
function thresholds(bitsPerSample: number): [number, number, number] {
  const factor = (Math.min((1 << bitsPerSample) - 1, 4095) + 128) >> 8;
  return [factor + 2, 4 * factor + 3, 17 * factor + 4];
}

/** §A.2.1 */
const RESET = 64;
const CONTEXTS = 365;
const RUN_CONTEXTS = 2;
const MOST_BIAS = 127;
const LEAST_BIAS = -128;
/** §A.2.1: J, the order of run lengths. */
const RUN_ORDERS = Uint8Array.of(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15);

/** §A.3.3: the region of every gradient, from -maximum to +maximum. */
function quantization(bitsPerSample: number): Int8Array {
  const most = (1 << bitsPerSample) - 1;
  const [t1, t2, t3] = thresholds(bitsPerSample);
  const regions = new Int8Array(2 * most + 1);
  for (const [region, from] of [[1, 1], [2, t1], [3, t2], [4, t3]] as const) {
    regions.fill(region, most + from);
    regions.fill(-region, 0, most - from + 1);
  }
  return regions;
}

/** The variables of Annex A. Names in their comments are the standard's. */
class ScanDecoder {
  private readonly bits: BitReader;
  private readonly shape: GreyShape;
  /** MAXVAL; RANGE is one more. */
  private readonly most: number;
  /** LIMIT and qbpp */
  private readonly limit: number;
  private readonly escapeBits: number;
  private readonly regions: Int8Array;
  /** A, B, C, N for each context; for the contexts of runs B is Nn. */
  private readonly magnitudes: Int32Array;
  private readonly errors = new Int32Array(CONTEXTS + RUN_CONTEXTS);
  private readonly biases = new Int32Array(CONTEXTS);
  private readonly counts = new Int32Array(CONTEXTS + RUN_CONTEXTS).fill(1);
  private runIndex = 0;
  private isDamaged = false;

  constructor(bits: BitReader, shape: GreyShape) {
    this.bits = bits;
    this.shape = shape;
    this.most = (1 << shape.bitsPerSample) - 1;
    this.limit = 4 * shape.bitsPerSample;
    this.escapeBits = shape.bitsPerSample;
    this.regions = quantization(shape.bitsPerSample);
    this.magnitudes = new Int32Array(CONTEXTS + RUN_CONTEXTS).fill(Math.max(2, (this.most + 33) >> 6));
  }

  decode(): Uint8Array<ArrayBuffer> | null {
    const { width, height, bitsPerSample } = this.shape;
    const bytes = new Uint8Array(greyBytes(this.shape));
    const samples = bitsPerSample > 8 ? new Uint16Array(bytes.buffer) : bytes;
    // One sample more on either side: §A.2.1, what stands beside the first and the last of a line.
    let above = new Int32Array(width + 2);
    let line = new Int32Array(width + 2);
    for (let row = 0; row < height; row += 1) {
      above[width + 1] = above[width]!;
      line[0] = above[1]!;
      this.decodeLine(above, line, width);
      if (this.isDamaged || this.bits.isBeyondEnd) return null;
      samples.set(line.subarray(1, width + 1), row * width);
      [above, line] = [line, above];
    }
    return bytes;
  }

  /** Annex A.2 to A.6. Samples are numbered from 1. */
  private decodeLine(above: Int32Array, line: Int32Array, width: number): void {
    const { regions, most } = this;
    let x = 1;
    let c = above[0]!;
    let b = above[1]!;
    while (x <= width && !this.isDamaged) {
      const a = line[x - 1]!;
      const d = above[x + 1]!;
      const context = 81 * regions[most + d - b]! + 9 * regions[most + b - c]! + regions[most + c - a]!;
      if (context === 0) {
        x = this.decodeRun(above, line, x, width);
        c = above[x - 1]!;
        b = above[x]!;
      } else {
        // §A.4.1: the median of a, b and a + b - c.
        const predicted = c >= Math.max(a, b) ? Math.min(a, b) : c <= Math.min(a, b) ? Math.max(a, b) : a + b - c;
        line[x] = this.decodeSample(context, predicted);
        c = b;
        b = d;
        x += 1;
      }
    }
  }

  /** §A.4.2 to A.6.2 */
  private decodeSample(signedContext: number, predicted: number): number {
    const { magnitudes, errors, biases, counts, most } = this;
    const sign = signedContext < 0 ? -1 : 1;
    const q = sign * signedContext;
    const count = counts[q]!;
    const magnitude = magnitudes[q]!;
    const corrected = Math.max(0, Math.min(most, predicted + sign * biases[q]!));
    const k = golombParameter(count, magnitude);
    const mapped = this.decodeGolomb(k, this.limit);
    const unmapped = (mapped >> 1) ^ -(mapped & 1);
    const error = k === 0 && 2 * errors[q]! <= -count ? ~unmapped : unmapped;
    this.update(q, error, count, magnitude);
    return (corrected + sign * error) & most;
  }

  private update(q: number, error: number, oldCount: number, oldMagnitude: number): void {
    let count = oldCount;
    let magnitude = oldMagnitude + Math.abs(error);
    let sum = this.errors[q]! + error;
    if (count === RESET) {
      magnitude >>= 1;
      sum >>= 1;
      count >>= 1;
    }
    count += 1;
    if (sum <= -count) {
      sum = Math.max(sum + count, 1 - count);
      if (this.biases[q]! > LEAST_BIAS) this.biases[q]! -= 1;
    } else if (sum > 0) {
      sum = Math.min(sum - count, 0);
      if (this.biases[q]! < MOST_BIAS) this.biases[q]! += 1;
    }
    this.magnitudes[q] = magnitude;
    this.errors[q] = sum;
    this.counts[q] = count;
  }

  /** §A.7: the run, and the sample that ended it. Answers the number of the next sample. */
  private decodeRun(above: Int32Array, line: Int32Array, start: number, width: number): number {
    const value = line[start - 1]!;
    let x = start;
    let isLineFull = false;
    while (!isLineFull && this.bits.read(1) === 1) {
      const run = 1 << RUN_ORDERS[this.runIndex]!;
      const taken = Math.min(run, width + 1 - x);
      line.fill(value, x, x + taken);
      x += taken;
      if (taken === run && this.runIndex < RUN_ORDERS.length - 1) this.runIndex += 1;
      isLineFull = x > width;
    }
    if (isLineFull) return x;
    const rest = this.bits.read(RUN_ORDERS[this.runIndex]!);
    if (x + rest > width) {
      this.isDamaged = true;
      return width + 1;
    }
    line.fill(value, x, x + rest);
    x += rest;
    line[x] = this.decodeInterruption(value, above[x]!);
    if (this.runIndex > 0) this.runIndex -= 1;
    return x + 1;
  }

  /** §A.7.2 */
  private decodeInterruption(a: number, b: number): number {
    const { magnitudes, errors: negatives, counts } = this;
    const type = a === b ? 1 : 0;
    const q = CONTEXTS + type;
    const k = golombParameter(counts[q]!, magnitudes[q]! + (type === 1 ? counts[q]! >> 1 : 0));
    const mapped = this.decodeGolomb(k, this.limit - RUN_ORDERS[this.runIndex]! - 1);
    const doubled = mapped + type;
    const isOdd = (doubled & 1) === 1;
    const isNegative = (k !== 0 || 2 * negatives[q]! >= counts[q]!) === isOdd;
    const error = isNegative ? -((doubled + 1) >> 1) : (doubled + 1) >> 1;
    if (error < 0) negatives[q]! += 1;
    magnitudes[q]! += (mapped + 1 - type) >> 1;
    if (counts[q] === RESET) for (const each of [magnitudes, negatives, counts]) each[q]! >>= 1;
    counts[q]! += 1;
    return ((type === 1 ? a : b) + (type === 0 && a > b ? -error : error)) & this.most;
  }

  /** §A.5.3, §G.2: a value in Golomb's code of parameter k, or, behind as many zeros as the limit allows, as it is. */
  private decodeGolomb(k: number, limit: number): number {
    const escape = limit - this.escapeBits - 1;
    const zeros = this.bits.readZeros(escape + 1);
    const value = zeros < escape ? (zeros << k) | this.bits.read(k) : this.bits.read(this.escapeBits) + 1;
    // An error is at most half of the range; what is larger was never coded.
    if (zeros > escape || value > 2 * this.most) this.isDamaged = true;
    return this.isDamaged ? 0 : value;
  }
}

/** §A.5.1 */
function golombParameter(count: number, magnitude: number): number {
  let k = 0;
  while (count << k < magnitude) k += 1;
  return k;
}
