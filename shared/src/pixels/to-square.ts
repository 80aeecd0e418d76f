/** The picture as the models take it: stretched to a square by adaptive averaging, exactly as their cards say ("input" › "resize"). */
import type { GreyPicture } from './picture.ts';

/**
 * `side` × `side` values, row-major: out[y][x] = mean of the rows floor(y·H/S) … ceil((y+1)·H/S)−1, and of the columns likewise. Neighbouring cells
 * share a row or a column where S does not divide H or W; a picture smaller than the square is repeated.
 */
export function toSquare({ rows, columns, grey }: GreyPicture, side: number): Float32Array {
  const [firstRows, endRows] = cells(rows, side);
  const [firstColumns, endColumns] = cells(columns, side);
  const sums = new Float64Array(side);
  const square = new Float64Array(side * side);
  // Rows are summed to cells once, and the sums are added to each cell's row that they belong to: one pass over the picture.
  for (let row = 0, first = 0; row < rows; row += 1) {
    const start = row * columns;
    for (let x = 0; x < side; x += 1) {
      let sum = 0;
      for (let at = start + firstColumns[x]!, end = start + endColumns[x]!; at < end; at += 1) sum += grey[at]!;
      sums[x] = sum;
    }
    while (endRows[first]! <= row) first += 1;
    for (let y = first; y < side && firstRows[y]! <= row; y += 1) {
      for (let x = 0; x < side; x += 1) square[y * side + x]! += sums[x]!;
    }
  }
  return Float32Array.from(square, (sum, cell) => {
    const [y, x] = [Math.floor(cell / side), cell % side];
    return sum / ((endRows[y]! - firstRows[y]!) * (endColumns[x]! - firstColumns[x]!));
  });
}

/** Where each cell begins and ends, the end not counted. */
function cells(length: number, side: number): readonly [Int32Array, Int32Array] {
  const begin = Int32Array.from({ length: side }, (_, cell) => Math.floor((cell * length) / side));
  const end = Int32Array.from({ length: side }, (_, cell) => Math.ceil(((cell + 1) * length) / side));
  return [begin, end];
}
