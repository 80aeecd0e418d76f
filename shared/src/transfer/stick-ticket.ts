/**
 * The ticket of a study on a stick: the device's promise of the study, signed by the device and sealed to the gateway,
 * so that whoever carries the file can neither read nor change it. It is sealed in the same way as a parcel, under a
 * name that no parcel can have.
 *
 * The content is the length of the signature in two bytes (big endian), the signature (a compact JWS over the digest of
 * the rest), and the promise as JSON in gzip.
 */
import type { SealingKey } from '../protocol/api.ts';
import { createOpener, createSealer, openedSize, SEAL_TAG_BYTES, SEALED_RECORD_BYTES } from './seal.ts';

/** An ES256 signature over a few claims has some 500 characters. */
const GRANT_LIMIT = 4096;

const nameOf = (id: string): string => `stick/${id}`;

export interface TicketContent {
  /** The device's signature, a compact JWS. */
  readonly grant: string;
  /** The promise: JSON in gzip. */
  readonly promise: Uint8Array<ArrayBuffer>;
}

/** Throws SealKeyError if the key is unusable, RangeError if the signature is too long. */
export async function sealTicket(
  key: SealingKey,
  id: string,
  { grant, promise }: TicketContent,
): Promise<{ readonly enc: string; readonly sealed: Uint8Array<ArrayBuffer> }> {
  const signature = new TextEncoder().encode(grant);
  if (signature.length > GRANT_LIMIT) throw new RangeError('the signature of a ticket is too long');
  const plain = new Uint8Array(2 + signature.length + promise.length);
  new DataView(plain.buffer).setUint16(0, signature.length);
  plain.set(signature, 2);
  plain.set(promise, 2 + signature.length);
  const sealer = await createSealer(key, nameOf(id));
  const records: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; records.length === 0 || at < plain.length; at += SEALED_RECORD_BYTES) {
    const isLast = at + SEALED_RECORD_BYTES >= plain.length;
    records.push(await sealer.seal(plain.subarray(at, at + SEALED_RECORD_BYTES), records.length, isLast));
  }
  return { enc: sealer.enc, sealed: join(records) };
}

/**
 * Null: the ticket was sealed to another key or for another id, or was changed. Throws SealKeyError if `enc` is not a
 * key.
 */
export async function openTicket(
  privateKey: CryptoKey,
  { id, enc }: { readonly id: string; readonly enc: string },
  sealed: Uint8Array<ArrayBuffer>,
): Promise<TicketContent | null> {
  if (openedSize(sealed.length) === null) return null;
  const opener = await createOpener(privateKey, enc, nameOf(id));
  const records: Uint8Array<ArrayBuffer>[] = [];
  const step = SEALED_RECORD_BYTES + SEAL_TAG_BYTES;
  for (let at = 0; at < sealed.length; at += step) {
    const record = await opener.open(sealed.subarray(at, at + step), at + step >= sealed.length);
    if (record === null) return null;
    records.push(record);
  }
  return split(join(records));
}

function split(plain: Uint8Array<ArrayBuffer>): TicketContent | null {
  if (plain.length < 2) return null;
  const length = new DataView(plain.buffer).getUint16(0);
  if (length > GRANT_LIMIT || 2 + length > plain.length) return null;
  const grant = new TextDecoder('latin1').decode(plain.subarray(2, 2 + length));
  return { grant, promise: plain.slice(2 + length) };
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
