/**
 * Keyed pseudonyms: UIDs, identifiers and date shifts are computed from the original and a secret of the patient. The
 * secret is computed from the Patient ID and the policy's key (transfer/patient-secrets.ts). The same original gives
 * the same pseudonym on every device, today and tomorrow, and a different one under another key. Without the key
 * nobody can compute pseudonyms from a list of guesses.
 *
 * Replaced UIDs and identifiers carry a tag made with a separate key. Whoever holds that key can recognise a
 * pseudonym, but not reverse it. So de-identifying twice changes nothing, and the gateway can tell a replaced UID from
 * one that slipped through. No pseudonym can be reversed to its original.
 */
import { BoundedMemo, bytesOfTexts } from '../bounded-memo.ts';
import { PATIENTS_LIMIT, patientIdOf } from './patient-key.ts';

/**
 * 80 bits of HMAC-SHA-256 stand for the original. Among 2^32 UIDs of one project, the chance that two collide is 1 in
 * 130 000.
 */
const NAME_BYTES = 10;
/**
 * The tag is 48 bits of HMAC-SHA-256 over those 80. A foreign UID passes for one of ours with a chance of 1 in 2^48.
 */
const TAG_BYTES = 6;
const PSEUDONYM_BYTES = NAME_BYTES + TAG_BYTES;
/**
 * PS3.5 §B.2: "2.25." and a 128 bit number in decimal. That is at most 44 of the 64 characters that a UID may have.
 */
const UID_ROOT = '2.25.';
const IDENTIFIER_PREFIX = 'RP-';
/** Crockford's base 32: no I, L, O, U, so that it can be read aloud. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const IDENTIFIER = /^RP-[0-9A-HJKMNP-TV-Z]{26}$/;
/**
 * A date moves back by 30 to 3 679 days. A shift of less than a month would leave a study close to its real week; a
 * shift of more than ten years would make ages and devices look wrong.
 */
const DAYS_LEAST = 30;
const DAYS_RANGE = 3650;
/** Enough for some 50 000 pseudonyms; a whole-body study has 5 000 UIDs. */
const REMEMBERED_BYTES = 16 * 1024 ** 2;
/**
 * The most distinct UIDs, or identifiers, of one instance. An enhanced object of 5 000 frames names some 20 000. Each
 * costs three computations, and a header of 64 MiB could name millions.
 */
export const PSEUDONYMS_LIMIT = 50_000;
/** The most characters of a patient's key. LO holds 64; the function of RFC 9497 accepts 65 535 bytes. */
const PATIENT_KEY_LIMIT = 4096;
/** How many are computed concurrently. Each pending computation takes memory in the engine. */
const SIDE_BY_SIDE = 256;

const ENCODER = new TextEncoder();

/**
 * The pseudonyms that one instance needs, collected in advance because WebCrypto is asynchronous and rewriting is not.
 */
export interface PseudonymRequests {
  /**
   * The key of the instance's own patient (patient-key.ts), whose secret makes the UIDs, identifiers and date shifts.
   */
  readonly patient: string;
  readonly uids: Set<string>;
  readonly identifiers: Set<string>;
  /** The keys of all patients whose pseudonym is needed. */
  readonly patients: Set<string>;
}

/** Notes an original. Beyond the limit, only one more is noted, which is enough to detect the excess. */
export function request(originals: Set<string>, original: string): void {
  if (originals.size <= PSEUDONYMS_LIMIT) originals.add(original);
}

/** Whether there are more than may be resolved. Called for each element of a header, so it allocates nothing. */
export function areTooMany({ patient, uids, identifiers, patients }: PseudonymRequests): boolean {
  if (uids.size > PSEUDONYMS_LIMIT || identifiers.size > PSEUDONYMS_LIMIT) return true;
  if (patients.size > PATIENTS_LIMIT || patient.length > PATIENT_KEY_LIMIT) return true;
  for (const key of patients) if (key.length > PATIENT_KEY_LIMIT) return true;
  return false;
}

/** The answers to one `PseudonymRequests`. Each method throws for an original that was not requested. */
export interface ResolvedPseudonyms {
  /** A UID below 2.25. A UID that is already a pseudonym under this key is returned unchanged. */
  uid(original: string): string;
  /** `RP-` and 26 characters. An identifier that is already a pseudonym under this key is returned unchanged. */
  identifier(original: string): string;
  /**
   * The pseudonym for a patient's key, in the form of an identifier. A Patient ID that is already a pseudonym under
   * this key is returned unchanged.
   */
  patient(key: string): string;
}

export interface Pseudonyms {
  resolve(requests: PseudonymRequests): Promise<ResolvedPseudonyms>;
  /** The number of days, whole and negative, by which the dates of this patient move. */
  dayOffset(patient: string): Promise<number>;
  /**
   * HMAC of an original's SHA-256, both in hex, under its patient's secret. It identifies the original in the manifest
   * without revealing its digest.
   */
  originalDigest(sha256: string, patient: string): Promise<string>;
}

/** The secrets of patients, by patient key: HMAC keys of 32 bytes. Rejects if a secret cannot be obtained. */
interface PatientSecrets {
  secretOf(patient: string): Promise<CryptoKey>;
}

/** Whether the text has the form of a pseudonym. `resolve` checks under which key it was made. */
export function isIdentifierPseudonym(text: string): boolean {
  return IDENTIFIER.test(text);
}

export function createRequests(patient: string): PseudonymRequests {
  return { patient, uids: new Set(), identifiers: new Set(), patients: new Set([patient]) };
}

