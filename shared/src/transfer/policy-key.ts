/**
 * The key of a policy, under which the secrets of patients are made (patient-secrets.ts). A gateway keeps one
 * secret, of which the keys of all policies are functions.
 */
import { deriveEvaluationPair, type EvaluationPair } from './oblivious-prf.ts';

const SECRET_BYTES = 32;
const ENCODER = new TextEncoder();

/** A policy's key: versions with the same number share it. */
export interface NamedKey {
  readonly name: string;
  readonly key: number;
}

/** `pair` makes the secrets of patients; `tagKey`, 32 bytes, marks what was made with them and reverses nothing. */
export interface PolicyKey {
  readonly pair: EvaluationPair;
  readonly tagKey: Uint8Array;
}

/**
 * The key of a policy, of the secret (32 bytes or more) that a gateway keeps for all of them. Throws RangeError
 * for a shorter one: it could be guessed.
 */
export async function derivePolicyKey(root: Uint8Array, { name, key }: NamedKey): Promise<PolicyKey> {
  if (root.length < SECRET_BYTES) throw new RangeError('the key has fewer than 32 bytes');
  const secret = await crypto.subtle.importKey('raw', new Uint8Array(root), 'HKDF', false, ['deriveBits']);
  const derived = async (purpose: string) => {
    const info = ENCODER.encode(`relaypacs ${purpose} ${name} ${key}`);
    const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
    return new Uint8Array(await crypto.subtle.deriveBits(how, secret, SECRET_BYTES * 8));
  };
  const seed = await derived('pseudonyms');
  return { pair: deriveEvaluationPair(seed, 'relaypacs policy'), tagKey: await derived('pseudonym tags') };
}

/** The key of a version of a policy: 1 unless it says otherwise. */
export function keyNameOf({
  name,
  key = 1,
}: {
  readonly name: string;
  readonly key?: number | undefined;
}): NamedKey {
  return { name, key };
}
