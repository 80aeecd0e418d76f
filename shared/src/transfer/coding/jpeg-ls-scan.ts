/**
 * Annex A of ISO/IEC 14495-1: decodes the lines of one JPEG-LS scan, lossless and near-lossless, in any interleave
 * mode. Names in comments are the standard's. The bytes are untrusted: the width alone bounds the output, whatever they
 * hold.
 */
import type { BitReader } from './bit-reader.ts';

export interface ScanParameters {
  /** MAXVAL */
  readonly most: number;
  readonly near: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
  readonly reset: number;
}

/** §C.2.4.1.1: MAXVAL, T1, T2, T3, RESET; 0 stands for the default. */
export type Preset = readonly [most: number, t1: number, t2: number, t3: number, reset: number];
const DEFAULTS: Preset = [0, 0, 0, 0, 0];

/** §A.2.1, §C.2.4.1.1.1. Null: the parameters contradict each other. */
export function scanParameters(bits: number, near: number, preset = DEFAULTS): ScanParameters | null {
  const [mostGiven, ...given] = preset;
  const most = mostGiven || 2 ** bits - 1;
  if (most >= 2 ** bits || near > Math.min(255, most / 2)) return null;
  const factor = most >= 128 ? (Math.min(most, 4095) + 128) >> 8 : Math.floor(256 / (most + 1));
  const [d1, d2, d3] =
    most >= 128
      ? [factor + 2 + 3 * near, 4 * factor + 3 + 5 * near, 17 * factor + 4 + 7 * near]
      : [
          Math.max(2, Math.floor(3 / factor) + 3 * near),
          Math.max(3, Math.floor(7 / factor) + 5 * near),
          Math.max(4, Math.floor(21 / factor) + 7 * near),
        ];
  const within = (value: number, least: number): number => (value > most || value < least ? least : value);
  const t1 = given[0] || within(d1, near + 1);
  const t2 = given[1] || within(d2, t1);
  const t3 = given[2] || within(d3, t2);
  const reset = given[3] || 64;
  if (t1 <= near || t2 < t1 || t3 < t2 || t3 > most || reset < 3) return null;
  return { most, near, t1, t2, t3, reset };
}

/** A component's lines. Samples are numbered from 1, with one more sample on either side (§A.2.1). */
export interface ComponentLines {
  above: Int32Array;
  line: Int32Array;
  runIndex: number;
}

export function createLines(width: number): ComponentLines {
  return { above: new Int32Array(width + 2), line: new Int32Array(width + 2), runIndex: 0 };
}

/** §A.2.1 */
const CONTEXTS = 365;
const RUN_CONTEXTS = 2;
/** The offsets of a context's variables. */
const A = 0;
const B = 1;
const C = 2;
const N = 3;
const STATE = 4;
const MOST_BIAS = 127;
const LEAST_BIAS = -128;
/** §A.2.1: J, the order of run lengths. */
const RUN_ORDERS = Uint8Array.from([
  0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15,
]);

/** §A.3.3: the region of every gradient, from -MAXVAL to +MAXVAL. */
function quantization({ most, near, t1, t2, t3 }: ScanParameters): Int8Array {
  const regions = new Int8Array(2 * most + 1);
  for (const [region, from] of [
    [1, near + 1],
    [2, t1],
    [3, t2],
    [4, t3],
  ] as const) {
    regions.fill(region, most + from);
    regions.fill(-region, 0, most - from + 1);
  }
  return regions;
}

export class ScanDecoder {
  isDamaged = false;
  private readonly bits: BitReader;
  private readonly most: number;
  private readonly near: number;
  private readonly reset: number;
  /** 2 NEAR + 1 */
  private readonly step: number;
  private readonly range: number;
  /** LIMIT and qbpp */
  private readonly limit: number;
  private readonly escapeBits: number;
  private readonly regions: Int8Array;
  /** A, B, C, N of one context after another; in the run contexts, B is Nn. */
  private readonly states = new Int32Array(STATE * (CONTEXTS + RUN_CONTEXTS));

  constructor(bits: BitReader, parameters: ScanParameters) {
    const { most, near, reset } = parameters;
    this.bits = bits;
    this.most = most;
    this.near = near;
    this.reset = reset;
    this.step = 2 * near + 1;
    this.range = Math.floor((most + 2 * near) / this.step) + 1;
    const sampleBits = Math.max(2, bitsFor(most + 1));
    this.limit = 2 * (sampleBits + Math.max(8, sampleBits));
    this.escapeBits = bitsFor(this.range);
    this.regions = quantization(parameters);
    for (let q = 0; q < this.states.length; q += STATE) {
      this.states[q + A] = Math.max(2, (this.range + 32) >> 6);
      this.states[q + N] = 1;
    }
  }

