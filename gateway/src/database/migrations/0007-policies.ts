/**
 * Upload policies that an administrator made. Each change is a row of its own: what was promised under a
 * version is held to that version, and receipts name it, as long as the study is known. The last version is
 * in force unless it was withdrawn.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table policy (
    site_id uuid not null references site, name text not null, version int not null, document jsonb not null,
    made_by uuid not null references account, made_at timestamptz not null, withdrawn_by uuid references account, withdrawn_at timestamptz,
    primary key (site_id, name, version))`.execute(db);
}
