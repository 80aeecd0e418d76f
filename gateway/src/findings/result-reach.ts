/**
 * The studies and results that a caller may reach: those that the role may read (read-by-role.ts), and the results that
 * the caller asked for. Technicians also reach results of instances that they sent and that have arrived in the PACS
 * (naming an instance proves nothing). Auditors read lists.
 */
import { sql, type RawBuilder } from 'kysely';
import { READS_ALL, type Role } from '#shared/protocol/api.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import type { Caller } from '../http/route.ts';
import { mayReadByRole } from '../policies/read-by-role.ts';
import { isBlindTo } from './blinding.ts';

export type Asking = Pick<Caller, 'id' | 'siteId' | 'roles'>;

export const reachesAll = ({ roles }: Pick<Caller, 'roles'>, also: readonly Role[] = []): boolean =>
  roles.some((role) => READS_ALL.includes(role) || also.includes(role));

/**
 * A condition on an instance (`i` in the query): it is in the PACS, and this caller either sent it or may see it as
 * part of a de-identified study, whoever uploaded it.
 */
export async function isReached(db: Db, { id, siteId, roles }: Asking): Promise<RawBuilder<boolean>> {
  const brought = sql<boolean>`(i.brought and i.state in (${sql.join([...IN_PACS])}) and exists (
    select 1 from upload_instance l join upload u on u.id = l.upload_id
    where l.instance_id = i.id and u.account_id = ${id}))`;
  const ways = [
    ...(roles.includes('technician') ? [brought] : []),
    await mayReadByRole(db, { siteId, roles }, 'i'),
  ];
  return sql`(i.site_id = ${siteId} and (${sql.join(ways, sql` or `)}))`;
}

/**
 * The names that a query may give the table of results. The conditions below use `i`, `l`, `q` and `u` for other
 * tables: a result table with such a name would be compared with the wrong table, and everybody would reach every
 * result.
 */
export type ResultName = 'inference_result' | 'r';

/**
 * The single condition that decides, on every route, which results an account may know: those that it asked for or
 * whose instance it reaches, except those that are hidden by a blinded reading. `also`: roles to which the route shows
 * all results.
 */
export async function mayKnowResult(
  db: Db,
  caller: Asking,
  result: ResultName,
  also: readonly Role[] = [],
): Promise<RawBuilder<boolean>> {
  const isShown = isNotBlinded(result, caller);
  return reachesAll(caller, also) ? isShown : sql`(${await isOwn(db, result, caller)} and ${isShown})`;
}

async function isOwn(db: Db, result: ResultName, caller: Asking): Promise<RawBuilder<boolean>> {
  const table = sql.ref(result);
  return sql`(
    exists (select 1 from result_request q where q.result_id = ${table}.id and q.account_id = ${caller.id})
    or exists (select 1 from instance i where i.sop_instance_uid = ${table}.sop_instance_uid and ${await isReached(db, caller)}))`;
}

/**
 * A condition on a result (`result`: the name of its table): the caller is not reading the study without its results.
 */
export const isNotBlinded = (result: ResultName, caller: Asking): RawBuilder<boolean> =>
  sql`not ${isBlindTo(caller, sql.ref(`${result}.study_instance_uid`))}`;

export async function reachesResult(db: Db, caller: Asking, resultId: string): Promise<boolean> {
  const found = await db
    .selectFrom('inference_result')
    .select('id')
    .where('id', '=', resultId)
    .where('site_id', '=', caller.siteId)
    .where(await mayKnowResult(db, caller, 'inference_result'))
    .executeTakeFirst();
  return found !== undefined;
}

/**
 * The SOP Instance UIDs of the study that the caller may have models look at. The PACS may hold others that are not
 * theirs.
 */
export async function reachedInstances(
  db: Db,
  caller: Asking,
  studyInstanceUID: string,
): Promise<{ has(sopInstanceUID: string): boolean; readonly size: number }> {
  if (reachesAll(caller)) return { has: () => true, size: Infinity };
  const rows = await db
    .selectFrom('instance as i')
    .innerJoin('study as s', 's.id', 'i.study_id')
    .select('i.sop_instance_uid')
    .where('s.site_id', '=', caller.siteId)
    .where('s.study_instance_uid', '=', studyInstanceUID)
    .where(await isReached(db, caller))
    .execute();
  return new Set(rows.map((row) => row.sop_instance_uid));
}

export async function reachesStudy(db: Db, caller: Asking, studyInstanceUID: string): Promise<boolean> {
  return (await reachedInstances(db, caller, studyInstanceUID)).size > 0;
}
