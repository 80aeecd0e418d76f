/**
 * The studies that wait to be read: they are in the PACS, and since their last image went there, no reading of them was
 * settled, no case of them was closed, and nobody said that they need none. A reading that says "not assessable" does
 * not count. The list covers the last weeks only, as older studies were read elsewhere. Sample studies never wait, and
 * sample cases do not count.
 */
import { sql, type RawBuilder } from 'kysely';
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';
import { UNREAD_COUNTED, UNREAD_DAYS, type UnreadStudies } from '#shared/protocol/unread-studies.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db } from '../database/database.ts';
import { MARKED_EARLY } from '../pipeline/stores/triage.store.ts';
import { classesOf } from './case-facts.ts';
import { knownStudies, type CaseReader } from '../findings/case-rights.ts';
import { isMarkedEarly } from './early-marks.ts';
import { isSampleAccount, sampleAccountIds, sampleCaseIds } from './sample-mark.ts';

type Tools = { readonly db: Db; readonly now: () => Date };

/** The studies that are asked about: `s`, or `n` where a newer one with the same UID is looked for. */
type Alias = 's' | 'n';

/** A condition on study `of`: it waits to be read. */
const isUnread = (of: Alias, siteId: string, now: Date): RawBuilder<boolean> => {
  const study = (column: 'id' | 'site_id' | 'study_instance_uid' | 'copy_of' | 'created_at' | 'account_id') =>
    sql.ref(`${of}.${column}`);
  const isSame = (table: string) => sql`${sql.ref(`${table}.site_id`)} = ${study('site_id')}
    and ${sql.ref(`${table}.study_instance_uid`)} = ${study('study_instance_uid')}`;
  const isSince = isSinceOf(of);
  return sql`(${study('site_id')} = ${siteId} and ${study('copy_of')} is null
    and ${study('created_at')} > ${now}::timestamptz - make_interval(days => ${UNREAD_DAYS}::int)
    and (${study('account_id')} is null or ${study('account_id')} not in ${sampleAccountIds(siteId)})
    and exists (select 1 from ${brought(of)})
    and not exists (select 1 from reading_waiver w where ${isSame('w')} and ${isSince(sql`w.at`)})
    and not exists (select 1 from case_study o join case_record k on k.id = o.case_id
      where ${isSame('o')} and k.id not in ${sampleCaseIds(siteId)}
        and (k.status = 'closed' and ${isSince(sql`k.closed_at`)}
          or exists (select 1 from review r where r.case_id = k.id and r.state = 'settled'
            and ${isSince(sql`r.settled_at`)} and ${IS_READ}))))`;
};

/** The images of the study in the PACS, except those that models made. */
const brought = (of: Alias): RawBuilder<unknown> => sql`instance i where i.study_id = ${sql.ref(`${of}.id`)}
  and i.state in (${sql.join([...IN_PACS])}) and i.policy_name <> 'gateway.results'`;

/** No image of the study went to the PACS after `at`. */
const isSinceOf =
  (of: Alias) =>
  (at: RawBuilder<unknown>): RawBuilder<boolean> =>
    sql`not exists (select 1 from ${brought(of)} and i.posted_at > ${at})`;

/** The standing answers of review `r` are a real reading, not "not assessable". */
const IS_READ = sql`not exists (select 1 from review_place p
  join review_event e on e.review_id = p.review_id and e.id = p.decided_by_event
  where p.review_id = r.id and p.place = r.final_place and e.decision = 'reject')`;

/** The last study of the previous page. `at`: in microseconds, as the database has it. */
type UnreadPlace = { readonly isEarly: boolean; readonly at: string; readonly uid: string };

const CURSOR = /^([01])~([12]\d{3}-\d\d-\d\dT[\d:.]{15}Z)~([\d.]{1,64})$/;

/** @throws Problem invalid-request. */
export function parsePlace(cursor: string): UnreadPlace {
  const [, early, at = '', uid = ''] = CURSOR.exec(cursor) ?? [];
  const moment = new Date(at);
  // The database would read an impossible date, such as 31 February, as another day or refuse it.
  if (Number.isNaN(moment.getTime()) || moment.toISOString() !== `${at.slice(0, -4)}Z`)
    throw new Problem('invalid-request', 'Invalid: cursor.');
  return { isEarly: early === '1', at, uid };
}

type Page = { readonly after?: UnreadPlace | undefined; readonly limit: number };
type Row = {
  readonly uid: string;
  readonly at: Date;
  /** The same in a cursor. */
  readonly place: string;
  readonly isEarly: boolean;
  readonly uploadId: string | null;
  readonly caseId: string | null;
  readonly isAsked: boolean;
};

/**
 * Studies with an early mark that the reader may know of come first, then the newest. `count` is null, because it takes
 * long where many studies wait.
 */
