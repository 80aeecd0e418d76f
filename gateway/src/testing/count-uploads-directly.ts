/** Figures of uploads in one statement, from the rows themselves: what the figures that are kept by day must be. */
import { sql, type RawBuilder } from 'kysely';
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';
import { STORAGE_CLASSES } from '#shared/dicom/registry.ts';
import type { Operations } from '#shared/protocol/analytics.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import { all, isOfModality, patientConditions, type Asked } from '../analytics/asked.ts';
import type { Db } from '../database/database.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';

/** A line of figures: what it is of, and what is said of it. */
export type Figures = readonly (string | number | null)[];

const MODALITIES = STORAGE_CLASSES.map((uid) => modalitiesOf([uid])[0] ?? null);
const modalities = (): RawBuilder<unknown> =>
  sql`unnest(${[...STORAGE_CLASSES]}::text[], ${MODALITIES}::text[]) as k(class, modality)`;

const uploadsIn = (siteId: string, { since, until, cohort }: Asked): RawBuilder<unknown> => sql`
  u as materialized (
    select u.id, u.study_id, a.username, u.device_id, u.created_at, s.study_instance_uid as study
    from upload u join study s on s.id = u.study_id join account a on a.id = u.account_id
    left join study_cohort c on c.site_id = s.site_id and c.study_instance_uid = s.study_instance_uid
    where u.site_id = ${siteId} and u.created_at >= ${since} and u.created_at < ${until}
      and ${all(patientConditions('c', cohort))}),
  i as materialized (
    select i.*, u.id as upload_id, u.study from u join instance i on i.study_id = u.study_id
    where i.policy_name <> ${RESULTS_POLICY.name}
      and (i.brought or i.state <> all('{promised,left-out}') and coalesce(i.reason, '') <> 'never-arrived')
      and ${cohort.modality === undefined ? sql`true` : isOfModality('i.sop_class_uid', cohort.modality)})`;

const SUMS = sql`count(distinct study)::int as studies, count(*)::int as uploads, sum(instances)::int as instances,
  sum(bytes)::float8 as bytes, sum(retries)::int as retries,
  percentile_cont(array[0.5, 0.95]) within group (order by ms) as times`;

export async function countDirectly(db: Db, siteId: string, asked: Asked): Promise<readonly Figures[]> {
  type Row = { kind: string; names: string[]; times: number[] | null } & Record<string, number>;
  const { rows } = await sql<Row>`with ${uploadsIn(siteId, asked)},
  m as materialized (
    select upload_id as id, k.modality, count(*)::int as instances, sum(bytes)::float8 as bytes,
      bool_or(state in (${sql.join([...IN_PACS])})) as "isThere"
    from i left join ${modalities()} on k.class = i.sop_class_uid group by 1, 2),
  x as (select id, sum(instances) as instances, sum(bytes) as bytes, bool_or("isThere") as "isThere" from m group by 1),
  w as (
    select fields->>'studyId' as study_id, count(*) as retries from audit
    where event in ('study-waiting', 'instances-lost')
      and fields->>'because' is distinct from 'required-destination' group by 1),
  t as materialized (
    select u.*, u.created_at at time zone 'UTC' as at, x.instances, x.bytes, coalesce(w.retries, 0) as retries,
      case when x."isThere" then extract(epoch from (r.issued_at - u.created_at))::float8 * 1000 end as ms
    from u join x using (id) left join w on w.study_id = u.study_id::text
    left join lateral (select issued_at from receipt where upload_id = u.id order by revision limit 1) r on true)
  select 'total' as kind, array[]::text[] as names, ${SUMS} from t having count(*) > 0
  union all select 'day', array[at::date::text], ${SUMS} from t group by at::date
  union all select 'hour', array[extract(hour from at)::int::text], ${SUMS} from t group by extract(hour from at)
  union all select 'account', array[username], ${SUMS} from t group by username
  union all select 'device', array[username, coalesce(device_id::text, '')], ${SUMS} from t group by username, device_id
  union all select 'modality', array[coalesce(modality, '')], ${SUMS}
    from (select m.modality, m.instances, m.bytes, t.study, t.retries, t.ms from m join t using (id)) p
    group by modality`.execute(db);
  const refused = await sql<Record<string, string | number>>`with ${uploadsIn(siteId, asked)}
    select i.state, coalesce(i.reason, '') as reason, count(*)::int as instances, count(distinct study)::int as studies
    from i where i.state in ('refused', 'quarantined') group by 1, 2`.execute(db);
  const told = rows.map(({ kind, names, studies, uploads, instances, bytes, retries, times }): Figures => {
    const [p50 = null, p95 = null] = times?.map((ms) => (ms === null ? null : Math.round(ms))) ?? [];
    return [kind, ...names, studies!, uploads!, instances!, bytes!, retries!, p50, p95];
  });
  const of = refused.rows.map((row): Figures => ['refused', ...Object.values(row)]);
  return inOrder([...told, ...of]);
}

/** The same lines of an answer. */
export function linesOf(answer: Operations): readonly Figures[] {
  type Sums = Operations['total'];
  const line = (kind: string, names: Figures, of: Sums): Figures => [
    ...[kind, ...names, of.studies, of.uploads, of.instances, of.bytes, of.retries],
    ...[of.toPacsMs?.p50 ?? null, of.toPacsMs?.p95 ?? null],
  ];
  return inOrder([
    ...(answer.total.uploads === 0 ? [] : [line('total', [], answer.total)]),
    ...answer.days.map((of) => line('day', [of.day], of)),
    ...answer.hours.map((of) => line('hour', [`${of.hour}`], of)),
    ...answer.accounts.map((of) => line('account', [of.username], of)),
    ...answer.devices.map((of) => line('device', [of.username, of.device ?? ''], of)),
    ...answer.modalities.map((of) => line('modality', [of.modality ?? ''], of)),
    ...answer.refusals.map((of) => ['refused', of.state, of.reason ?? '', of.instances, of.studies]),
  ]);
}

const inOrder = (lines: readonly Figures[]): readonly Figures[] =>
  lines.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
