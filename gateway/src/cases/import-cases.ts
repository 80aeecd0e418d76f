/**
 * Imports cases from a CSV file, which is read once in constant memory. Rows are checked one by one, and either all of
 * them are imported or none. A dry run does the same but imports nothing.
 */
import { createHash } from 'node:crypto';
import {
  type CaseCsvFault,
  type CaseCsvField,
  type CaseImport,
  CSV_COLUMNS_LIMIT,
  CSV_ROWS_LIMIT,
} from '#shared/protocol/case-csv.ts';
import { CsvBroken, type CsvRow } from '../http/csv.ts';
import { readCsv } from '../http/read-csv.ts';
import { fieldOf, RowFault } from './case-csv.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import { listAssignees } from './case.store.ts';
import type { CaseTools } from './case-tools.ts';
import { judgeRows, type Judged, type ReadRow } from './judge-rows.ts';
import { commitRows, countsOf, dropRows, stageRows, type Import, type TakenRow } from './stage-import.ts';

/** The number of rows that are checked and written together. */
const ROWS_AT_ONCE = 200;
const PREVIEW_ROWS = 3;
/** The most wrong, or repeated, rows that are listed; all of them are counted. */
const WRONG_LIMIT = 200;
const HEADER_LENGTH = 100;

/** Runs the work as soon as there is a free place for it. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

type CsvFile = {
  readonly pieces: AsyncIterable<Uint8Array>;
  /** The fields of the columns from the left; undefined: the first row names them. */
  readonly columns?: readonly (CaseCsvField | '-')[] | undefined;
  readonly signal: AbortSignal;
  /** For steps that cost more than memory: looking rows up, and writing them. */
  readonly inTurn: InTurn;
};

type Report = {
  readonly columns: CaseImport['columns'];
  readonly preview: string[][];
  readonly wrong: { row: number; field: CaseCsvField | null; fault: CaseCsvFault }[];
  rows: number;
  opened: number;
  changed: number;
  unchanged: number;
  wrongRows: number;
  readonly repeated: { row: number; of: number }[];
  repeatedRows: number;
};

/** `id` null: a dry run. @throws Problem pacs-unreachable, case-changed, not-allowed. */
export async function importCases(
  tools: CaseTools,
  { id, keeper }: { readonly id: string | null; readonly keeper: CaseReader },
  file: CsvFile,
): Promise<CaseImport> {
  const done = id === null ? undefined : await countsOf(tools.db, { id, keeper });
  if (done !== undefined) return { ...newReport(), ...done, isImported: true };
  const into = id === null ? null : { id, stage: tools.newId(), keeper, at: tools.now() };
  const report = newReport();
  try {
    await readFile({ tools, keeper, into, report, opening: new Map() }, file);
    const isImported = into !== null && report.wrongRows === 0 && report.rows > 0;
    const { opened, changed, unchanged } = report;
    if (isImported) await commitRows(tools, into, { opened, changed, unchanged });
    return { ...report, isImported };
  } finally {
    if (into !== null) await dropRows(tools.db, into.stage);
  }
}

const newReport = (): Report => ({
  ...{ columns: [], preview: [], rows: 0, opened: 0, changed: 0, unchanged: 0 },
  ...{ wrong: [], wrongRows: 0, repeated: [], repeatedRows: 0 },
});

function addWrong(report: Report, row: number, { fault, field }: RowFault): void {
  report.wrongRows += 1;
  if (report.wrong.length < WRONG_LIMIT) report.wrong.push({ row, field, fault });
}

type Work = {
  readonly tools: CaseTools;
  readonly keeper: CaseReader;
  /** Null: nothing is imported. */
  readonly into: Import | null;
  readonly report: Report;
  /** From the digest of each row that opens a case to the first row with that digest. */
  readonly opening: Map<string, number>;
};

