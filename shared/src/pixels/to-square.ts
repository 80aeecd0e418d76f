/**
 * Resizes a picture by adaptive averaging. The square form is the models' input, exactly as their cards specify
 * ("input" › "resize").
 */
import type { GreyPicture } from './picture.ts';

export function toSquare(picture: GreyPicture, side: number): Float32Array {
  return averaged(picture, side, side);
}

/**
 * `high` × `wide` values, row-major: out[y][x] = mean of the rows floor(y·H/high) … ceil((y+1)·H/high)−1, and of the
 * columns likewise. Neighbouring cells share a row or a column if H or W is not a multiple. Pixels of a smaller
 * picture are repeated.
 */
export function averaged({ rows, columns, grey }: GreyPicture, high: number, wide: number): Float32Array {
  const [firstRows, endRows] = cells(rows, high);
  const [firstColumns, endColumns] = cells(columns, wide);
  const sums = new Float64Array(wide);
  const means = new Float64Array(high * wide);
  // Each row is summed into cells once, and these sums are added to every row of cells to which the row belongs. So
  // one pass over the picture is enough.
  for (let row = 0, first = 0; row < rows; row += 1) {
    const start = row * columns;
    for (let x = 0; x < wide; x += 1) {
      let sum = 0;
      for (let at = start + firstColumns[x]!, end = start + endColumns[x]!; at < end; at += 1)
        sum += grey[at]!;
      sums[x] = sum;
    }
    while (endRows[first]! <= row) first += 1;
    for (let y = first; y < high && firstRows[y]! <= row; y += 1) {
      for (let x = 0; x < wide; x += 1) means[y * wide + x]! += sums[x]!;
    }
  }
  for (let y = 0, cell = 0; y < high; y += 1) {
    for (let x = 0; x < wide; x += 1, cell += 1)
      means[cell]! /= (endRows[y]! - firstRows[y]!) * (endColumns[x]! - firstColumns[x]!);
  }
  return Float32Array.from(means);
}

/** Where each cell begins and ends (exclusive). */
function cells(length: number, count: number): readonly [Int32Array, Int32Array] {
  const begin = Int32Array.from({ length: count }, (_, cell) => Math.floor((cell * length) / count));
  const end = Int32Array.from({ length: count }, (_, cell) => Math.ceil(((cell + 1) * length) / count));
  return [begin, end];
}
