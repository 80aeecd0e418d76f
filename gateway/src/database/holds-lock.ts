/**
 * Whoever puts something under hold, or deletes, has this lock to the end of the transaction: nothing is deleted that
 * was put under hold a moment ago.
 */
import { sql } from 'kysely';
import type { Trx } from './database.ts';

export async function lockHolds(trx: Trx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('legal holds'))`.execute(trx);
}
