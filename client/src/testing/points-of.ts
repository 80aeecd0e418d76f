/** Points of a mark, written as x, y, x, y and so on. */
export const pointsOf = (...numbers: number[]): [number, number][] =>
  Array.from({ length: numbers.length / 2 }, (_, at) => [numbers[2 * at]!, numbers[2 * at + 1]!]);
