/**
 * A transfer is an opened file of a peer. The peer was told that its instances are stored and may no longer have them,
 * so the bytes stay until each instance is in the PACS or was left out by a person. If an instance is not on its way
 * there, the transfer is held: an administrator has it sent again, or gives it up (answer-transfer.ts).
 */
import { sql, type RawBuilder } from 'kysely';
import type { DimsePeers, DimseTransfer } from '#shared/protocol/dimse-peer.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import type { StudyHere } from '#shared/protocol/not-taken.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Trx, Db } from '../../database/database.ts';
import { destroyFile, type FileSpoolTools } from '../../pipeline/spool/file-spool.ts';
import { OPEN_FILE_QUEUE } from '../../pipeline/stores/sent-file.store.ts';
import { shownState } from '../../uploads/upload-status.ts';
import { onePerStudy, studiesHere } from './not-taken.store.ts';

/** The most transfers that are listed. */
const SHOWN_LIMIT = 100;

/**
 *   settled    in the PACS, left out or given up by a person; or in the PACS under another version of its policy
 *   under-way  on its way, without needing a person
 *   unkept     promised, but in no parcel: opening the file again sends it
 *   missing    not on its way to the PACS
 */
type Fate = 'settled' | 'under-way' | 'unkept' | 'missing';

const list = (states: readonly string[]): RawBuilder<unknown> =>
  sql.join(states.map((state) => sql.lit(state)));

/** The fate and reason of each entry of `sent_file` (`entry.it`, `fates`), and the state of its instance (`there`). */
const FATES = sql`
  left join lateral jsonb_array_elements(sent_file.entries) as entry(it) on true
  left join lateral (
    select ${shownState} as state, instance.reason, exists (
        select from parcel where parcel.upload_id = upload.id and parcel.state in ('receiving', 'received')) as comes
      from upload join instance on instance.study_id = upload.study_id
        and instance.sop_instance_uid = it->>'sopInstanceUID' and instance.digest = it->>'digest'
      where upload.id = (it->>'upload')::uuid) there on true
  left join lateral (
    select coalesce(there.reason, it->>'reason', 'never-arrived') as reason, case
      when it is null or it ? 'givenUp' or it->>'state' = 'skipped'
        or it->>'reason' in ('already-here-other-policy', 'already-here-other-boxes')
        or there.state in (${list([...IN_PACS, 'left-out'])}) then 'settled'
      when there.state in (${list(['received', 'posting', 'posted'])})
        or (there.state = 'promised' and there.comes) then 'under-way'
      -- An administrator has given up some of it: the file as a whole does not go again.
      when there.state = 'promised' and sent_file.given_up is null then 'unkept'
      else 'missing' end as fate) fates on true`;

const isOf = (fate: Fate): RawBuilder<boolean> => sql`fates.fate = ${sql.lit(fate)}`;
const has = (fate: Fate): RawBuilder<boolean> => sql`coalesce(bool_or(${isOf(fate)}), false)`;

const isKept = sql<boolean>`(sent_file.state = 'opened' and sent_file.wrapped_key is not null)`;

type Standing = Record<'isMissing' | 'isUnkept' | 'isUnderWay' | 'isHeld', boolean> & {
  readonly id: string;
  readonly account_id: string;
  readonly wrapped_key: Uint8Array;
};

/**
 * Releases transfers that are finished, and holds those that cannot finish by themselves. `only`: only this one.
 * Repeatable.
 */
export async function settleTransfers(tools: FileSpoolTools, only?: string): Promise<void> {
  const { rows } = await sql<Standing>`
    select sent_file.id, sent_file.account_id, sent_file.wrapped_key, sent_file.held_at is not null as "isHeld",
      ${has('missing')} or (sent_file.problem is not null and sent_file.given_up is null) as "isMissing",
      ${has('unkept')} as "isUnkept", ${has('under-way')} as "isUnderWay"
    from sent_file ${FATES}
    where ${isKept} and ${only === undefined ? sql`true` : sql`sent_file.id = ${only}::uuid`}
    group by sent_file.id`.execute(tools.db);
  for (const row of rows) await settle(tools, row);
}

async function settle(tools: FileSpoolTools, standing: Standing): Promise<void> {
  const { id, account_id, isMissing, isUnkept, isUnderWay, isHeld } = standing;
  if (isUnkept && !isMissing)
    await tools.db.transaction().execute((trx) => openAgain(trx, tools, { id, account_id }));
  else if (!isMissing && !isUnderWay) await letGo(tools, standing);
  else if (isMissing !== isHeld)
    await tools.db
      .updateTable('sent_file')
      .set({ held_at: isMissing ? tools.now() : null })
      .where('id', '=', id)
      .where(isKept)
      .execute();
}

async function letGo(tools: FileSpoolTools, file: Pick<Standing, 'id' | 'wrapped_key'>): Promise<void> {
  const { numUpdatedRows } = await tools.db
    .updateTable('sent_file')
    .set({ form: '{}', wrapped_key: null, held_at: null })
    .where('id', '=', file.id)
    .where(isKept)
    .executeTakeFirst();
  if (numUpdatedRows > 0n) await destroyFile(tools, file);
}

/**
 * Opens the whole file again; instances that are on their way or in the PACS are recognised there. Returns whether it
 * was possible.
 */
