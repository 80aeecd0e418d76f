/**
 * Requests for storage commitment by DICOMweb clients (PS3.18 §13), stored under the Transaction UIDs that the clients
 * chose. A result that was reported once does not change. After some days only the UID of a request is kept.
 */
import { sql } from 'kysely';
import { DAY_MS } from '#shared/day.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db } from '../../database/database.ts';
import type { InstanceToStore } from '../../ports/pacs/pacs.ts';

export type Reference = Pick<InstanceToStore, 'sopClassUID' | 'sopInstanceUID'>;

export type CommitmentQuestion = {
  readonly siteId: string;
  readonly accountId: string;
  readonly asked: readonly Reference[];
  readonly askedAt: Date;
};

/**
 * `reasons`: for each reference, why it is not kept; null if it is kept. `reasons` as a whole is null as long as there
 * is no result.
 */
export type CommitmentRequest = CommitmentQuestion & { readonly reasons: readonly (number | null)[] | null };

/** How long a result is kept: longer than a weekend, after which a client may ask for it. */
const KEPT_DAYS = 7;
/** How long a Transaction UID counts as used. */
const KNOWN_DAYS = 37;
/** The most references kept per account, some 60 MB. An account that sends 50 000 instances a day needs 350 000. */
const REFERENCES_LIMIT = 500_000;

type NewRequest = Omit<CommitmentQuestion, 'askedAt'> & { readonly transactionUID: string };

/**
 * Stores a request with the current time by the database's clock, which is also used for arriving files. @throws
 * Problem transaction-used, rate-limited.
 */
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

/** Stores the result and returns the one that counts: this one, or a concurrent one that was first. */
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
