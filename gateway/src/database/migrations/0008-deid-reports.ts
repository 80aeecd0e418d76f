/**
 * What devices say they did to instances under a de-identifying policy (PROTOCOL, "The manifest"): each
 * distinct report of a study once, under the digest of its canonical text; an instance names its own. They
 * live as long as the study, for every later receipt of it says them again. `actions` null: the list was too
 * long to travel. What was promised before this rung, or by a device that says nothing, has none.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table deid_report (
    study_id uuid not null references study on delete cascade, digest text not null, edition text not null, options jsonb not null, actions jsonb,
    primary key (study_id, digest))`.execute(db);
  await sql`alter table instance add column report_digest text`.execute(db);
}
