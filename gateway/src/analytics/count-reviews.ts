/** How long reviews take, and how many each reader has to read. Readers are listed by name, so nobody is ranked. */
import { sql, type RawBuilder } from 'kysely';
import type { ReviewFigures } from '#shared/protocol/analytics.ts';
import type { Db } from '../database/database.ts';
import { mayListOthers } from '../reviews/show-reviews.ts';
import {
  all,
  isOfAll,
  isOfModality,
  laterDay,
  patientConditions,
  spreadOf,
  type Asked,
  type Asking,
} from './asked.ts';

export const UNDER_WAY = sql`r.state in ('reading', 'adjudication')`;
const SECONDS_AN_HOUR = sql`3600`;
const PERCENTILES = sql`percentile_cont(array[0.5, 0.95]) within group`;

export async function countTurnaround(
  db: Db,
  siteId: string,
  asked: Asked,
): Promise<ReviewFigures['turnaround']> {
  const { since, until } = asked;
  type Row = { type: string; day: string | null; settled: number; hours: number[] | null };
  const settled = await sql<Row>`select type, day::text as day, count(*)::int as settled,
      ${PERCENTILES} (order by hours) as hours
    from (select r.type_name as type, (r.settled_at at time zone 'UTC')::date as day,
        extract(epoch from (r.settled_at - r.opened_at))::float8 / ${SECONDS_AN_HOUR} as hours
      from review r where r.site_id = ${siteId} and r.state = 'settled'
        and r.settled_at >= ${since} and r.settled_at < ${until} and ${isOfCohort(asked)}) s
    group by grouping sets ((type), (type, day)) order by 1, 2 nulls first`.execute(db);
  const open = await sql<{ type: string; open: number }>`select r.type_name as type, count(*)::int as open
    from review r where r.site_id = ${siteId} and ${UNDER_WAY} and ${isOfCohort(asked)} group by 1`.execute(
    db,
  );
  const types = [...new Set([...settled.rows, ...open.rows].map(({ type }) => type))].sort();
  const titles = await titlesOf(db, siteId, types);
  return types.map((type) => {
    const own = settled.rows.filter((row) => row.type === type);
    const total = own.find(({ day }) => day === null);
    return {
      ...{ type, title: titles.get(type) ?? type, settled: total?.settled ?? 0 },
      hours: spreadOf(total?.hours ?? null),
      settledShows: listOf(asked, { list: 'all', type, state: 'settled', ...spanOf(asked) }),
      openShows: listOf(asked, { list: 'all', type, state: 'open' }),
      open: open.rows.find((row) => row.type === type)?.open ?? 0,
      days: own.flatMap(({ day, settled: count }) => (day === null ? [] : [{ day, settled: count }])),
    };
  });
}

const spanOf = ({ from, to }: Asked) => ({ from, to: laterDay(to, 1) });
/** The list of reviews cannot filter by cohort. */
const listOf = (asked: Asked, query: Readonly<Record<string, string>>): string | null =>
  isOfAll(asked) ? `/reviews?${new URLSearchParams(query)}` : null;

/** The latest title of each type. */
async function titlesOf(db: Db, siteId: string, types: readonly string[]) {
  const { rows } = await sql<{ type: string; title: string }>`select t.type, r.definition->>'title' as title
    from unnest(${types}::text[]) as t(type), lateral (select definition from review
      where site_id = ${siteId} and type_name = t.type order by type_version desc, number desc limit 1) r`.execute(
    db,
  );
  return new Map(rows.map(({ type, title }) => [type, title]));
}

/** A condition on `r`, a review: a study of its case is in the cohort. */
function isOfCohort(asked: Asked): RawBuilder<boolean> {
  if (isOfAll(asked)) return sql`true`;
  return sql`exists (select 1 from case_study cs
    left join study_cohort c on c.site_id = cs.site_id and c.study_instance_uid = cs.study_instance_uid
    where cs.case_id = r.case_id and ${isStudyOfCohort(asked)})`;
}

/** A condition on `cs`, a study of a case, and `c`, its cohort: the study is in the asked cohort. */
export function isStudyOfCohort({ cohort }: Asked): RawBuilder<boolean> {
  const { modality } = cohort;
  const isImaged = sql<boolean>`exists (select 1 from study s join instance i on i.study_id = s.id
    where s.site_id = cs.site_id and s.study_instance_uid = cs.study_instance_uid
      and ${isOfModality('i.sop_class_uid', modality ?? '')})`;
  return all([...patientConditions('c', cohort), ...(modality === undefined ? [] : [isImaged])]);
}

/** Counts everybody's work for administrators, and otherwise only the caller's own. */
export async function countWorkload(
  db: Db,
  caller: Asking,
  asked: Asked,
): Promise<ReviewFigures['workload']> {
  const { since, until } = asked;
  const isTold = caller.roles.includes('admin') ? sql`true` : sql`a.id = ${caller.id}`;
  // Reviews are always of their readers' site, so the table of reviews is joined only for a cohort. Otherwise the index
  // of places is enough to count the many signed places.
  const review = isOfAll(asked) ? sql`` : sql`join review r on r.id = p.review_id`;
  type Row = { id: string; username: string; waiting: number; signed: number; hours: number[] | null };
  const { rows } = await sql<Row>`with
    s as (
      select p.account_id, count(*)::int as signed, ${PERCENTILES}
        (order by extract(epoch from (p.signed_at - p.assigned_at))::float8 / ${SECONDS_AN_HOUR}) as hours
      from account a join review_place p on p.account_id = a.id ${review}
      where a.site_id = ${caller.siteId} and ${isTold} and p.signed_at >= ${since} and p.signed_at < ${until}
        and ${isOfCohort(asked)} group by 1),
    w as (
      select p.account_id, count(*)::int as waiting
      from review r join review_place p on p.review_id = r.id join account a on a.id = p.account_id
      where r.site_id = ${caller.siteId} and ${isTold} and ${UNDER_WAY} and p.signed_at is null
        and ${isOfCohort(asked)} group by 1)
    select a.id, a.username, coalesce(waiting, 0) as waiting, coalesce(signed, 0) as signed, hours
    from s full join w using (account_id) join account a on a.id = account_id order by lower(a.username)`.execute(
    db,
  );
  return rows.map(({ id, hours, ...row }) => {
    const isOwn = id === caller.id;
    const reader = isOwn ? undefined : { reader: id };
    const list = (query: Readonly<Record<string, string>>): string | null =>
      isOwn || mayListOthers(caller) ? listOf(asked, { ...query, ...reader }) : null;
    const waitingShows = list({ list: 'todo' });
    const signedShows = list({ list: 'signed', ...spanOf(asked) });
    return { ...row, hours: spreadOf(hours), waitingShows, signedShows };
  });
}
