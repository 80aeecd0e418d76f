/** An account of sample data leaves the database, unless something that is no sample data names it. */
import { sql } from 'kysely';
import { recordAudit } from '../audit/audit.ts';
import type { Db } from '../database/database.ts';

/** Tables with rows of the account alone. */
const OWN = [
  'refresh_token',
  'api_key',
  'device',
  'reading',
  'case_reading',
  'study_reading',
  'reading_waiver',
  'case_view',
  'case_import',
  'commitment_request',
];
/** SQLSTATE of a foreign key that would point nowhere. */
const NAMED = '23503';

export type ToDelete = {
  readonly id: string;
  readonly siteId: string;
  readonly by: string;
  readonly now: Date;
};

/** False: it is named elsewhere, and stays as it was. */
export async function deleteAccount(db: Db, { id, siteId, by, now }: ToDelete): Promise<boolean> {
  try {
    await db.transaction().execute(async (trx) => {
      for (const table of OWN)
        await sql`delete from ${sql.table(table)} where account_id = ${id}::uuid`.execute(trx);
      await trx.deleteFrom('account').where('id', '=', id).execute();
      await recordAudit(trx, siteId, { event: 'user-deleted', accountId: id, by }, now);
    });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === NAMED) return false;
    throw error;
  }
}
