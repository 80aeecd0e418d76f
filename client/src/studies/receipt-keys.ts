/**
 * The gateway's published keys, kept so that the code of a receipt can be checked without a network. They are public;
 * only the gateway's own origin can write them here.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { Unreachable, type ApiClient } from '../net/api-client.ts';
import type { JSONWebKeySet } from '../pipeline/upload/accept-receipt.ts';

type Place = Pick<Storage, 'getItem' | 'setItem'>;
const NAME = 'relaypacs-receipt-keys';

/** The present keys, or without an answer those of last time; null: this device never heard any. */
export async function receiptKeys(api: Pick<ApiClient, 'text'>, place: Place): Promise<JSONWebKeySet | null> {
  const fresh = await ignoreFailure(fetchKeys(api), 'those of last time hold');
  if (fresh === undefined) return readKeys(place.getItem(NAME) ?? '');
  try {
    place.setItem(NAME, JSON.stringify(fresh));
  } catch {
    // Full, or not allowed: they hold for this page.
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