export async function listUnread(
  { db, now }: Tools,
  reader: CaseReader,
  { after, limit }: Page,
): Promise<UnreadStudies> {
  const { siteId } = reader;
  const at = now();
  // Only few are marked, so these are sorted; the others are read from the newest on, until the page is full.
  // `offset 0`: a newer one is looked for beside each row of the page, and not once among all that wait.
  const marked = sql`(select distinct s.study_instance_uid from ${MARKED_EARLY} and s.site_id = ${siteId}) c`;
  const early = sql`select c.study_instance_uid from ${marked}
    where ${await isMarkedEarly(db, reader, 'c.study_instance_uid')}`;
  const part = (
    isEarly: boolean,
  ) => sql`(select s.study_instance_uid as uid, s.created_at as at, ${isEarly}::boolean as early
    from study s where ${isUnread('s', siteId, at)}
      and s.study_instance_uid ${isEarly ? sql`in` : sql`not in`} (select uid from early)
      and not exists (select 1 from study n where n.site_id = s.site_id
        and n.study_instance_uid = s.study_instance_uid
        and (n.created_at, n.id) > (s.created_at, s.id) and ${isUnread('n', siteId, at)} offset 0)
      ${placeAfter(after, isEarly)}
    order by s.created_at desc, s.study_instance_uid limit ${limit + 1})`;
  const { rows } = await sql<Row>`with early (uid) as materialized (${early}),
    page as materialized (select * from (${part(true)} union all ${part(false)}) c
      order by not c.early, c.at desc, c.uid limit ${limit + 1})
    select page.uid, page.at, page.early as "isEarly",
      to_char(page.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place,
      (select u.id from study s join upload u on u.study_id = s.id where s.site_id = ${siteId}
        and s.study_instance_uid = page.uid and u.account_id is not null
        order by u.created_at desc limit 1) as "uploadId",
      o.id as "caseId", coalesce(o.asked, false) as "isAsked"
    from page
    left join lateral (select k.id, exists (select 1 from review r
        where r.case_id = k.id and r.state in ('reading', 'adjudication')) as asked
      from case_study o join case_record k on k.id = o.case_id
      where o.site_id = ${siteId} and o.study_instance_uid = page.uid
        and k.id not in ${sampleCaseIds(siteId)}
      order by asked desc, k.number desc limit 1) o on true
    order by not page.early, page.at desc, page.uid`.execute(db);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    studies: await shownStudies(db, siteId, shown),
    count: null,
    next:
      rows.length > limit && last !== undefined ? `${last.isEarly ? 1 : 0}~${last.place}~${last.uid}` : null,
  };
}

/** Marked ones come before a place among the others. */
function placeAfter(after: UnreadPlace | undefined, isEarly: boolean): RawBuilder<unknown> {
  if (after === undefined || (after.isEarly && !isEarly)) return sql``;
  if (isEarly && !after.isEarly) return sql`and false`;
  return sql`and (s.created_at < ${after.at}::timestamptz
    or s.created_at = ${after.at}::timestamptz and s.study_instance_uid > ${after.uid}::text)`;
}

/** How many wait, up to UNREAD_COUNTED + 1. */
export async function countUnread({ db, now }: Tools, { siteId }: CaseReader): Promise<UnreadStudies> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from (select 1 from study s
    where ${isUnread('s', siteId, now())} group by s.study_instance_uid limit ${UNREAD_COUNTED + 1}) counted`.execute(
    db,
  );
  return { studies: [], count: rows[0]!.count, next: null };
}

async function shownStudies(db: Db, siteId: string, rows: readonly Row[]): Promise<UnreadStudies['studies']> {
  const classes = await classesOf(
    db,
    siteId,
    rows.map(({ uid }) => uid),
  );
  return rows.map(({ uid, at, place: _, ...row }) => ({
    ...row,
    studyInstanceUID: uid,
    modalities: [...modalitiesOf(classes.get(uid) ?? [])],
    sentAt: at.toISOString(),
  }));
}

type Waiver = { readonly studyInstanceUID: string; readonly isWaived: boolean };

/**
 * Records that a study needs no reading, or that it needs one after all. A waiver counts again if images came since the
 * last one. @throws Problem study-not-found; not-allowed: a sample account cannot decide about studies.
 */
export async function waiveReading(
  { db, now }: Tools,
  { id, siteId }: CaseReader,
  { studyInstanceUID, isWaived }: Waiver,
): Promise<void> {
  if (!(await knownStudies(db, siteId, [studyInstanceUID])).has(studyInstanceUID))
    throw new Problem('study-not-found');
  if (await isSampleAccount(db, id)) throw new Problem('not-allowed');
  const row = { site_id: siteId, study_instance_uid: studyInstanceUID };
  await db.transaction().execute(async (trx) => {
    const changed = isWaived
      ? await trx
          .insertInto('reading_waiver')
          .values({ ...row, account_id: id, at: now() })
          .onConflict((conflict) =>
            conflict
              .columns(['site_id', 'study_instance_uid'])
              .doUpdateSet({ account_id: id, at: now() })
              .where(sql<boolean>`exists (select 1 from study s where s.site_id = ${siteId}
                and s.study_instance_uid = ${studyInstanceUID} and not ${isSinceOf('s')(sql`reading_waiver.at`)})`),
          )
          .returning('site_id')
          .execute()
      : await trx
          .deleteFrom('reading_waiver')
          .where('site_id', '=', siteId)
          .where('study_instance_uid', '=', studyInstanceUID)
          .returning('site_id')
          .execute();
    if (changed.length === 0) return;
    const event = isWaived ? 'reading-waived' : 'reading-wanted';
    await recordAudit(trx, siteId, { event, studyInstanceUID, by: id }, now());
  });
}
