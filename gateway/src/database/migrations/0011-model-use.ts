/**
 * How often each version of a model was asked, with which outcome and how fast: counts by day, for all
 * gateways together. Jobs are found by their end, for they do not stay for ever.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `create table model_use (
      site_id uuid not null references site, day text not null, model_id text not null, version text not null, outcome text not null, bucket int not null,
      images int not null, primary key (site_id, day, model_id, version, outcome, bucket))`,
    `create index inference_job_finished on inference_job (finished_at)`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
