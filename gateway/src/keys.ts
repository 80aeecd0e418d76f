/**
 * The gateway's own keys, in `<data>/keys` (folder 0700, files 0600): created at the first start and kept for good.
 * Whoever has this folder can decrypt everything that the gateway holds and sign in its name; without it nobody can.
 *
 * Three Ed25519 pairs (tokens, receipts, heads of the audit trail) so that one cannot be mistaken for another, an
 * X25519 pair to which devices seal waiting parcels, and two secrets of 32 bytes: one wraps the studies' keys, and the
 * policies' keys are derived from the other. Retired pairs stay (`receipts.2025.pem` beside `receipts.pem`): receipts
 * are checked for years, and a tablet may come back late with parcels that it sealed.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { SealingKey } from '#shared/protocol/api.ts';
import { derivePolicyKey, type NamedKey, type PolicyKey } from '#shared/transfer/policy-key.ts';

/** A public key as RFC 8037 §2 writes it: Ed25519 keys are `OKP` JWKs. */
type PublicJwk = {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
};

export type SigningKey = {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
};

/** The pair that devices seal to. `jwk`: the public half, in the form that devices get. */
type SealingPair = { readonly jwk: SealingKey; readonly privateKey: KeyObject };

/** `retiredAt`: when another pair took its place; null for the present one. */
export type TokenKey = SigningKey & { readonly retiredAt: Date | null };

export type Keys = {
  /** The pair that signs now. It is read again when the folder has changed. */
  readonly tokens: SigningKey;
  readonly receipts: SigningKey;
  readonly audit: SigningKey;
  /** The pair that devices seal to now, followed by the retired pairs, which still open what was sealed to them. */
  readonly sealing: readonly [SealingPair, ...SealingPair[]];
  /** 32 bytes that wrap each study's key. */
  readonly wrapKey: Uint8Array;
  /** 32 bytes for one purpose, which reveal nothing about the keys here (RFC 5869). */
  secretFor(purpose: string): Uint8Array;
  /** The key of a policy's pseudonyms; the same at every start. */
  policyKey(of: NamedKey): Promise<PolicyKey>;
  /** Every public key that was ever used to sign here, as `/.well-known/jwks.json` shows them. */
  jwks(): { readonly keys: readonly PublicJwk[] };
  /**
   * The pair with this key id, among all pairs: also retired ones, and those that another gateway has created since
   * this one started.
   */
  tokenKey(kid: string): TokenKey | undefined;
  auditKey(kid: string): SigningKey | undefined;
  sealingKey(kid: string): KeyObject | undefined;
};

const SECRET_BYTES = 32;

/**
 * Writes a key as a whole or not at all: a gateway killed at its first start must not leave half a key. If several
 * gateways start at once on one folder, the first one's key stays and the others use it: unlike a rename, a link never
 * replaces an existing file.
 */
export function writeSecret(path: string, content: string | Uint8Array): void {
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

/** A new name in a folder survives a power cut only once the folder itself has been synced (fsync(2)). */
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
  if (bytes.length !== SECRET_BYTES)
    throw new Error(
      `${join(folder, name)} is damaged: it has ${bytes.length} bytes instead of ${SECRET_BYTES}`,
    );
  return bytes;
}

/** RFC 7638: a key is named by the hash of its required members, in lexical order. */
function toSigningKey(pem: Buffer): SigningKey {
  const publicKey = createPublicKey(pem);
  const { crv, kty, x } = publicKey.export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
  return { kid, privateKey: createPrivateKey(pem), publicKey };
}

function toSealingPair(pem: Buffer): SealingPair {
  const { kid, privateKey, publicKey } = toSigningKey(pem);
  if (publicKey.asymmetricKeyType !== 'x25519') throw new Error('a sealing key is not X25519');
  return {
    jwk: { kid, kty: 'OKP', crv: 'X25519', x: publicKey.export({ format: 'jwk' }).x ?? '' },
    privateKey,
  };
}

/** All pairs of this name: the current one, if there is one, and the retired ones (`tokens.<anything>.pem`). */
function readPairs<T>(folder: string, name: string, toPair: (pem: Buffer) => T): T[] {
  const files = readdirSync(folder).filter((file) => file.startsWith(`${name}.`) && file.endsWith('.pem'));
  const current = files.filter((file) => file === `${name}.pem`);
  const retired = files.filter((file) => file !== `${name}.pem`);
  return [...current, ...retired].map((file) => toPair(readFileSync(join(folder, file))));
}

/** All pairs of this name. The current one is created first if it is missing. */
function pairs<T>(
  folder: string,
  name: string,
  make: () => KeyObject,
  toPair: (pem: Buffer) => T,
): [T, ...T[]] {
  readOrMake(join(folder, `${name}.pem`), () => make().export({ type: 'pkcs8', format: 'pem' }) as string);
  return readPairs(folder, name, toPair) as [T, ...T[]];
}

