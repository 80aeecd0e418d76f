/**
 * Stores the gateway's answer about policies, so that studies can be prepared offline. The project key comes
 * wrapped to this device's own key pair and is opened into a key that no script can read back
 * (transfer/project-key.ts). The pair is stored next to the device's key, equally unreadable.
 */
import type { PolicyAnswer } from '#shared/protocol/api.ts';
import {
  createDevicePair,
  nameDevicePair,
  unwrapProjectKey,
  type DevicePair,
} from '#shared/transfer/project-key.ts';
import type { KnownPolicies } from './device-notes.ts';
import type { LocalDatabase } from './local-database.ts';

/** Created on first use. Two tabs that ask at once get the same one. */
async function devicePair(database: LocalDatabase): Promise<DevicePair> {
  const kept = await database.device.get('project-pair');
  if (kept) return kept.value as DevicePair;
  const made = await createDevicePair();
  return database.transaction('rw', database.device, async () => {
    const first = await database.device.get('project-pair');
    if (first) return first.value as DevicePair;
    await database.device.put({ name: 'project-pair', value: made });
    return made;
  });
}

/** The request to the gateway: the path of `GET /upload/policy` with this device's public key. */
export async function policyRequest(database: LocalDatabase): Promise<string> {
  return `/upload/policy?deviceKey=${await nameDevicePair(await devicePair(database))}`;
}

/** Throws ProjectKeyError if the project key does not open; the known policies then stay unchanged. */
export async function rememberPolicies(
  database: LocalDatabase,
  answer: PolicyAnswer,
): Promise<KnownPolicies> {
  const projectKey =
    answer.projectKey === undefined
      ? null
      : await unwrapProjectKey(answer.projectKey, await devicePair(database));
  const known: KnownPolicies = {
    policies: answer.policies,
    default: answer.default,
    projectKey,
    projectKeyId: answer.projectKeyId ?? null,
    sealingKey: answer.sealingKey ?? null,
  };
  await database.device.put({ name: 'policies', value: known });
  return known;
}
