/**
 * Keyed pseudonyms: UIDs, identifiers and the days by which a patient's dates move are functions of the
 * original and the project key. The same original gives the same pseudonym on every device, offline or not,
 * today and tomorrow, and a different one under another key. Without the key nobody can compute pseudonyms
 * from a list of guesses.
 *
 * Replaced UIDs and identifiers carry a tag, by which a holder of the key recognises a pseudonym. So
 * de-identifying twice changes nothing, and the gateway can tell a replaced UID from one that slipped
 * through. Nothing leads from a pseudonym back to the original.
 */

/**
 * 80 bits of HMAC-SHA-256 name the original: among 2^32 UIDs of one project two collide with a chance of 1 in
 * 130 000.
 */
const NAME_BYTES = 10;
/** 48 bits of HMAC-SHA-256 over those 80 are the tag: a foreign UID passes for one of ours once in 2^48. */
const TAG_BYTES = 6;
const PSEUDONYM_BYTES = NAME_BYTES + TAG_BYTES;
/**
 * PS3.5 §B.2: "2.25." and a 128 bit number in decimal: at most 44 characters of the 64 that a UID may have.
 */
const UID_ROOT = '2.25.';
const IDENTIFIER_PREFIX = 'RP-';
/** Crockford's base 32: no I, L, O, U, so that it can be read aloud. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const IDENTIFIER = /^RP-[0-9A-HJKMNP-TV-Z]{26}$/;
/**
 * A date moves back by 30 to 3 679 days. Fewer than a month would leave a study near its own week; more than
 * ten years makes ages and devices look wrong.
 */
const DAYS_LEAST = 30;
const DAYS_RANGE = 3650;
/** 50 000 pseudonyms take about 10 MB; a whole-body study has 5 000 UIDs. */
const CACHE_LIMIT = 50_000;
/**
 * Distinct UIDs, or identifiers, of one instance. An enhanced object of 5 000 frames names some 20 000. Each
 * costs three computations: a header of 64 MiB could name millions.
 */
export const PSEUDONYMS_LIMIT = 50_000;
/** Computed side by side: each of them waits in the engine with memory of its own. */
const SIDE_BY_SIDE = 256;

const ENCODER = new TextEncoder();

/** The pseudonyms that one instance needs, collected first: WebCrypto is asynchronous, rewriting is not. */
export interface PseudonymRequests {
  readonly uids: Set<string>;
  readonly identifiers: Set<string>;
  /** The patients (as `identifiers` knows them) whose day offset is needed. */
  readonly dayOffsets: Set<string>;
}

/** Notes an original; of more than may be resolved only enough to see that they are too many. */
export function request(originals: Set<string>, original: string): void {
  if (originals.size <= PSEUDONYMS_LIMIT) originals.add(original);
}

/** More than may be resolved. */
export function areTooMany({ uids, identifiers }: PseudonymRequests): boolean {
  return uids.size > PSEUDONYMS_LIMIT || identifiers.size > PSEUDONYMS_LIMIT;
}

/** The answers to one `PseudonymRequests`. Each throws for an original that was not requested. */
export interface ResolvedPseudonyms {
  /** A UID below 2.25; one that is already a pseudonym under this key is returned as it is. */
  uid(original: string): string;
  /** `RP-` and 26 characters; one that is already a pseudonym under this key is returned as it is. */
  identifier(original: string): string;
  /** Whole days, negative. */
  dayOffset(patient: string): number;
}

export interface Pseudonyms {
  resolve(requests: PseudonymRequests): Promise<ResolvedPseudonyms>;
  /**
   * HMAC of an original's SHA-256, both in hex: names the original in the manifest without revealing its
   * digest.
   */
  originalDigest(sha256: string): Promise<string>;
}

/** Whether it has the form of a pseudonym; `resolve` checks under which key it was made. */
export function isIdentifierPseudonym(text: string): boolean {
  return IDENTIFIER.test(text);
}

export function createRequests(): PseudonymRequests {
  return { uids: new Set(), identifiers: new Set(), dayOffsets: new Set() };
}