/** Imports 32 bytes or more as a non-extractable key. Throws RangeError for fewer. */
export async function importHmacKey(bytes: Uint8Array): Promise<CryptoKey> {
  if (bytes.length < 32) throw new RangeError('the key has fewer than 32 bytes');
  return crypto.subtle.importKey('raw', new Uint8Array(bytes), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
}

/** `tagKey`: 32 bytes that are used for nothing else. */
export async function createPseudonyms(secrets: PatientSecrets, tagKey: Uint8Array): Promise<Pseudonyms> {
  return new KeyedPseudonyms(secrets, await importHmacKey(tagKey));
}

/**
 * Pseudonyms for checking whether an instance has any left to make. An existing pseudonym is returned unchanged, and
 * anything else becomes a text that no value has.
 */
export async function createTagCheck(tagKey: Uint8Array): Promise<Pseudonyms> {
  return new KeyedPseudonyms(null, await importHmacKey(tagKey));
}

/** Placeholder for a pseudonym that was not made. */
const NOT_MADE = '\ufffd';

type Kind = 'uid' | 'identifier' | 'patient';

class KeyedPseudonyms implements Pseudonyms {
  readonly #secrets: PatientSecrets | null;
  readonly #tagKey: CryptoKey;
  readonly #made = new BoundedMemo<string, string>(REMEMBERED_BYTES, bytesOfTexts);

  constructor(secrets: PatientSecrets | null, tagKey: CryptoKey) {
    this.#secrets = secrets;
    this.#tagKey = tagKey;
  }

  async resolve({ patient, uids, identifiers, patients }: PseudonymRequests): Promise<ResolvedPseudonyms> {
    const [uid, identifier, named] = await Promise.all([
      this.#lookUp('uid', uids, () => patient),
      this.#lookUp('identifier', identifiers, () => patient),
      this.#lookUp('patient', patients, (key) => key),
    ]);
    return {
      uid: (original) => answer(uid, original),
      identifier: (original) => answer(identifier, original),
      patient: (key) => answer(named, key),
    };
  }

  async dayOffset(patient: string): Promise<number> {
    if (this.#secrets === null) return -DAYS_LEAST;
    const name = `days ${patient}`;
    const known = this.#made.get(name);
    if (known !== undefined) return Number(known);
    const mac = await macOf(await this.#secrets.secretOf(patient), 'days', '');
    const days = -(DAYS_LEAST + (new DataView(mac.buffer).getUint32(0) % DAYS_RANGE));
    this.#made.set(name, String(days));
    return days;
  }

  async originalDigest(sha256: string, patient: string): Promise<string> {
    if (this.#secrets === null) throw new Error('there are no secrets to make a digest with');
    return toHex(await macOf(await this.#secrets.secretOf(patient), 'original', sha256));
  }

  async #lookUp(
    kind: Kind,
    originals: ReadonlySet<string>,
    patientOf: (original: string) => string,
  ): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    const all = [...originals];
    for (let at = 0; at < all.length; at += SIDE_BY_SIDE) {
      const some = all.slice(at, at + SIDE_BY_SIDE);
      await Promise.all(
        some.map(async (original) =>
          found.set(original, await this.#lookUpOne(kind, original, patientOf(original))),
        ),
      );
    }
    return found;
  }

  async #lookUpOne(kind: Kind, original: string, patient: string): Promise<string> {
    const name = `${kind} ${patient} ${original}`;
    const before = this.#made.get(name);
    if (before !== undefined) return before;
    const made = await this.#make(kind, original, patient);
    this.#made.set(name, made);
    return made;
  }

  async #make(kind: Kind, original: string, patient: string): Promise<string> {
    const value = kind === 'patient' ? patientIdOf(original) : original;
    const form = kind === 'uid' ? 'uid' : 'identifier';
    const bytes = form === 'uid' ? fromUid(value) : fromIdentifier(value);
    if (bytes !== null && (await isTagged(this.#tagKey, form, bytes))) return value;
    if (this.#secrets === null) return NOT_MADE;
    const secret = await this.#secrets.secretOf(patient);
    // A patient's pseudonym needs no input but their own secret.
    const name = (await macOf(secret, kind, kind === 'patient' ? '' : original)).subarray(0, NAME_BYTES);
    const made = new Uint8Array([...name, ...(await tagOf(this.#tagKey, form, name))]);
    return form === 'uid' ? toUid(made) : toIdentifier(made);
  }
}

async function macOf(
  key: CryptoKey,
  purpose: string,
  message: string | Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const label = ENCODER.encode(`relaypacs ${purpose}\0`);
  const bytes = typeof message === 'string' ? ENCODER.encode(message) : message;
  const input = new Uint8Array(label.length + bytes.length);
  input.set(label);
  input.set(bytes, label.length);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, input));
}

async function tagOf(key: CryptoKey, form: string, name: Uint8Array): Promise<Uint8Array> {
  return (await macOf(key, `${form} tag`, name)).subarray(0, TAG_BYTES);
}

/** `bytes`: the 16 bytes of a pseudonym. */
async function isTagged(key: CryptoKey, form: string, bytes: Uint8Array): Promise<boolean> {
  const tag = await tagOf(key, form, bytes.subarray(0, NAME_BYTES));
  return tag.every((byte, index) => byte === bytes[NAME_BYTES + index]);
}

function answer(found: ReadonlyMap<string, string>, original: string): string {
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

/** The number as 16 bytes; null if it needs more. */
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

/** Writes these 16 bytes as an identifier pseudonym. */
export function toIdentifier(bytes: Uint8Array): string {
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
