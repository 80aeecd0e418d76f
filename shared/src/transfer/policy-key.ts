/**
 * The key of a policy, which makes the secrets of patients (patient-secrets.ts). A gateway keeps one secret and derives
 * the keys of all policies from it.
 */
import { deriveEvaluationPair, type EvaluationPair } from './oblivious-prf.ts';

const SECRET_BYTES = 32;
const ENCODER = new TextEncoder();

/** Names a policy's key. Versions of the policy with the same number share it. */
export interface NamedKey {
  readonly name: string;
  readonly key: number;
}

/** `pair` makes the secrets of patients. `tagKey`, 32 bytes, marks pseudonyms made with them and cannot reverse one. */
export interface PolicyKey {
  readonly pair: EvaluationPair;
  readonly tagKey: Uint8Array;
}

/**
 * Derives the key of a policy from the gateway's one secret of 32 bytes or more. Throws RangeError for a shorter
 * secret, which could be guessed.
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

/** Which key a version of a policy uses: number 1 unless the version names another. */
export function keyNameOf({
  name,
  key = 1,
}: {
  readonly name: string;
  readonly key?: number | undefined;
}): NamedKey {
  return { name, key };
}
