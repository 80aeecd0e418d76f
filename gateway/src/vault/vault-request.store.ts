/**
 * Requests to open the identity behind one pseudonym. One holder asks; the other approves with a share for each entry
 * that exists at that time, sealed to the holder who asked. Later entries are not part of the request. A request lasts
 * a day, and another day from its approval; then its shares are deleted.
 */
import { sql, type Selectable } from 'kysely';
import { DAY_MS } from '#shared/day.ts';
import type { VaultReason, VaultRequest } from '#shared/protocol/vault.ts';
import type { Db, Trx } from '../database/database.ts';
import type { VaultRequestTable } from '../database/vault-tables.ts';
import type { VaultRow } from './vault.store.ts';

type RequestRow = Selectable<VaultRequestTable>;

/**
 * Requests for one vault in 24 hours: far more than incidental findings need, and far fewer than it takes to empty a
 * vault.
 */
export const OPENINGS_A_DAY = 10;
/** How many requests a list shows at most. */
const LIST_LIMIT = 100;

export function stateOfRequest(
  { refused_at, approved_at, ends_at }: RequestRow,
  now: Date,
): VaultRequest['state'] {
  if (refused_at !== null) return 'refused';
  if (ends_at <= now) return 'expired';
  return approved_at === null ? 'asked' : 'approved';
}

type NewRequest = {
  readonly id: string;
  readonly vaultId: string;
  readonly pseudonym: string;
  readonly reason: VaultReason;
  readonly askedBy: string;
  readonly now: Date;
};

/** The caller has locked the vault. False: the vault has had the maximum number of requests in the last 24 hours. */
export async function insertRequest(trx: Trx, request: NewRequest): Promise<boolean> {
  const { id, vaultId, pseudonym, reason, askedBy, now } = request;
  const { n } = await trx
    .selectFrom('vault_request')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('vault_id', '=', vaultId)
    // Setting the clock back does not allow further requests.
    .where('asked_at', '>', new Date(now.getTime() - DAY_MS))
    .executeTakeFirstOrThrow();
  if (n >= OPENINGS_A_DAY) return false;
  await trx
    .insertInto('vault_request')
    .values({
      id,
      vault_id: vaultId,
      pseudonym,
      reason,
      asked_by: askedBy,
      asked_at: now,
      ends_at: new Date(now.getTime() + DAY_MS),
      approved_at: null,
      refused_at: null,
      opened_at: null,
      shares: null,
    })
    .execute();
  return true;
}

export type Held = { readonly vault: VaultRow; readonly request: RequestRow };

/** Locks and returns the request with its vault, if this account holds a half of the vault. */
export async function lockRequest(trx: Trx, id: string, holder: string): Promise<Held | undefined> {
  const request = await trx
    .selectFrom('vault_request')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (request === undefined) return undefined;
  const vault = await trx
    .selectFrom('vault')
    .selectAll()
    .where('id', '=', request.vault_id)
    .where((where) => where.or([where('first_holder', '=', holder), where('second_holder', '=', holder)]))
    .executeTakeFirst();
  return vault && { vault, request };
}

export async function approveRequest(
  trx: Trx,
  id: string,
  shares: Readonly<Record<string, string | null>>,
  now: Date,
): Promise<void> {
  await trx
    .updateTable('vault_request')
    .set({
      approved_at: now,
      shares: JSON.stringify(shares),
      ends_at: new Date(now.getTime() + DAY_MS),
    })
    .where('id', '=', id)
    .execute();
}

export async function refuseRequest(trx: Trx, id: string, now: Date): Promise<void> {
  await trx
    .updateTable('vault_request')
    .set({ refused_at: now, shares: null })
    .where('id', '=', id)
    .execute();
}

export async function noteOpened(trx: Trx, id: string, now: Date): Promise<void> {
  await trx
    .updateTable('vault_request')
    .set({ opened_at: sql<Date>`coalesce(opened_at, ${now}::timestamptz)` })
    .where('id', '=', id)
    .execute();
}

/** Requests, newest first. `holder`: as in `listVaults`. */
export async function listRequests(
  db: Db,
  { siteId, holder, now }: { readonly siteId: string; readonly holder: string | null; readonly now: Date },
): Promise<VaultRequest[]> {
  return (
    await requestsWhere(db, siteId, holder).orderBy('asked_at', 'desc').limit(LIST_LIMIT).execute()
  ).map((row) => show(row, now));
}

export async function showRequest(
  db: Db,
  id: string,
  { siteId, now }: { readonly siteId: string; readonly now: Date },
): Promise<VaultRequest> {
  const row = await requestsWhere(db, siteId, null)
    .where('vault_request.id', '=', id)
    .executeTakeFirstOrThrow();
  return show(row, now);
}

function requestsWhere(db: Db, siteId: string, holder: string | null) {
  return db
    .selectFrom('vault_request')
    .innerJoin('vault', 'vault.id', 'vault_request.vault_id')
    .innerJoin('account as asking', 'asking.id', 'vault_request.asked_by')
    .innerJoin('account as other', (join) =>
      join.on(
        sql<boolean>`other.id = case when asked_by = first_holder then second_holder else first_holder end`,
      ),
    )
    .selectAll('vault_request')
    .select(['asking.username as asking_name', 'other.username as other_name'])
    .where('vault.site_id', '=', siteId)
    .where(sql<boolean>`(${holder}::uuid is null or ${holder}::uuid in (first_holder, second_holder))`);
}

function show(
  row: RequestRow & { readonly asking_name: string; readonly other_name: string },
  now: Date,
): VaultRequest {
  return {
    id: row.id,
    vault: row.vault_id,
    pseudonym: row.pseudonym,
    reason: row.reason,
    state: stateOfRequest(row, now),
    askedBy: row.asking_name,
    other: row.other_name,
    askedAt: row.asked_at.toISOString(),
    endsAt: row.ends_at.toISOString(),
    openedAt: row.opened_at?.toISOString() ?? null,
  };
}

/** Deletes the shares of requests that have ended. */
export async function forgetShares(db: Db, now: Date): Promise<void> {
  await db
    .updateTable('vault_request')
    .set({ shares: null })
    .where('shares', 'is not', null)
    .where('ends_at', '<=', now)
    .execute();
}
