/**
 * Changes of a case. Each names the version that the person has seen, so nobody overwrites a change without having seen
 * it.
 */
import { sql } from 'kysely';
import { CASE_PRIORITIES, type CaseChange, NOTES_LIMIT, type NOTE_KINDS } from '#shared/protocol/cases.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Trx } from '../database/database.ts';
import { lockHolds } from '../database/holds-lock.ts';
import { isReadBlinded, mayRead } from '../findings/blinding.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import type { CaseCipher } from './case-seal.ts';
import { lockCase, requireAssignee, updateCase, type CaseRow } from './case.store.ts';
import type { CaseTools } from './case-tools.ts';
import { lookAgain } from './look-again.ts';
import { requireNotHeld } from './require-not-held.ts';
import { isSampleCase } from './sample-mark.ts';
import { openText, TEXT_PLACE, type CaseText } from './show-cases.ts';

type Which = { readonly id: string; readonly version: number };
type NewNote = { readonly kind: (typeof NOTE_KINDS)[number]; readonly text: string };

/**
 * Fields that already have the requested value are ignored; if no other field is left, nothing is written.
 * @throws Problem not-found, case-changed, case-closed, review-blinded, invalid-request (the assignee).
 */
export async function changeCase(
  tools: CaseTools,
  keeper: CaseReader,
  { id, version, ...asked }: CaseChange & Which,
): Promise<void> {
  const { db, seal, now } = tools;
  await db.transaction().execute(async (trx) => {
    const row = await lockOpen(trx, keeper, { id, version });
    const before = openText(row, seal);
    const differing = differingOf(row, before, asked);
    const { title, tags, status, priority, dueOn, assigneeId } = differing;
    if (Object.keys(differing).length === 0) return;
    if (assigneeId !== undefined) {
      const ofSample = await isSampleCase(trx, keeper.siteId, id);
      await requireAssignee(trx, { siteId: keeper.siteId, ofSample }, assigneeId);
    }
    const text = { ...before!, ...(title && { title }), ...(tags && { tags }) };
    const isRetyped = title !== undefined || tags !== undefined;
    if (tellsReaders(differing)) await requireNotBlinded(trx, keeper, id);
    await updateCase(
      trx,
      row,
      {
        ...(isRetyped && { sealed: cipherOf(tools, row).seal(TEXT_PLACE, JSON.stringify(text)) }),
        ...(status && { status }),
        ...(priority && { priority: CASE_PRIORITIES.indexOf(priority) }),
        ...(dueOn !== undefined && { due_on: dueOn }),
        ...(assigneeId !== undefined && { assignee_id: assigneeId }),
      },
      now(),
    );
    const event = { event: 'case-changed', caseId: id, by: keeper.id } as const;
    const { title: _title, tags: _tags, ...said } = differing;
    const changed = Object.keys(differing).sort();
    await recordAudit(trx, keeper.siteId, { ...event, changed, ...said }, now());
  });
}

type Fields = Omit<CaseChange, 'version'>;

/**
 * Whether a change may reveal to other readers what one of them thinks. All readers see the words and the urgency of a
 * case.
 */
export const tellsReaders = (fields: Partial<Record<keyof Fields, unknown>>): boolean =>
  (['title', 'tags', 'priority', 'dueOn'] as const).some((name) => fields[name] !== undefined);

/** The fields whose requested value differs from the case's. A text that cannot be decrypted differs from any value. */
function differingOf(row: CaseRow, text: CaseText | null, { tags, ...asked }: Fields): Fields {
  const wanted: Fields = { ...asked, ...(tags && { tags: [...new Set(tags)] }) };
  const current: Fields = {
    ...text,
    ...(row.status !== 'closed' && { status: row.status }),
    priority: CASE_PRIORITIES[row.priority],
    dueOn: row.due_on,
    assigneeId: row.assignee_id,
  };
  const names = (Object.keys(wanted) as (keyof Fields)[]).filter(
    (name) => wanted[name] !== undefined && JSON.stringify(wanted[name]) !== JSON.stringify(current[name]),
  );
  return Object.fromEntries(names.map((name) => [name, wanted[name]]));
}

