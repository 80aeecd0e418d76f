/** Prepares a policy for the code of our own clients (shared/src/ingest), which runs it in a thread of the gateway. */
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules } from '#shared/deid/rules.ts';
import type { DevicePolicy } from '#shared/ingest/ingest-file.ts';
import { createIdentitySealer } from '#shared/ingest/seal-identities.ts';
import { secretsUnder, type PatientSecrets } from '#shared/transfer/patient-secrets.ts';
import type { OpeningPolicy } from './open-talk.ts';

/**
 * It is made for each file, because rules and secrets remember values from instances, which belong to this account.
 * `count` is called once for each patient, before any pseudonym is made.
 */
export async function toDevicePolicy(
  policy: OpeningPolicy,
  count: (patient: string) => Promise<unknown>,
): Promise<DevicePolicy> {
  if (policy.kind === 'identified') return policy;
  const { options, settings, pair, tagKey, vault } = policy;
  const made = createRules(options, settings);
  if (made.kind === 'refused') throw new Error(`a policy has rules that cannot be had: ${made.because}`);
  const secrets = counted(await secretsUnder({ pair, tagKey }), count);
  return {
    kind: 'deidentified',
    rules: made.rules,
    pseudonyms: await createPseudonyms(secrets, tagKey),
    ...(vault !== null && { sealIdentity: createIdentitySealer(vault) }),
  };
}

function counted(secrets: PatientSecrets, count: (patient: string) => Promise<unknown>): PatientSecrets {
  const asked = new Map<string, Promise<unknown>>();
  return {
    async secretOf(patient) {
      const said = asked.get(patient) ?? count(patient);
      asked.set(patient, said);
      await said;
      return secrets.secretOf(patient);
    },
  };
}