const signingPairs = (folder: string, name: string) =>
  pairs(folder, name, () => generateKeyPairSync('ed25519').privateKey, toSigningKey);

function toJwk({ kid, publicKey }: SigningKey): PublicJwk {
  const { kty = '', crv = '', x = '' } = publicKey.export({ format: 'jwk' });
  return { kty, crv, x, kid, alg: 'EdDSA', use: 'sig' };
}

/**
 * The pairs that sign tokens. The current pair's file was written once, when the pair was created, so its time is when
 * the others were retired. While that file is missing (renamed, with no gateway started since), no pair counts as
 * retired.
 */
function readTokenKeys(folder: string): readonly TokenKey[] {
  const current = statSync(join(folder, 'tokens.pem'), { throwIfNoEntry: false });
  return readPairs(folder, 'tokens', toSigningKey).map((key, position) => ({
    ...key,
    retiredAt: current === undefined || position === 0 ? null : current.mtime,
  }));
}

type AllPairs = {
  readonly tokens: readonly TokenKey[];
  readonly receipts: readonly SigningKey[];
  readonly audit: readonly SigningKey[];
  readonly sealing: readonly SealingPair[];
};

const readAll = (folder: string): AllPairs => ({
  tokens: readTokenKeys(folder),
  receipts: readPairs(folder, 'receipts', toSigningKey),
  audit: readPairs(folder, 'audit', toSigningKey),
  sealing: readPairs(folder, 'sealing', toSealingPair),
});

/** The minimum time between two reads of the folder, however many unknown key ids come. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Follows the pairs in the folder. When a pair is changed, the gateways that share the folder are restarted one after
 * the other. Until its turn, each must know the new pair, with which a restarted gateway signs or to which devices
 * seal.
 */
function watchPairs(
  folder: string,
  clock: () => number,
): { all(): AllPairs; find<T>(of: (all: AllPairs) => T | undefined): T | undefined } {
  let known = readAll(folder);
  let changedMs = statSync(folder).mtimeMs;
  let lookedAt = clock();
  const look = (): AllPairs => {
    changedMs = statSync(folder).mtimeMs;
    lookedAt = clock();
    known = readAll(folder);
    return known;
  };
  return {
    all: () => (statSync(folder).mtimeMs === changedMs ? known : look()),
    find(of) {
      const found = of(known);
      // A folder on another machine may report its change late, so an unknown key id is looked up again.
      if (
        found !== undefined ||
        (statSync(folder).mtimeMs === changedMs && clock() - lookedAt < LOOK_AGAIN_MS)
      )
        return found;
      return of(look());
    },
  };
}

/** Each key is computed once, as that takes a millisecond or two. */
function createPolicyKeys(root: Uint8Array): Keys['policyKey'] {
  const known = new Map<string, Promise<PolicyKey>>();
  return (of) => {
    const name = `${of.name} ${of.key}`;
    const key = known.get(name) ?? derivePolicyKey(root, of);
    known.set(name, key);
    return key;
  };
}

/**
 * Opens the keys, and creates those that are missing. Throws where a key is damaged: replacing it would hide the loss.
 */
export function openKeys(folder: string, clock: () => number = () => performance.now()): Keys {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const [first] = signingPairs(folder, 'tokens');
  const [receipts] = signingPairs(folder, 'receipts');
  const [audit] = signingPairs(folder, 'audit');
  const sealing = pairs(folder, 'sealing', () => generateKeyPairSync('x25519').privateKey, toSealingPair);
  const wrapKey = secret(folder, 'wrap.key');
  const pseudonyms = secret(folder, 'pseudonyms.key');
  const { all, find } = watchPairs(folder, clock);
  let tokens: SigningKey = first;
  return {
    get tokens() {
      const known = all().tokens;
      const own = known.find(({ kid }) => kid === tokens.kid);
      // The file was renamed but not yet replaced, so the pair stays in use.
      if (own === undefined || own.retiredAt !== null) tokens = known[0] ?? tokens;
      return tokens;
    },
    receipts,
    audit,
    sealing,
    wrapKey,
    secretFor: (purpose) =>
      new Uint8Array(hkdfSync('sha256', wrapKey, '', `relaypacs ${purpose}`, SECRET_BYTES)),
    policyKey: createPolicyKeys(pseudonyms),
    jwks: () => ({ keys: [...all().receipts, ...all().tokens, ...all().audit].map(toJwk) }),
    tokenKey: (kid) => find(({ tokens: known }) => known.find((key) => key.kid === kid)),
    auditKey: (kid) => find(({ audit: known }) => known.find((key) => key.kid === kid)),
    sealingKey: (kid) => find(({ sealing: known }) => known.find(({ jwk }) => jwk.kid === kid)?.privateKey),
  };
}
