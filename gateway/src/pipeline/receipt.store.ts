/** Receipts in the database: one for each upload and revision of its study, never changed. */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { StudyRow } from './study.store.ts';

export type IssuedReceipt = {
  readonly id: string;
  readonly uploadId: string;
  readonly jws: string;
  readonly issuedAt: Date;
};

/** Writes the receipt of the upload for the study's revision; leaves the one that is there. */
export async function insertReceipt(
  trx: Transaction<Tables>,
  study: Pick<StudyRow, 'id' | 'site_id' | 'revision'>,
  { id, uploadId, jws, issuedAt }: IssuedReceipt,
): Promise<void> {
  await trx
    .insertInto('receipt')
    .values({
      id,
      site_id: study.site_id,
      study_id: study.id,
      upload_id: uploadId,
      revision: study.revision,
      jws,
      issued_at: issuedAt,
    })
    .onConflict((conflict) => conflict.columns(['upload_id', 'revision']).doNothing())
    .execute();
}

/** How many receipts, and the bytes of all of them together. */
export type ReceiptsSize = { readonly receipts: number; readonly bytes: number };

/** Of these uploads' receipts of their studies' present revisions. */
export async function sizeOfReceipts(
  db: Kysely<Tables>,
  uploadIds: readonly string[],
): Promise<ReceiptsSize> {
  return db
    .selectFrom('receipt')
    .innerJoin('study', (join) =>
      join.onRef('study.id', '=', 'receipt.study_id').onRef('study.revision', '=', 'receipt.revision'),
    )
    .select(sql<number>`count(*)::int`.as('receipts'))
    .select(sql<number>`coalesce(sum(octet_length(receipt.jws)), 0)::int`.as('bytes'))
    .where(sql<boolean>`receipt.upload_id = any(${uploadIds}::uuid[])`)
    .executeTakeFirstOrThrow();
}

/** The upload's receipt of its study's present revision, as a compact JWS. */
export async function findReceipt(db: Kysely<Tables>, uploadId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('receipt')
    .innerJoin('study', (join) =>
      join.onRef('study.id', '=', 'receipt.study_id').onRef('study.revision', '=', 'receipt.revision'),
    )
    .select('receipt.jws')
    .where('receipt.upload_id', '=', uploadId)
    .executeTakeFirst();
  return row?.jws;
}
