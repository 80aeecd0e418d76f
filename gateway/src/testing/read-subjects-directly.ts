/** Reviews whose readers have all signed, in one statement over them: what those that are kept by day must be. */
import { sql } from 'kysely';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { Asking } from '../analytics/asked.ts';
import type { Subject } from '../analytics/read-subjects.ts';
import type { Db } from '../database/database.ts';

/** `others`: the fields of every type whose answers are not compared. */
export async function readSubjectsDirectly(
  db: Db,
  { id, siteId }: Pick<Asking, 'id' | 'siteId'>,
  { own, others }: { readonly own: boolean; readonly others: readonly string[] },
): Promise<readonly Subject[]> {
  const isOwn = own ? sql`coalesce(p.account_id = ${id}, false)` : sql`false`;
  const { rows } = await sql<Subject>`with
  r as (
    select r.id, r.case_id, r.type_name as type, r.type_version as version from review r
    where r.site_id = ${siteId} and r.state in ('settled', 'adjudication')),
  readings as (
    select r.id, jsonb_agg(jsonb_build_object('isOwn', ${isOwn}, 'answers',
      case when e.decision = 'reject' then null else e.answers - ${others}::text[] end) order by p.place) as readings
    from r join review_place p on p.review_id = r.id and p.place <> ${ADJUDICATOR}
    join review_event e on e.review_id = r.id and e.id = p.decided_by_event group by r.id),
  said as (
    select id, jsonb_agg(jsonb_build_object('model', model, 'positive', positive) order by model) as said
    from (select r.id, i.model_id as model, bool_or(i.positive) as positive
      from r join case_study c on c.case_id = r.case_id
      join inference_result i on i.site_id = c.site_id and i.study_instance_uid = c.study_instance_uid
      where i.positive is not null group by 1, 2) m group by id)
  select r.type, r.version, readings, coalesce(said, '[]') as said, count(*)::int as count
  from r join readings using (id) left join said using (id) group by 1, 2, 3, 4`.execute(db);
  return rows;
}
