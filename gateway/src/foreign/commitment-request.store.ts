/**
 * Requests for storage commitment by DICOMweb clients (PS3.18 §13), under the Transaction UIDs that they have chosen. A
 * result that was told once stays as it is; after some days nothing but the UID is left of a request.
 */
import { sql } from 'kysely';
import { DAY_MS } from '#shared/day.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db } from '../database/database.ts';
import type { InstanceToStore } from '../ports/pacs/pacs.ts';

export type Reference = Pick<InstanceToStore, 'sopClassUID' | 'sopInstanceUID'>;

export type CommitmentQuestion = {
  readonly siteId: string;
  readonly accountId: string;
  readonly asked: readonly Reference[];
  readonly askedAt: Date;
};

/** `reasons`: why each reference is not kept, null where it is; null as a whole: it is not settled. */
export type CommitmentRequest = CommitmentQuestion & { readonly reasons: readonly (number | null)[] | null };

/** Longer than a weekend, after which a client asks for its result. */
const KEPT_DAYS = 7;
/** So long its Transaction UID is known as used. */
const KNOWN_DAYS = 37;
/** References kept per account: some 60 MB. An account that sends 50 000 instances a day needs 350 000. */
const REFERENCES_LIMIT = 500_000;

type NewRequest = Omit<CommitmentQuestion, 'askedAt'> & { readonly transactionUID: string };

/** Asked now, by the database's clock, as files come. @throws Problem transaction-used, rate-limited. */
export async function insertRequest(
  db: Db,
  { siteId, accountId, transactionUID, asked }: NewRequest,
): Promise<CommitmentRequest> {
  const { kept } = await db
    .selectFrom('commitment_request')
    .select((of) => of.fn.coalesce(of.fn.sum<string>('amount'), sql<string>`0`).as('kept'))
    .where('account_id', '=', accountId)
    .where('asked', 'is not', null)
    .executeTakeFirstOrThrow();
  if (Number(kept) + asked.length > REFERENCES_LIMIT) throw new Problem('rate-limited');
  const row = await db
    .insertInto('commitment_request')
    .values({
      ...{ site_id: siteId, account_id: accountId, transaction_uid: transactionUID },
      ...{ amount: asked.length, asked: JSON.stringify(asked) },
    })
    .onConflict((conflict) => conflict.columns(['account_id', 'transaction_uid']).doNothing())
    .returning('asked_at')
    .executeTakeFirst();
  if (row === undefined) throw new Problem('transaction-used');
  return { siteId, accountId, asked, askedAt: row.asked_at, reasons: null };
}

/** Finds a request of this account. @throws Problem not-found, commitment-forgotten. */
export async function findRequest(
  db: Db,
  accountId: string,
  transactionUID: string,
): Promise<CommitmentRequest> {
  const row = await db
    .selectFrom('commitment_request')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('transaction_uid', '=', transactionUID)
    .executeTakeFirst();
  if (row === undefined) throw new Problem('not-found');
  if (row.asked === null) throw new Problem('commitment-forgotten');
  return {
    ...{ siteId: row.site_id, accountId, askedAt: row.asked_at },
    asked: row.asked as Reference[],
    reasons: row.reasons as (number | null)[] | null,
  };
}

/** The result from now on: this one, or that of a rival who was first. */
export async function settleRequest(
  db: Db,
  { accountId, transactionUID }: { readonly accountId: string; readonly transactionUID: string },
  reasons: readonly (number | null)[],
): Promise<readonly (number | null)[]> {
  const row = await db
    .updateTable('commitment_request')
    .set({ reasons: sql`coalesce(reasons, ${JSON.stringify(reasons)}::jsonb)` })
    .where('account_id', '=', accountId)
    .where('transaction_uid', '=', transactionUID)
    .returning('reasons')
    .executeTakeFirst();
  return (row?.reasons as (number | null)[] | undefined) ?? reasons;
}

export async function sweepRequests(db: Db, now: Date): Promise<void> {
  const before = (days: number) => new Date(now.getTime() - days * DAY_MS);
  await db
    .updateTable('commitment_request')
    .set({ asked: null, reasons: null })
    .where('asked_at', '<', before(KEPT_DAYS))
    .where('asked', 'is not', null)
    .execute();
  await db.deleteFrom('commitment_request').where('asked_at', '<', before(KNOWN_DAYS)).execute();
}
