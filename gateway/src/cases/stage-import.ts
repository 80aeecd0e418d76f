/**
 * The rows of an import are staged in a table until the last one has been read and checked. Then either all of them
 * become cases in one transaction, or none.
 */
import { sql } from 'kysely';
import { CASE_PRIORITIES } from '#shared/protocol/cases.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit, recordAudits, type AuditEvent } from '../audit/audit.ts';
import { atEnd } from '../database/at-end.ts';
import type { CaseImportRowTable } from '../database/case-tables.ts';
import type { Db, Trx } from '../database/database.ts';
import type { Fields } from './case-csv.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import type { NewCaseKey } from './case-seal.ts';
import type { CaseRow } from './case.store.ts';
import type { CaseTools } from './case-tools.ts';
import { cipherOf } from './change-case.ts';
import { lookAgain } from './look-again.ts';
import type { Found } from './open-case.ts';
import { openText, TEXT_PLACE, type CaseText } from './show-cases.ts';

/** `of` null: the row opens a new case. */
export type TakenRow =
  | { readonly row: number; readonly of: CaseRow; readonly fields: Fields; readonly found: null }
  | { readonly row: number; readonly of: null; readonly fields: Fields; readonly found: Found };
export type Import = {
  /** Chosen by the caller, who may repeat the request with it after a lost answer. */
  readonly id: string;
  /** The id of the rows staged by this request. */
  readonly stage: string;
  readonly at: Date;
  readonly keeper: CaseReader;
};
type Counts = { readonly opened: number; readonly changed: number; readonly unchanged: number };

/** How long rows stay staged: as long as keys that no case names are kept (pipeline/stores/study-key.ts). */
const STAGED_FOR_MS = 3600 * 1000;
/** The number of audit events that are written in one statement. */
const EVENTS_AT_ONCE = 500;

export async function stageRows(
  tools: CaseTools,
  { stage, at }: Import,
  rows: readonly TakenRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const opened = rows.filter(({ of }) => of === null).map((row) => ({ row, id: tools.newId() }));
  const keys = await tools.seal.createAll(opened.map(({ id }) => id));
  const made = new Map(opened.map(({ row, id }, nth) => [row, { id, ...keys[nth]! }]));
  const staged = rows.map((row) => ({
    import_id: stage,
    at,
    ...(row.of === null ? newRow(row, made.get(row)!) : changedRow(tools, row)),
  }));
  await tools.db.insertInto('case_import_row').values(staged).execute();
}

type Staged = Omit<CaseImportRowTable, 'import_id' | 'at'>;

function newRow(
  { row, fields, found }: TakenRow & { readonly of: null },
  { id, wrapped, cipher }: NewCaseKey & { readonly id: string },
): Staged {
  const text: CaseText = { title: fields.title ?? '', tags: [...new Set(fields.tags)] };
  return {
    row,
    case_id: id,
    version: null,
    status: fields.status ?? 'open',
    priority: CASE_PRIORITIES.indexOf(fields.priority ?? 'routine'),
    due_on: fields.dueOn ?? null,
    assignee_id: fields.assigneeId ?? null,
    sealed: cipher.seal(TEXT_PLACE, JSON.stringify(text)),
    wrapped_key: wrapped,
    patient_print: found.patientPrint,
    expects: found.expects,
    expected_print: found.expectedPrint,
    studies: [...found.studies],
    changed: [],
  };
}

function changedRow(
  tools: CaseTools,
  { row, of, fields }: Extract<TakenRow, { readonly found: null }>,
): Staged {
  const { title, tags, status, priority, dueOn, assigneeId } = fields;
  const text = {
    ...openText(of, tools.seal),
    ...(title && { title }),
    ...(tags && { tags: [...new Set(tags)] }),
  };
  const isRetyped = title !== undefined || tags !== undefined;
  return {
    row,
    case_id: of.id,
    version: of.version,
    status: status ?? of.status,
    priority: priority === undefined ? of.priority : CASE_PRIORITIES.indexOf(priority),
    due_on: dueOn === undefined ? of.due_on : dueOn,
    assignee_id: assigneeId === undefined ? of.assignee_id : assigneeId,
    sealed: isRetyped ? cipherOf(tools, of).seal(TEXT_PLACE, JSON.stringify(text)) : null,
    wrapped_key: null,
    patient_print: null,
    expects: null,
    expected_print: null,
    studies: [],
    changed: Object.keys(fields).sort(),
  };
}

