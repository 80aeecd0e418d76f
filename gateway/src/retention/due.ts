/** What is due of each kind that is rows: found by one statement each, which also tells what is held or unproven. */
import { type RawBuilder, sql } from 'kysely';
import type { Retained, Retention } from '#shared/protocol/retention.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import type { Held } from './find-held.ts';

export type Rows = Exclude<Retained, 'audit' | 'logs'>;

type Of = { readonly siteId: string; readonly held: Held };

const inPacs = sql`(${sql.join(IN_PACS.map((state) => sql.lit(state)))})`;

/** Rows of `id`, `at` (since when it has been finished), `held`, `unproven`. */
const CANDIDATES: Readonly<Record<Rows, (of: Of) => RawBuilder<unknown>>> = {
  receipts: ({ siteId, held }) => sql`
    select r.id::text as id, r.issued_at as at, s.study_instance_uid = any(${held.studies}::text[]) as held,
      false as unproven
    from receipt r join study s on s.id = r.study_id
    where r.site_id = ${siteId}::uuid and r.jws is not null and s.state = 'closed'`,
  // What no report of is in the PACS would be lost. A file that belongs to no study has no place there.
  results: ({ siteId, held }) => sql`
    select r.id::text as id, greatest(r.created_at, r.verified_at) as at,
      coalesce(r.study_instance_uid = any(${held.studies}::text[]), false) as held,
      r.study_instance_uid is not null and not exists (
        select from result_instance x where x.result_id = r.id) as unproven
    from inference_result r where r.site_id = ${siteId}::uuid`,
  // The vault would lose its entries of a study with the study's uploads.
  studies: ({ siteId, held }) => sql`
    select s.study_instance_uid as id, max(s.updated_at) as at,
      s.study_instance_uid = any(${held.studies}::text[]) or bool_or(exists (
        select from vault_entry v join upload u on u.id = v.upload_id where u.study_id = s.id)) as held,
      bool_or(exists (select from instance i
        where i.study_id = s.id and i.state in ${inPacs} and i.proof is null)) as unproven
    from study s where s.site_id = ${siteId}::uuid and not exists (select from inference_job j
      where j.site_id = s.site_id and j.study_instance_uid = s.study_instance_uid and j.state in ('queued', 'running'))
    group by s.study_instance_uid having bool_and(s.state = 'closed')`,
  cases: ({ siteId, held }) => sql`
    select c.id::text as id, c.closed_at as at, c.id = any(${held.cases}::uuid[]) as held, false as unproven
    from case_record c where c.site_id = ${siteId}::uuid and c.status = 'closed' and c.closed_at is not null`,
  exports: ({ siteId }) => sql`
    select e.id::text as id, e.finished_at as at, false as held, false as unproven
    from export_job e where e.site_id = ${siteId}::uuid and e.state in ('failed', 'cancelled', 'expired')
      and e.finished_at is not null`,
};

/** `before` null: this kind is kept for ever. */
type Asked = Of & { readonly kind: Rows; readonly before: Date | null };

export async function countDue(
  db: Db,
  { kind, before, ...of }: Asked,
): Promise<Omit<Retention['kinds'][number], 'kind' | 'nextAt'> & { readonly next: Date | null }> {
  if (before === null) return { due: 0, held: 0, unproven: 0, next: null };
  const { rows } = await sql<{ due: number; held: number; unproven: number; next: Date | null }>`
    select count(*) filter (where at < ${before} and not held and not unproven)::int as due,
      count(*) filter (where at < ${before} and held)::int as held,
      count(*) filter (where at < ${before} and unproven and not held)::int as unproven,
      min(at) filter (where at >= ${before}) as next
    from (${CANDIDATES[kind](of)}) candidate`.execute(db);
  return rows[0]!;
}

/** The oldest first. `after`: those that were left out before are not found again. `among`: only these. */
export async function findDue(
  db: Db,
  { kind, before, ...of }: Asked & { readonly before: Date },
  which:
    | { readonly limit: number; readonly without: readonly string[] }
    | { readonly among: readonly string[] },
): Promise<readonly string[]> {
  const narrowed =
    'among' in which
      ? sql`and id = any(${which.among}::text[])`
      : sql`and not id = any(${which.without}::text[]) order by at, id limit ${which.limit}`;
  const { rows } = await sql<{ id: string }>`
    select id from (${CANDIDATES[kind](of)}) candidate
    where at < ${before} and not held and not unproven ${narrowed}`.execute(db);
  return rows.map(({ id }) => id);
}
