/** Receipts in the database: one for each revision of a study, never changed. */
import type { Kysely, Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { StudyRow } from './study.store.ts';

/** Writes the receipt of the study's revision; leaves the one that is there. */
export async function insertReceipt(
  trx: Transaction<Tables>,
  study: Pick<StudyRow, 'id' | 'site_id' | 'revision'>,
  { id, jws, issuedAt }: { readonly id: string; readonly jws: string; readonly issuedAt: Date },
): Promise<void> {
  await trx
    .insertInto('receipt')
    .values({
      id,
      site_id: study.site_id,
      study_id: study.id,
      revision: study.revision,
      jws,
      issued_at: issuedAt,
    })
    .onConflict((conflict) => conflict.columns(['study_id', 'revision']).doNothing())
    .execute();
}

/** The receipt of the study's present revision, as a compact JWS. */
export async function findReceipt(db: Kysely<Tables>, studyId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('receipt')
    .innerJoin('study', (join) =>
      join.onRef('study.id', '=', 'receipt.study_id').onRef('study.revision', '=', 'receipt.revision'),
    )
    .select('receipt.jws')
    .where('study.id', '=', studyId)
    .executeTakeFirst();
  return row?.jws;
}
