/**
 * Files of scripts with rejected instances, and associations in which a modality was told of a rejection at once,
 * until a person leaves them out. If a modality was told that an instance is stored, it is in transfer.store.ts: the
 * gateway still has its bytes.
 */
import { sql } from 'kysely';
import {
  NAMED_LIMIT,
  type NotTakenFile,
  type NotTakenList,
  type StudyHere,
} from '#shared/protocol/not-taken.ts';
import type { Db } from '../../database/database.ts';
import { CAME_NOT } from './withheld.store.ts';

/** `accountId` null: files of everybody at the site. */
export type WhoseFiles = { readonly siteId: string; readonly accountId: string | null };

const SHOWN_LIMIT = 100;

/** The same condition as in the index `sent_file_not_taken`. */
const WAITS_OF_SCRIPT = sql<boolean>`sent_file.peer_id is null and sent_file.state = 'opened'
  and sent_file.entries @? '$[*] ? ((@.state == "quarantined" || @.state == "refused") && !(exists(@.givenUp)))'`;

/** Contains the condition of the index `withheld_instance_waits`, for the alias `held`. */
const WAITS = sql<boolean>`held.cause <> 'left-out' and ${CAME_NOT}`;

/**
 * Which withheld instances are listed: all of a script, which is not told at once. For a modality, those it was told
 * of; its others belong to a transfer.
 */
const IS_LISTED = sql<boolean>`held.told = (sent_file.peer_id is not null)`;

/** Joins `sent_file` and `held`. An instance with a known UID is listed under the newest file that contained it. */
export const isNamed = sql<boolean>`held.file_id = sent_file.id and ${IS_LISTED} and ${WAITS}`;

const isNotTaken = sql<boolean>`it->>'state' in ('quarantined', 'refused') and not it ? 'givenUp'`;

/** True for an entry of `sent_file` that has no row in `withheld_instance`. */
export const isUnnamed = sql<boolean>`sent_file.peer_id is null and ${isNotTaken}
  and (sent_file.device_id is not null or not exists (select from withheld_instance named
    where named.account_id = sent_file.account_id and named.sop_instance_uid = it->>'sopInstanceUID'))`;

export const isTheirs = ({ siteId, accountId }: WhoseFiles) =>
  sql<boolean>`sent_file.site_id = ${siteId}::uuid
    and ${accountId === null ? sql`true` : sql`sent_file.account_id = ${accountId}::uuid`}
    and ((${WAITS_OF_SCRIPT} and exists (
        select from jsonb_array_elements(sent_file.entries) as entry(it) where ${isUnnamed}))
      or ((sent_file.peer_id is not null or sent_file.state = 'opened')
        and (sent_file.id, sent_file.peer_id is not null) in (
          select held.file_id, held.told from withheld_instance held
          where held.site_id = ${siteId}::uuid and ${WAITS})))`;

type Row = Omit<NotTakenFile, 'cameAt' | 'studies' | 'studiesNotHere'> & {
  readonly cameAt: Date;
  readonly studies: readonly StudyHere[] | null;
  readonly ofThem: readonly string[] | null;
  readonly total: number;
};

/** The studies and uploads in `here`. Uploads of the account of `sent_file` come first. */
export const studiesHere = sql`jsonb_agg(
  jsonb_build_object('studyInstanceUID', here.study_instance_uid, 'uploadId', here.id)
  order by here.account_id is distinct from sent_file.account_id, here.study_instance_uid, here.id)`;

export const onePerStudy = (studies: readonly StudyHere[]): StudyHere[] =>
  [...Map.groupBy(studies, ({ studyInstanceUID }) => studyInstanceUID).values()].map(([first]) => first!);

const NAMED = sql.lit(NAMED_LIMIT);

/** The UIDs, as they would be sent, of those instances of a file that have the reason of `by_reason`. */
const uidsOf = sql`coalesce((select to_jsonb((array_agg(held.sop_instance_uid order by 1))[1:${NAMED}])
  from withheld_instance held where ${isNamed} and held.reason = by_reason.reason), '[]')`;

