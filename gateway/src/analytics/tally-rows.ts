/** Sums, distinct studies and percentiles of rows by group, all of them exact. */

export type Row = {
  /** Any number that stands for the study. */
  readonly study: number;
  readonly instances: number;
  readonly bytes: number;
  readonly retries: number;
  /** Null: none to count. */
  readonly ms: number | null;
};
export type Rows = {
  add(row: Row): void;
  /** A number that stands for the study of this row. */
  studyOf(row: number): number;
  /** By the place of each row's group, 0 to `groups` - 1. */
  tally(groupOf: (row: number) => number, groups: number): readonly Tally[];
};
export type Tally = {
  studies: number;
  uploads: number;
  instances: number;
  bytes: number;
  retries: number;
  /** Interpolated between neighbours; null: of nothing. */
  times: { readonly p50: number; readonly p95: number } | null;
};

type Columns = { readonly study: number[]; readonly sums: Row[]; readonly places: Map<number, number> };

export function createRows(): Rows {
  // A study's place, counted from 0, for each row.
  const columns: Columns = { study: [], sums: [], places: new Map() };
  return {
    add(row) {
      const place = columns.places.get(row.study) ?? columns.places.size;
      columns.places.set(row.study, place);
      columns.study.push(place);
      columns.sums.push(row);
    },
    studyOf: (row) => columns.study[row]!,
    tally: (groupOf, groups) => tally(columns, groupOf, groups),
  };
}

function tally(columns: Columns, groupOf: (row: number) => number, groups: number): readonly Tally[] {
  const tallies = Array.from(
    { length: groups },
    (): Tally => ({
      ...{ studies: 0, uploads: 0, instances: 0, bytes: 0, retries: 0, times: null },
    }),
  );
  const timed = new Uint32Array(groups);
  // The study that was counted last: the rows of one come together.
  const counted = new Int32Array(groups).fill(-1);
  for (const row of byStudy(columns)) {
    const group = groupOf(row);
    const of = tallies[group]!;
    const { instances, bytes, retries, ms } = columns.sums[row]!;
    of.uploads += 1;
    of.instances += instances;
    of.bytes += bytes;
    of.retries += retries;
    if (ms !== null) timed[group]! += 1;
    if (counted[group] === columns.study[row]) continue;
    counted[group] = columns.study[row]!;
    of.studies += 1;
  }
  for (const [group, times] of timesOf(columns, groupOf, timed).entries())
    if (times.length > 0)
      tallies[group]!.times = { p50: percentile(times, 0.5), p95: percentile(times, 0.95) };
  return tallies;
}

/** The rows in the order of their studies: a counting sort. */
function byStudy({ study, places }: Columns): Uint32Array {
  const next = startsOf(study, places.size);
  const order = new Uint32Array(study.length);
  for (const [row, place] of study.entries()) {
    order[next[place]!] = row;
    next[place]! += 1;
  }
  return order;
}

/** Where the rows of each place begin. */
function startsOf(placeOf: readonly number[], places: number): Uint32Array {
  const starts = new Uint32Array(places + 1);
  for (const place of placeOf) starts[place + 1]! += 1;
  for (let place = 0; place < places; place += 1) starts[place + 1]! += starts[place]!;
  return starts;
}

/** By group, sorted. `timed`: how many there are of each. */
function timesOf(
  { sums }: Columns,
  groupOf: (row: number) => number,
  timed: Uint32Array,
): readonly Float64Array[] {
  const times = Array.from(timed, (count) => new Float64Array(count));
  const filled = new Uint32Array(timed.length);
  for (const [row, { ms }] of sums.entries()) {
    if (ms === null) continue;
    const group = groupOf(row);
    times[group]![filled[group]!] = ms;
    filled[group]! += 1;
  }
  return times.map((of) => of.sort());
}

/** As `percentile_cont` of SQL and `numpy.percentile` have it. `sorted` is not empty. */
function percentile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (at - below) * ((sorted[below + 1] ?? low) - low);
}
