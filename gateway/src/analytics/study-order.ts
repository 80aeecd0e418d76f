/** Orders rows by their studies, so that the distinct studies of each group can be counted in one pass. */

export type StudyOrder = {
  /** The number of each row's study, from 0. */
  readonly placeOf: Uint32Array;
  /** The rows, ordered by study. */
  readonly order: Uint32Array;
};

/** Used where there is no number. */
const NONE = -1;

/** Uses a hash table of plain numbers, because a Map would create an object for each. */
export function orderByStudy(study: ArrayLike<number>): StudyOrder {
  const size = 2 ** Math.ceil(Math.log2(2 * study.length + 2));
  const last = size - 1;
  const slots = new Float64Array(size).fill(NONE);
  const places = new Uint32Array(size);
  const placeOf = new Uint32Array(study.length);
  let count = 0;
  for (let row = 0; row < study.length; row += 1) {
    const wanted = study[row]!;
    let slot = (wanted >>> 0) & last;
    while (slots[slot] !== wanted && slots[slot] !== NONE) slot = (slot + 1) & last;
    if (slots[slot] === NONE) {
      slots[slot] = wanted;
      places[slot] = count;
      count += 1;
    }
    placeOf[row] = places[slot]!;
  }
  return { placeOf, order: sortBy(upTo(study.length), (row) => placeOf[row]!, count) };
}

/** The numbers from 0 to `count` - 1. */
function upTo(count: number): Uint32Array {
  const rows = new Uint32Array(count);
  for (let row = 0; row < count; row += 1) rows[row] = row;
  return rows;
}

/** A counting sort by keys from 0 to `count` - 1. It is stable: rows with equal keys keep their order. */
export function sortBy(order: Uint32Array, keyOf: (row: number) => number, count: number): Uint32Array {
  const next = new Uint32Array(count + 1);
  for (let at = 0; at < order.length; at += 1) next[keyOf(order[at]!) + 1]! += 1;
  for (let key = 0; key < count; key += 1) next[key + 1]! += next[key]!;
  const sorted = new Uint32Array(order.length);
  for (let at = 0; at < order.length; at += 1) {
    const key = keyOf(order[at]!);
    sorted[next[key]!] = order[at]!;
    next[key]! += 1;
  }
  return sorted;
}

/**
 * Counts the distinct studies in each group of rows. Groups are numbered 0 to `groups` - 1; a row with group -1 is in
 * none.
 */
export function countStudies(
  { order, placeOf }: StudyOrder,
  groupOf: (row: number) => number,
  groups: number,
): Uint32Array {
  const studies = new Uint32Array(groups);
  // The study counted last in each group. The rows of a study are consecutive, so this is enough.
  const counted = new Int32Array(groups).fill(NONE);
  for (let at = 0; at < order.length; at += 1) {
    const row = order[at]!;
    const group = groupOf(row);
    if (group === NONE || counted[group] === placeOf[row]) continue;
    counted[group] = placeOf[row]!;
    studies[group]! += 1;
  }
  return studies;
}