/** @throws Problem not-found, case-changed, case-closed, case-full. */
export async function closeCase(
  tools: CaseTools,
  keeper: CaseReader,
  { id, version, reason }: Which & { readonly reason?: string | undefined },
): Promise<void> {
  const { db, now } = tools;
  await db.transaction().execute(async (trx) => {
    const row = await lockOpen(trx, keeper, { id, version });
    if (reason !== undefined)
      await insertNote(trx, tools, row, { kind: 'closed', text: reason, by: keeper.id });
    await updateCase(trx, row, { status: 'closed', closed_at: now() }, now());
    await recordAudit(trx, keeper.siteId, { event: 'case-closed', caseId: id, by: keeper.id }, now());
  });
}

/** @throws Problem not-found, case-changed, case-not-closed, case-full. */
export async function reopenCase(
  tools: CaseTools,
  keeper: CaseReader,
  { id, version, reason }: Which & { readonly reason: string },
): Promise<void> {
  const { db, now } = tools;
  await db.transaction().execute(async (trx) => {
    const row = await lockCase(trx, keeper, { id, version });
    if (row.status !== 'closed') throw new Problem('case-not-closed');
    if (row.expects !== null) await lookAgain(trx, keeper.siteId, row.closed_at ?? row.created_at);
    await insertNote(trx, tools, row, { kind: 'reopened', text: reason, by: keeper.id });
    await updateCase(trx, row, { status: 'open', closed_at: null }, now());
    await recordAudit(trx, keeper.siteId, { event: 'case-reopened', caseId: id, by: keeper.id }, now());
  });
}

/** Notes can also be added to a closed case, as addenda. @throws Problem not-found, case-full. */
export async function noteInCase(
  tools: CaseTools,
  keeper: CaseReader,
  { id, text }: { readonly id: string; readonly text: string },
): Promise<void> {
  const { db, now } = tools;
  await db.transaction().execute(async (trx) => {
    const row = await lockCase(trx, keeper, { id, version: null });
    await insertNote(trx, tools, row, { kind: 'note', text, by: keeper.id });
    await recordAudit(trx, keeper.siteId, { event: 'case-noted', caseId: id, by: keeper.id }, now());
  });
}

/**
 * Deletes a case with everything in it. The key is destroyed once the deletion is committed. @throws Problem not-found,
 * case-changed, under-hold.
 */
export async function deleteCase(
  { db, seal, now }: CaseTools,
  keeper: CaseReader,
  which: Which,
): Promise<void> {
  const wrapped = await db.transaction().execute(async (trx) => {
    await lockHolds(trx);
    const row = await lockCase(trx, keeper, which);
    await requireNotHeld(trx, row);
    await trx.deleteFrom('case_record').where('id', '=', row.id).execute();
    const event = { event: 'case-deleted', caseId: row.id, by: keeper.id, number: row.number } as const;
    await recordAudit(trx, keeper.siteId, event, now());
    return row.wrapped_key;
  });
  await seal.destroy(wrapped);
}

/**
 * While readers are blinded, their notes are hidden from each other; a change of the case would go around that. @throws
 * Problem review-blinded.
 */
async function requireNotBlinded(trx: Trx, keeper: CaseReader, caseId: string): Promise<void> {
  if (mayRead(keeper) && (await isReadBlinded(trx, keeper, caseId))) throw new Problem('review-blinded');
}

export const placeOfNote = (id: string): string => `note ${id}`;

async function lockOpen(trx: Trx, keeper: CaseReader, which: Which): Promise<CaseRow> {
  const row = await lockCase(trx, keeper, which);
  if (row.status === 'closed') throw new Problem('case-closed');
  return row;
}

/** @throws Problem case-unreadable: the key of the case is gone, so nothing can be added. */
export function cipherOf({ seal }: CaseTools, { id, wrapped_key }: CaseRow): CaseCipher {
  const cipher = seal.cipherOf(id, wrapped_key);
  if (cipher === null) throw new Problem('case-unreadable');
  return cipher;
}

async function countNotes(trx: Trx, { id }: CaseRow): Promise<number> {
  const { count } = await trx
    .selectFrom('case_note')
    .where('case_id', '=', id)
    .select(sql<number>`count(*)::int`.as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

/** @throws Problem case-full, case-unreadable. */
async function insertNote(
  trx: Trx,
  tools: CaseTools,
  row: CaseRow,
  { kind, text, by }: NewNote & { readonly by: string },
): Promise<void> {
  if ((await countNotes(trx, row)) >= NOTES_LIMIT) throw new Problem('case-full');
  const id = tools.newId();
  const sealed = cipherOf(tools, row).seal(placeOfNote(id), text);
  await trx
    .insertInto('case_note')
    .values({ id, case_id: row.id, kind, sealed, by_account: by, at: tools.now() })
    .execute();
}
