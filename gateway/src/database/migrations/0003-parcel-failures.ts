/**
 * How often verify ended on a parcel in an unexpected way: kept here and not with the job, for a job that was
 * replaced begins at zero.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table parcel add column failures int not null default 0`.execute(db);
}
