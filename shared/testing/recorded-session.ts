/**
 * A guesser with a record of a session (requests, answers, rows of both databases, logs) and a list of Patient IDs:
 * everything that can be computed of a candidate without the policy's key, looked for in the record; and with the key,
 * the pseudonym.
 */
import { hash } from 'node:crypto';
import { createPseudonyms, createRequests, toIdentifier } from '#shared/deid/pseudonyms.ts';
import { patientKeyOf } from '#shared/deid/patient-key.ts';
import { secretsUnder } from '#shared/transfer/patient-secrets.ts';
import type { PolicyKey } from '#shared/transfer/policy-key.ts';

/** Candidates as hospitals number: `MRN` and six digits. */
export const candidateId = (number: number): string => `MRN${String(number).padStart(6, '0')}`;

/** The parts of a policy's key that every device and eavesdropper has. */
export type PublicPart = { readonly publicKey: Uint8Array; readonly tagKey: Uint8Array };

const BLOCK_BYTES = 64;
const PURPOSES = ['', 'relaypacs patient\0', 'relaypacs identifier\0', 'relaypacs uid\0'];
type Mac = (message: string) => Buffer;

/** HMAC-SHA-256 (RFC 2104) by one-shot hashes: four times as fast for messages this short. */
function macUnder(key: Uint8Array): Mac {
  const padded = (byte: number): Buffer => {
    const block = Buffer.alloc(BLOCK_BYTES, byte);
    for (const [at, each] of key.entries()) block[at]! ^= each;
    return block;
  };
  const inner = padded(0x36);
  const outer = padded(0x5c);
  const digest = (...parts: Buffer[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');
  return (message) => digest(outer, digest(inner, Buffer.from(message)));
}

/** The bytes that anybody can compute of a text: itself, digests, and MACs under all that is known. */
function* derived(text: string, macs: readonly Mac[]): Generator<Buffer> {
  const digest = hash('sha256', text, 'buffer');
  yield digest;
  yield hash('sha1', text, 'buffer');
  yield hash('md5', text, 'buffer');
  for (const mac of [...macs, macUnder(digest)]) for (const purpose of PURPOSES) yield mac(purpose + text);
}

/** The forms in which a record would hold bytes; of a MAC also the pseudonym that begins with it. */
function formsOf(bytes: Buffer): string[] {
  const whole = [
    bytes.toString('latin1'),
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
  ];
  const pseudonym = bytes.length < 16 ? '' : toIdentifier(bytes.subarray(0, 16)).slice(0, 3 + 15);
  return [...whole, bytes.toString('base64url'), ...(pseudonym === '' ? [] : [pseudonym])];
}

const HEX = /(?=([0-9a-f]{8}))/g;
const BASE_64 = /(?=([A-Za-z0-9+/_-]{6}))/g;
/** 23 bits: `toIdentifier` writes 128 bits in 26 letters of five. */
const IDENTIFIER = /RP-([0-9A-HJKMNP-TV-Z]{5})/g;
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Whether bytes that begin with these 32 bits may be in the record, in any form: millions are asked about. */
function createScreen(record: string): (first: number) => boolean {
  const bytes = Buffer.from(record, 'latin1');
  const raw = new Set<number>();
  for (let at = 0; at + 4 <= bytes.length; at += 1) raw.add(bytes.readUInt32BE(at));
  const found = (form: RegExp, read: (text: string) => number): Set<number> =>
    new Set([...record.matchAll(form)].map(([, text]) => read(text!)));
  const hex = found(HEX, (text) => Number.parseInt(text, 16));
  const base64 = found(BASE_64, (text) => Buffer.from(text, 'base64url').readUInt32BE(0));
  const identifiers = found(IDENTIFIER, (text) =>
    [...text].reduce((number, letter) => number * 32 + CROCKFORD.indexOf(letter), 0),
  );
  return (first) => raw.has(first) || hex.has(first) || base64.has(first) || identifiers.has(first >>> 9);
}

/** The candidates of which anything is in the record. */
export function foundWithoutKey(
  record: string,
  candidates: readonly string[],
  { publicKey, tagKey }: PublicPart,
): string[] {
  const macs = [publicKey, tagKey, new Uint8Array(32)].map(macUnder);
  const mayHold = createScreen(record);
  // Each form is looked up by its first eight characters: a record is searched once, not once for each of millions.
  const beginnings = new Set<string>();
  for (let at = 0; at + 8 <= record.length; at += 1) beginnings.add(record.slice(at, at + 8));
  const isThere = (form: string): boolean => beginnings.has(form.slice(0, 8)) && record.includes(form);
  return candidates.filter((candidate) => {
    const texts = [candidate, patientKeyOf({ id: candidate, issuer: '' }, 'id')!];
    const plain = [...texts, ...texts.flatMap((text) => formsOf(Buffer.from(text)))];
    return (
      plain.some(isThere) ||
      texts.some((text) => {
        for (const bytes of derived(text, macs))
          if (mayHold(bytes.readUInt32BE(0)) && formsOf(bytes).some(isThere)) return true;
        return false;
      })
    );
  });
}

/** The candidates whose pseudonym, under this key, is in the record. */
export async function foundWithKey(
  record: string,
  candidates: readonly string[],
  key: PolicyKey,
): Promise<string[]> {
  const pseudonyms = await createPseudonyms(await secretsUnder(key), key.tagKey);
  const found: string[] = [];
  for (const candidate of candidates) {
    const patient = patientKeyOf({ id: candidate, issuer: '' }, 'id')!;
    const made = await pseudonyms.resolve(createRequests(patient));
    if (record.includes(made.patient(patient))) found.push(candidate);
  }
  return found;
}
