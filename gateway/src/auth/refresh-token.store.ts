/**
 * Refresh tokens: 256 bits each, kept as hashes, good for one use (RFC 9700 §4.14.2, rotation). A token and all
 * that it was exchanged for are a family, with one living token and an end of its own; a copy in other hands
 * shows itself when both are used, and ends the family.
 *
 * An answer may be lost on the way, and a tablet may come back an hour later with the token that it had used:
 * "a login in the middle of an upload" is what a technician must never meet. So a used token is exchanged
 * once more as long as the token given for it was not used.
 *
 *   unused ─► exchanged
 *   used, the one given for it not used ─► exchanged again (within seconds, for tabs that asked side by side: the same one again; later: another one, and the earlier is void)
 *   used, and the one given for it used too; void; ended ─► the family ends
 *
 * So that both tabs get the same one although only its hash is kept, a token is derived from the one before it,
 * with a secret of the gateway: nobody else can tell the next one.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Db, Trx } from '../database/database.ts';
import { type Account, holdAccount } from './account.store.ts';

const DAY_SECONDS = 86_400;
/** After 30 days without a connection a device has to sign in again. */
export const REFRESH_TOKEN_SECONDS = 30 * DAY_SECONDS;
/** A quarter: then everybody shows again that they know the password, and a copy that nobody noticed ends. */
const FAMILY_SECONDS = 90 * DAY_SECONDS;
/**
 * Requests that were under way side by side: longer than one takes on a bad link, shorter than a thief needs.
 */
const SIDE_BY_SIDE_MS = 10_000;

type Exchange =
  | { readonly kind: 'exchanged'; readonly account: Account; readonly token: string }
  | { readonly kind: 'refused' }
  /** Somebody else has used it: everybody in the family is signed out. */
  | { readonly kind: 'reused'; readonly account: Account; readonly familyId: string };

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

type Family = {
  readonly familyId: string;
  readonly accountId: string;
  readonly parentHash: string | null;
  readonly endsAt: Date;
};

async function insertToken(trx: Trx, token: string, family: Family, now: Date): Promise<string> {
  const { familyId, accountId, parentHash, endsAt } = family;
  const idleUntil = now.getTime() + REFRESH_TOKEN_SECONDS * 1000;
  await trx
    .insertInto('refresh_token')
    .values({
      token_hash: hashOf(token),
      family_id: familyId,
      parent_hash: parentHash,
      account_id: accountId,
      expires_at: new Date(Math.min(idleUntil, endsAt.getTime())),
      ends_at: endsAt,
      used_at: null,
      revoked_at: null,
    })
    .execute();
  return token;
}

/**
 * Begins a family: somebody has signed in. Also sweeps expired tokens, so that the table does not grow. The
 * account is held (`holdAccount`) or was changed by this transaction.
 */
export async function beginFamily(trx: Trx, accountId: string, familyId: string, now: Date): Promise<string> {
  await trx.deleteFrom('refresh_token').where('expires_at', '<', now).execute();
  const endsAt = new Date(now.getTime() + FAMILY_SECONDS * 1000);
  const token = randomBytes(32).toString('base64url');
  return insertToken(trx, token, { familyId, accountId, parentHash: null, endsAt }, now);
}

/** `secret`: 32 bytes, the same in every gateway of this system. */
export async function exchangeToken(
  trx: Trx,
  token: string,
  secret: Uint8Array,
  now: Date,
): Promise<Exchange> {
  const hash = hashOf(token);
  const byHash = trx.selectFrom('refresh_token').where('token_hash', '=', hash);
  const found = await byHash.select('account_id').executeTakeFirst();
  const account = found ? await holdAccount(trx, found.account_id) : null;
  const row = await byHash.selectAll().forUpdate().executeTakeFirst();
  if (!row || account === null || account.isDisabled || row.expires_at < now) return { kind: 'refused' };
  const { family_id: familyId, ends_at: endsAt } = row;
  const given = await trx
    .selectFrom('refresh_token')
    .select('used_at')
    .where('parent_hash', '=', hash)
    .execute();
  if (row.revoked_at !== null || given.some(({ used_at }) => used_at !== null)) {
    // An old token of a family that has already ended (somebody signed out) is no news.
    return (await endFamily(trx, familyId, now)) > 0
      ? { kind: 'reused', account, familyId }
      : { kind: 'refused' };
  }
  const next = (number: number): string =>
    createHmac('sha256', secret).update(`${token} ${number}`).digest('base64url');
  if (row.used_at !== null && now.getTime() - row.used_at.getTime() <= SIDE_BY_SIDE_MS)
    return { kind: 'exchanged', account, token: next(given.length - 1) };
  await trx.updateTable('refresh_token').set({ revoked_at: now }).where('parent_hash', '=', hash).execute();
  await trx.updateTable('refresh_token').set({ used_at: now }).where('token_hash', '=', hash).execute();
  const family = { familyId, accountId: account.id, parentHash: hash, endsAt };
  return { kind: 'exchanged', account, token: await insertToken(trx, next(given.length), family, now) };
}

/** The number of the family's tokens that were still valid. */
async function endFamily(trx: Trx, familyId: string, now: Date): Promise<number> {
  const held = trx
    .updateTable('refresh_token')
    .set({ revoked_at: now })
    .where('family_id', '=', familyId)
    .where('revoked_at', 'is', null);
  return (await held.returning('token_hash').execute()).length;
}

/** Signs out the holder of the token. Returns the account's id, or null if no session of it was still open. */
export async function endFamilyOf(trx: Trx, token: string, now: Date): Promise<string | null> {
  const row = await trx
    .selectFrom('refresh_token')
    .select(['family_id', 'account_id'])
    .where('token_hash', '=', hashOf(token))
    .executeTakeFirst();
  if (!row) return null;
  return (await endFamily(trx, row.family_id, now)) > 0 ? row.account_id : null;
}

type LivingFamily = {
  readonly id: string;
  readonly since: Date;
  /** When a token of it was last exchanged; of a session in use every ten minutes. */
  readonly lastUsedAt: Date;
  /** The token that was shown is one of it. */
  readonly isShown: boolean;
};

/** The account's families with a token that can still be exchanged, last used first. `shown`: one's own token. */
export async function livingFamilies(
  db: Db,
  accountId: string,
  { shown, limit, now }: { readonly shown: string | null; readonly limit: number; readonly now: Date },
): Promise<readonly LivingFamily[]> {
  const rows = await db
    .selectFrom('refresh_token')
    .select(['family_id', 'ends_at'])
    .select(({ fn }) => fn.max('used_at').as('used_at'))
    .select(sql<boolean>`coalesce(bool_or(token_hash = ${shown && hashOf(shown)}), false)`.as('is_shown'))
    .where('account_id', '=', accountId)
    .groupBy(['family_id', 'ends_at'])
    .having(
      sql<boolean>`bool_or(used_at is null and revoked_at is null and expires_at > ${now}::timestamptz)`,
    )
    .orderBy(sql`coalesce(max(used_at), ends_at - ${FAMILY_SECONDS} * interval '1 second')`, 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ family_id: id, ends_at, used_at, is_shown: isShown }) => {
    const since = new Date(ends_at.getTime() - FAMILY_SECONDS * 1000);
    return { id, since, lastUsedAt: used_at ?? since, isShown };
  });
}

/** Signs an account out everywhere: its password was changed, or it was disabled. */
export async function endFamiliesOf(trx: Trx, accountId: string, now: Date): Promise<void> {
  await trx
    .updateTable('refresh_token')
    .set({ revoked_at: now })
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null)
    .execute();
}