/** The instances of `sent_file` with their reasons and, for a script, their positions in the file. */
const INSTANCES = sql`
  select it->>'reason' as reason, it->>'entry' as instance, (it->>'entry')::int as place
  from jsonb_array_elements(sent_file.entries) as entry(it) where ${isUnnamed}
  union all
  select held.reason, held.study_instance_uid || ' ' || held.sop_instance_uid, (it->>'entry')::int
  from withheld_instance held
  left join jsonb_array_elements(sent_file.entries) as entry(it) on sent_file.peer_id is null and ${isNotTaken}
    and it->>'sopInstanceUID' = held.sop_instance_uid
  where ${isNamed}`;

/** `only`: lists only this file. */
export async function listNotTaken(db: Db, whose: WhoseFiles, only?: string): Promise<NotTakenList> {
  const { rows } = await sql<Row>`
    select sent_file.id, sent_file.created_at as "cameAt", sent_file.policy_name as policy,
      account.username, api_key.name as key, sent_file.ae_title as "aeTitle", (count(*) over ())::int as total,
      (select ${studiesHere} from (
        select study.study_instance_uid, upload.id, upload.account_id
        from jsonb_array_elements(sent_file.entries) as entry(it)
        join upload on upload.id = (it->>'upload')::uuid join study on study.id = upload.study_id
        where it->>'state' = 'sent'
        union all select study.study_instance_uid, upload.id, upload.account_id from withheld_instance held
        join study on study.site_id = held.site_id and study.study_instance_uid = held.study_instance_uid
        join upload on upload.study_id = study.id and upload.account_id is not null
        where ${isNamed}) here) as studies,
      (select jsonb_agg(distinct held.study_instance_uid) from withheld_instance held
        where ${isNamed}) as "ofThem",
      (select jsonb_agg(jsonb_build_object('reason', reason, 'instances', instances, 'places', places,
          'sopInstanceUIDs', ${uidsOf}) order by instances desc, reason)
        from (select reason, count(distinct instance)::int as instances, to_jsonb(coalesce(
            (array_agg(distinct place order by place) filter (where place is not null))[1:${NAMED}], '{}')) as places
          from (${INSTANCES}) each group by 1) by_reason
      ) as "notTaken"
    from sent_file join account on account.id = sent_file.account_id
      left join api_key on api_key.id = sent_file.key_id
    where ${isTheirs(whose)} and ${only === undefined ? sql`true` : sql`sent_file.id = ${only}::uuid`}
    order by sent_file.created_at desc, sent_file.id limit ${SHOWN_LIMIT}`.execute(db);
  const shown = rows.map(({ total: _, cameAt, studies, ofThem, ...file }) => {
    const here = onePerStudy(studies ?? []);
    const known = new Set(here.map(({ studyInstanceUID }) => studyInstanceUID));
    const studiesNotHere = (ofThem ?? []).filter((uid) => !known.has(uid)).slice(0, NAMED_LIMIT);
    return { ...file, cameAt: cameAt.toISOString(), studies: here, studiesNotHere };
  });
  return { total: rows[0]?.total ?? 0, shown };
}

/** Undefined: none of their files waits under this id (any more). */
export async function leaveOutNotTaken(db: Db, whose: WhoseFiles, id: string): Promise<string | undefined> {
  const { rows } = await sql<{ account_id: string }>`
    update sent_file set entries = (select coalesce(jsonb_agg(
      case when sent_file.peer_id is null and ${isNotTaken} then it || '{"givenUp": true}' else it end
      order by (it->>'entry')::int), '[]')
      from jsonb_array_elements(entries) as entry(it))
    where sent_file.id = ${id}::uuid and ${isTheirs(whose)} returning account_id`.execute(db);
  return rows[0]?.account_id;
}
