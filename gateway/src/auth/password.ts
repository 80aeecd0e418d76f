/**
 * Passwords at rest: scrypt (RFC 7914), with its parameters stored next to the hash so that they can grow.
 */
import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * OWASP Password Storage Cheat Sheet, scrypt: N=2^15, r=8, p=3. 32 MiB and about 0.2 s each: with 2^17 ten
 * devices that sign in at once would take more than a gigabyte.
 */
const PARAMETERS = { N: 2 ** 15, r: 8, p: 3 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** The cost of a hash (RFC 7914 §2). */
export type Parameters = { readonly N: number; readonly r: number; readonly p: number };

/**
 * Derivations side by side. They run in the same four threads as all files: were there four, a hundred
 * attempts to sign in would hold up every upload for their whole time.
 */
const AT_ONCE = 2;
let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    // The place is handed on, so that nobody slips in between.
    if (next) next();
    else running -= 1;
  }
}

function derive(password: string, salt: Buffer, { N, r, p }: Parameters): Promise<Buffer> {
  // NFKC (NIST SP 800-63B §5.1.1.2): the same characters typed on another keyboard are the same password.
  const text = password.normalize('NFKC');
  return inTurn(
    () =>
      new Promise((resolve, reject) => {
        scrypt(text, salt, HASH_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
          error ? reject(error) : resolve(key),
        );
      }),
  );
}

/** `scrypt$N$r$p$salt$hash`, the last two in base64url. */
export async function hashPassword(password: string, cost: Parameters = PARAMETERS): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, cost);
  const { N, r, p } = cost;
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/**
 * Hash of nothing that anybody can type: compared where there is no such user, so that the answer takes as
 * long.
 */
const NOBODY = `scrypt$${PARAMETERS.N}$${PARAMETERS.r}$${PARAMETERS.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** True when the password belongs to the hash; `null` (no such user) takes the same time and is false. */
export async function isPasswordOf(stored: string | null, password: string): Promise<boolean> {
  const [name, N, r, p, salt, hash] = (stored ?? NOBODY).split('$');
  if (name !== 'scrypt' || !salt || !hash) throw new Error('the password hash in the database is damaged');
  const derived = await derive(password, Buffer.from(salt, 'base64url'), {
    N: Number(N),
    r: Number(r),
    p: Number(p),
  });
  const isEqual = timingSafeEqual(derived, Buffer.from(hash, 'base64url'));
  return isEqual && stored !== null;
}

const READABLE = '23456789abcdefghjkmnpqrstuvwxyz';
const GROUPS = 5;
const GROUP_LENGTH = 5;

/**
 * 25 letters and digits, those that look alike left out, in groups that can be read aloud: about 123 bits.
 */
export function makePassword(): string {
  const group = (): string =>
    Array.from({ length: GROUP_LENGTH }, () => READABLE[randomInt(READABLE.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}
