/**
 * How often stages ended on a study in an unexpected way since one last came to its end: what a person is
 * told after a while.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table study add column failures int not null default 0`.execute(db);
}
