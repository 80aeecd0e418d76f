/**
 * Uploads that began in the period, in one statement: each with the instances of its study, its time to the PACS and
 * its retries; then grouped in five ways.
 */
import { sql, type RawBuilder } from 'kysely';
import { GROUPS_LIMIT, type Operations, type Transfers } from '#shared/protocol/analytics.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';
import {
  all,
  isOfAll,
  isOfModality,
  laterDay,
  modalityTable,
  patientConditions,
  saidOf,
  spreadOf,
  type Asked,
} from './asked.ts';

type Row = {
  readonly kind: 'total' | 'day' | 'hour' | 'account' | 'device' | 'modality';
  /** Of the group: a day, an hour, a device, a modality. */
  readonly name: string | null;
  readonly account: string | null;
  readonly studies: number;
  readonly uploads: number;
  readonly instances: number;
  readonly bytes: number;
  readonly retries: number;
  readonly times: readonly number[] | null;
};

export async function countOperations(db: Db, siteId: string, asked: Asked): Promise<Operations> {
  const [rows, refusals, names] = await Promise.all([
    transfersIn(db, siteId, asked),
    refusalsIn(db, siteId, asked),
    namesOf(db, siteId),
  ]);
  const of = (kind: Row['kind']): Row[] => rows.filter((row) => row.kind === kind);
  const largest = (kind: Row['kind']): Row[] =>
    of(kind)
      .sort((one, other) => other.studies - one.studies || ((one.name ?? '') < (other.name ?? '') ? -1 : 1))
      .slice(0, GROUPS_LIMIT);
  const nameOf = ({ account }: Row): string => names.get(account ?? '') ?? '';
  const [total] = of('total');
  const list = listOf(asked);
  return {
    ...saidOf(asked),
    total: total === undefined ? NOTHING : toTransfers(total, list({})),
    days: of('day').map((row) => {
      const day = row.name!;
      return { day, ...toTransfers(row, list({ sentFrom: day, sentTo: laterDay(day, 1) })) };
    }),
    hours: of('hour').map((row) => ({ hour: Number(row.name), ...toTransfers(row, null) })),
    accounts: largest('account').map((row) => ({
      username: nameOf(row),
      ...toTransfers(row, list({ account: row.account! })),
    })),
    devices: largest('device').map((row) => ({
      device: row.name,
      username: nameOf(row),
      ...toTransfers(row, list({ account: row.account!, device: row.name ?? 'none' })),
    })),
    modalities: largest('modality').map((row) => ({ modality: row.name, ...toTransfers(row, null) })),
    refusals,
  };
}

const NOTHING: Transfers = {
  ...{ studies: 0, uploads: 0, instances: 0, bytes: 0, retries: 0 },
  ...{ toPacsMs: null, shows: null },
};

const toTransfers = (
  { studies, uploads, instances, bytes, retries, times }: Row,
  shows: string | null,
): Transfers => ({
  ...{ studies, uploads, instances, bytes, retries, shows },
  toPacsMs: spreadOf(times?.map(Math.round) ?? null),
});

/** The list of studies knows no cohorts. */
function listOf(asked: Asked): (more: Readonly<Record<string, string>>) => string | null {
  const { from: sentFrom, to } = asked;
  return (more) =>
    isOfAll(asked)
      ? `/studies?${new URLSearchParams({ all: '1', sentFrom, sentTo: laterDay(to, 1), ...more })}`
      : null;
}

/** `u`: the uploads that count. A study's UID is hashed: comparing 64 bits is many times faster. */
const uploadsIn = (siteId: string, { since, until, cohort }: Asked): RawBuilder<unknown> => sql`
  u as materialized (
    select u.id, u.study_id, u.account_id, u.device_id, u.created_at at time zone 'UTC' as at,
      u.created_at, hashtextextended(s.study_instance_uid, 0) as study
    from upload u join study s on s.id = u.study_id
    left join study_cohort c on c.site_id = s.site_id and c.study_instance_uid = s.study_instance_uid
    where u.site_id = ${siteId} and u.account_id is not null
      and u.created_at >= ${since} and u.created_at < ${until} and ${all(patientConditions('c', cohort))})`;