/** The project key as a key that no script can read back. Throws RangeError if it has fewer than 32 bytes. */
export async function importProjectKey(projectKey: Uint8Array): Promise<CryptoKey> {
  if (projectKey.length < 32) throw new RangeError('the project key has fewer than 32 bytes');
  return crypto.subtle.importKey(
    'raw',
    new Uint8Array(projectKey),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
}

/** Pseudonyms under one project key: its bytes, or the key that `importProjectKey` made of them. */
export async function createPseudonyms(projectKey: Uint8Array | CryptoKey): Promise<Pseudonyms> {
  return new KeyedPseudonyms(
    projectKey instanceof Uint8Array ? await importProjectKey(projectKey) : projectKey,
  );
}

type Kind = 'uid' | 'identifier' | 'dayOffset';
type Found = ReadonlyMap<string, string | number>;

class KeyedPseudonyms implements Pseudonyms {
  readonly #key: CryptoKey;
  readonly #cache = new Map<string, string | number>();

  constructor(key: CryptoKey) {
    this.#key = key;
  }

  async resolve({ uids, identifiers, dayOffsets }: PseudonymRequests): Promise<ResolvedPseudonyms> {
    const [uid, identifier, days] = await Promise.all([
      this.#lookUp('uid', uids),
      this.#lookUp('identifier', identifiers),
      this.#lookUp('dayOffset', dayOffsets),
    ]);
    return {
      uid: (original) => answer(uid, original) as string,
      identifier: (original) => answer(identifier, original) as string,
      dayOffset: (patient) => answer(days, patient) as number,
    };
  }

  async originalDigest(sha256: string): Promise<string> {
    return toHex(await macOf(this.#key, 'original', ENCODER.encode(sha256)));
  }

  async #lookUp(kind: Kind, originals: ReadonlySet<string>): Promise<Found> {
    const found = new Map<string, string | number>();
    const all = [...originals];
    for (let at = 0; at < all.length; at += SIDE_BY_SIDE) {
      const some = all.slice(at, at + SIDE_BY_SIDE);
      await Promise.all(
        some.map(async (original) => found.set(original, await this.#lookUpOne(kind, original))),
      );
    }
    return found;
  }

  async #lookUpOne(kind: Kind, original: string): Promise<string | number> {
    const name = `${kind} ${original}`;
    const known = this.#cache.get(name) ?? (await make(this.#key, kind, original));
    if (this.#cache.size >= CACHE_LIMIT) this.#cache.clear();
    this.#cache.set(name, known);
    return known;
  }
}

async function make(key: CryptoKey, kind: Kind, original: string): Promise<string | number> {
  switch (kind) {
    case 'uid':
      if (await isTagged(key, 'uid', fromUid(original))) return original;
      return toUid(await pseudonymOf(key, 'uid', original));
    case 'identifier':
      if (await isTagged(key, 'identifier', fromIdentifier(original))) return original;
      return toIdentifier(await pseudonymOf(key, 'identifier', original));
    case 'dayOffset': {
      const mac = await macOf(key, 'days', ENCODER.encode(original));
      return -(DAYS_LEAST + (new DataView(mac.buffer).getUint32(0) % DAYS_RANGE));
    }
  }
}

async function macOf(key: CryptoKey, purpose: string, message: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const label = ENCODER.encode(`relaypacs ${purpose}\0`);
  const input = new Uint8Array(label.length + message.length);
  input.set(label);
  input.set(message, label.length);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, input));
}

async function tagOf(key: CryptoKey, purpose: string, name: Uint8Array): Promise<Uint8Array> {
  return (await macOf(key, `${purpose} tag`, name)).subarray(0, TAG_BYTES);
}

/** The 16 bytes of a pseudonym: the name of the original, and the tag over that name. */
async function pseudonymOf(key: CryptoKey, purpose: string, original: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(PSEUDONYM_BYTES);
  bytes.set((await macOf(key, purpose, ENCODER.encode(original))).subarray(0, NAME_BYTES));
  bytes.set(await tagOf(key, purpose, bytes.subarray(0, NAME_BYTES)), NAME_BYTES);
  return bytes;
}

async function isTagged(key: CryptoKey, purpose: string, bytes: Uint8Array | null): Promise<boolean> {
  if (bytes === null) return false;
  const tag = await tagOf(key, purpose, bytes.subarray(0, NAME_BYTES));
  return tag.every((byte, index) => byte === bytes[NAME_BYTES + index]);
}

function answer(found: Found, original: string): string | number {
  const value = found.get(original);
  if (value === undefined) throw new Error('a pseudonym was not resolved before it was used');
  return value;
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function toUid(bytes: Uint8Array): string {
  return UID_ROOT + BigInt(`0x${toHex(bytes)}`).toString();
}

/** The 16 bytes of a number; null where it needs more. */
function toBytes(number: bigint): Uint8Array | null {
  const hex = number.toString(16).padStart(PSEUDONYM_BYTES * 2, '0');
  if (hex.length > PSEUDONYM_BYTES * 2) return null;
  return Uint8Array.from({ length: PSEUDONYM_BYTES }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
}

/** The 16 bytes behind a UID of the form that `toUid` writes; null for any other. */
function fromUid(uid: string): Uint8Array | null {
  return /^2\.25\.[1-9]\d{0,38}$/.test(uid) ? toBytes(BigInt(uid.slice(UID_ROOT.length))) : null;
}

function toIdentifier(bytes: Uint8Array): string {
  let number = BigInt(`0x${toHex(bytes)}`);
  let text = '';
  for (let index = 0; index < 26; index += 1) {
    text = ALPHABET.charAt(Number(number & 31n)) + text;
    number >>= 5n;
  }
  return IDENTIFIER_PREFIX + text;
}

/** The 16 bytes behind what `toIdentifier` writes; null for any other text. */
function fromIdentifier(identifier: string): Uint8Array | null {
  if (!IDENTIFIER.test(identifier)) return null;
  let number = 0n;
  for (const character of identifier.slice(IDENTIFIER_PREFIX.length))
    number = (number << 5n) | BigInt(ALPHABET.indexOf(character));
  return toBytes(number);
}
