/**
 * What of a comparison stands on the screen: groups with their counts, and in each the elements that belong
 * there as a tree, with the sequences around them. Pure: filter, search, what is folded and what is open are
 * inputs.
 */
import { GROUPS, type Group } from '#shared/deid/groups.ts';
import { tagName } from '#shared/dicom/dictionary.ts';
import type { ComparedRow, ShownValue } from './comparison.ts';

/** Of the kept ones all stand in one group, whatever they mean. */
export type Heading = Group | 'kept';
const HEADINGS: readonly Heading[] = [...GROUPS, 'kept'];

export type Filter = 'changed' | 'kept' | 'all';

export interface ListState {
  readonly filter: Filter;
  readonly query: string;
  /** Groups that are not as they begin: `kept` begins folded where there are changes beside it. */
  readonly turned: ReadonlySet<Heading>;
  /** Sequences that are not as they begin, by `keyOfRow`. */
  readonly flipped: ReadonlySet<string>;
}

export type Entry =
  | { readonly kind: 'group'; readonly heading: Heading; readonly count: number; readonly open: boolean }
  /** `open`: null where there is nothing in it to open. */
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
  /** Elements that are listed or stand in a folded group; sequences around them not counted. */
  readonly found: number;
}

/**
 * What the rows say in small letters is made once, with the first search; every letter that is typed then
 * only looks.
 */
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
      if (open) addRows(entries, within.get(heading)!, heading, state, query !== '');
    }
    return { entries, found };
  };
}

/**
 * Where an element is counted; a sequence that stays around changes, and an item, belong nowhere themselves.
 */
function headingOf({ item, change, group }: ComparedRow): Heading | null {
  if (item !== null || change === 'inside') return null;
  return change === 'kept' ? 'kept' : group;
}

/**
 * Per heading the rows that belong there and those around them, in the order of the tree; `counts`: those
 * that belong.
 */
function bucketed(
  rows: readonly ComparedRow[],
  headingAt: (row: ComparedRow, at: number) => Heading | null,
  counts: Map<Heading, number>,
): Map<Heading, ComparedRow[]> {
  const within = new Map<Heading, ComparedRow[]>();
  /** One bit a heading: where a row stands already. */
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

function addRows(
  entries: Entry[],
  rows: readonly ComparedRow[],
  heading: Heading,
  { flipped }: ListState,
  isSearch: boolean,
): void {
  let closedAt = Infinity;
  for (const [at, row] of rows.entries()) {
    if (row.depth > closedAt) continue;
    closedAt = Infinity;
    const holdsMore = (rows[at + 1]?.depth ?? 0) > row.depth;
    const open = holdsMore ? (beginsOpen(row) || isSearch) !== flipped.has(keyOfRow(heading, row)) : null;
    entries.push({ kind: 'row', heading, row, open });
    if (open === false) closedAt = row.depth;
  }
}

/**
 * What stays with changes in it is there to be looked into; what went or stayed as a whole is said in one
 * line.
 */
function beginsOpen({ change, item }: ComparedRow): boolean {
  return change === 'inside' || item !== null;
}

/** 1 where the row or a sequence around it says what is looked for; null: nothing is looked for. */
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

/** Keyword and both values, parted by what nobody types. */
function saidIn({ item, keyword, before, after }: ComparedRow): string {
  const text = (value: ShownValue | null) => (value?.kind === 'text' ? value.text : '');
  return item === null ? small(`${keyword ?? ''}\n${text(before)}\n${text(after)}`) : '';
}

function small(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
