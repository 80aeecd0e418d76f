/**
 * A holder's half of a vault as a file: the private key, encrypted under a passphrase, with the vault and the public
 * key that it belongs to. It is made on the holder's machine and stays there; only the public key leaves. A thief of
 * the file must guess the passphrase, and each guess takes some tenths of a second.
 */
import { z } from 'zod';
import { vaultKeySchema } from '../protocol/vault.ts';
import { parseBase64Url, toBase64Url } from './base64url.ts';
import { createMessagePair } from './seal.ts';
import type { VaultHalf } from './vault-entry.ts';

/** NIST SP 800-63B asks for 8 characters. This passphrase needs more, because a thief of the file can guess offline. */
export const PASSPHRASE_LENGTH_LIMIT = 12;
/** OWASP Password Storage Cheat Sheet (2023): PBKDF2-HMAC-SHA-256. */
const ITERATIONS = 600_000;
/** With more iterations, a manipulated file would keep its reader waiting for minutes. */
const ITERATIONS_MOST = 10_000_000;
const ENCODER = new TextEncoder();

/** The random salt gives a new key each time, so one nonce is enough. */
const CIPHER = { name: 'AES-GCM', iv: new Uint8Array(12) } as const;

const halfFileSchema = z.object({
  kind: z.literal('relaypacs-vault-half'),
  vault: z.uuid(),
  publicKey: vaultKeySchema,
  salt: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  iterations: z.number().int().min(ITERATIONS).max(ITERATIONS_MOST),
  /** 32 bytes and a tag. */
  key: z.string().regex(/^[A-Za-z0-9_-]{64}$/),
});
type HalfFile = z.infer<typeof halfFileSchema>;

export interface OpenHalf extends VaultHalf {
  readonly vault: string;
}

/** Makes a new half, encrypted under `passphrase`. */
export async function createHalf(vault: string, passphrase: string): Promise<HalfFile> {
  const { publicKey, privateKey } = await createMessagePair();
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const file = {
    kind: 'relaypacs-vault-half' as const,
    vault,
    publicKey: toBase64Url(publicKey),
    salt: toBase64Url(salt),
    iterations: ITERATIONS,
  };
  const key = await crypto.subtle.encrypt(
    { ...CIPHER, additionalData: aboutOf(file) },
    await wrapping(passphrase, file, 'encrypt'),
    privateKey,
  );
  return { ...file, key: toBase64Url(new Uint8Array(key)) };
}

/** The content of a file. Null: it is not a half. */
export function parseHalf(text: string): HalfFile | null {
  try {
    return halfFileSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Null: the passphrase is wrong, or the file was changed. */
export async function openHalf(file: HalfFile, passphrase: string): Promise<OpenHalf | null> {
  try {
    const key = await crypto.subtle.decrypt(
      { ...CIPHER, additionalData: aboutOf(file) },
      await wrapping(passphrase, file, 'decrypt'),
      parseBase64Url(file.key),
    );
    return {
      vault: file.vault,
      publicKey: parseBase64Url(file.publicKey),
      privateKey: new Uint8Array(key),
    };
  } catch {
    return null;
  }
}

function aboutOf({ vault, publicKey }: Pick<HalfFile, 'vault' | 'publicKey'>): Uint8Array<ArrayBuffer> {
  return ENCODER.encode(`relaypacs vault half v1 ${vault} ${publicKey}`);
}

async function wrapping(
  passphrase: string,
  { salt, iterations }: Pick<HalfFile, 'salt' | 'iterations'>,
  use: 'encrypt' | 'decrypt',
): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey(
    'raw',
    ENCODER.encode(passphrase.normalize('NFC')),
    'PBKDF2',
    false,
    ['deriveKey'],
  );
  return crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt: parseBase64Url(salt), iterations },
    secret,
    { name: CIPHER.name, length: 256 },
    false,
    [use],
  );
}
