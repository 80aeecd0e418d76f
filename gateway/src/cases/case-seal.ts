/**
 * The words that people type into a case are stored encrypted under the case's own key (AES-256-GCM, NIST SP 800-38D),
 * and become unreadable when that key is destroyed with the case. Numbers of patients and studies are stored as keyed
 * hashes, which can be compared but not reversed.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { ManyKeys } from '../pipeline/stores/study-key.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `place`: the kind of text or file, and its row. Content sealed to one place cannot be opened at another. */
export type CaseCipher = {
  seal(place: string, content: string | Uint8Array): Uint8Array;
  /** Null: the content was changed, or was sealed to another place. */
  open(place: string, sealed: Uint8Array): Buffer | null;
};

export type CaseSeal = {
  /** Creates a key and returns its wrapped form, for the database. */
  create(caseId: string): Promise<Uint8Array>;
  createAll(caseIds: readonly string[]): Promise<NewCaseKey[]>;
  /** Null: the key is gone. */
  cipherOf(caseId: string, wrapped: Uint8Array): CaseCipher | null;
  /** Destroys the key for ever. */
  destroy(wrapped: Uint8Array): Promise<void>;
  /** Destroys keys of cases that no longer exist, left behind by a killed gateway. */
  sweep(named: readonly Uint8Array[]): Promise<void>;
  /**
   * The keyed hash of a number. A Patient ID identifies a person only together with its issuer, if the PACS names one.
   */
  print(kind: 'patient-id' | 'accession-number', value: string, issuer?: string | null): string;
};

/** `wrapped`: the key's form for the database. */
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

/** Crockford's Base32: it has no letters that look like digits, and rarely spells a word. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/**
 * Forty bits: with 100 000 patients per site, about one site in 200 has two patients with the same pseudonym. A
 * pseudonym opens nothing.
 */
const PSEUDONYM_LETTERS = 8;

/** A pseudonym for people to read, made from the keyed hash of a Patient ID: `P-7QF2-M9XK`. */
export function pseudonymOf(print: string): string {
  const bits = BigInt(`0x${print.slice(0, 10)}`);
  const letters = Array.from(
    { length: PSEUDONYM_LETTERS },
    (_, at) => LETTERS[Number((bits >> BigInt(5 * at)) & 31n)],
  ).join('');
  return `P-${letters.slice(0, 4)}-${letters.slice(4)}`;
}
