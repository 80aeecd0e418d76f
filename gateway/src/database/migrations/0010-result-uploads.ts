/**
 * An upload may be the gateway's own: of the result instances of a study, which no account sends. Once a
 * study, as an account's is; nobody reaches it by being signed in, so that no device finds instances in its
 * own upload that it never had.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table upload alter column account_id drop not null').execute(db);
  await sql
    .raw('create unique index upload_of_gateway on upload (study_id) where account_id is null')
    .execute(db);
}
