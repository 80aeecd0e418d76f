/**
 * Releases the rows of anonymous exports. All rows are read before the first one leaves, since the group of one depends
 * on the others. Typed texts are cleaned as they are read. Quasi-identifiers are as exact as groups of `K` people
 * allow. Rows are written in the order of their groups, at random within a group. The finished file is searched for
 * every identity of its cases.
 */
import { setImmediate } from 'node:timers/promises';
import {
  ANONYMOUS_FIELDS,
  ANONYMOUS_GROUP,
  EXPORT_FIELD_NAMES,
  isAnonymousField,
  type AnonymousField,
  type ExportField,
} from '#shared/protocol/exports.ts';
import { REPORT_TEXTS } from '../report/report-words.ts';
import {
  IdentityFound,
  NO_PICTURES,
  type Cell,
  type Release,
  type ReleasedRow,
  type SourceRow,
} from '../source-row.ts';
import type { AnonymousThread, Grouped } from './anonymous-thread.ts';
import type { Identity } from './identity-texts.ts';
import { ROUNDING } from './make-anonymous.ts';
import { QUASI_IDENTIFIERS, type QuasiIdentifier, type Subject } from './quasi-identifiers.ts';
import { FIELDS_OF_SUBJECT, identityOf, personOf, subjectOf, textsIn } from './read-subject.ts';
import { createRowStore, type RowStore } from './row-store.ts';

export type AnonymousTools = { readonly thread: AnonymousThread; readonly signal: AbortSignal };

/** Rows whose typed text is cleaned in one call, or that are written before other tasks get their turn. */
const PAGE = 100;

/** The rows read so far; identities, cells and people are stored by row. */
type Gathered = {
  readonly columns: readonly AnonymousField[];
  readonly identities: RowStore<Identity>;
  readonly cells: RowStore<readonly Cell[]>;
  /** From a subject, as JSON, to its index in `subjects`. */
  readonly places: Map<string, number>;
  readonly subjects: RowStore<Subject>;
  readonly sites: Set<string>;
  readonly kinds: number[];
  /** From each known person to that person's index. */
  readonly known: Map<string, number>;
  /** The index of each row's person; negative: unknown. */
  readonly people: number[];
};

const createGathered = (columns: readonly AnonymousField[]): Gathered => ({
  ...{ columns, identities: createRowStore(), cells: createRowStore(), subjects: createRowStore() },
  ...{ places: new Map(), sites: new Set(), kinds: [], known: new Map(), people: [] },
});

export function releaseAnonymously(tools: AnonymousTools): Release {
  return {
    reads: (fields) => [...new Set([...fields.filter(isAnonymousField), ...FIELDS_OF_SUBJECT])],
    release(rows, fields) {
      const columns = fields.filter(isAnonymousField);
      const gathered = createGathered(columns);
      return {
        columns,
        rows: anonymousRows(tools, rows, gathered),
        async prove(format, file) {
          const source = { identities: gathered.identities.pages(PAGE), file };
          const ordinary = [...columns, ...gathered.sites, ...(format === 'pdf' ? REPORT_TEXTS : [])];
          const task = { format, ordinary: [...new Set(ordinary)] };
          const found = await tools.thread.search(task, source, tools.signal);
          const fields = format === 'pdf' ? EXPORT_FIELD_NAMES : columns;
          if (found !== null) throw new IdentityFound(fields[found.field] ?? columns[0]!, found.row);
        },
      };
    },
  };
}

async function* anonymousRows(
  tools: AnonymousTools,
  rows: AsyncIterable<SourceRow>,
  gathered: Gathered,
): AsyncGenerator<ReleasedRow> {
  const { subjects, kinds, columns, cells } = gathered;
  await gather(tools, rows, gathered);
  const shares = sharesOf(gathered);
  const task = { kinds: Uint32Array.from(kinds), shares, k: ANONYMOUS_GROUP };
  const { labels, groups, order } = await tools.thread.group(task, subjects.pages(PAGE), tools.signal);
  const groupOf = (row: number): number => groups[kinds[row]!]!;
  const isCommon = await countCommon(gathered, order, { groupOf, shares });
  for (const [written, row] of order.entries()) {
    if (written % PAGE === 0) await setImmediate();
    const own = cells.at(row);
    const group = labels[groupOf(row)]!;
    const told = columns.map(
      (column, at) => labelIn(group, column) ?? (isCommon(row, at, own[at]!) ? own[at]! : null),
    );
    // Nothing here reads pixels, so a name in them cannot be ruled out; also, every image is unique.
    yield { cells: told, pictures: NO_PICTURES, files: null };
  }
}

/** Each row's group, and its share of its person. */
type Grouping = { readonly groupOf: (row: number) => number; readonly shares: Float64Array };
/** `at`: the index of the column. */
type IsTold = (row: number, at: number, cell: Cell) => boolean;

/**
 * Decides whether a cell may be told. A column that is told only in common needs enough people of the row's group with
 * the same value; other columns are always told.
 */
