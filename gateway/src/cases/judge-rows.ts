/**
 * Checks the rows of an import one by one: what each asks for, or why it cannot be imported. A row with the id of a
 * case changes the fields that differ from an export of that case; any other row opens a case.
 */
import { setImmediate } from 'node:timers/promises';
import type { CaseCsvColumn, CaseCsvField } from '#shared/protocol/case-csv.ts';
import type { NewCase } from '#shared/protocol/cases.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { aboutOf, cellsOf, fieldsOf, RowFault, type Assignees, type CsvValues } from './case-csv.ts';
import { isReadBlinded, mayRead } from '../findings/blinding.ts';
import { tellsReaders } from './change-case.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import type { CaseRow } from './case.store.ts';
import type { CaseTools } from './case-tools.ts';
import { findFor, type Found } from './open-case.ts';
import { showCases } from './show-cases.ts';
import type { TakenRow } from './stage-import.ts';

export type ReadRow = { readonly row: number; readonly values: CsvValues };
export type Judged = TakenRow | 'unchanged' | RowFault;
type Judge = {
  readonly tools: CaseTools;
  readonly keeper: CaseReader;
  readonly assignees: Assignees;
  /** The cases that rows have named so far. */
  readonly seen: Set<string>;
};

/** Rows that are checked in parallel, with a request to the PACS each. Their cells are short (parse-csv.ts). */
const ROWS_AT_ONCE = 8;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DAMAGED = '\uFFFD';

/** Results in the order of the rows. @throws Problem pacs-unreachable. */
export async function judgeRows(judge: Judge, rows: readonly ReadRow[]): Promise<Judged[]> {
  const named = await casesNamed(judge, rows);
  const judged: Judged[] = [];
  const asFault = (error: unknown): RowFault => {
    if (error instanceof RowFault) return error;
    throw error;
  };
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    const some = rows.slice(at, at + ROWS_AT_ONCE);
    judged.push(...(await Promise.all(some.map((row) => judgeRow(judge, row, named).catch(asFault)))));
    // Rows that are wrong at first sight never wait, so other work gets its turn here.
    await setImmediate();
  }
  return judged;
}

type Named = {
  readonly row: CaseRow;
  readonly shown: ReadonlyMap<CaseCsvField, string>;
  readonly isReadable: boolean;
};

/** The fields that exports have too. */
const EXPORTED = [
  'title',
  'status',
  'priority',
  'tags',
  'dueOn',
  'assignee',
  'studies',
] as const satisfies readonly (CaseCsvColumn & CaseCsvField)[];

/** Returns the cases that the rows name, by id. */
async function casesNamed(
  { tools, keeper }: Judge,
  rows: readonly ReadRow[],
): Promise<ReadonlyMap<string, Named>> {
  const ids = rows.map(({ values }) => idOf(values)).filter((id) => ID.test(id));
  if (ids.length === 0) return new Map();
  const found = await tools.db
    .selectFrom('case_record')
    .selectAll()
    .where('site_id', '=', keeper.siteId)
    .where('id', 'in', ids)
    .execute();
  const shown = await showCases(tools, { reader: keeper, withheld: [] }, found);
  return new Map(
    found.map((row, at) => {
      const cells = cellsOf(EXPORTED, shown[at]!);
      const fields = new Map<CaseCsvField, string>(EXPORTED.map((field, nth) => [field, cells[nth]!]));
      return [row.id, { row, shown: fields, isReadable: shown[at]!.title !== null }];
    }),
  );
}

const idOf = (values: CsvValues): string => (values.get('id') ?? '').toLowerCase();

async function judgeRow(judge: Judge, read: ReadRow, named: ReadonlyMap<string, Named>): Promise<Judged> {
  const { row, values } = read;
  for (const [field, value] of values) if (value.includes(DAMAGED)) throw new RowFault('not-utf8', field);
  const id = idOf(values);
  if (id === '') return judgeNew(judge, read);
  const of = named.get(id);
  if (of === undefined) throw new RowFault('unknown-case', 'id');
  if (judge.seen.has(id)) throw new RowFault('twice', 'id');
  judge.seen.add(id);
  const fields = changesOf(judge, of, values);
  const { tools, keeper } = judge;
  if (
    fields !== null &&
    tellsReaders(fields) &&
    mayRead(keeper) &&
    (await isReadBlinded(tools.db, keeper, id))
  )
    throw new RowFault('blinded');
  return fields === null ? 'unchanged' : { row, of: of.row, fields, found: null };
}

/** Null: the row changes nothing. @throws RowFault. */
function changesOf({ assignees }: Judge, { row, shown, isReadable }: Named, values: CsvValues) {
  const numbered = (['accessionNumber', 'patientId'] as const).find((field) => values.get(field));
  if (numbered !== undefined) throw new RowFault('unchangeable', numbered);
  const differing = EXPORTED.filter((field) => values.has(field) && values.get(field) !== shown.get(field));
  if (differing.length === 0) return null;
  const fields = fieldsOf(new Map(differing.map((field) => [field, values.get(field)!])), assignees);
  if (differing.includes('studies')) throw new RowFault('unchangeable', 'studies');
  if (row.status === 'closed') throw new RowFault('closed');
  if (!isReadable && (fields.title !== undefined || fields.tags !== undefined))
    throw new RowFault('unreadable');
  const version = values.get('version') ?? '';
  if (version === '') throw new RowFault('missing', 'version');
  if (version !== `${row.version}`) throw new RowFault('outdated', 'version');
  return fields;
}

/** @throws RowFault; Problem pacs-unreachable. */
async function judgeNew({ tools, keeper, assignees }: Judge, { row, values }: ReadRow): Promise<TakenRow> {
  // Empty fields get the same defaults as on the page of a new case.
  const typed = new Map([...values].filter(([field, value]) => value !== '' || field === 'title'));
  const fields = fieldsOf(typed, assignees);
  if (fields.title === undefined) throw new RowFault('missing', 'title');
  return { row, of: null, fields, found: await found(tools, keeper, aboutOf(values)) };
}

async function found(
  tools: CaseTools,
  keeper: CaseReader,
  about: Pick<NewCase, 'studies' | 'expected'>,
): Promise<Found> {
  try {
    return await findFor(tools, keeper, about);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === 'study-not-found') throw new RowFault('unknown-study', 'studies');
    if (error.code === 'case-of-several-patients') throw new RowFault('several-patients');
    throw error;
  }
}