  /** Decodes the next line of one component, for the interleave modes none and line. False: the scan is damaged. */
  decodeLine(component: ComponentLines, width: number): boolean {
    startLine(component, width);
    const { above, line } = component;
    for (
      let x = this.decodeSamples(component, 1, width, true);
      x <= width && !this.isDamaged;
      x = this.decodeSamples(component, x, width, true)
    ) {
      x = this.decodeRun(component, [component], x, width);
      if (x > width) break;
      line[x] = this.decodeInterruption(line[x - 1]!, above[x]!, component.runIndex, false);
      if (component.runIndex > 0) component.runIndex -= 1;
      x += 1;
    }
    return !this.isDamaged && !this.bits.isBeyondEnd;
  }

  /**
   * Decodes the next line of all components, for the interleave mode sample, where a run covers all components
   * (§B.2.3). False: the scan is damaged.
   */
  decodeTogether(components: readonly ComponentLines[], width: number): boolean {
    const [first] = components;
    for (const component of components) startLine(component, width);
    for (let x = 1; x <= width && !this.isDamaged; x += 1) {
      if (components.every(({ above, line }) => this.isFlat(above, line, x))) {
        x = this.decodeRun(first!, components, x, width);
        if (x > width) break;
        for (const { above, line } of components)
          line[x] = this.decodeInterruption(line[x - 1]!, above[x]!, first!.runIndex, true);
        if (first!.runIndex > 0) first!.runIndex -= 1;
      } else {
        for (const component of components) this.decodeSamples(component, x, x, false);
      }
    }
    return !this.isDamaged && !this.bits.isBeyondEnd;
  }

  private isFlat(above: Int32Array, line: Int32Array, x: number): boolean {
    const { regions, most } = this;
    const a = line[x - 1]!;
    const b = above[x]!;
    const c = above[x - 1]!;
    const d = above[x + 1]!;
    return regions[most + d - b] === 0 && regions[most + b - c] === 0 && regions[most + c - a] === 0;
  }

  /**
   * §A.3 to A.6: decodes samples `from` to `to`, or up to the start of a run. Returns the number of the next sample.
   * The bits are kept in local variables because this runs for every sample, and the reader's methods take twice as
   * long. Rare cases (stuffed bits, the end, long codes) are left to those methods.
   */
  private decodeSamples(
    { above, line }: ComponentLines,
    from: number,
    to: number,
    untilRun: boolean,
  ): number {
    const { regions, most, states, bits, limit } = this;
    const escapeZeros = limit - this.escapeBits - 1;
    const largest = 2 * (this.range - 1);
    let { at, cache, held } = bits;
    let x = from;
    let a = line[x - 1]!;
    let b = above[x]!;
    let c = above[x - 1]!;
    while (x <= to && !this.isDamaged) {
      const d = above[x + 1]!;
      const context = 81 * regions[most + d - b]! + 9 * regions[most + b - c]! + regions[most + c - a]!;
      if (context === 0 && untilRun) break;
      if (held <= 16) {
        const pair = plainPair(bits.bytes, at);
        if (pair >= 0) {
          cache |= pair << (16 - held);
          held += 16;
          at += 2;
        } else {
          bits.hold(at, cache, held);
          bits.fill();
          ({ at, cache, held } = bits);
        }
      }
      // -1 for a negative context, which shares its variables with the positive one (§A.3.4); else 0.
      const sign = context >> 31;
      const q = STATE * negatedBy(context, sign);
      const k = golombParameter(states[q + N]!, states[q + A]!);
      const zeros = Math.clz32(cache);
      let mapped: number;
      if (zeros < escapeZeros && zeros + k < held) {
        cache <<= zeros + 1;
        mapped = (zeros << k) | (k === 0 ? 0 : cache >>> (32 - k));
        cache <<= k;
        held -= zeros + 1 + k;
        if (mapped > largest) this.isDamaged = true;
      } else {
        bits.hold(at, cache, held);
        mapped = this.decodeGolomb(k, limit);
        ({ at, cache, held } = bits);
      }
      // §A.4.2: the prediction is corrected by the average error in this context so far.
      const predicted = clamp(median(a, b, c) + negatedBy(states[q + C]!, sign), 0, most);
      a = predicted + negatedBy(this.learn(q, k, mapped), sign);
      if (a >>> 0 > most) a = this.folded(a);
      line[x] = a;
      c = b;
      b = d;
      x += 1;
    }
    bits.hold(at, cache, held);
    return x;
  }

  /**
   * §A.5.2, A.6: updates the context at `q` with an error, which was mapped to a positive number and coded with k.
   * Returns how much the error adds to the prediction.
   */
  private learn(q: number, k: number, mapped: number): number {
    const { states, near } = this;
    const unmapped = (mapped >> 1) ^ -(mapped & 1);
    const error = k === 0 && near === 0 && 2 * states[q + B]! <= -states[q + N]! ? ~unmapped : unmapped;
    const difference = near === 0 ? error : Math.imul(error, this.step);
    this.adapt(q, error, difference);
    return difference;
  }

