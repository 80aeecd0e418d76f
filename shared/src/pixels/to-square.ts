/**
 * A picture of another size, by adaptive averaging; to a square it is as the models take it, exactly as their
 * cards say ("input" › "resize").
 */
import type { GreyPicture } from './picture.ts';

export function toSquare(picture: GreyPicture, side: number): Float32Array {
  return averaged(picture, side, side);
}

/**
 * `high` × `wide` values, row-major: out[y][x] = mean of the rows floor(y·H/high) … ceil((y+1)·H/high)−1, and
 * of the columns likewise. Neighbouring cells share a row or a column where H or W is no multiple; a smaller
 * picture is repeated.
 */
export function averaged({ rows, columns, grey }: GreyPicture, high: number, wide: number): Float32Array {
  const [firstRows, endRows] = cells(rows, high);
  const [firstColumns, endColumns] = cells(columns, wide);
  const sums = new Float64Array(wide);
  const means = new Float64Array(high * wide);
  // Rows are summed to cells once, and the sums are added to each cell's row that they belong to: one pass
  // over the picture.
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

/** Where each cell begins and ends, the end not counted. */
function cells(length: number, count: number): readonly [Int32Array, Int32Array] {
  const begin = Int32Array.from({ length: count }, (_, cell) => Math.floor((cell * length) / count));
  const end = Int32Array.from({ length: count }, (_, cell) => Math.ceil(((cell + 1) * length) / count));
  return [begin, end];
}
