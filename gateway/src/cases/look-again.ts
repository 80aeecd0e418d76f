/** A case that begins to wait for its study, while studies arrive for others that wait. */
import { sql } from 'kysely';
import type { Trx } from '../database/database.ts';

/**
 * Studies that were compared since then, while this case did not wait, are compared again. Nothing is compared until
 * the transaction has ended, so none of them slips through in between.
 */
export async function lookAgain(trx: Trx, siteId: string, since: Date): Promise<void> {
  await sql`lock table case_arrival in share row exclusive mode`.execute(trx);
  await trx
    .deleteFrom('case_arrival')
    .where('site_id', '=', siteId)
    .where('compared_at', '>=', since)
    .execute();
}
