/**
 * Lists who can act in an account's name now: people who are signed in, and devices that send what was queued on
 * them. States when each session or right began and was last used. The address of a sign-in is only in the audit
 * trail.
 */
import type { ListedSession } from '#shared/protocol/api.ts';
import type { Db } from '../database/database.ts';
import { isUnused } from './device-right.ts';
import { livingDevices } from './device.store.ts';
import { livingFamilies } from './refresh-token.store.ts';

/** How many sessions of an account are listed, the newest ones. An account cannot have more devices than this. */
const SESSIONS_LIMIT = 200;

/**
 * Sorted by last use, the latest first. `shown`: the refresh token that came with the request, which marks the
 * caller's own session; or null.
 */
export async function listSessions(
  db: Db,
  accountId: string,
  shown: string | null,
  now: Date,
): Promise<ListedSession[]> {
  const families = await livingFamilies(db, accountId, { shown, limit: SESSIONS_LIMIT, now });
  const devices = (await livingDevices(db, accountId)).filter((device) => !isUnused(device, now));
  const sessions = families.map(({ id, since, lastUsedAt, isShown }) =>
    toAnswer({ id, kind: 'session', isThis: isShown }, since, lastUsedAt),
  );
  const senders = devices.map(({ id, created_at, last_seen_at }) =>
    toAnswer({ id, kind: 'device', isThis: false }, created_at, last_seen_at),
  );
  return [...sessions, ...senders].toSorted((a, b) => b.lastUsedAt.localeCompare(a.lastUsedAt));
}

const toAnswer = (
  named: Pick<ListedSession, 'id' | 'kind' | 'isThis'>,
  since: Date,
  lastUsedAt: Date,
): ListedSession => ({ ...named, since: since.toISOString(), lastUsedAt: lastUsedAt.toISOString() });
