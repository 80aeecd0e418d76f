/** The expiry of a key, as the list shows it. Pure. */
import { DAY_MS } from '#shared/day.ts';
import type { ListedApiKey } from '#shared/protocol/api-key.ts';

/** Long enough to give a script a new key. */
const SOON_DAYS = 14;

/**
 *   ended   the state says so, or the key has expired since it was listed
 *   soon    expires in `days` days; 0: in less than one day
 *   later   nothing to do yet
 */
type KeyExpiry =
  | { readonly kind: 'ended'; readonly state: ListedApiKey['state'] }
  | { readonly kind: 'soon'; readonly days: number }
  | { readonly kind: 'later' };

export function expiryOf(
  { state, expiresAt }: Pick<ListedApiKey, 'state' | 'expiresAt'>,
  now: Date,
): KeyExpiry {
  if (state !== 'active') return { kind: 'ended', state };
  const left = Date.parse(expiresAt) - now.getTime();
  if (left <= 0) return { kind: 'ended', state: 'expired' };
  return left <= SOON_DAYS * DAY_MS ? { kind: 'soon', days: Math.floor(left / DAY_MS) } : { kind: 'later' };
}
