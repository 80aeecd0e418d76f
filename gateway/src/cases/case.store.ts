/**
 * Database access to cases. Except in `findCase`, rows are returned without checking whether the reader may see them;
 * texts stay encrypted.
 */
import { sql, type Selectable, type Updateable } from 'kysely';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { CaseNoteTable, CaseRecordTable } from '../database/case-tables.ts';
import type { Db, Trx } from '../database/database.ts';
import { isHiddenWriting, isNameless, writtenIn } from '../findings/blinding.ts';
import { isVisible, type CaseReader } from '../findings/case-rights.ts';
import { isSampleAccount, isSampleCase, sampleAccountIds } from './sample-mark.ts';

export type CaseRow = Selectable<CaseRecordTable>;
/** `username` null: hidden from this reader at present. */
type NoteRow = Selectable<CaseNoteTable> & { readonly username: string | null };

/** @throws Problem not-found, also for a case that the reader may not see. */
export async function findCase(db: Db, reader: CaseReader, id: string): Promise<CaseRow> {
  const row = await ofSite(db, reader, id)
    .where(await isVisible(db, reader))
    .executeTakeFirst();
  if (row === undefined) throw new Problem('not-found');
  return row;
}

/** For auditors, who see the events of every case but nothing else of it. @throws Problem not-found. */
export async function findAudited(db: Db, reader: CaseReader, id: string): Promise<CaseRow> {
  const row = await ofSite(db, reader, id).executeTakeFirst();
  if (row === undefined) throw new Problem('not-found');
  return row;
}

const ofSite = (db: Db, { siteId }: CaseReader, id: string) =>
  db.selectFrom('case_record').selectAll().where('id', '=', id).where('site_id', '=', siteId);

/**
 * The row stays locked until the transaction ends. @throws Problem not-found; case-changed: somebody else changed the
 * case first.
 */
export async function lockCase(
  trx: Trx,
  reader: CaseReader,
  { id, version }: { readonly id: string; readonly version: number | null },
): Promise<CaseRow> {
  const row = await trx
    .selectFrom('case_record')
    .selectAll()
    .where('id', '=', id)
    .where('site_id', '=', reader.siteId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw new Problem('not-found');
  if (version !== null && row.version !== version) throw new Problem('case-changed');
  return row;
}

/** Writes the next version of the case. */
export async function updateCase(
  trx: Trx,
  { id, version }: CaseRow,
  changes: Updateable<CaseRecordTable>,
  now: Date,
): Promise<CaseRow> {
  return trx
    .updateTable('case_record')
    .set({ ...changes, version: version + 1, changed_at: now })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

type StudiesAdded = { readonly siteId: string; readonly caseId: string; readonly now: Date };

export async function addStudies(
  trx: Trx,
  studyInstanceUIDs: readonly string[],
  { siteId, caseId, now }: StudiesAdded,
): Promise<void> {
  if (studyInstanceUIDs.length === 0) return;
  await trx
    .insertInto('case_study')
    .values(
      studyInstanceUIDs.map((uid) => ({
        case_id: caseId,
        site_id: siteId,
        study_instance_uid: uid,
        added_at: now,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The username of the account that wrote a row of this table; null if it is hidden from the reader. */
export const usernameShownTo = (reader: CaseReader, table: string) =>
  sql<
    string | null
  >`case when ${isNameless(reader, writtenIn(table))} then null else account.username end`.as('username');

/** All notes of the case. `isHidden`: hidden from this reader at present (blinding.ts). */
export async function notesOf(
  db: Db,
  reader: CaseReader,
  caseId: string,
): Promise<readonly (NoteRow & { readonly isHidden: boolean })[]> {
  return db
    .selectFrom('case_note')
    .innerJoin('account', 'account.id', 'case_note.by_account')
    .selectAll('case_note')
    .select(usernameShownTo(reader, 'case_note'))
    .select(isHiddenWriting(reader, writtenIn('case_note')).as('isHidden'))
    .where('case_id', '=', caseId)
    .orderBy('position')
    .execute();
}

/**
 * The accounts to which the caller may assign cases, by name. Only sample accounts are offered other sample accounts.
 */
export async function listAssignees(
  db: Db,
  { id, siteId }: Pick<CaseReader, 'id' | 'siteId'>,
): Promise<{ readonly id: string; readonly username: string }[]> {
  const mayBeSample = await isSampleAccount(db, id);
  return selectAssignees(db, siteId, mayBeSample).select(['id', 'username']).orderBy('username').execute();
}

const selectAssignees = (db: Db, siteId: string, mayBeSample: boolean) =>
  db
    .selectFrom('account')
    .where('site_id', '=', siteId)
    .where('disabled_at', 'is', null)
    .where(sql<boolean>`roles && ${[...CASE_KEEPERS]}::text[]`)
    .where(mayBeSample ? sql<boolean>`true` : sql<boolean>`id not in ${sampleAccountIds(siteId)}`);

/**
 * Locks the account so that it cannot be disabled before the transaction ends; otherwise a case could be assigned to it
 * after its work was handed back. @throws Problem invalid-request: there is no such account, it works on no cases, or
 * it is a sample account and the case is not.
 */
export async function requireAssignee(
  trx: Trx,
  { siteId, ofSample }: { readonly siteId: string; readonly ofSample: boolean },
  id: string | null,
): Promise<void> {
  if (id === null) return;
  const account = selectAssignees(trx, siteId, ofSample).select('id').where('id', '=', id).forShare();
  if ((await account.executeTakeFirst()) !== undefined) return;
  throw new Problem('invalid-request', 'Invalid: assigneeId (an account that may open cases).');
}

export async function mayBeAssigned(
  db: Db,
  { id, site_id: siteId }: Pick<CaseRow, 'id' | 'site_id'>,
  accountId: string,
): Promise<boolean> {
  const ofSample = await isSampleCase(db, siteId, id);
  const account = selectAssignees(db, siteId, ofSample).select('id').where('id', '=', accountId);
  return (await account.executeTakeFirst()) !== undefined;
}

export async function usernamesOf(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('account')
    .select(['id', 'username'])
    .where('id', 'in', [...ids])
    .execute();
  return new Map(rows.map(({ id, username }) => [id, username]));
}
