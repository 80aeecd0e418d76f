/**
 * The project key on its way to a device: wrapped to the device's own public key, so that neither a machine
 * in between nor a script of the page ever has its bytes. Ephemeral-static ECDH on P-256 (NIST SP 800-56A
 * §6.2.2) gives a secret, HKDF-SHA-256 (RFC 5869) of it a key for this device and this answer alone, and AES
 * key wrap (RFC 3394) holds the project key whole or not at all. It does not prove the sender: TLS does.
 *
 * The device's private key is made non-extractable and opens straight into a key that can sign and cannot be
 * read back.
 */
import type { WrappedProjectKey } from '../protocol/api.ts';
import { parseBase64Url, toBase64Url } from './base64url.ts';

const CURVE = { name: 'ECDH', namedCurve: 'P-256' } as const;
const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;
const CONTEXT = 'relaypacs project key v1';
/** SEC 1 §2.3.3: an uncompressed point of P-256. */
const POINT_BYTES = 65;
/**
 * RFC 3394 §2: the key is cut into blocks of 64 bits. Below 32 bytes pseudonyms could be guessed
 * (pseudonyms.ts).
 */
const BLOCK_BYTES = 8;
const KEY_BYTES_LEAST = 32;

/** The device's public key, or the wrapped key, is invalid. */
export class ProjectKeyError extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
    this.name = 'ProjectKeyError';
  }
}

/** A device's own pair, to be kept as it is: the private half can be used and not be read. */
export interface DevicePair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

export function createDevicePair(): Promise<DevicePair> {
  return crypto.subtle.generateKey(CURVE, false, ['deriveKey']);
}

/** The public half as the device names it in a request: an uncompressed point in base64url, 87 characters. */
export async function nameDevicePair({ publicKey }: DevicePair): Promise<string> {
  return toBase64Url(await pointOf(publicKey));
}

/**
 * Wraps the project key to a device's public key; each time to another secret. Throws ProjectKeyError if the
 * public key is invalid, RangeError if the project key has fewer than 32 bytes or is no multiple of 8: it is
 * not padded, because it would then open as another key.
 */
export async function wrapProjectKey(projectKey: Uint8Array, device: string): Promise<WrappedProjectKey> {
  if (projectKey.length < KEY_BYTES_LEAST || projectKey.length % BLOCK_BYTES !== 0)
    throw new RangeError('the project key has no length that can be wrapped');
  const ephemeral = await createDevicePair();
  const point = await pointOf(ephemeral.publicKey);
  const named = parsePoint(device);
  const wrapping = await derive(
    ephemeral.privateKey,
    await importPoint(named),
    { device: named, ephemeral: point },
    'wrapKey',
  );
  const key = await crypto.subtle.importKey('raw', new Uint8Array(projectKey), HMAC, true, ['sign']);
  return {
    ephemeral: toBase64Url(point),
    key: toBase64Url(new Uint8Array(await crypto.subtle.wrapKey('raw', key, wrapping, 'AES-KW'))),
  };
}

/**
 * Opens a key that was wrapped to this pair; the result can sign and cannot be read back. Throws
 * ProjectKeyError if it was wrapped to another pair, or changed.
 */
export async function unwrapProjectKey(wrapped: WrappedProjectKey, pair: DevicePair): Promise<CryptoKey> {
  const ephemeral = parsePoint(wrapped.ephemeral);
  const unwrapping = await derive(
    pair.privateKey,
    await importPoint(ephemeral),
    { device: await pointOf(pair.publicKey), ephemeral },
    'unwrapKey',
  );
  try {
    return await crypto.subtle.unwrapKey(
      'raw',
      parseBase64Url(wrapped.key),
      unwrapping,
      'AES-KW',
      HMAC,
      false,
      ['sign'],
    );
  } catch (cause) {
    throw new ProjectKeyError('the project key does not open', { cause });
  }
}

type Points = { readonly device: Uint8Array; readonly ephemeral: Uint8Array };

/**
 * The key that wraps. Its context names both public keys, so an answer to one device is useless to another,
 * even if somebody swaps them on the way.
 */
async function derive(
  own: CryptoKey,
  other: CryptoKey,
  { device, ephemeral }: Points,
  use: 'wrapKey' | 'unwrapKey',
): Promise<CryptoKey> {
  const label = new TextEncoder().encode(CONTEXT);
  const info = new Uint8Array([...label, ...device, ...ephemeral]);
  const secret = await crypto.subtle.deriveKey({ name: 'ECDH', public: other }, own, 'HKDF', false, [
    'deriveKey',
  ]);
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info },
    secret,
    { name: 'AES-KW', length: 256 },
    false,
    [use],
  );
}

async function pointOf(publicKey: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
}

function parsePoint(text: string): Uint8Array<ArrayBuffer> {
  const point = pointBytes(text);
  if (point?.length !== POINT_BYTES)
    throw new ProjectKeyError('a public key is an uncompressed point of P-256');
  return point;
}

function pointBytes(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return parseBase64Url(text);
  } catch {
    return null;
  }
}

/** WebCrypto §23.7.4 (import of `raw`): a point that is not on the curve is refused. */
async function importPoint(point: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey('raw', point, CURVE, false, []);
  } catch (cause) {
    throw new ProjectKeyError('a public key that is not on the curve', { cause });
  }
}
