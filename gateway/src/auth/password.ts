/**
 * Stores passwords as scrypt hashes (RFC 7914). The parameters are stored next to the hash, so that they can be
 * raised later.
 */
import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * OWASP Password Storage Cheat Sheet, scrypt: N=2^15, r=8, p=3. A derivation takes 32 MiB and about 0.2 s. With
 * N=2^17, ten devices that sign in at once would take more than a gigabyte.
 */
export const PASSWORD_COST = { N: 2 ** 15, r: 8, p: 3 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** The cost of a hash (RFC 7914 §2). */
export type PasswordCost = { readonly N: number; readonly r: number; readonly p: number };

/**
 * Derivations that run at the same time. They share four threads with all file access. If they could use all four, a
 * hundred attempts to sign in would block every upload until they are finished.
 */
const AT_ONCE = 2;
/** Strangers who may wait at once: 25 s on two slow cores. Nobody would wait longer than that. */
const STRANGERS_LIMIT = 256;
let running = 0;
const waiting = { known: [] as (() => void)[], strangers: [] as (() => void)[] };
/** How long the last check took, including its wait. */
let lastCheckMs = 200;

/** Thrown when too many strangers wait for their password to be checked. */
export class PasswordsBusy extends Error {
  readonly waitSeconds: number;
  constructor() {
    super('too many passwords wait to be checked');
    this.name = 'PasswordsBusy';
    this.waitSeconds = Math.max(1, Math.ceil(lastCheckMs / 1000));
  }
}

/** Work with `isKnown` goes first, so whoever floods the gateway with attempts delays only strangers. */
async function inTurn<T>(isKnown: boolean, work: () => Promise<T>): Promise<T> {
  if (running < AT_ONCE) running += 1;
  else if (!isKnown && waiting.strangers.length >= STRANGERS_LIMIT) throw new PasswordsBusy();
  else await new Promise<void>((resolve) => waiting[isKnown ? 'known' : 'strangers'].push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.known.shift() ?? waiting.strangers.shift();
    // The place passes directly to the next in line, so that no new caller can take it in between.
    if (next) next();
    else running -= 1;
  }
}

type Derivation = { readonly salt: Buffer; readonly cost: PasswordCost; readonly isKnown: boolean };

function derive(password: string, { salt, cost: { N, r, p }, isKnown }: Derivation): Promise<Buffer> {
  // NFKC (NIST SP 800-63B §5.1.1.2): the same characters typed on another keyboard are the same password.
  const text = password.normalize('NFKC');
  return inTurn(
    isKnown,
    () =>
      new Promise((resolve, reject) => {
        scrypt(text, salt, HASH_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
          error ? reject(error) : resolve(key),
        );
      }),
  );
}

/** `scrypt$N$r$p$salt$hash`, the last two in base64url. */
export async function hashPassword(password: string, cost: PasswordCost = PASSWORD_COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, { salt, cost, isKnown: true });
  const { N, r, p } = cost;
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/**
 * A hash that no password matches. A password is compared with it if there is no such user, so that the answer takes
 * as long as for a real one.
 */
const hashOfNobody = ({ N, r, p }: PasswordCost): string =>
  `scrypt$${N}$${r}$${p}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/**
 * True if the password belongs to the hash. `null` (no such user) takes the same time and gives false. `isKnown`: the
 * caller has signed in here before and does not wait behind strangers. @throws PasswordsBusy.
 */
export async function isPasswordOf(
  stored: string | null,
  password: string,
  isKnown = false,
  costOfNobody: PasswordCost = PASSWORD_COST,
): Promise<boolean> {
  const [name, N, r, p, salt, hash] = (stored ?? hashOfNobody(costOfNobody)).split('$');
  if (name !== 'scrypt' || !salt || !hash) throw new Error('the password hash in the database is damaged');
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const began = performance.now();
  const derived = await derive(password, { salt: Buffer.from(salt, 'base64url'), cost, isKnown });
  lastCheckMs = performance.now() - began;
  const isEqual = timingSafeEqual(derived, Buffer.from(hash, 'base64url'));
  return isEqual && stored !== null;
}

/** Waits as long as checking a password takes now, without doing the work. */
export function waitAsForPassword(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, lastCheckMs));
}

const READABLE = '23456789abcdefghjkmnpqrstuvwxyz';
const GROUPS = 5;
const GROUP_LENGTH = 5;

/** 25 letters and digits, without those that look alike, in groups that can be read aloud: about 123 bits. */
export function makePassword(): string {
  const group = (): string =>
    Array.from({ length: GROUP_LENGTH }, () => READABLE[randomInt(READABLE.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}
