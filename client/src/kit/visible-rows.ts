/**
 * Finds the rows of a long list that are in the window. Row heights differ: a drawn row is measured, others are
 * estimated. Pure; VirtualList.tsx draws the result.
 */

/**
 * The top of each row, in px from the top of the list, followed by the height of the whole list: `heights.length + 1`
 * numbers.
 */
export function topsOf(heights: ArrayLike<number>): Float64Array {
  const tops = new Float64Array(heights.length + 1);
  for (let row = 0; row < heights.length; row += 1) tops[row + 1] = tops[row]! + heights[row]!;
  return tops;
}

/** The last row whose top is at or above `y`; 0 if `y` is above the list. */
export function rowAt(tops: Float64Array, y: number): number {
  let low = 0;
  let high = Math.max(0, tops.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tops[middle]! <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** `to` exclusive. */
export type RowRange = { readonly from: number; readonly to: number };

/**
 * The rows to draw at once when the list has just changed: those in the window (`seen`), and the adjoining rows within
 * `range` that are already drawn.
 */
export function rowsAtOnce(
  range: RowRange,
  seen: RowRange,
  isDrawn: (row: number) => boolean,
  rows: number,
): RowRange {
  let from = Math.min(range.from, rows);
  let to = Math.min(range.to, rows);
  while (from < Math.min(seen.from, to) && !isDrawn(from)) from += 1;
  while (to > Math.max(seen.to, from) && !isDrawn(to - 1)) to -= 1;
  return { from, to };
}

/**
 * The rows to draw, `to` exclusive: those between `from` and `to` px plus `margin` px at both ends, so that scrolling
 * meets drawn rows.
 */
export function visibleRows(
  tops: Float64Array,
  view: { from: number; to: number },
  margin: number,
): RowRange {
  const rows = tops.length - 1;
  if (rows === 0) return { from: 0, to: 0 };
  return { from: rowAt(tops, view.from - margin), to: Math.min(rows, rowAt(tops, view.to + margin) + 1) };
}
