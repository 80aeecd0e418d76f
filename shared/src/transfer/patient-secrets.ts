/**
 * The secrets of patients, from which their pseudonyms are made (deid/pseudonyms.ts). A secret is the output of the
 * oblivious function (oblivious-prf.ts) for the patient's key under the key of a policy. A device that holds the
 * policy's key computes it; any other device asks the gateway, which learns nothing about the patient. Both get the
 * same secret.
 *
 * Each source remembers its answers, so a patient costs one evaluation.
 */
import { BoundedMemo, bytesOfTexts } from '../bounded-memo.ts';
import { parseBase64Url, toBase64Url } from './base64url.ts';
import { blindInputs, evaluateDirectly, importEvaluationKey, openEvaluated } from './oblivious-prf.ts';
import type { PolicyKey } from './policy-key.ts';

/** The source of secrets for `createPseudonyms`. `patient`: the key from `patient-key.ts`. */
export interface PatientSecrets {
  secretOf(patient: string): Promise<CryptoKey>;
}

/** A policy's key on a device that holds it (wrapped-key.ts). */
interface HeldKey {
  readonly key: CryptoKey;
  /** The public key of the pair: a compressed point of 33 bytes. */
  readonly publicKey: Uint8Array;
}

/** `POST /upload/pseudonyms`, all in base64url. */
interface AskedElements {
  readonly blinded: readonly string[];
}
interface AnsweredElements {
  readonly evaluated: readonly string[];
  readonly proof: string;
}
/** Sends elements to the gateway, at most PSEUDONYMS_AT_ONCE per request (protocol/limits.ts). */
export type AskElements = (asked: AskedElements) => Promise<AnsweredElements>;

/** Enough for some 8 000 secrets; a day's work has a few hundred patients. */
const REMEMBERED_BYTES = 8 * 1024 ** 2;
const SECRET_BYTES = 1_000;

/** Secrets for a device that holds the policy's key. */
export function createHeldSecrets({ key, publicKey }: HeldKey): PatientSecrets {
  return remembering(async (patient) => toSecret(await evaluateDirectly(key, publicKey, toInput(patient))));
}

/** Secrets for a caller that has the policy's key itself. */
export async function secretsUnder({ pair }: PolicyKey): Promise<PatientSecrets> {
  return createHeldSecrets({ key: await importEvaluationKey(pair), publicKey: pair.publicKey });
}

/** Secrets that the caller has already fetched. Rejects for any other patient. */
export function createGivenSecrets(given: ReadonlyMap<string, CryptoKey>): PatientSecrets {
  return {
    async secretOf(patient) {
      const secret = given.get(patient);
      if (secret === undefined) throw new Error('a patient was not asked about');
      return secret;
    },
  };
}

/** Secrets for a caller that asks for each new patient with a request of its own. Rejects as `ask` does. */
export function createAskedSecrets(ask: AskElements, publicKey: Uint8Array): PatientSecrets {
  return remembering(async (patient) => {
    const asked = blindPatients([patient]);
    const answer = await ask({ blinded: asked.map(({ element }) => element) });
    return (await openSecrets(asked, answer, publicKey)).get(patient)!;
  });
}

/**
 * A patient in a request to the gateway. The gateway sees only `element`, in base64url; `blind` stays on the device.
 */
export interface AskedPatient {
  readonly patient: string;
  readonly blind: Uint8Array;
  readonly element: string;
}

export function blindPatients(patients: readonly string[]): AskedPatient[] {
  return blindInputs(patients.map(toInput)).map(({ blind, blinded }, at) => ({
    patient: patients[at]!,
    blind,
    element: toBase64Url(blinded),
  }));
}

/**
 * The secrets, by patient. Throws ObliviousPrfError if the answer is malformed or was not made with the published key.
 */
export async function openSecrets(
  asked: readonly AskedPatient[],
  { evaluated, proof }: AnsweredElements,
  publicKey: Uint8Array,
): Promise<Map<string, CryptoKey>> {
  const outputs = openEvaluated(
    asked.map(({ patient, blind, element }) => ({
      input: toInput(patient),
      blind,
      blinded: parseBase64Url(element),
    })),
    { evaluated: evaluated.map(parseBase64Url), proof: parseBase64Url(proof) },
    publicKey,
  );
  const secrets = await Promise.all(outputs.map(toSecret));
  return new Map(asked.map(({ patient }, at) => [patient, secrets[at]!]));
}

function toInput(patient: string): Uint8Array {
  return new TextEncoder().encode(patient);
}

function toSecret(output: Uint8Array): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' } as const;
  return crypto.subtle.importKey('raw', new Uint8Array(output), algorithm, false, ['sign']);
}

/** Remembers the secrets that `make` returns, but no failures. */
function remembering(make: (patient: string) => Promise<CryptoKey>): PatientSecrets {
  const known = new BoundedMemo<string, Promise<CryptoKey>>(
    REMEMBERED_BYTES,
    (patient) => bytesOfTexts(patient) + SECRET_BYTES,
  );
  return {
    secretOf(patient) {
      const before = known.get(patient);
      if (before !== undefined) return before;
      const made = make(patient).catch((error: unknown) => {
        known.delete(patient);
        throw error;
      });
      known.set(patient, made);
      return made;
    },
  };
}