/** Drops staged rows. The next sweep destroys the keys of their cases. */
export async function dropRows(db: Db, stage: string): Promise<void> {
  await db.deleteFrom('case_import_row').where('import_id', '=', stage).execute();
}

/** Drops rows of imports that were cut off when their gateway stopped. */
export async function dropOldRows({ db, now }: CaseTools): Promise<void> {
  const before = new Date(now().getTime() - STAGED_FOR_MS);
  await db.deleteFrom('case_import_row').where('at', '<', before).execute();
}

/**
 * The counts of a finished import; undefined: it has not finished. @throws Problem not-allowed: another account's
 * import.
 */
export async function countsOf(
  db: Db | Trx,
  { id, keeper }: Pick<Import, 'id' | 'keeper'>,
): Promise<Counts | undefined> {
  const done = await db.selectFrom('case_import').selectAll().where('id', '=', id).executeTakeFirst();
  if (done !== undefined && done.account_id !== keeper.id) throw new Problem('not-allowed');
  return done && { opened: done.opened, changed: done.changed, unchanged: done.unchanged };
}

/** @throws Problem not-allowed; case-changed: one of the cases was changed since it was read. */
export async function commitRows(tools: CaseTools, of: Import, counts: Counts): Promise<void> {
  const { id, at, keeper } = of;
  await tools.db.transaction().execute(async (trx) => {
    const values = { id, site_id: keeper.siteId, account_id: keeper.id, at, ...counts };
    const first = await trx
      .insertInto('case_import')
      .values(values)
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    // The same import ran twice at once, and the other run has committed it, unless the id is another account's.
    if (first === undefined) return void (await countsOf(trx, of));
    await lookAgain(trx, keeper.siteId, at);
    const opened = await openRows(trx, of);
    if (opened !== counts.opened) throw new Error('rows of an import are missing');
    const changed = await changeRows(trx, of, tools.now());
    if (changed !== counts.changed) throw new Problem('case-changed');
    // The events are read and written in batches at the end of the transaction.
    await atEnd(trx, () => recordRows(trx, of, tools.now()));
    const event = { event: 'cases-imported', importId: id, by: keeper.id, ...counts } as const;
    await recordAudit(trx, keeper.siteId, event, tools.now());
  });
}

async function openRows(trx: Trx, { stage, at, keeper }: Import): Promise<number> {
  const { numAffectedRows } =
    await sql`insert into case_record (id, site_id, status, priority, due_on, assignee_id, sealed, wrapped_key,
      patient_print, expects, expected_print, created_by, created_at, changed_at)
    select case_id, ${keeper.siteId}, status, priority, due_on, assignee_id, sealed, wrapped_key,
      patient_print, expects, expected_print, ${keeper.id}, ${at}, ${at}
    from case_import_row where import_id = ${stage} and version is null order by row`.execute(trx);
  await sql`insert into case_study (case_id, site_id, study_instance_uid, added_at)
    select case_id, ${keeper.siteId}, unnest(studies), ${at}
    from case_import_row where import_id = ${stage} and version is null`.execute(trx);
  return Number(numAffectedRows ?? 0);
}

/** Returns how many cases were still in the version that was read. */
async function changeRows(trx: Trx, { stage, keeper }: Import, now: Date): Promise<number> {
  const { numAffectedRows } = await sql`update case_record c set version = c.version + 1, changed_at = ${now},
      status = r.status, priority = r.priority, due_on = r.due_on, assignee_id = r.assignee_id,
      sealed = coalesce(r.sealed, c.sealed)
    from case_import_row r where r.import_id = ${stage} and c.id = r.case_id and c.version = r.version
      and c.site_id = ${keeper.siteId}`.execute(trx);
  return Number(numAffectedRows ?? 0);
}

/** Records an event for each case, so that its timeline begins with it. */
async function recordRows(trx: Trx, { id, stage, keeper }: Import, now: Date): Promise<void> {
  for (let after = 0; ; ) {
    const rows = await trx
      .selectFrom('case_import_row')
      .select(['row', 'case_id', 'version', 'studies', 'changed'])
      .where('import_id', '=', stage)
      .where('row', '>', after)
      .orderBy('row')
      .limit(EVENTS_AT_ONCE)
      .execute();
    const events = rows.map(({ case_id: caseId, version, studies, changed }): AuditEvent => {
      const of = { caseId, by: keeper.id, importId: id };
      return version === null
        ? { event: 'case-opened', ...of, studies }
        : { event: 'case-changed', ...of, changed };
    });
    await recordAudits(trx, keeper.siteId, events, now);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.row;
  }
}
