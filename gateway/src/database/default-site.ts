/** The id of the only site; there is no way to add sites yet. */
import type { Db, Trx } from './database.ts';

export async function defaultSiteId(db: Db | Trx): Promise<string> {
  return (await db.selectFrom('site').select('id').orderBy('created_at').limit(1).executeTakeFirstOrThrow())
    .id;
}
