/**
 * The device's own key: AES-GCM-256, non-extractable, stored as a CryptoKey in IndexedDB. Data sealed with it can be
 * opened only on this device and in this browser. It protects against a copied disk, not against a stolen and
 * unlocked tablet.
 */
import type { LocalDatabase, Sealed } from './local-database.ts';

const IV_BYTES = 12;

/** The key of this device, created on first use. Two tabs that ask at once get the same one. */
export async function deviceKey(database: LocalDatabase): Promise<CryptoKey> {
  const kept = await database.device.get('key');
  if (kept) return kept.value as CryptoKey;
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
  return database.transaction('rw', database.device, async () => {
    const first = await database.device.get('key');
    if (first) return first.value as CryptoKey;
    await database.device.put({ name: 'key', value: made });
    return made;
  });
}

/**
 * Encrypts under a fresh random initialisation vector. `place` is authenticated, so that a record cannot be opened in
 * another place.
 */
export async function seal(key: CryptoKey, bytes: Uint8Array<ArrayBuffer>, place: string): Promise<Sealed> {
  // NIST SP 800-38D §8.3: at most 2^32 records under one key with random vectors; at 1 MiB each that is 4
  // PiB.
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(place) },
    key,
    bytes,
  );
  const whole = new Uint8Array(IV_BYTES + sealed.byteLength);
  whole.set(iv);
  whole.set(new Uint8Array(sealed), IV_BYTES);
  return whole;
}

/** Throws OperationError if the bytes were changed or belong to another place. */
export async function open(key: CryptoKey, sealed: Sealed, place: string): Promise<Uint8Array<ArrayBuffer>> {
  const iv = sealed.subarray(0, IV_BYTES);
  const additionalData = new TextEncoder().encode(place);
  return new Uint8Array(
    await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, sealed.subarray(IV_BYTES)),
  );
}
