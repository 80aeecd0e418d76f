/**
 * Exports in the database. Every update names the expected state and, during a run, the file being written, so only one
 * run can end an export.
 */
import { sql, type Selectable } from 'kysely';
import type { ExportTrouble, LeftOut } from '#shared/protocol/exports.ts';
import type { Db, Trx } from '../database/database.ts';
import type { ExportJobTable } from '../database/export-tables.ts';

export type ExportRow = Selectable<ExportJobTable>;
export type NamedExport = ExportRow & { readonly username: string };
/** A file on disk, with its wrapped key from the database. */
export type ExportFile = { readonly blob: string; readonly wrapped_key: Uint8Array };

/** Null: there is no file. */
export const fileOf = ({ blob, wrapped_key }: ExportRow): ExportFile | null =>
  blob === null || wrapped_key === null ? null : { blob, wrapped_key };

const NO_FILE = { blob: null, wrapped_key: null };

const named = (db: Db, siteId: string) =>
  db
    .selectFrom('export_job')
    .innerJoin('account', 'account.id', 'export_job.account_id')
    .selectAll('export_job')
    .select('account.username')
    .where('export_job.site_id', '=', siteId);

export const findExport = (db: Db, siteId: string, id: string): Promise<NamedExport | undefined> =>
  named(db, siteId).where('export_job.id', '=', id).executeTakeFirst();

type Page = { readonly accountId: string | null; readonly before: number | null; readonly limit: number };

/** Newest first, at most one more than `limit`. `accountId` null: exports of all accounts. */
export async function listExports(db: Db, siteId: string, page: Page): Promise<NamedExport[]> {
  let query = named(db, siteId)
    .orderBy('number', 'desc')
    .limit(page.limit + 1);
  if (page.accountId !== null) query = query.where('account_id', '=', page.accountId);
  if (page.before !== null) query = query.where('number', '<', page.before);
  return query.execute();
}

/** The row stays locked until the transaction ends. */
export const lockExport = (trx: Trx, id: string): Promise<ExportRow | undefined> =>
  trx.selectFrom('export_job').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();

/** Begins a run: from the first row, into a new file. */
export async function beginExport(
  trx: Trx,
  { id, attempt }: ExportRow,
  file: ExportFile,
): Promise<ExportRow> {
  return trx
    .updateTable('export_job')
    .set({ ...file, state: 'running', attempt: attempt + 1, done: 0, trouble: null })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

type Run = { readonly id: string; readonly blob: string };

const ofRun = (db: Db, { id, blob }: Run) =>
  db.updateTable('export_job').where('id', '=', id).where('blob', '=', blob).where('state', '=', 'running');

/** False: the export was cancelled, or another run has taken over. */
export async function setDone(db: Db, run: Run, done: number): Promise<boolean> {
  return isUpdated(await ofRun(db, run).set({ done }).executeTakeFirst());
}

type Written = Pick<ExportJobTable, 'rows' | 'bytes' | 'sha256' | 'finished_at' | 'expires_at'> & {
  readonly leftOut: LeftOut;
  readonly done: number;
};

/** False as in `setDone`. */
export async function finishExport(trx: Trx, run: Run, { leftOut, ...written }: Written): Promise<boolean> {
  const left = { left_out: JSON.stringify(leftOut) };
  const ready = { ...written, ...left, state: 'ready', trouble: null, attempt: 0 } as const;
  return isUpdated(await ofRun(trx, run).set(ready).executeTakeFirst());
}

/** Stores the numbers of the cases in the export's file. */
export async function holdCases(trx: Trx, exportId: string, cases: readonly number[]): Promise<void> {
  await trx
    .insertInto('export_held')
    .values({ export_id: exportId, cases: [...cases] })
    .execute();
}

/** Ids of the exports with a file (or of this one only) that contain a case deleted since. */
export async function exportsOfDeleted(db: Db, exportId: string | null): Promise<readonly string[]> {
  const { rows } = await sql<{
    id: string;
  }>`select j.id from export_job j join export_held h on h.export_id = j.id
    where j.state = 'ready' and (${exportId}::uuid is null or j.id = ${exportId}::uuid)
      and exists (select 1 from unnest(h.cases) as held (number)
        where not exists (select 1 from case_record c where c.site_id = j.site_id and c.number = held.number))`.execute(
    db,
  );
  return rows.map(({ id }) => id);
}

/** Puts the run back into the queue. `attempt`: the number of runs that count as attempts. */
export async function putBack(
  trx: Trx,
  run: Run,
  { attempt, trouble }: { readonly attempt: number; readonly trouble: ExportTrouble | null },
): Promise<boolean> {
  return isUpdated(
    await ofRun(trx, run)
      .set({ ...NO_FILE, state: 'queued', attempt, trouble, done: 0 })
      .executeTakeFirst(),
  );
}

type Failure = {
  readonly trouble: ExportTrouble;
  readonly now: Date;
  readonly found?: Pick<ExportRow, 'found_field' | 'found_row'>;
};

/** False: the export is unchanged, because it was cancelled or another run has taken over. */
export async function failExport(trx: Trx, run: Run, { trouble, now, found }: Failure): Promise<boolean> {
  const failed = { ...NO_FILE, ...found, state: 'failed', trouble, finished_at: now } as const;
  return isUpdated(await ofRun(trx, run).set(failed).executeTakeFirst());
}

const isUpdated = ({ numUpdatedRows }: { readonly numUpdatedRows: bigint }): boolean => numUpdatedRows > 0n;

type End = {
  readonly state: 'failed' | 'cancelled' | 'expired';
  readonly trouble: ExportTrouble | null;
  readonly now: Date;
};

/** Ends an export, whose row then names no file any more. */
export async function endExport(
  trx: Trx,
  { id, finished_at }: ExportRow,
  { state, trouble, now }: End,
): Promise<void> {
  await trx
    .updateTable('export_job')
    .set({ ...NO_FILE, state, trouble, finished_at: finished_at ?? now })
    .where('id', '=', id)
    .execute();
}

/** Exports of an account that wait, run or have a file. */
export async function countOpen(trx: Trx, accountId: string): Promise<number> {
  const row = await trx
    .selectFrom('export_job')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('account_id', '=', accountId)
    .where('state', 'in', ['queued', 'running', 'ready'])
    .executeTakeFirstOrThrow();
  return row.count;
}

/** The ids of ready exports whose time is over. */
export async function outdatedExports(db: Db, now: Date): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('export_job')
    .select('id')
    .where('state', '=', 'ready')
    .where('expires_at', '<=', now)
    .execute();
  return rows.map(({ id }) => id);
}

/** Every file that a row names. */
export async function namedFiles(db: Db): Promise<readonly ExportFile[]> {
  const rows = await db.selectFrom('export_job').selectAll().where('blob', 'is not', null).execute();
  return rows.flatMap((row) => fileOf(row) ?? []);
}