async function readFile(work: Work, { pieces, columns: named, signal, inTurn }: CsvFile): Promise<void> {
  const { tools, keeper, report } = work;
  const assignees = new Map(
    (await listAssignees(tools.db, keeper)).map(({ id, username }) => [username, id]),
  );
  const judge = { tools, keeper, assignees, seen: new Set<string>() };
  let batch: ReadRow[] = [];
  const flush = async (): Promise<void> => {
    const rows = batch;
    batch = [];
    if (rows.length > 0) await inTurn(async () => take(work, rows, await judgeRows(judge, rows)));
  };
  try {
    // The header and one row more than allowed, so that too many rows are noticed.
    const rows = readCsv(pieces, CSV_ROWS_LIMIT + 2, signal);
    const header = await rows.next();
    const isUsable = header.done !== true && readHeader(report, header.value, named);
    for await (const row of rows) {
      const read = readRow(report, row);
      if (!isUsable && report.preview.length === PREVIEW_ROWS) break;
      if (isUsable && read !== null) batch.push(read);
      if (batch.length >= ROWS_AT_ONCE) await flush();
    }
  } catch (error) {
    if (!(error instanceof CsvBroken)) throw error;
    await flush();
    addWrong(report, error.row, new RowFault(error.fault));
  }
  await flush();
}

/** Returns whether cases can be imported from these columns. */
function readHeader(report: Report, { row, cells }: CsvRow, named: CsvFile['columns']): boolean {
  if (cells.length > CSV_COLUMNS_LIMIT) {
    addWrong(report, row, new RowFault('too-many-columns'));
    return false;
  }
  const fields = new Set<CaseCsvField>();
  for (const [at, header] of cells.entries()) {
    const chosen = named === undefined ? fieldOf(header.trim()) : (named[at] ?? '-');
    const field = chosen === null || chosen === '-' || fields.has(chosen) ? null : chosen;
    if (field !== null) fields.add(field);
    report.columns.push({ header: header.slice(0, HEADER_LENGTH), field });
  }
  const isUsable = fields.has('id') || fields.has('title');
  if (!isUsable) addWrong(report, row, new RowFault('no-columns'));
  return isUsable;
}

/** Null: the row is wrong. */
function readRow(report: Report, { row, cells }: CsvRow): ReadRow | null {
  const { columns, preview } = report;
  report.rows += 1;
  if (preview.length < PREVIEW_ROWS) preview.push(cells.slice(0, columns.length));
  if (columns.length === 0) return null;
  const isTooMany = report.rows > CSV_ROWS_LIMIT;
  const isUneven = cells.length < columns.length || cells.slice(columns.length).some((cell) => cell !== '');
  if (isTooMany || isUneven) {
    addWrong(report, row, new RowFault(isTooMany ? 'too-many-rows' : 'cells'));
    return null;
  }
  const values = columns.flatMap(({ field }, at) => (field ? [[field, cells[at]!.trim()] as const] : []));
  return { row, values: new Map(values) };
}

/** Reports repeated rows, since pasting a row twice would open two cases. */
function noteRepeated({ report, opening }: Work, { row, values }: ReadRow): void {
  const digest = createHash('sha256')
    .update(JSON.stringify([...values]))
    .digest('base64');
  const of = opening.get(digest);
  if (of === undefined) return void opening.set(digest, row);
  report.repeatedRows += 1;
  if (report.repeated.length < WRONG_LIMIT) report.repeated.push({ row, of });
}

async function take(work: Work, rows: readonly ReadRow[], judged: readonly Judged[]) {
  const { tools, into, report } = work;
  const taken: TakenRow[] = [];
  for (const [at, verdict] of judged.entries()) {
    if (verdict === 'unchanged') report.unchanged += 1;
    else if (verdict instanceof RowFault) addWrong(report, rows[at]!.row, verdict);
    else {
      if (verdict.of === null) {
        report.opened += 1;
        noteRepeated(work, rows[at]!);
      } else report.changed += 1;
      taken.push(verdict);
    }
  }
  if (into !== null && report.wrongRows === 0) await stageRows(tools, into, taken);
}
