/** The models get the square that their cards describe, whatever the size of the picture. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toSquare } from './to-square.ts';

const test = suite('squares for the models');

/** The sentence of the cards, word for word. */
function asTheCardsSay(grey: Float32Array, rows: number, columns: number, side: number): number[] {
  return Array.from({ length: side * side }, (_, cell) => {
    const y = Math.floor(cell / side);
    const x = cell % side;
    let sum = 0;
    let count = 0;
    for (let row = Math.floor((y * rows) / side); row <= Math.ceil(((y + 1) * rows) / side) - 1; row += 1) {
      for (
        let column = Math.floor((x * columns) / side);
        column <= Math.ceil(((x + 1) * columns) / side) - 1;
        column += 1
      ) {
        sum += grey[row * columns + column]!;
        count += 1;
      }
    }
    return sum / count;
  });
}

for (const [rows, columns, side] of [
  [8, 8, 4],
  [7, 13, 5],
  [160, 161, 160],
  [200, 111, 64],
  [3, 5, 8],
  [1, 1, 4],
  [640, 1, 3],
] as const) {
  test(`${rows} × ${columns} becomes ${side} × ${side}: every cell the mean of what it covers`, () => {
    const grey = Float32Array.from({ length: rows * columns }, (_, at) => ((at * 7919) % 1009) / 1009);
    const square = toSquare({ rows, columns, grey }, side);
    for (const [cell, expected] of asTheCardsSay(grey, rows, columns, side).entries())
      assert.ok(Math.abs(square[cell]! - expected) < 1e-6, `cell ${cell}`);
  });
}

test.run();
