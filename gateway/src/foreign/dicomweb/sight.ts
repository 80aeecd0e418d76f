/**
 * The studies that a caller may find and read over DICOMweb. Roles with full access may read everything in the PACS.
 * All other callers may read a study only if they sent all its instances, or may read them by role. A PACS describes a
 * study by all of its instances, and takes the patient's name from any of them, so an account that sends one instance
 * under the Study Instance UID of another's study must learn nothing of that study. The gateway's own results in a
 * study do not affect this, and are read elsewhere.
 */
import { sql, type RawBuilder } from 'kysely';
import { READS_ALL } from '#shared/protocol/api.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Db } from '../../database/database.ts';
import type { Caller } from '../../http/route.ts';
import { RESULTS_POLICY } from '../../policies/policies.ts';
import { mayReadByRole } from '../../policies/read-by-role.ts';
import type { Pacs } from '../../ports/pacs/pacs.ts';

/** The part of a study that a caller sees. `listed`: the number of instances that the PACS lists in it. */
export type SeenStudy = {
  readonly series: ReadonlySet<string>;
  /** The Series Instance UID of each SOP Instance UID. */
  readonly instances: ReadonlyMap<string, string>;
  readonly listed: number;
};

export type Sight = {
  /** The Study Instance UIDs that the caller may see, the newest first. `among`: only of these. */
  studies(among: readonly string[] | null): Promise<readonly string[]>;
  /** Null: the study is not the caller's or not in the PACS; the caller is not told which. Throws PacsUnreachable. */
  of(studyInstanceUID: string, signal: AbortSignal): Promise<SeenStudy | null>;
};

type SightTools = {
  readonly db: Db;
  /** The id of the destination that is read. */
  readonly destination: string;
  readonly pacs: Pick<Pacs, 'findStudy'>;
};

/** Null: the caller may read everything in the PACS. */
export function sightOf(caller: Caller, tools: SightTools): Sight | null {
  if (caller.roles.some((role) => READS_ALL.includes(role))) return null;
  return {
    studies: (among) => ownStudies(caller, tools, among),
    of: (study, signal) => look(caller, tools, study, signal),
  };
}

/** @throws Problem not-found. */
export async function seen(
  sight: Sight | null,
  studyInstanceUID: string,
  signal: AbortSignal,
): Promise<SeenStudy | null> {
  if (sight === null) return null;
  const study = await sight.of(studyInstanceUID, signal);
  if (study === null) throw new Problem('not-found');
  return study;
}

/** A condition on an instance: the account has sent its bytes. Naming an instance proves nothing. */
export function broughtBy(accountId: string, instance: 'i' | 'instance'): RawBuilder<boolean> {
  const of = (column: string) => sql.ref(`${instance}.${column}`);
  return sql`(${of('brought')} and exists (select 1 from upload_instance l join upload u on u.id = l.upload_id
    where l.instance_id = ${of('id')} and u.account_id = ${accountId}))`;
}

/**
 * A condition on an instance (`i`) and its study (`s`): it was confirmed at this destination, and the caller may see
 * it.
 */
async function isSeen(
  { id, siteId, roles }: Caller,
  { db, destination }: SightTools,
): Promise<RawBuilder<boolean>> {
  return sql`(i.site_id = ${siteId} and s.site_id = ${siteId} and s.copy_of is null
    and s.destination_id = ${destination} and i.state in (${sql.join([...IN_PACS])})
    and (${broughtBy(id, 'i')} or ${await mayReadByRole(db, { siteId, roles }, 'i')}))`;
}

async function ownStudies(
  caller: Caller,
  tools: SightTools,
  among: readonly string[] | null,
): Promise<readonly string[]> {
  let select = tools.db
    .selectFrom('instance as i')
    .innerJoin('study as s', 's.id', 'i.study_id')
    .select('s.study_instance_uid as uid')
    .where(await isSeen(caller, tools))
    .groupBy('s.study_instance_uid')
    .orderBy(sql`max(s.created_at)`, 'desc')
    .orderBy('s.study_instance_uid');
  if (among !== null) select = select.where(sql<boolean>`s.study_instance_uid = any(${among}::text[])`);
  return (await select.execute()).map(({ uid }) => uid);
}

async function look(
  caller: Caller,
  tools: SightTools,
  studyInstanceUID: string,
  signal: AbortSignal,
): Promise<SeenStudy | null> {
  const { db, pacs } = tools;
  const ofStudy = db
    .selectFrom('instance as i')
    .innerJoin('study as s', 's.id', 'i.study_id')
    .select(['i.sop_instance_uid as uid', 'i.series_instance_uid as series'])
    .where('s.study_instance_uid', '=', studyInstanceUID);
  const own = await ofStudy.where(await isSeen(caller, tools)).execute();
  if (own.length === 0) return null;
  const results = await ofStudy
    .where('i.site_id', '=', caller.siteId)
    .where('i.policy_name', '=', RESULTS_POLICY.name)
    .execute();
  const listed = await pacs.findStudy(studyInstanceUID, signal);
  const isWhole = listed.isSubsetOf(new Set([...own, ...results].map(({ uid }) => uid)));
  const instances = new Map(own.filter(({ uid }) => listed.has(uid)).map(({ uid, series }) => [uid, series]));
  if (!isWhole || instances.size === 0) return null;
  return { series: new Set(instances.values()), instances, listed: listed.size };
}
