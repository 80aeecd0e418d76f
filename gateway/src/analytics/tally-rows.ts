/** Exact sums, distinct studies and percentiles of rows by group: 100 000 rows take some milliseconds. */
import { orderByStudy, sortBy, type StudyOrder } from './study-order.ts';

export type Row = {
  /** An integer that stands for the study, practically random. */
  readonly study: number;
  readonly instances: number;
  readonly bytes: number;
  readonly retries: number;
  /** Null: there is no time to count. */
  readonly ms: number | null;
};
export type Rows = {
  add(row: Row): void;
  /** The number of a row's study, from 0. */
  placeOf(row: number): number;
  /** Returns a tally for each group. Groups are numbered 0 to `groups` - 1. */
  tally(groupOf: (row: number) => number, groups: number): readonly Tally[];
};
export type Tally = {
  studies: number;
  uploads: number;
  instances: number;
  bytes: number;
  retries: number;
  /** Interpolated between neighbours; null: there were no times. */
  times: { readonly p50: number; readonly p95: number } | null;
};

/** Columns of a fixed length: creating an object per row, or growing arrays, would take longer than the counting. */
type Columns = Readonly<Record<'study' | 'instances' | 'bytes' | 'retries' | 'ms', Float64Array>>;
type Orders = StudyOrder & {
  /** The rows that have a time, ordered by time. */
  readonly byTime: Uint32Array;
};

/** Creates storage for at most `limit` rows. */
export function createRows(limit: number): Rows {
  const column = (): Float64Array => new Float64Array(limit);
  const columns: Columns = {
    ...{ study: column(), instances: column(), bytes: column(), retries: column(), ms: column() },
  };
  const { study, instances, bytes, retries, ms } = columns;
  let count = 0;
  let known: Orders | null = null;
  const orders = (): Orders =>
    (known ??= {
      ...orderByStudy(study.subarray(0, count)),
      byTime: orderByTime(ms.subarray(0, count)),
    });
  return {
    add(row) {
      known = null;
      study[count] = row.study;
      instances[count] = row.instances;
      bytes[count] = row.bytes;
      retries[count] = row.retries;
      ms[count] = row.ms ?? NONE;
      count += 1;
    },
    placeOf: (row) => orders().placeOf[row]!,
    tally: (groupOf, groups) => tally(columns, orders(), { groupOf, groups }),
  };
}

/** Used where there is no time. */
const NONE = -1;

const DIGIT = 2 ** 16;

/** The rows that have a time, shortest first. This radix sort runs once for all groups. */
function orderByTime(ms: Float64Array): Uint32Array {
  const timed = new Uint32Array(ms.length);
  let count = 0;
  let longest = 0;
  for (let row = 0; row < ms.length; row += 1) {
    if (ms[row] === NONE) continue;
    timed[count] = row;
    count += 1;
    longest = Math.max(longest, ms[row]!);
  }
  let order: Uint32Array = timed.subarray(0, count);
  for (let unit = 1; unit <= longest; unit *= DIGIT)
    order = sortBy(order, (row) => Math.floor(ms[row]! / unit) % DIGIT, DIGIT);
  return order;
}

type Grouping = { readonly groupOf: (row: number) => number; readonly groups: number };

function tally(
  columns: Columns,
  { order, placeOf, byTime }: Orders,
  { groupOf, groups }: Grouping,
): readonly Tally[] {
  const tallies = Array.from(
    { length: groups },
    (): Tally => ({ studies: 0, uploads: 0, instances: 0, bytes: 0, retries: 0, times: null }),
  );
  const timed = new Uint32Array(groups);
  // The study counted last in each group. The rows of a study are consecutive, so this is enough.
  const counted = new Int32Array(groups).fill(NONE);
  for (let at = 0; at < order.length; at += 1) {
    const row = order[at]!;
    const group = groupOf(row);
    const of = tallies[group]!;
    of.uploads += 1;
    of.instances += columns.instances[row]!;
    of.bytes += columns.bytes[row]!;
    of.retries += columns.retries[row]!;
    if (columns.ms[row] !== NONE) timed[group]! += 1;
    if (counted[group] === placeOf[row]) continue;
    counted[group] = placeOf[row]!;
    of.studies += 1;
  }
  for (const [group, times] of timesOf(columns, byTime, { groupOf, timed }).entries())
    if (times.length > 0)
      tallies[group]!.times = { p50: percentile(times, 0.5), p95: percentile(times, 0.95) };
  return tallies;
}

/** The sorted times of each group. `timed`: how many times each group has. */
function timesOf(
  { ms }: Columns,
  byTime: Uint32Array,
  { groupOf, timed }: { readonly groupOf: Grouping['groupOf']; readonly timed: Uint32Array },
): readonly Float64Array[] {
  const times = Array.from(timed, (count) => new Float64Array(count));
  const filled = new Uint32Array(timed.length);
  for (let at = 0; at < byTime.length; at += 1) {
    const row = byTime[at]!;
    const group = groupOf(row);
    times[group]![filled[group]!] = ms[row]!;
    filled[group]! += 1;
  }
  return times;
}

/** Interpolates like `percentile_cont` of SQL and `numpy.percentile`. `sorted` must not be empty. */
function percentile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (at - below) * ((sorted[below + 1] ?? low) - low);
}