  /** §A.6: updates a context with an error. Handles both cases of §A.6.2 at once: values between them do not change. */
  private adapt(q: number, error: number, difference: number): void {
    const { states } = this;
    let count = states[q + N]!;
    let magnitude = states[q + A]! + negatedBy(error, error >> 31);
    let sum = states[q + B]! + difference;
    if (count === this.reset) {
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

  /** §A.4.5: a value outside the range wraps around to the other end. */
  private folded(value: number): number {
    const { most, near, range, step } = this;
    const span = range * step;
    return clamp(value < -near ? value + span : value > most + near ? value - span : value, 0, most);
  }

  /**
   * §A.7.1: decodes a run of all components from `start` on, counted by the first component. Returns the number of the
   * sample that ends the run, which is beyond `width` if the line ends first.
   */
  private decodeRun(
    first: ComponentLines,
    components: readonly ComponentLines[],
    start: number,
    width: number,
  ): number {
    let x = start;
    while (x <= width && this.bits.read(1) === 1) {
      const run = 1 << RUN_ORDERS[first.runIndex]!;
      if (x + run <= width + 1 && first.runIndex < RUN_ORDERS.length - 1) first.runIndex += 1;
      x += run;
    }
    if (x <= width) {
      x += this.bits.read(RUN_ORDERS[first.runIndex]!);
      if (x > width) this.isDamaged = true;
    }
    for (const { line } of components) line.fill(line[start - 1]!, start, Math.min(x, width + 1));
    return x;
  }

  /** §A.7.2. `isTogether`: interleave mode sample, in which both kinds of interruption are treated as the first. */
  private decodeInterruption(a: number, b: number, runIndex: number, isTogether: boolean): number {
    const { states, reset } = this;
    const type = !isTogether && Math.abs(a - b) <= this.near ? 1 : 0;
    const q = STATE * (CONTEXTS + type);
    const count = states[q + N]!;
    const k = golombParameter(count, states[q + A]! + (type === 1 ? count >> 1 : 0));
    const mapped = this.decodeGolomb(k, this.limit - RUN_ORDERS[runIndex]! - 1);
    const doubled = mapped + type;
    const isOdd = (doubled & 1) === 1;
    const isNegative = (k !== 0 || 2 * states[q + B]! >= count) === isOdd;
    const error = isNegative ? -((doubled + 1) >> 1) : (doubled + 1) >> 1;
    if (error < 0) states[q + B]! += 1;
    states[q + A]! += (mapped + 1 - type) >> 1;
    if (count === reset) for (const each of [A, B, N]) states[q + each]! >>= 1;
    states[q + N]! += 1;
    return this.folded((type === 1 ? a : b) + (type === 0 && a > b ? -error : error) * this.step);
  }

  /**
   * §A.5.3, §G.2: reads a value in Golomb code with parameter k, or, after as many zeros as the limit allows, as a
   * plain number.
   */
  private decodeGolomb(k: number, limit: number): number {
    const escapeZeros = limit - this.escapeBits - 1;
    const zeros = this.bits.readZeros(escapeZeros + 1);
    // No encoder writes a value of more than 24 bits.
    const value =
      zeros < escapeZeros
        ? zeros * 2 ** k + this.bits.read(Math.min(24, k))
        : this.bits.read(this.escapeBits) + 1;
    // An error is at most half of the range; no encoder writes a larger one.
    if (zeros > escapeZeros || value > 2 * (this.range - 1)) this.isDamaged = true;
    return this.isDamaged ? 0 : value;
  }
}

/** Makes the last line the one above. §A.2.1 defines the neighbours of the first and the last sample. */
function startLine(component: ComponentLines, width: number): void {
  const { above, line } = component;
  component.above = line;
  component.line = above;
  line[width + 1] = line[width]!;
  above[0] = line[1]!;
}

/** The number of bits needed for this many values. */
function bitsFor(values: number): number {
  return 32 - Math.clz32(values - 1);
}

/** The 16 bits of two bytes; -1 at the end, and next to a byte of ones, where a bit may be stuffing. */
function plainPair(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const second = bytes[at + 1]!;
  return first < 0xff && second < 0xff && bytes[at - 1] !== 0xff ? (first << 8) | second : -1;
}

/** `sign` -1: returns the negative; 0: the number itself. Signs are numbers so that no branch has to be predicted. */
function negatedBy(value: number, sign: number): number {
  return (value ^ sign) - sign;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** §A.4.1: the median of a, b and a + b - c. */
function median(a: number, b: number, c: number): number {
  const excess = (a - b) & ((a - b) >> 31);
  const low = b + excess;
  const high = a - excess;
  const aboveLow = a + b - c - low;
  const belowHigh = low - high + (aboveLow & ~(aboveLow >> 31));
  return high + (belowHigh & (belowHigh >> 31));
}

/** §A.5.1: the smallest k for which count << k is not below the magnitude. */
function golombParameter(count: number, magnitude: number): number {
  const k = Math.max(0, Math.clz32(count) - Math.clz32(magnitude));
  return count << k < magnitude ? k + 1 : k;
}
