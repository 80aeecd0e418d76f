/** Used when a case begins to wait for its study while studies arrive for other waiting cases. */
import { sql } from 'kysely';
import type { Trx } from '../database/database.ts';

/**
 * Studies that were compared since `since`, while this case did not wait, are compared again. The lock prevents
 * comparisons until the transaction ends, so no study is missed in between.
 */
export async function lookAgain(trx: Trx, siteId: string, since: Date): Promise<void> {
  await sql`lock table case_arrival in share row exclusive mode`.execute(trx);
  await trx
    .deleteFrom('case_arrival')
    .where('site_id', '=', siteId)
    .where('compared_at', '>=', since)
    .execute();
}
