/**
 * An entry of the vault: the identity behind a pseudonym, which two holders can open together but neither alone.
 *
 * The identity is encrypted under a random key. The key is the XOR of two random shares, and each share is sealed to
 * one holder (HPKE, seal.ts). So no private key has to leave its owner's machine to open an entry: one holder opens
 * their share and seals it to the other, who combines both. The shares of one entry open no other.
 *
 * Both public keys, the vault and the pseudonym are bound into the seal: an entry that is shown under another
 * pseudonym, or with another holder's key, does not open. Every entry has the same length.
 */
import { VAULT_ENTRY_BYTES, VAULT_SHARE_BYTES } from '../protocol/limits.ts';
import type { VaultEntry, VaultTerms } from '../protocol/vault.ts';
import { parseBase64Url, toBase64Url } from './base64url.ts';
import { openMessage, SEAL_TAG_BYTES, sealMessage, type MessageContext } from './seal.ts';

/** The values that the vault keeps of a patient, as text; '' if the header has none. */
export interface PatientIdentity {
  readonly patientID: string;
  readonly issuer: string;
  /** PS3.5 §6.2: a PN as it stands in the header. */
  readonly name: string;
  /** PS3.5 §6.2: DA, `YYYYMMDD`. */
  readonly birthDate: string;
}

/** A holder's key pair ("half"): 32 bytes each. */
export interface VaultHalf {
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly privateKey: Uint8Array<ArrayBuffer>;
}

/** A holder's index in `VaultTerms.keys`. */
export type Holder = 0 | 1;
export const otherHolder = (holder: Holder): Holder => (holder === 0 ? 1 : 0);

/** Longer values are malformed (LO has 64 characters, PN three groups of 64) and are cut to these lengths. */
const LENGTHS: Readonly<Record<keyof PatientIdentity, number>> = {
  patientID: 128,
  issuer: 128,
  name: 256,
  birthDate: 16,
};
const SHARE_BYTES = 32;
const PLAIN_BYTES = VAULT_ENTRY_BYTES - 2 * VAULT_SHARE_BYTES - SEAL_TAG_BYTES;
/** Each key encrypts only one identity, so one nonce is enough. */
const CIPHER = { name: 'AES-GCM', iv: new Uint8Array(12) } as const;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Throws SealKeyError if a holder's key is not a valid key. */
export async function sealIdentity(
  terms: VaultTerms,
  pseudonym: string,
  identity: PatientIdentity,
): Promise<VaultEntry> {
  const shares = [randomShare(), randomShare()] as const;
  const { info, about } = contextOf(terms, pseudonym);
  const sealed = await Promise.all(
    shares.map((share, at) => sealMessage(parseBase64Url(terms.keys[at]!), { info, about }, share)),
  );
  const box = await crypto.subtle.encrypt(
    { ...CIPHER, additionalData: ENCODER.encode(`${info} ${about}`) },
    await keyFrom(shares[0], shares[1], 'encrypt'),
    write(identity),
  );
  return { vault: terms.id, pseudonym, sealed: toBase64Url(join([...sealed, new Uint8Array(box)])) };
}

/** Opens a holder's share of an entry. Null: this half does not open it. */
export async function openShare(
  terms: VaultTerms,
  { pseudonym, sealed }: Pick<VaultEntry, 'pseudonym' | 'sealed'>,
  holder: Holder,
  half: VaultHalf,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = bytesOf(sealed);
  if (bytes === null) return null;
  const own = bytes.slice(holder * VAULT_SHARE_BYTES, (holder + 1) * VAULT_SHARE_BYTES);
  return openMessage(half.privateKey, contextOf(terms, pseudonym), own);
}

/** Seals a share to the holder who asked, only for this request and entry. Base64url. */
export async function passShare(
  share: Uint8Array,
  key: string,
  on: { readonly request: string; readonly entry: number },
): Promise<string> {
  return toBase64Url(await sealMessage(parseBase64Url(key), passing(on), share));
}

/** Null: the share was not sealed to this half, or is for another request or entry. */
export function receiveShare(
  passed: string,
  half: VaultHalf,
  on: { readonly request: string; readonly entry: number },
): Promise<Uint8Array<ArrayBuffer> | null> {
  return openMessage(half.privateKey, passing(on), parseBase64Url(passed));
}

/** The identity, opened with both shares. Null: they are not this entry's. */
export async function openIdentity(
  terms: VaultTerms,
  { pseudonym, sealed }: Pick<VaultEntry, 'pseudonym' | 'sealed'>,
  shares: readonly [Uint8Array, Uint8Array],
): Promise<PatientIdentity | null> {
  const bytes = bytesOf(sealed);
  if (bytes === null || shares.some(({ length }) => length !== SHARE_BYTES)) return null;
  const { info, about } = contextOf(terms, pseudonym);
  try {
    const plain = await crypto.subtle.decrypt(
      { ...CIPHER, additionalData: ENCODER.encode(`${info} ${about}`) },
      await keyFrom(shares[0], shares[1], 'decrypt'),
      bytes.slice(2 * VAULT_SHARE_BYTES),
    );
    return read(new Uint8Array(plain));
  } catch {
    return null;
  }
}

function contextOf({ id, keys }: VaultTerms, pseudonym: string): MessageContext {
  return { info: `relaypacs vault entry v1 ${id} ${keys.join(' ')}`, about: pseudonym };
}

function passing({ request, entry }: { readonly request: string; readonly entry: number }): MessageContext {
  return { info: 'relaypacs vault share v1', about: `${request} ${entry}` };
}

function randomShare(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(SHARE_BYTES));
}

function keyFrom(one: Uint8Array, other: Uint8Array, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  const key = Uint8Array.from(one, (byte, at) => byte ^ other[at]!);
  return crypto.subtle.importKey('raw', key, CIPHER.name, false, [use]);
}

/** JSON, padded with spaces to the common length. */
function write(identity: PatientIdentity): Uint8Array<ArrayBuffer> {
  const cut = Object.entries(LENGTHS).map(([field, length]) => [
    field,
    plainText(identity[field as keyof PatientIdentity]).slice(0, length),
  ]);
  const text = ENCODER.encode(JSON.stringify(Object.fromEntries(cut)));
  const bytes = new Uint8Array(PLAIN_BYTES).fill(0x20);
  bytes.set(text.subarray(0, PLAIN_BYTES));
  return bytes;
}

/** Removes control characters and unpaired surrogates, which take six characters each in JSON. */
function plainText(text: string): string {
  return DECODER.decode(ENCODER.encode(text)).replace(/\p{Cc}/gu, ' ');
}

function read(bytes: Uint8Array): PatientIdentity {
  const said = JSON.parse(DECODER.decode(bytes)) as Partial<Record<keyof PatientIdentity, unknown>>;
  const text = (field: keyof PatientIdentity): string => {
    const value = said[field];
    // The content is untrusted: whoever wrote the entry may have put anything there.
    return typeof value === 'string' ? plainText(value).slice(0, LENGTHS[field]) : '';
  };
  return {
    patientID: text('patientID'),
    issuer: text('issuer'),
    name: text('name'),
    birthDate: text('birthDate'),
  };
}

function bytesOf(sealed: string): Uint8Array<ArrayBuffer> | null {
  const bytes = parseBase64Url(sealed);
  return bytes.length === VAULT_ENTRY_BYTES ? bytes : null;
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