export async function openAgain(
  trx: Trx,
  { jobs }: Pick<FileSpoolTools, 'jobs'>,
  { id, account_id: group }: Pick<Standing, 'id' | 'account_id'>,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('sent_file')
    .set({ state: 'received', runs: 0, fatal: [], problem: null, held_at: null, given_up: null })
    .set(
      'entries',
      sql<string>`(select coalesce(jsonb_agg(it - 'givenUp'), '[]')
      from jsonb_array_elements(entries) as entry(it))`,
    )
    .where('id', '=', id)
    .where(sql<boolean>`(${isKept} or sent_file.state = 'received')`)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await jobs.enqueue(trx, OPEN_FILE_QUEUE, { fileId: id }, { key: id, group });
  return true;
}

/** Held, or waiting with a problem that an administrator can solve. */
export const waitsForAnswer = sql<boolean>`(sent_file.peer_id is not null and (sent_file.held_at is not null
  or (sent_file.state = 'received' and sent_file.problem is not null)))`;

/** The oldest first. */
export async function listTransfers(db: Db, siteId: string): Promise<DimsePeers['transfers']> {
  const rows = await db
    .selectFrom('sent_file')
    .select(['id', 'ae_title', 'created_at', 'bytes', 'problem', 'state'])
    .select(sql<number>`(count(*) over ())::int`.as('total'))
    .where('site_id', '=', siteId)
    .where(waitsForAnswer)
    .orderBy('created_at')
    .orderBy('id')
    .limit(SHOWN_LIMIT)
    .execute();
  const ids = rows.map(({ id }) => id);
  const [missing, studies] = await Promise.all([missingOf(db, ids), studiesOf(db, ids)]);
  const shown = rows.map((row) => ({
    id: row.id,
    aeTitle: row.ae_title ?? '',
    cameAt: row.created_at.toISOString(),
    bytes: Number(row.bytes ?? 0),
    missing: missing.get(row.id) ?? [],
    studies: onePerStudy(studies.get(row.id) ?? []),
    problem: row.problem,
    triesAgain: row.state === 'received',
  }));
  return { total: rows[0]?.total ?? 0, shown };
}

type Missing = DimseTransfer['missing'][number];

async function missingOf(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, Missing[]>> {
  const { rows } = await sql<Missing & { id: string }>`
    select sent_file.id, fates.reason, count(*)::int as instances from sent_file ${FATES}
    where sent_file.id = any(${ids}::uuid[]) and sent_file.state = 'opened' and ${isOf('missing')}
    group by 1, 2 order by 3 desc, 2`.execute(db);
  const byFile = Map.groupBy(rows, ({ id }) => id);
  return new Map([...byFile].map(([id, own]) => [id, own.map(({ id: _, ...missing }) => missing)]));
}

/** Studies with missing instances, by transfer. */
async function studiesOf(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, readonly StudyHere[]>> {
  const { rows } = await sql<{ id: string; studies: StudyHere[] }>`
    select sent_file.id, ${studiesHere} as studies from (
      select sent_file.id as file_id, study.study_instance_uid, upload.id, upload.account_id from sent_file ${FATES}
        join upload on upload.id = (it->>'upload')::uuid join study on study.id = upload.study_id
        where sent_file.id = any(${ids}::uuid[]) and sent_file.state = 'opened' and ${isOf('missing')}
      union all select held.file_id, study.study_instance_uid, upload.id, upload.account_id
        from withheld_instance held
        join study on study.site_id = held.site_id and study.study_instance_uid = held.study_instance_uid
        join upload on upload.study_id = study.id and upload.account_id is not null
        where held.file_id = any(${ids}::uuid[]) and not held.told) here
      join sent_file on sent_file.id = here.file_id
    group by sent_file.id`.execute(db);
  return new Map(rows.map(({ id, studies }) => [id, studies]));
}

export type WaitingTransfer = {
  readonly id: string;
  readonly account_id: string;
  readonly peer_id: string;
  readonly ae_title: string;
  readonly state: 'received' | 'opened';
  readonly problem: AnyProblemCode | null;
};

/** Undefined: no transfer of the site waits for an answer under this id. */
export async function findWaiting(db: Db, siteId: string, id: string): Promise<WaitingTransfer | undefined> {
  const { rows } = await sql<WaitingTransfer>`
    select id, account_id, peer_id, coalesce(ae_title, '') as ae_title, state, problem from sent_file
    where id = ${id}::uuid and site_id = ${siteId}::uuid and ${waitsForAnswer}`.execute(db);
  return rows[0];
}

/** `upload` null: the entry never became part of an upload. */
export type MissingEntry = {
  readonly entry: number;
  readonly upload: string | null;
  readonly sopInstanceUID: string | null;
  readonly digest: string | null;
};

/** The entries that are not on their way to the PACS. */
export async function missingEntries(db: Db, id: string): Promise<readonly MissingEntry[]> {
  const { rows } = await sql<MissingEntry>`
    select (it->>'entry')::int as entry, it->>'upload' as upload, it->>'sopInstanceUID' as "sopInstanceUID",
      it->>'digest' as digest
    from sent_file ${FATES}
    where sent_file.id = ${id}::uuid and fates.fate in ('missing', 'unkept') order by 1`.execute(db);
  return rows;
}
