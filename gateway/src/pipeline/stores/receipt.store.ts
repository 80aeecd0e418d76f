/** Receipts in the database: one for each upload and revision of its study. They never change. */
import { sql } from 'kysely';
import { Problem } from '#shared/protocol/problem.ts';
import { SETTLED } from '#shared/protocol/study-state.ts';
import type { Db, Trx } from '../../database/database.ts';
import type { StudyRow } from './study.store.ts';

export type IssuedReceipt = {
  readonly id: string;
  readonly uploadId: string;
  readonly jws: string;
  readonly issuedAt: Date;
};

/** Writes the upload's receipt for the study's revision; an existing one stays. */
export async function insertReceipt(
  trx: Trx,
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

/** The number of receipts, and their bytes together. */
export type ReceiptsSize = { readonly receipts: number; readonly bytes: number };

/**
 * For people, in a statement that joins `upload` and `study`: the id of the receipt that still tells the truth about
 * everything the upload promised. Results that are stored beside the upload give the study a new revision long before
 * that revision has a receipt. Until then the last receipt holds, as long as nothing of the upload has changed. Null:
 * there is none, or the next receipt will say something else. A device is told only of the present revision's receipt
 * (`findReceipt`).
 */
export const standingReceipt = sql<string | null>`(select r.id from receipt r
  where r.upload_id = upload.id and (r.revision = study.revision or not exists (
    select from upload_instance u join instance i on i.id = u.instance_id
    where u.upload_id = upload.id and (i.revision > r.revision or i.updated_at >= r.issued_at
      or i.state not in (${sql.join(SETTLED.map((state) => sql.lit(state)))}))))
  order by r.revision desc limit 1)`;

/** Number and total size of these uploads' receipts that still hold (`standingReceipt`). */
export async function sizeOfReceipts(db: Db, uploadIds: readonly string[]): Promise<ReceiptsSize> {
  return ofUploads(db, uploadIds)
    .select(sql<number>`count(*)::int`.as('receipts'))
    .select(sql<number>`coalesce(sum(octet_length(receipt.jws)), 0)::int`.as('bytes'))
    .executeTakeFirstOrThrow();
}

/**
 * The uploads' receipts that still hold (`standingReceipt`), as compact JWS, by the uploads' ids. @throws Problem
 * receipt-deleted.
 */
export async function standingReceipts(
  db: Db,
  uploadIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await ofUploads(db, uploadIds).select(['receipt.upload_id', 'receipt.jws']).execute();
  return new Map(rows.map(({ upload_id, jws }) => [upload_id, present(jws)]));
}

const ofUploads = (db: Db, uploadIds: readonly string[]) =>
  db
    .selectFrom('upload')
    .innerJoin('study', 'study.id', 'upload.study_id')
    .innerJoin('receipt', (join) => join.on('receipt.id', '=', standingReceipt))
    .where(sql<boolean>`upload.id = any(${uploadIds}::uuid[])`);

/** @throws Problem receipt-deleted. */
function present(jws: string | null): string {
  if (jws === null) throw new Problem('receipt-deleted');
  return jws;
}

/** The upload's receipt of its study's present revision, as a compact JWS. @throws Problem receipt-deleted. */
export async function findReceipt(db: Db, uploadId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('receipt')
    .innerJoin('study', (join) =>
      join.onRef('study.id', '=', 'receipt.study_id').onRef('study.revision', '=', 'receipt.revision'),
    )
    .select('receipt.jws')
    .where('receipt.upload_id', '=', uploadId)
    .executeTakeFirst();
  return row && present(row.jws);
}
