/** Converts coefficients to samples (ITU-T T.81 §A.3.3, A.3.4), and enlarges subsampled components to full size. */
import type { ComponentBlocks } from './jpeg-blocks.ts';
import type { JpegFrame } from './jpeg-markers.ts';

/** Samples of one component: `width` per row, in whole blocks. */
interface Plane {
  readonly samples: Uint16Array;
  readonly width: number;
  /** The size without the padding of the last blocks. */
  readonly usedColumns: number;
  readonly usedRows: number;
}

/** The adjacent samples of all components. `tables`: the quantization table of each component. */
export function samplesOf(
  frame: JpegFrame,
  blocks: readonly ComponentBlocks[],
  tables: readonly Uint16Array[],
): Uint8Array | Uint16Array {
  const { rows, columns, bits } = frame;
  const count = blocks.length;
  const values = bits <= 8 ? new Uint8Array(rows * columns * count) : new Uint16Array(rows * columns * count);
  const mostH = Math.max(...blocks.map(({ h }) => h));
  const mostV = Math.max(...blocks.map(({ v }) => v));
  for (const [which, component] of blocks.entries()) {
    const plane = planeOf(component, tables[which]!, bits, {
      usedRows: Math.ceil((rows * component.v) / mostV),
      usedColumns: Math.ceil((columns * component.h) / mostH),
    });
    const step = { x: mostH / component.h, y: mostV / component.v };
    const line = new Uint16Array(columns);
    for (let row = 0; row < rows; row += 1) {
      enlargedRow(plane, row, step, line);
      for (let column = 0, at = row * columns * count + which; column < columns; column += 1, at += count)
        values[at] = line[column]!;
    }
  }
  return values;
}

function planeOf(
  { across, down, coefficients }: ComponentBlocks,
  table: Uint16Array,
  bits: number,
  { usedRows, usedColumns }: Pick<Plane, 'usedRows' | 'usedColumns'>,
): Plane {
  const width = across * 8;
  const samples = new Uint16Array(width * down * 8);
  const work = new Int32Array(64);
  // Fractional bits kept between the column and the row transform. With 12-bit samples there is room for only one.
  const between = bits <= 8 ? 2 : 1;
  const middle = 2 ** (bits - 1);
  const most = 2 ** bits - 1;
  for (let block = 0; block < across * down; block += 1) {
    const from = block * 64;
    let rest = 0;
    for (let at = 1; at < 64; at += 1) {
      const coefficient = coefficients[from + at]!;
      rest |= coefficient;
      work[at] = coefficient * table[at]!;
    }
    work[0] = coefficients[from]! * table[0]!;
    const target = Math.floor(block / across) * 8 * width + (block % across) * 8;
    if (rest === 0) {
      // Uniform blocks are common in backgrounds and in colour components.
      const even = Math.min(most, Math.max(0, ((work[0] + 4) >> 3) + middle));
      for (let row = 0; row < 8; row += 1) samples.fill(even, target + row * width, target + row * width + 8);
      continue;
    }
    for (let column = 0; column < 8; column += 1) transform(work, column, 8, 13 - between);
    for (let row = 0; row < 8; row += 1) {
      transform(work, row * 8, 1, 13 + between + 3);
      for (let column = 0; column < 8; column += 1) {
        const value = work[row * 8 + column]! + middle;
        samples[target + row * width + column] = Math.min(most, Math.max(0, value));
      }
    }
  }
  return { samples, width, usedRows, usedColumns };
}

/** Constants of the transform, with 13 fractional bits. */
const fixed = (value: number): number => Math.round(value * 8192);
const F0298 = fixed(0.298631336);
const F0390 = fixed(0.39018064);
const F0541 = fixed(0.5411961);
const F0765 = fixed(0.765366865);
const F0899 = fixed(0.899976223);
const F1175 = fixed(1.175875602);
const F1501 = fixed(1.50132111);
const F1847 = fixed(1.847759065);
const F1961 = fixed(1.96157056);
const F2053 = fixed(2.053119869);
const F2562 = fixed(2.562915447);
const F3072 = fixed(3.072711026);

