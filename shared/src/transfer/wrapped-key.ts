/**
 * The key of a policy (policy-key.ts), wrapped for a device that may hold it: only the device's own key unwraps it, so
 * neither a machine in between nor a script of the page ever sees its bytes. Ephemeral-static ECDH on P-256 (NIST SP
 * 800-56A §6.2.2) gives a shared secret. HKDF-SHA-256 (RFC 5869) derives from it a key for this device and this answer
 * alone. AES-GCM encrypts the policy's key and detects any change. The sender is not proven here: TLS does that.
 *
 * The device's private key is made non-extractable, and the policy's key is unwrapped straight into a key that can
 * evaluate and cannot be read back.
 */
import type { WrappedPolicyKey } from '../protocol/api.ts';
import { parseBase64Url, toBase64Url } from './base64url.ts';

const CURVE = { name: 'ECDH', namedCurve: 'P-256' } as const;
const CONTEXT = 'relaypacs policy key v1';
/** SEC 1 §2.3.3: an uncompressed point of P-256. */
const POINT_BYTES = 65;
/** Each wrapping key is used once, because each answer has a key pair of its own, so one nonce is enough. */
const WRAPPING = { name: 'AES-GCM', iv: new Uint8Array(12) } as const;
const ENCODER = new TextEncoder();

/** The device's public key, or the wrapped key, is invalid. */
export class PolicyKeyError extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
    this.name = 'PolicyKeyError';
  }
}

/** A device's own key pair, stored as CryptoKeys: the private half can be used but not read. */
export interface DevicePair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

export function createDevicePair(): Promise<DevicePair> {
  return crypto.subtle.generateKey(CURVE, false, ['deriveKey']);
}

/** The public half as the device sends it in a request: an uncompressed point in base64url, 87 characters. */
export async function nameDevicePair({ publicKey }: DevicePair): Promise<string> {
  return toBase64Url(await pointOf(publicKey));
}

/**
 * Wraps a policy's key, which must be extractable, for a device's public key, with a new secret each time. Throws
 * PolicyKeyError if the public key is invalid.
 */
export async function wrapPolicyKey(key: CryptoKey, device: string): Promise<WrappedPolicyKey> {
  const ephemeral = await createDevicePair();
  const point = await pointOf(ephemeral.publicKey);
  const named = parsePoint(device);
  const points = { device: named, ephemeral: point };
  const wrapping = await derive(ephemeral.privateKey, await importPoint(named), points, 'wrapKey');
  return {
    ephemeral: toBase64Url(point),
    key: toBase64Url(new Uint8Array(await crypto.subtle.wrapKey('pkcs8', key, wrapping, WRAPPING))),
  };
}

/**
 * Unwraps a key that was wrapped for this pair. The result can evaluate and cannot be read back. Throws PolicyKeyError
 * if the key was wrapped for another pair, or changed.
 */
export async function unwrapPolicyKey(wrapped: WrappedPolicyKey, pair: DevicePair): Promise<CryptoKey> {
  const ephemeral = parsePoint(wrapped.ephemeral);
  const points = { device: await pointOf(pair.publicKey), ephemeral };
  const unwrapping = await derive(pair.privateKey, await importPoint(ephemeral), points, 'unwrapKey');
  try {
    const key = parseBase64Url(wrapped.key);
    return await crypto.subtle.unwrapKey('pkcs8', key, unwrapping, WRAPPING, CURVE, false, ['deriveBits']);
  } catch (cause) {
    throw new PolicyKeyError('the key of the policy does not open', { cause });
  }
}

type Points = { readonly device: Uint8Array; readonly ephemeral: Uint8Array };

/**
 * Derives the wrapping key. Its context names both public keys, so an answer to one device is useless to another, even
 * if somebody swaps them on the way.
 */
async function derive(
  own: CryptoKey,
  other: CryptoKey,
  { device, ephemeral }: Points,
  use: 'wrapKey' | 'unwrapKey',
): Promise<CryptoKey> {
  const label = ENCODER.encode(CONTEXT);
  const info = new Uint8Array([...label, ...device, ...ephemeral]);
  const secret = await crypto.subtle.deriveKey({ name: 'ECDH', public: other }, own, 'HKDF', false, [
    'deriveKey',
  ]);
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info },
    secret,
    { name: 'AES-GCM', length: 256 },
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
    throw new PolicyKeyError('a public key is an uncompressed point of P-256');
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
    throw new PolicyKeyError('a public key that is not on the curve', { cause });
  }
}
