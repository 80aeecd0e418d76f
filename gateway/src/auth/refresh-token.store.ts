/**
 * Refresh tokens: 256 bits each, stored as hashes, valid for one use (RFC 9700 §4.14.2, rotation). A token and all
 * tokens exchanged from it form a family, which has one valid token and an end of its own. If a stolen copy and the
 * original are both used, the theft shows and the family ends.
 *
 * An answer may be lost on the way, and a tablet may come back an hour later with a token that it has already used. A
 * technician must never meet "a login in the middle of an upload". So a used token is exchanged again as long as its
 * successor was not used:
 *
 * - unused: exchanged;
 * - used, successor unused, within seconds (tabs that ask at the same time): exchanged for the same successor again;
 * - used, successor unused, later: exchanged for another successor, and the earlier one becomes void;
 * - used with a used successor, void, or ended: the family ends.
 *
 * Only hashes are stored, yet both tabs must get the same successor. It is therefore derived from the token before it
 * and a secret of the gateway, so nobody else can compute it.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Db, Trx } from '../database/database.ts';
import { type Account, holdAccount } from './account.store.ts';

const DAY_SECONDS = 86_400;
/** After 30 days without a connection a device has to sign in again. */
export const REFRESH_TOKEN_SECONDS = 30 * DAY_SECONDS;
/** Three months. Then the user has to enter the password again, and a stolen copy that nobody noticed ends. */
const FAMILY_SECONDS = 90 * DAY_SECONDS;
/**
 * How far apart requests from two tabs may be to count as simultaneous: longer than a request takes on a bad link,
 * but shorter than a thief needs.
 */
const SIDE_BY_SIDE_MS = 10_000;

type Exchange =
  | { readonly kind: 'exchanged'; readonly account: Account; readonly token: string }
  | { readonly kind: 'refused' }
  /** Somebody else has used the token, so everybody in the family is signed out. */
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
 * Begins a family when somebody has signed in. Also deletes expired tokens, so that the table does not grow. The
 * transaction must have locked the account (`holdAccount`) or changed it.
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
    // An old token of a family that has already ended, for example because somebody signed out, is not reported
    // again.
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

/** Ends the family. Returns how many of its tokens were still valid. */
async function endFamily(trx: Trx, familyId: string, now: Date): Promise<number> {
  const held = trx
    .updateTable('refresh_token')
    .set({ revoked_at: now })
    .where('family_id', '=', familyId)
    .where('revoked_at', 'is', null);
  return (await held.returning('token_hash').execute()).length;
}

/** Signs out the holder of the token. Returns the account's id, or null if the session had already ended. */
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
  /** When a token of the family was last exchanged, which happens every ten minutes while the session is in use. */
  readonly lastUsedAt: Date;
  /** Whether the token that was shown belongs to this family. */
  readonly isShown: boolean;
};

/**
 * The account's families with a token that can still be exchanged, the last used first. `shown`: the caller's own
 * token.
 */
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

/** Signs an account out everywhere, after its password was changed or it was disabled. */
export async function endFamiliesOf(trx: Trx, accountId: string, now: Date): Promise<void> {
  await trx
    .updateTable('refresh_token')
    .set({ revoked_at: now })
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null)
    .execute();
}
