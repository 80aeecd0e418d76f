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
/** Where the variables of a context stand. */
const A = 0;
const B = 1;
const C = 2;
const N = 3;
const STATE = 4;
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
  /** A, B, C, N of each context, one after the other; for the contexts of runs B is Nn. */
  private readonly states = new Int32Array(STATE * (CONTEXTS + RUN_CONTEXTS));
  private runIndex = 0;
  private isDamaged = false;

  constructor(bits: BitReader, shape: GreyShape) {
    this.bits = bits;
    this.shape = shape;
    this.most = (1 << shape.bitsPerSample) - 1;
    this.limit = 4 * shape.bitsPerSample;
    this.escapeBits = shape.bitsPerSample;
    this.regions = quantization(shape.bitsPerSample);
    for (let q = 0; q < this.states.length; q += STATE) {
      this.states[q + A] = Math.max(2, (this.most + 33) >> 6);
      this.states[q + N] = 1;
    }
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

  /**
   * Annex A.2 to A.6. Samples are numbered from 1. The bits stand in local variables: this runs once for each pixel, and takes twice the time
   * through the reader's methods. What is rare (stuffed bits, the end, long codes, runs) is left to them.
   */
  private decodeLine(above: Int32Array, line: Int32Array, width: number): void {
    const { regions, most, states, bits, limit } = this;
    const { bytes } = bits;
    const escape = limit - this.escapeBits - 1;
    let { at, cache, held } = bits;
    let x = 1;
    let a = line[0]!;
    let b = above[1]!;
    let c = above[0]!;
    while (x <= width && !this.isDamaged) {
      const d = above[x + 1]!;
      const context = 81 * regions[most + d - b]! + 9 * regions[most + b - c]! + regions[most + c - a]!;
      if (context === 0) {
        bits.hold(at, cache, held);
        x = this.decodeRun(above, line, x, width);
        ({ at, cache, held } = bits);
        a = line[x - 1]!;
        b = above[x]!;
        c = above[x - 1]!;
        continue;
      }
      if (held <= 16) {
        const first = bytes[at]!;
        const second = bytes[at + 1]!;
        if (first < 0xff && second < 0xff && bytes[at - 1] !== 0xff) {
          cache |= ((first << 8) | second) << (16 - held);
          held += 16;
          at += 2;
        } else {
          bits.hold(at, cache, held);
          bits.fill();
          ({ at, cache, held } = bits);
        }
      }
      // -1 for a negative context, which shares its variables with the positive one (§A.3.4); else 0. So is every sign here: no branch is to be guessed.
      const sign = context >> 31;
      const q = STATE * negatedBy(context, sign);
      const k = golombParameter(states[q + N]!, states[q + A]!);
      const zeros = Math.clz32(cache);
      let mapped: number;
      if (zeros < escape && zeros + k < held) {
        cache <<= zeros + 1;
        mapped = (zeros << k) | (k === 0 ? 0 : cache >>> (32 - k));
        cache <<= k;
        held -= zeros + 1 + k;
        if (mapped > 2 * most) this.isDamaged = true;
      } else {
        bits.hold(at, cache, held);
        mapped = this.decodeGolomb(k, limit);
        ({ at, cache, held } = bits);
      }
      const unmapped = (mapped >> 1) ^ -(mapped & 1);
      const error = k === 0 && 2 * states[q + B]! <= -states[q + N]! ? ~unmapped : unmapped;
      // §A.4.2: corrected by what was wrong in this context so far.
      const predicted = clamp(median(a, b, c) + negatedBy(states[q + C]!, sign), 0, most);
      a = (predicted + negatedBy(error, sign)) & most;
      line[x] = a;
      adapt(states, q, error);
      c = b;
      b = d;
      x += 1;
    }
    bits.hold(at, cache, held);
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
    const { states } = this;
    const type = a === b ? 1 : 0;
    const q = STATE * (CONTEXTS + type);
    const count = states[q + N]!;
    const k = golombParameter(count, states[q + A]! + (type === 1 ? count >> 1 : 0));
    const mapped = this.decodeGolomb(k, this.limit - RUN_ORDERS[this.runIndex]! - 1);
    const doubled = mapped + type;
    const isOdd = (doubled & 1) === 1;
    const isNegative = (k !== 0 || 2 * states[q + B]! >= count) === isOdd;
    const error = isNegative ? -((doubled + 1) >> 1) : (doubled + 1) >> 1;
    if (error < 0) states[q + B]! += 1;
    states[q + A]! += (mapped + 1 - type) >> 1;
    if (count === RESET) for (const each of [A, B, N]) states[q + each]! >>= 1;
    states[q + N]! += 1;
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

/** `sign` -1: the negative; 0: the number itself. */
function negatedBy(value: number, sign: number): number {
  return (value ^ sign) - sign;
}

function clamp(value: number, least: number, most: number): number {
  return value < least ? least : value > most ? most : value;
}

/** §A.4.1: of a, b and a + b - c. */
function median(a: number, b: number, c: number): number {
  const excess = (a - b) & ((a - b) >> 31);
  const low = b + excess;
  const high = a - excess;
  const aboveLow = a + b - c - low;
  const belowHigh = low - high + (aboveLow & ~(aboveLow >> 31));
  return high + (belowHigh & (belowHigh >> 31));
}

/** §A.6: what a context learns from an error. Both cases of §A.6.2 at once: what lies between them is not moved. */
function adapt(states: Int32Array, q: number, error: number): void {
  let count = states[q + N]!;
  let magnitude = states[q + A]! + negatedBy(error, error >> 31);
  let sum = states[q + B]! + error;
  if (count === RESET) {
    magnitude >>= 1;
    sum >>= 1;
    count >>= 1;
  }
  count += 1;
  const isLow = (sum + count - 1) >> 31;
  const isHigh = -sum >> 31;
  sum += (count & isLow) - (count & isHigh);
  states[q + A] = magnitude;
  states[q + B] = clamp(sum, 1 - count, 0);
  states[q + C] = clamp(states[q + C]! + isLow - isHigh, LEAST_BIAS, MOST_BIAS);
  states[q + N] = count;
}

/** §A.5.1: the smallest k for which count << k is not below the magnitude. */
function golombParameter(count: number, magnitude: number): number {
  const k = Math.max(0, Math.clz32(count) - Math.clz32(magnitude));
  return count << k < magnitude ? k + 1 : k;
}