/** On `i`, an instance. The gateway's own results were not sent. */
export const isInstanceCounted = ({ cohort: { modality } }: Asked): RawBuilder<boolean> =>
  all([
    sql<boolean>`i.policy_name <> ${RESULTS_POLICY.name}`,
    ...(modality === undefined ? [] : [isOfModality('i.sop_class_uid', modality)]),
  ]);

const FIGURES = sql`count(distinct study)::int as studies, count(*)::int as uploads,
  sum(instances)::int as instances, sum(bytes)::float8 as bytes, sum(retries)::int as retries,
  percentile_cont(array[0.5, 0.95]) within group (order by ms) as times`;

async function transfersIn(db: Db, siteId: string, asked: Asked): Promise<readonly Row[]> {
  const { since } = asked;
  const { rows } = await sql<Row>`with ${uploadsIn(siteId, asked)},
  m as materialized (
    select u.id, k.modality, count(*)::int as instances, sum(i.bytes)::float8 as bytes,
      bool_or(i.state in (${sql.join([...IN_PACS])})) as "isThere"
    from u join instance i on i.study_id = u.study_id
    left join ${modalityTable()} as k(class, modality) on k.class = i.sop_class_uid
    where ${isInstanceCounted(asked)} group by 1, 2),
  x as (select id, sum(instances) as instances, sum(bytes) as bytes, bool_or("isThere") as "isThere" from m group by 1),
  w as (
    select fields->>'studyId' as study_id, count(*) as retries from audit
    where site_id = ${siteId} and at >= ${since} and event in ('study-waiting', 'instances-lost')
      and fields->>'because' is distinct from 'required-destination' group by 1),
  t as materialized (
    select u.*, x.instances, x.bytes, coalesce(w.retries, 0) as retries,
      case when x."isThere" then extract(epoch from (r.issued_at - u.created_at))::float8 * 1000 end as ms
    from u join x using (id) left join w on w.study_id = u.study_id::text
    left join lateral (select issued_at from receipt where upload_id = u.id order by revision limit 1) r on true),
  g as (
    select grouping(at::date, extract(hour from at), account_id, device_id) as "by", at::date as day,
      extract(hour from at) as hour, account_id, device_id, ${FIGURES}
    from t group by grouping sets ((), (at::date), (extract(hour from at)), (account_id), (account_id, device_id)))
  select * from (select case "by" when 15 then 'total' when 7 then 'day' when 11 then 'hour' when 13 then 'account' else 'device' end
      as kind,
    case "by" when 7 then day::text when 11 then hour::int::text when 12 then device_id::text end as name,
    account_id as account, studies, uploads, instances, bytes, retries, times
  from g where uploads > 0
  union all
  select 'modality', modality, null, ${FIGURES}
  from (select m.modality, m.instances, m.bytes, t.study, t.retries, t.ms from m join t using (id)) p group by modality) o
  order by kind, name collate "C", account`.execute(db);
  return rows;
}

async function refusalsIn(db: Db, siteId: string, asked: Asked): Promise<Operations['refusals']> {
  const { rows } = await sql<Operations['refusals'][number]>`with ${uploadsIn(siteId, asked)}
  select i.state, i.reason, count(*)::int as instances, count(distinct u.study)::int as studies
  from u join instance i on i.study_id = u.study_id and i.state in ('refused', 'quarantined')
  where ${isInstanceCounted(asked)} group by 1, 2 order by 3 desc, 2, 1`.execute(db);
  return rows;
}

async function namesOf(db: Db, siteId: string): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom('account')
    .select(['id', 'username'])
    .where('site_id', '=', siteId)
    .execute();
  return new Map(rows.map(({ id, username }) => [id, username]));
}
