/** What is due of each kind that is rows: found by one statement each, which also tells what is held or unproven. */
import { type RawBuilder, sql } from 'kysely';
import type { Retained, Retention } from '#shared/protocol/retention.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import type { Held } from './find-held.ts';

export type Rows = Exclude<Retained, 'audit' | 'logs'>;

/** `among`: only these. */
type Of = { readonly siteId: string; readonly held: Held; readonly among?: readonly string[] };

const inPacs = sql`(${sql.join(IN_PACS.map((state) => sql.lit(state)))})`;
const oneOf = (column: string, type: 'uuid' | 'text', among: Of['among']): RawBuilder<unknown> =>
  among === undefined ? sql`` : sql`and ${sql.ref(column)} = any(${among}::${sql.raw(type)}[])`;

/** Rows of `id`, `at` (since when it has been finished), `held`, `unproven`. */
const CANDIDATES: Readonly<Record<Rows, (of: Of) => RawBuilder<unknown>>> = {
  receipts: ({ siteId, held, among }) => sql`
    select r.id::text as id, r.issued_at as at, s.study_instance_uid = any(${held.studies}::text[]) as held,
      false as unproven
    from receipt r join study s on s.id = r.study_id
    where r.site_id = ${siteId}::uuid and r.jws is not null and s.state = 'closed' ${oneOf('r.id', 'uuid', among)}`,
  // What no report of is in the PACS would be lost. A file that belongs to no study has no place there.
  results: ({ siteId, held, among }) => sql`
    select r.id::text as id, greatest(r.created_at, r.verified_at) as at,
      coalesce(r.study_instance_uid = any(${held.studies}::text[]), false) as held,
      r.study_instance_uid is not null and not exists (
        select from result_instance x where x.result_id = r.id and x.revision = r.revision) as unproven
    from inference_result r where r.site_id = ${siteId}::uuid ${oneOf('r.id', 'uuid', among)}`,
  // The vault would lose its entries of a study with the study's uploads.
  studies: ({ siteId, held, among }) => sql`
    select s.uid as id, s.at, s.uid = any(${held.studies}::text[]) or exists (
        select from vault_entry v join upload u on u.id = v.upload_id where u.study_id = any(s.ids)) as held,
      exists (select from instance i
        where i.study_id = any(s.ids) and i.state in ${inPacs} and i.proof is null) as unproven
    from (select study_instance_uid as uid, max(updated_at) as at, array_agg(id) as ids from study
      where site_id = ${siteId}::uuid ${oneOf('study_instance_uid', 'text', among)}
      group by study_instance_uid having bool_and(state = 'closed')) s
    where not exists (select from inference_job j where j.site_id = ${siteId}::uuid
      and j.study_instance_uid = s.uid and j.state in ('queued', 'running'))`,
  cases: ({ siteId, held, among }) => sql`
    select c.id::text as id, c.closed_at as at, c.id = any(${held.cases}::uuid[]) as held, false as unproven
    from case_record c where c.site_id = ${siteId}::uuid and c.status = 'closed' and c.closed_at is not null
      ${oneOf('c.id', 'uuid', among)}`,
  // Who exported an open case has seen what its readers are blinded to (reviews/who-saw.ts).
  exports: ({ siteId, among }) => sql`
    select e.id::text as id, e.finished_at as at, exists (
        select from export_held h join case_record c on c.site_id = e.site_id and c.number = any(h.cases)
        where h.export_id = e.id and c.status <> 'closed') as held, false as unproven
    from export_job e where e.site_id = ${siteId}::uuid and e.state in ('failed', 'cancelled', 'expired')
      and e.finished_at is not null ${oneOf('e.id', 'uuid', among)}`,
};

/** `before` null: this kind is kept for ever. */
type Asked = Of & { readonly kind: Rows; readonly before: Date | null };
type Counts = Omit<Retention['kinds'][number], 'kind' | 'nextAt'> & { readonly next: Date | null };

export async function countDue(db: Db, { kind, before, ...of }: Asked): Promise<Counts> {
  if (before === null) return { due: 0, held: 0, unproven: 0, next: null };
  const { rows } = await sql<Counts>`
    select count(*) filter (where at < ${before} and not held and not unproven)::int as due,
      count(*) filter (where at < ${before} and held)::int as held,
      count(*) filter (where at < ${before} and unproven and not held)::int as unproven,
      min(at) filter (where at >= ${before}) as next
    from (${CANDIDATES[kind](of)}) candidate`.execute(db);
  return rows[0]!;
}

/** The oldest first. `without`: those that were left out before are not found again. */
export async function findDue(
  db: Db,
  { kind, before, ...of }: Asked & { readonly before: Date },
  { limit, without = [] }: { readonly limit: number; readonly without?: readonly string[] },
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from (${CANDIDATES[kind](of)}) candidate
    where at < ${before} and not held and not unproven and not id = any(${without}::text[])
    order by at, id limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}