/**
 * The inverse cosine transform of eight values, `step` apart, in place, by Loeffler, Ligtenberg and Moschytz (ICASSP
 * 1989), in integers of 32 bits: the accuracy and the rounding are the same as in most other programs. The results
 * have 13 − `shift` more fractional bits than the input.
 */
function transform(work: Int32Array, at: number, step: number, shift: number): void {
  // The variables are written out, because destructuring arrays costs more than the transform.
  const i1 = at + step;
  const i2 = i1 + step;
  const i3 = i2 + step;
  const i4 = i3 + step;
  const i5 = i4 + step;
  const i6 = i5 + step;
  const i7 = i6 + step;
  const c0 = work[at]!;
  const c1 = work[i1]!;
  const c2 = work[i2]!;
  const c3 = work[i3]!;
  const c4 = work[i4]!;
  const c5 = work[i5]!;
  const c6 = work[i6]!;
  const c7 = work[i7]!;
  const half = 1 << (shift - 1);
  if ((c1 | c2 | c3 | c4 | c5 | c6 | c7) === 0) {
    work[at] =
      work[i1] =
      work[i2] =
      work[i3] =
      work[i4] =
      work[i5] =
      work[i6] =
      work[i7] =
        (c0 * 8192 + half) >> shift;
    return;
  }
  const turned26 = (c2 + c6) * F0541;
  const t2 = turned26 - c6 * F1847;
  const t3 = turned26 + c2 * F0765;
  const t0 = (c0 + c4) * 8192 + half;
  const t1 = (c0 - c4) * 8192 + half;
  const turned = (c7 + c3 + c5 + c1) * F1175;
  const z1 = -(c7 + c1) * F0899;
  const z2 = -(c5 + c3) * F2562;
  const z3 = turned - (c7 + c3) * F1961;
  const z4 = turned - (c5 + c1) * F0390;
  const o3 = c7 * F0298 + z1 + z3;
  const o2 = c5 * F2053 + z2 + z4;
  const o1 = c3 * F3072 + z2 + z3;
  const o0 = c1 * F1501 + z1 + z4;
  work[at] = (t0 + t3 + o0) >> shift;
  work[i1] = (t1 + t2 + o1) >> shift;
  work[i2] = (t1 - t2 + o2) >> shift;
  work[i3] = (t0 - t3 + o3) >> shift;
  work[i4] = (t0 - t3 - o3) >> shift;
  work[i5] = (t1 - t2 - o2) >> shift;
  work[i6] = (t1 + t2 - o1) >> shift;
  work[i7] = (t0 + t3 - o0) >> shift;
}

/** How many pixels of the picture one sample covers. */
type Step = { readonly x: number; readonly y: number };

/**
 * Writes a row at full size. Components at half size are interpolated (three quarters of the nearer sample, one
 * quarter of the next), as in libjpeg and therefore most other programs; other ratios repeat their samples.
 */
function enlargedRow(plane: Plane, row: number, step: Step, line: Uint16Array): void {
  const { x: stepX, y: stepY } = step;
  const { samples, width, usedRows, usedColumns } = plane;
  const near = Math.min(usedRows - 1, Math.floor(row / stepY));
  const isBetween = stepX === 2 && stepY === 2;
  const beside = isBetween ? Math.min(usedRows - 1, Math.max(0, near + (row % 2 === 0 ? -1 : 1))) : near;
  const first = near * width;
  const second = beside * width;
  if (stepX === 1) {
    line.set(samples.subarray(first, first + line.length));
    return;
  }
  if (stepX !== 2 || usedColumns <= 2) {
    for (let column = 0; column < line.length; column += 1)
      line[column] = samples[first + Math.floor(column / stepX)]!;
    return;
  }
  // The column sums are four times the sample values.
  for (let column = 0; column < line.length; column += 1) {
    const at = column >> 1;
    const next = Math.min(usedColumns - 1, Math.max(0, at + ((column & 1) === 0 ? -1 : 1)));
    const sum =
      3 * (3 * samples[first + at]! + samples[second + at]!) +
      3 * samples[first + next]! +
      samples[second + next]!;
    line[column] = (sum + 8 - (column & 1)) >> 4;
  }
}
