/**
 * The gateway's answer about policies, kept so that a study can be taken in while offline. The project key
 * comes wrapped to a pair of this device's own and is opened into a key that no script can read back
 * (transfer/project-key.ts); the pair lies beside the device's key, as unreadable.
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

/** Made on first use. Two tabs that ask at once get the same one. */
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

/** What is asked of the gateway: the path of `GET /upload/policy` with this device's public key. */
export async function policyRequest(database: LocalDatabase): Promise<string> {
  return `/upload/policy?deviceKey=${await nameDevicePair(await devicePair(database))}`;
}

/** Throws ProjectKeyError where the project key does not open: what was known before stays known. */
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
