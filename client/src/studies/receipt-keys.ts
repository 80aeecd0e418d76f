/**
 * The gateway's published keys, stored so that the code of a receipt can be checked without a network. They are public,
 * and only the gateway's own origin can write them here.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { Unreachable, type ApiClient } from '../net/api-client.ts';
import type { JSONWebKeySet } from '../pipeline/upload/accept-receipt.ts';

type Place = Pick<Storage, 'getItem' | 'setItem'>;
const NAME = 'relaypacs-receipt-keys';

/** The current keys, or the stored ones if the gateway does not answer; null: this device never received any. */
export async function receiptKeys(api: Pick<ApiClient, 'text'>, place: Place): Promise<JSONWebKeySet | null> {
  const fresh = await ignoreFailure(fetchKeys(api), 'those of last time hold');
  if (fresh === undefined) return readKeys(place.getItem(NAME) ?? '');
  try {
    place.setItem(NAME, JSON.stringify(fresh));
  } catch {
    // Storage is full or forbidden, so the keys last only as long as this page.
  }
  return fresh;
}

async function fetchKeys(api: Pick<ApiClient, 'text'>): Promise<JSONWebKeySet> {
  const keys = readKeys(await api.text('/.well-known/jwks.json'));
  if (keys === null) throw new Unreachable('the answer holds no keys');
  return keys;
}

function readKeys(text: string): JSONWebKeySet | null {
  try {
    const set = JSON.parse(text) as Partial<JSONWebKeySet>;
    return Array.isArray(set.keys) && set.keys.length > 0 ? { keys: set.keys } : null;
  } catch {
    return null;
  }
}
