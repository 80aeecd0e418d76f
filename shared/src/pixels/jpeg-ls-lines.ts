/** Annex A of ISO/IEC 14495-1: the lines of one scan. Names in comments are the standard's; what is decoded is bounded by the width alone. */
import type { BitReader } from '../transfer/coding/bit-reader.ts';

export interface ScanParameters {
  /** MAXVAL */
  readonly most: number;
  readonly near: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
  readonly reset: number;
}

/** Samples are numbered from 1; one more stands on either side (§A.2.1). */
export interface LineOfComponent {
  readonly index: number;
  above: Int32Array;
  line: Int32Array;
  runIndex: number;
}

const CONTEXTS = 365;
/** §A.2.1: J, the order of run lengths. */
const RUN_ORDERS = Uint8Array.of(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15);

export class LineDecoder {
  isDamaged = false;
  private readonly bits: BitReader;
  private readonly parameters: ScanParameters;
  /** 2 NEAR + 1 */
  private readonly step: number;
  private readonly range: number;
  /** LIMIT and qbpp */
  private readonly limit: number;
  private readonly escapeBits: number;
  /** A, B, C, N of §A.2.1; the last two contexts are those of runs, whose B is Nn. */
  private readonly magnitudes = new Int32Array(CONTEXTS + 2);
  private readonly sums = new Int32Array(CONTEXTS + 2);
  private readonly biases = new Int32Array(CONTEXTS);
  private readonly counts = new Int32Array(CONTEXTS + 2).fill(1);

  constructor(bits: BitReader, parameters: ScanParameters) {
    const { most, near } = parameters;
    this.bits = bits;
    this.parameters = parameters;
    this.step = 2 * near + 1;
    this.range = Math.floor((most + 2 * near) / this.step) + 1;
    const sampleBits = Math.max(2, bitsFor(most + 1));
    this.limit = 2 * (sampleBits + Math.max(8, sampleBits));
    this.escapeBits = bitsFor(this.range);
    this.magnitudes.fill(Math.max(2, (this.range + 32) >> 6));
  }

  /** One line of one component: interleave none and by line. */
  decodeLine(component: LineOfComponent, width: number): void {
    const { above, line } = component;
    for (let x = 1; x <= width && !this.isDamaged;) {
      const context = this.contextAt(above, line, x);
      if (context !== 0) {
        line[x] = this.regular(context, line[x - 1]!, above[x]!, above[x - 1]!);
        x += 1;
        continue;
      }
      const run = this.runLength(component, width + 1 - x);
      line.fill(line[x - 1]!, x, x + run);
      x += run;
      if (x > width) break;
      line[x] = this.interruption(line[x - 1]!, above[x]!, component.runIndex, false);
      if (component.runIndex > 0) component.runIndex -= 1;
      x += 1;
    }
  }

  /** One line of all components: interleave by sample, where a run is one of all (§B.2.3). */
  decodeTogether(components: readonly LineOfComponent[], width: number): void {
    const [first] = components;
    for (let x = 1; x <= width && !this.isDamaged;) {
      const contexts = components.map(({ above, line }) => this.contextAt(above, line, x));
      if (contexts.some((context) => context !== 0)) {
        for (const [i, { above, line }] of components.entries()) line[x] = this.regular(contexts[i]!, line[x - 1]!, above[x]!, above[x - 1]!);
        x += 1;
        continue;
      }
      const run = this.runLength(first!, width + 1 - x);
      for (const { line } of components) line.fill(line[x - 1]!, x, x + run);
      x += run;
      if (x > width) break;
      for (const { above, line } of components) line[x] = this.interruption(line[x - 1]!, above[x]!, first!.runIndex, true);
      if (first!.runIndex > 0) first!.runIndex -= 1;
      x += 1;
    }
  }

  /** §A.3 */
  private contextAt(above: Int32Array, line: Int32Array, x: number): number {
    const [a, b, c, d] = [line[x - 1]!, above[x]!, above[x - 1]!, above[x + 1]!];
    return 81 * this.region(d - b) + 9 * this.region(b - c) + this.region(c - a);
  }

  private region(difference: number): number {
    const { near, t1, t2, t3 } = this.parameters;
    const size = Math.abs(difference);
    if (size <= near) return 0;
    const region = size < t1 ? 1 : size < t2 ? 2 : size < t3 ? 3 : 4;
    return difference < 0 ? -region : region;
  }

