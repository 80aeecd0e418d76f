/**
 * The gateway's own keys, in `<data>/keys` (folder 0700, files 0600): made on the first start, kept for ever after. Who has this folder can
 * open what the gateway holds and sign in its name; who loses it loses both.
 *
 * Two Ed25519 pairs (tokens, receipts) so that neither can be taken for the other, and two secrets of 32 bytes: one wraps the studies'
 * keys, one keys the pseudonyms. A retired pair stays in the key set: receipts are checked for years.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readdirSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A public key as RFC 8037 §2 writes it: Ed25519 keys are `OKP` JWKs. */
export type PublicJwk = { readonly kty: string; readonly crv: string; readonly x: string; readonly kid: string; readonly alg: 'EdDSA'; readonly use: 'sig' };

export type SigningKey = { readonly kid: string; readonly privateKey: KeyObject; readonly publicKey: KeyObject };

export type Keys = {
  readonly tokens: SigningKey;
  readonly receipts: SigningKey;
  /** 32 bytes; wraps each study's key. */
  readonly wrapKey: Uint8Array;
  /** 32 bytes; keys the pseudonyms of the site. */
  readonly projectKey: Uint8Array;
  /** Names the project key without telling it. */
  readonly projectKeyId: string;
  /** Every public key that ever signed here, as at `/.well-known/jwks.json`. */
  readonly jwks: { readonly keys: readonly PublicJwk[] };
};

const SECRET_BYTES = 32;

/**
 * Written whole or not at all: a gateway killed at its first start must not keep half a key. Of gateways that start side by side on one folder
 * the first to come puts its key there, and the others find it: a link, unlike a renaming, never replaces what is there.
 */
function writeSecret(path: string, content: string | Uint8Array): void {
  const draft = `${path}.${randomBytes(8).toString('hex')}.new`;
  const file = openSync(draft, 'wx', 0o600);
  writeSync(file, Buffer.from(content as Uint8Array));
  fsyncSync(file);
  closeSync(file);
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  syncFolder(dirname(path));
}

/** A new name in a folder outlives a power cut once the folder is on the disk too (fsync(2)). */
function syncFolder(folder: string): void {
  const file = openSync(folder, 'r');
  fsyncSync(file);
  closeSync(file);
}

function readOrMake(path: string, make: () => string | Uint8Array): Buffer {
  if (!existsSync(path)) writeSecret(path, make());
  chmodSync(path, 0o600);
  return readFileSync(path);
}

function secret(folder: string, name: string): Uint8Array {
  const bytes = readOrMake(join(folder, name), () => randomBytes(SECRET_BYTES));
  if (bytes.length !== SECRET_BYTES) throw new Error(`${join(folder, name)} is damaged: it has ${bytes.length} bytes instead of ${SECRET_BYTES}`);
  return bytes;
}

/** RFC 7638: a key is named by the hash of its required members, in lexical order. */
function toSigningKey(pem: Buffer): SigningKey {
  const publicKey = createPublicKey(pem);
  const { crv, kty, x } = publicKey.export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
  return { kid, privateKey: createPrivateKey(pem), publicKey };
}

/** The pair that signs now, and those beside it (`tokens.<anything>.pem`) that only verify. */
function signingKeys(folder: string, name: string): [SigningKey, ...SigningKey[]] {
  const make = (): string => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const current = toSigningKey(readOrMake(join(folder, `${name}.pem`), make));
  const retired = readdirSync(folder).filter((file) => file.startsWith(`${name}.`) && file.endsWith('.pem') && file !== `${name}.pem`);
  return [current, ...retired.map((file) => toSigningKey(readFileSync(join(folder, file))))];
}

function toJwk({ kid, publicKey }: SigningKey): PublicJwk {
  const { kty = '', crv = '', x = '' } = publicKey.export({ format: 'jwk' });
  return { kty, crv, x, kid, alg: 'EdDSA', use: 'sig' };
}

/** Opens the keys, making those that are missing. Throws when one is damaged: a new one in its place would hide the loss. */
export function openKeys(folder: string): Keys {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const tokens = signingKeys(folder, 'tokens');
  const receipts = signingKeys(folder, 'receipts');
  const projectKey = secret(folder, 'project.key');
  return {
    tokens: tokens[0],
    receipts: receipts[0],
    wrapKey: secret(folder, 'wrap.key'),
    projectKey,
    projectKeyId: createHash('sha256').update('relaypacs project key').update(projectKey).digest('hex').slice(0, 16),
    jwks: { keys: [...receipts, ...tokens].map(toJwk) },
  };
}