async function countCommon(
  { columns, cells }: Gathered,
  order: Uint32Array,
  { groupOf, shares }: Grouping,
): Promise<IsTold> {
  const places = [...columns.keys()].filter((at) => ANONYMOUS_FIELDS[columns[at]!] === 'in-common');
  const keyOf = (row: number, at: number, cell: Cell): string => JSON.stringify([groupOf(row), at, cell]);
  const people = new Map<string, number>();
  for (const [read, row] of places.length === 0 ? [] : order.entries()) {
    if (read % PAGE === 0) await setImmediate();
    const own = cells.at(row);
    for (const at of places) {
      const key = keyOf(row, at, own[at]!);
      people.set(key, (people.get(key) ?? 0) + shares[row]!);
    }
  }
  return (row, at, cell) =>
    !places.includes(at) || people.get(keyOf(row, at, cell))! >= ANONYMOUS_GROUP - ROUNDING;
}

function sharesOf({ people, known }: Gathered): Float64Array {
  const rows = new Uint32Array(known.size);
  for (const person of people) if (person >= 0) rows[person]! += 1;
  return Float64Array.from(people, (person) => (person < 0 ? 1 : 1 / rows[person]!));
}

function placeOf(known: Map<string, number>, person: string | null): number {
  if (person === null) return -1;
  const place = known.get(person) ?? known.size;
  known.set(person, place);
  return place;
}

const labelIn = (labels: Grouped['labels'][number], column: AnonymousField): string | null =>
  isQuasiIdentifier(column) ? labels[column] : null;
const isQuasiIdentifier = (column: ExportField): column is QuasiIdentifier =>
  (QUASI_IDENTIFIERS as readonly ExportField[]).includes(column);

async function gather(
  tools: AnonymousTools,
  rows: AsyncIterable<SourceRow>,
  gathered: Gathered,
): Promise<void> {
  let page: SourceRow[] = [];
  for await (const row of rows) {
    page.push(row);
    if (page.length < PAGE) continue;
    await gatherPage(tools, page, gathered);
    page = [];
  }
  await gatherPage(tools, page, gathered);
}

async function gatherPage(
  { thread, signal }: AnonymousTools,
  page: readonly SourceRow[],
  gathered: Gathered,
): Promise<void> {
  const { columns, identities, cells, places, subjects, sites, kinds, people, known } = gathered;
  const told = new Set(columns);
  const typed = columns.filter((column) => isTyped(column));
  const cases = page.map((row) => ({
    identity: identityOf(row),
    texts: typed.flatMap((one) => typedIn(row, one)),
  }));
  const cleaned = typed.length === 0 ? [] : await thread.clean(cases, signal);
  for (const [at, row] of page.entries()) {
    const subject = subjectOf(row, told);
    const key = JSON.stringify(subject);
    const place = places.get(key) ?? subjects.length;
    if (place === subjects.length) subjects.add(subject);
    if (subject.site !== null) sites.add(subject.site);
    places.set(key, place);
    kinds.push(place);
    people.push(placeOf(known, personOf(row)));
    identities.add(cases[at]!.identity);
    const texts = [...(cleaned[at] ?? [])];
    cells.add(columns.map((column) => cellOf(row, column, texts)));
  }
}

const isTyped = (column: AnonymousField): boolean =>
  ['cleaned', 'in-common'].includes(ANONYMOUS_FIELDS[column]);

/** `type.question=answer` (export-cells.ts): first the site's own words, then what somebody chose or typed. */
const ANSWER = /^(?<asked>[^=]*=)(?<answer>.*)$/su;

const askedIn = (text: string): string => ANSWER.exec(text)?.groups?.['asked'] ?? '';

function typedIn(row: SourceRow, column: AnonymousField): string[] {
  const texts = textsIn(row.get(column));
  return column === 'answers' ? texts.map((text) => text.slice(askedIn(text).length)) : texts;
}

/** Takes the cleaned texts of this cell from the front of `texts`, which are in the order of the columns. */
function cellOf(row: SourceRow, column: AnonymousField, texts: string[]): Cell {
  const cell = row.get(column) ?? null;
  const how = ANONYMOUS_FIELDS[column];
  if (how === 'in-groups') return null;
  if (how === 'as-it-is') return cell;
  if (how === 'rounded') return mapped(cell, rounded);
  return mapped(cell, (value) => {
    const cleaned = texts.shift()!;
    const asked = column === 'answers' ? askedIn(`${value}`) : '';
    return cleaned === '' ? null : asked + cleaned;
  });
}

type Value = Exclude<Cell, readonly Cell[]>;
const mapped = (cell: Cell, change: (value: NonNullable<Value>) => Value): Cell => {
  if (cell === null) return null;
  return typeof cell === 'object' ? cell.map((one) => mapped(one, change)) : change(cell);
};

const rounded = (value: Value): Value => (typeof value === 'number' ? Math.round(value * 100) / 100 : value);