  /** §A.4 to §A.6 */
  private regular(context: number, a: number, b: number, c: number): number {
    const { most, near, reset } = this.parameters;
    const { magnitudes, sums, biases, counts } = this;
    const [q, sign] = context < 0 ? [-context, -1] : [context, 1];
    const median = c >= Math.max(a, b) ? Math.min(a, b) : c <= Math.min(a, b) ? Math.max(a, b) : a + b - c;
    const predicted = Math.min(most, Math.max(0, median + sign * biases[q]!));
    const k = golombParameter(counts[q]!, magnitudes[q]!);
    const mapped = this.golomb(k, this.limit);
    const unmapped = (mapped >> 1) ^ -(mapped & 1);
    const error = near === 0 && k === 0 && 2 * sums[q]! <= -counts[q]! ? ~unmapped : unmapped;
    magnitudes[q]! += Math.abs(error);
    sums[q]! += error * this.step;
    if (counts[q] === reset) this.halve(q);
    const count = (counts[q]! += 1);
    if (sums[q]! <= -count) {
      sums[q] = Math.max(sums[q]! + count, 1 - count);
      if (biases[q]! > -128) biases[q]! -= 1;
    } else if (sums[q]! > 0) {
      sums[q] = Math.min(sums[q]! - count, 0);
      if (biases[q]! < 127) biases[q]! += 1;
    }
    return this.reconstructed(predicted + sign * error * this.step);
  }

  private halve(q: number): void {
    this.magnitudes[q]! >>= 1;
    this.sums[q]! >>= 1;
    this.counts[q]! >>= 1;
  }

  /** §A.4.5: what leaves the range comes in again at its other end. */
  private reconstructed(value: number): number {
    const { most, near } = this.parameters;
    const folded = value < -near ? value + this.range * this.step : value > most + near ? value - this.range * this.step : value;
    return Math.min(most, Math.max(0, folded));
  }

  /** §A.7.1: at most `left`. Where it is less, an interruption follows. */
  private runLength(component: LineOfComponent, left: number): number {
    let run = 0;
    while (this.bits.read(1) === 1) {
      const length = 1 << RUN_ORDERS[component.runIndex]!;
      run += length;
      if (run <= left && component.runIndex < RUN_ORDERS.length - 1) component.runIndex += 1;
      if (run >= left) return left;
    }
    run += this.bits.read(RUN_ORDERS[component.runIndex]!);
    if (run >= left) this.isDamaged = true;
    return Math.min(run, left);
  }

  /** §A.7.2. `isTogether`: by sample, where both kinds count as the first. */
  private interruption(a: number, b: number, runIndex: number, isTogether: boolean): number {
    const { near, reset } = this.parameters;
    const type = !isTogether && Math.abs(a - b) <= near ? 1 : 0;
    const q = CONTEXTS + type;
    const count = this.counts[q]!;
    const k = golombParameter(count, this.magnitudes[q]! + (type === 1 ? count >> 1 : 0));
    const mapped = this.golomb(k, this.limit - RUN_ORDERS[runIndex]! - 1);
    const doubled = mapped + type;
    const isNegative = (k !== 0 || 2 * this.sums[q]! >= count) === ((doubled & 1) === 1);
    const error = isNegative ? -((doubled + 1) >> 1) : (doubled + 1) >> 1;
    if (error < 0) this.sums[q]! += 1;
    this.magnitudes[q]! += (mapped + 1 - type) >> 1;
    if (count === reset) this.halve(q);
    this.counts[q]! += 1;
    const sign = type === 0 && a > b ? -1 : 1;
    return this.reconstructed((type === 1 ? a : b) + sign * error * this.step);
  }

  /** §A.5.3, §G.2 */
  private golomb(k: number, limit: number): number {
    const escape = limit - this.escapeBits - 1;
    const zeros = this.bits.readZeros(escape + 1);
    const value = zeros < escape ? zeros * 2 ** k + this.bits.read(k) : this.bits.read(this.escapeBits) + 1;
    if (zeros > escape || value > 2 * this.range) this.isDamaged = true;
    return this.isDamaged ? 0 : value;
  }
}

/** Bits in which so many values can be told apart. */
function bitsFor(values: number): number {
  return 32 - Math.clz32(values - 1);
}

/** §A.5.1. At most 24: what needs more was never coded. */
function golombParameter(count: number, magnitude: number): number {
  let k = 0;
  while (k < 24 && count * 2 ** k < magnitude) k += 1;
  return k;
}
