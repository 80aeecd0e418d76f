/**
 * Refresh tokens: 256 random bits each, kept as hashes, good for one use (RFC 9700 §4.14.2, rotation). A
 * token and all that it was exchanged for are a family; a copy in other hands shows itself when both are
 * used, and ends the family.
 *
 * An answer may be lost on the way, and a tablet may come back an hour later with the token that it had used:
 * "a login in the middle of an upload" is what a technician must never meet. So a used token is exchanged
 * once more as long as no token given for it was used; those given before are then void.
 *
 *   unused ─► exchanged
 *   used, nothing given for it used ─► exchanged again (within seconds: tabs that asked side by side keep both; later: the earlier is void)
 *   used, and what was given for it used too; void; ended ─► the family ends
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Trx } from '../database/database.ts';

/** After 30 days without a connection a device has to sign in again. */
export const REFRESH_TOKEN_SECONDS = 30 * 86_400;
/**
 * Requests that were under way side by side: longer than one takes on a bad link, shorter than a thief needs.
 */
const SIDE_BY_SIDE_MS = 10_000;

export type Exchange =
  | { readonly kind: 'exchanged'; readonly accountId: string; readonly token: string }
  | { readonly kind: 'refused' }
  /** Somebody else has used it: everybody in the family is signed out. */
  | { readonly kind: 'reused'; readonly accountId: string; readonly familyId: string };

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

async function insertToken(
  trx: Trx,
  family: { familyId: string; accountId: string; parentHash: string | null },
  now: Date,
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const expiresAt = new Date(now.getTime() + REFRESH_TOKEN_SECONDS * 1000);
  const { familyId, accountId, parentHash } = family;
  await trx
    .insertInto('refresh_token')
    .values({
      token_hash: hashOf(token),
      family_id: familyId,
      parent_hash: parentHash,
      account_id: accountId,
      expires_at: expiresAt,
      used_at: null,
      revoked_at: null,
    })
    .execute();
  return token;
}

/** Begins a family: somebody has signed in. Also sweeps expired tokens, so that the table does not grow. */
export async function beginFamily(trx: Trx, accountId: string, familyId: string, now: Date): Promise<string> {
  await trx.deleteFrom('refresh_token').where('expires_at', '<', now).execute();
  return insertToken(trx, { familyId, accountId, parentHash: null }, now);
}

export async function exchangeToken(trx: Trx, token: string, now: Date): Promise<Exchange> {
  const row = await trx
    .selectFrom('refresh_token')
    .selectAll()
    .where('token_hash', '=', hashOf(token))
    .forUpdate()
    .executeTakeFirst();
  if (!row || row.expires_at < now) return { kind: 'refused' };
  const { family_id: familyId, account_id: accountId, token_hash: hash } = row;
  const given = trx.selectFrom('refresh_token').where('parent_hash', '=', hash);
  const wasGivenUsed =
    row.used_at !== null &&
    (await given.select('token_hash').where('used_at', 'is not', null).limit(1).executeTakeFirst()) !==
      undefined;
  if (row.revoked_at !== null || wasGivenUsed) {
    // An old token of a family that has already ended (somebody signed out) is no news.
    return (await endFamily(trx, familyId, now)) > 0
      ? { kind: 'reused', accountId, familyId }
      : { kind: 'refused' };
  }
  if (row.used_at === null) {
    await trx.updateTable('refresh_token').set({ used_at: now }).where('token_hash', '=', hash).execute();
  } else if (now.getTime() - row.used_at.getTime() > SIDE_BY_SIDE_MS) {
    await trx.updateTable('refresh_token').set({ revoked_at: now }).where('parent_hash', '=', hash).execute();
  }
  return {
    kind: 'exchanged',
    accountId,
    token: await insertToken(trx, { familyId, accountId, parentHash: hash }, now),
  };
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

/** Signs out the holder of the token. Returns the account's id, or null if the token is unknown. */
export async function endFamilyOf(trx: Trx, token: string, now: Date): Promise<string | null> {
  const row = await trx
    .selectFrom('refresh_token')
    .select(['family_id', 'account_id'])
    .where('token_hash', '=', hashOf(token))
    .executeTakeFirst();
  if (!row) return null;
  await endFamily(trx, row.family_id, now);
  return row.account_id;
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
