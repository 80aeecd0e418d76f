/**
 * The words that people type into a case lie in the database as ciphertext under the case's own key (AES-256-GCM,
 * NIST SP 800-38D), and nobody reads them any more once that key is destroyed with the case. Numbers of patients and
 * of studies are kept as keyed hashes, which can be compared and not turned back.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { ManyKeys } from '../pipeline/study-key.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `place`: the kind of text or file, and its row. It opens there alone. */
export type CaseCipher = {
  seal(place: string, content: string | Uint8Array): Uint8Array;
  /** Null: it was changed, or belongs elsewhere. */
  open(place: string, sealed: Uint8Array): Buffer | null;
};

export type CaseSeal = {
  /** The new key's wrapped form, for the database. */
  create(caseId: string): Promise<Uint8Array>;
  createAll(caseIds: readonly string[]): Promise<NewCaseKey[]>;
  /** Null: the key is gone. */
  cipherOf(caseId: string, wrapped: Uint8Array): CaseCipher | null;
  /** For ever. */
  destroy(wrapped: Uint8Array): Promise<void>;
  /** Destroys the keys of cases that are gone, left behind by a gateway that was killed. */
  sweep(named: readonly Uint8Array[]): Promise<void>;
  /** The keyed hash of a number. A Patient ID is of one person under one issuer, if the PACS names any. */
  print(kind: 'patient-id' | 'accession-number', value: string, issuer?: string | null): string;
};

/** `wrapped`: for the database. */
export type NewCaseKey = { readonly wrapped: Uint8Array; readonly cipher: CaseCipher };

/** `secret`: 32 bytes. */
export function createCaseSeal(keys: ManyKeys, secret: Uint8Array): CaseSeal {
  return {
    create: (caseId) => keys.create(caseId),
    async createAll(caseIds) {
      const made = await keys.createAll(caseIds);
      return made.map(({ wrapped, key }) => ({ wrapped, cipher: createCipher(key) }));
    },
    cipherOf(caseId, wrapped) {
      const key = keys.unwrap(caseId, wrapped);
      return key && createCipher(key);
    },
    destroy: (wrapped) => keys.destroy(wrapped),
    sweep: (named) => keys.sweep(named),
    print: (kind, value, issuer = null) =>
      createHmac('sha256', secret)
        .update(`${kind}\0${value}${issuer === null ? '' : `\0${issuer}`}`)
        .digest('hex'),
  };
}

/** `key`: 32 bytes. */
export function createCipher(key: Uint8Array): CaseCipher {
  return {
    seal(place, content) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
      const bytes = Buffer.from(content as Uint8Array);
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    },
    open(place, sealed) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        }).setAAD(Buffer.from(place));
        decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
        const opened = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
        return Buffer.concat([opened, decipher.final()]);
      } catch {
        return null;
      }
    },
  };
}

/** Crockford's Base32: no letter that reads as a digit, and hardly a word. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Forty bits: among 100 000 patients one pair in 200 sites shares one, and it opens nothing. */
const PSEUDONYM_LETTERS = 8;

/** From the keyed hash of a Patient ID, for people: `P-7QF2-M9XK`. */
export function pseudonymOf(print: string): string {
  const bits = BigInt(`0x${print.slice(0, 10)}`);
  const letters = Array.from(
    { length: PSEUDONYM_LETTERS },
    (_, at) => LETTERS[Number((bits >> BigInt(5 * at)) & 31n)],
  ).join('');
  return `P-${letters.slice(0, 4)}-${letters.slice(4)}`;
}
