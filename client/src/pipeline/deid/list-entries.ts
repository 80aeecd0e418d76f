/**
 * The lines of a comparison on the screen: groups with their counts, and in each group its elements as a tree, within
 * their sequences. Pure: filter, search, collapsed groups and open sequences are inputs.
 */
import { GROUPS, type Group } from '#shared/deid/groups.ts';
import { tagName } from '#shared/dicom/dictionary.ts';
import type { ComparedRow, ShownValue } from '../compare/comparison.ts';

/** All kept elements are in one group, whatever their meaning. */
export type Heading = Group | 'kept';
const HEADINGS: readonly Heading[] = [...GROUPS, 'kept'];

export type Filter = 'changed' | 'kept' | 'all';

export interface ListState {
  readonly filter: Filter;
  readonly query: string;
  /** Groups that a person has collapsed or expanded. `kept` starts collapsed if there are also changes. */
  readonly turned: ReadonlySet<Heading>;
  /** Sequences that a person has opened or closed, by `keyOfRow`. */
  readonly flipped: ReadonlySet<string>;
}

export type Entry =
  | { readonly kind: 'group'; readonly heading: Heading; readonly count: number; readonly open: boolean }
  /** `open`: null if the row contains nothing to open. */
  | {
      readonly kind: 'row';
      readonly heading: Heading;
      readonly row: ComparedRow;
      readonly open: boolean | null;
    };

export function keyOfRow(heading: Heading, { path }: ComparedRow): string {
  return `${heading} ${path}`;
}

export interface Listed {
  readonly entries: readonly Entry[];
  /** The number of elements that are listed or in a collapsed group, without their enclosing sequences. */
  readonly found: number;
}

/** The lower-case text of all rows is created once, at the first search; each further letter only searches it. */
export function createListing(rows: readonly ComparedRow[]): (state: ListState) => Listed {
  const headings = rows.map(headingOf);
  let said: readonly string[] | null = null;

  return (state) => {
    const query = small(state.query.trim());
    if (query !== '') said ??= rows.map(saidIn);
    const matches = matching(rows, query, said ?? []);
    const counts = new Map<Heading, number>();
    const within = bucketed(
      rows,
      (_, at) => (matches === null || matches[at] === 1 ? headings[at]! : null),
      counts,
    );
    const entries: Entry[] = [];
    let found = 0;
    for (const heading of HEADINGS) {
      const count = counts.get(heading) ?? 0;
      if (count === 0 || state.filter === (heading === 'kept' ? 'changed' : 'kept')) continue;
      found += count;
      const open = (heading !== 'kept' || found === count || query !== '') !== state.turned.has(heading);
      entries.push({ kind: 'group', heading, count, open });
      if (!open) continue;
      for (const row of rowsUnder(heading, within.get(heading)!, state.flipped, query !== ''))
        entries.push(row);
    }
    return { entries, found };
  };
}

/** The group in which an element is counted; null for an item, and for a sequence that only contains changes. */
function headingOf({ item, change, group }: ComparedRow): Heading | null {
  if (item !== null || change === 'inside') return null;
  return change === 'kept' ? 'kept' : group;
}

/**
 * For each heading, its rows and their enclosing rows in the order of the tree. `counts` receives the number of the
 * heading's own rows.
 */
function bucketed(
  rows: readonly ComparedRow[],
  headingAt: (row: ComparedRow, at: number) => Heading | null,
  counts: Map<Heading, number>,
): Map<Heading, ComparedRow[]> {
  const within = new Map<Heading, ComparedRow[]>();
  /** For each row, one bit per heading: whether the row is already in that bucket. */
  const isIn = new Uint16Array(rows.length);
  const above: number[] = [];
  for (const [at, row] of rows.entries()) {
    above.length = row.depth;
    above.push(at);
    const heading = headingAt(row, at);
    if (heading === null) continue;
    counts.set(heading, (counts.get(heading) ?? 0) + 1);
    const bucket = within.get(heading) ?? [];
    within.set(heading, bucket);
    const bit = 1 << HEADINGS.indexOf(heading);
    for (const one of above) {
      if ((isIn[one]! & bit) !== 0) continue;
      isIn[one]! |= bit;
      bucket.push(rows[one]!);
    }
  }
  return within;
}

function* rowsUnder(
  heading: Heading,
  rows: readonly ComparedRow[],
  flipped: ReadonlySet<string>,
  isSearch: boolean,
): Generator<Entry> {
  let closedAt = Infinity;
  for (const [at, row] of rows.entries()) {
    if (row.depth > closedAt) continue;
    closedAt = Infinity;
    const holdsMore = (rows[at + 1]?.depth ?? 0) > row.depth;
    const open = holdsMore ? (beginsOpen(row) || isSearch) !== flipped.has(keyOfRow(heading, row)) : null;
    yield { kind: 'row', heading, row, open };
    if (open === false) closedAt = row.depth;
  }
}

/** A sequence with changes inside starts open. One that is removed or kept as a whole takes one line. */
function beginsOpen({ change, item }: ComparedRow): boolean {
  return change === 'inside' || item !== null;
}

/** 1 for each row that contains the query, itself or in an enclosing sequence; null without a query. */
function matching(rows: readonly ComparedRow[], query: string, said: readonly string[]): Uint8Array | null {
  if (query === '') return null;
  const found = new Uint8Array(rows.length);
  // (0010,0010), 0010,0010 and 00100010 are the same tag.
  const digits = query.replace(/[(),\s]/g, '');
  const isTag = /^[0-9a-f]{4,8}$/.test(digits);
  let foundAt = Infinity;
  for (const [at, { depth, item, tag }] of rows.entries()) {
    if (depth <= foundAt)
      foundAt =
        said[at]!.includes(query) ||
        (isTag && item === null && tagName(tag).replace(',', '').includes(digits))
          ? depth
          : Infinity;
    found[at] = foundAt === Infinity ? 0 : 1;
  }
  return found;
}

/** A keyword in ordinary words: "PatientBirthDate" → "Patient birth date"; abbreviations stay. */
export function inWords(name: string): string {
  const [first = '', ...others] = name.split(/(?<=[a-z])(?=[A-Z])/);
  return [first, ...others.map((word) => (word === word.toUpperCase() ? word : word.toLowerCase()))].join(
    ' ',
  );
}

/**
 * The searched text of a row: its keyword, also in words, and both values, separated by a character that nobody
 * types.
 */
function saidIn({ item, keyword, before, after }: ComparedRow): string {
  const text = (value: ShownValue | null) => (value?.kind === 'text' ? value.text : '');
  const name = keyword === null ? '' : `${keyword}\n${inWords(keyword)}`;
  return item === null ? small(`${name}\n${text(before)}\n${text(after)}`) : '';
}

function small(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
