/**
 * Stores the gateway's answer about policies, so that studies can be prepared offline. The key of a policy arrives
 * wrapped to this device's own key pair and is unwrapped into a key that no script can read back
 * (transfer/wrapped-key.ts). The pair is stored next to the device's key, and is equally unreadable.
 */
import type { PolicyAnswer } from '#shared/protocol/api.ts';
import {
  createDevicePair,
  nameDevicePair,
  unwrapPolicyKey,
  type DevicePair,
} from '#shared/transfer/wrapped-key.ts';
import { forgetLabels, type KnownPolicies, type PolicyKeyHere } from './device-notes.ts';
import type { LocalDatabase } from './local-database.ts';

/** The device's key pair, created on first use. Two tabs that ask at once get the same one. */
async function devicePair(database: LocalDatabase): Promise<DevicePair> {
  const kept = await database.device.get('wrapping-pair');
  if (kept) return kept.value as DevicePair;
  const made = await createDevicePair();
  return database.transaction('rw', database.device, async () => {
    const first = await database.device.get('wrapping-pair');
    if (first) return first.value as DevicePair;
    await database.device.put({ name: 'wrapping-pair', value: made });
    return made;
  });
}

/** The request to the gateway: the path of `GET /upload/policy` with this device's public key. */
export async function policyRequest(database: LocalDatabase): Promise<string> {
  return `/upload/policy?deviceKey=${await nameDevicePair(await devicePair(database))}`;
}

/** Throws PolicyKeyError if a key cannot be unwrapped; the known policies then stay unchanged. */
export async function rememberPolicies(
  database: LocalDatabase,
  answer: PolicyAnswer,
): Promise<KnownPolicies> {
  const pair = await devicePair(database);
  const keys = await Promise.all(
    answer.pseudonymKeys.map(
      async ({ policy, publicKey, tagKey, wrapped }): Promise<[string, PolicyKeyHere]> => [
        policy,
        { publicKey, tagKey, held: wrapped === undefined ? null : await unwrapPolicyKey(wrapped, pair) },
      ],
    ),
  );
  const known: KnownPolicies = {
    policies: answer.policies,
    default: answer.default,
    keys: Object.fromEntries(keys),
    labelHours: answer.labelHours,
    lockMinutes: answer.lockMinutes,
    sealingKey: answer.sealingKey ?? null,
    vault: answer.vault ?? null,
  };
  if (known.labelHours === 0) await forgetLabels(database);
  await database.device.put({ name: 'policies', value: known });
  return known;
}
