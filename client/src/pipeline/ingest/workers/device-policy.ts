/** Turns the policy in a task into rules and pseudonyms, once for each policy, because both are expensive to create. */
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules } from '#shared/deid/rules.ts';
import { parseBase64Url } from '#shared/transfer/base64url.ts';
import { createGivenSecrets, createHeldSecrets } from '#shared/transfer/patient-secrets.ts';
import type { DeidentifyingTask, PolicyForTask } from './device-tasks.ts';
import type { DevicePolicy } from '#shared/ingest/ingest-file.ts';
import { createIdentitySealer } from '#shared/ingest/seal-identities.ts';

export interface PolicyCache {
  /** Throws if this device cannot carry out the policy. */
  resolve(policy: PolicyForTask): Promise<DevicePolicy>;
}

/** The rules and pseudonyms of the last policy. `given` grows with each patient about whom the gateway was asked. */
type Made = {
  readonly asked: string;
  readonly given: Map<string, CryptoKey>;
  readonly policy: Promise<DevicePolicy>;
};

export function createPolicyCache(): PolicyCache {
  let last: Made | null = null;
  return {
    async resolve(policy) {
      if (policy.kind === 'identified') return policy;
      const { options, settings, publicKey, tagKey, secrets, vault } = policy;
      const asked = JSON.stringify([options, settings, publicKey, tagKey, secrets.kind, vault]);
      if (last?.asked !== asked) {
        const given = new Map<string, CryptoKey>();
        last = { asked, given, policy: make(policy, given) };
      }
      if (secrets.kind === 'given')
        for (const [patient, secret] of secrets.of) last.given.set(patient, secret);
      return last.policy;
    },
  };
}

async function make(
  { options, settings, publicKey, tagKey, secrets, vault }: DeidentifyingTask,
  given: ReadonlyMap<string, CryptoKey>,
): Promise<DevicePolicy> {
  const rules = createRules(options, settings);
  if (rules.kind === 'refused') throw new Error(`this device cannot carry out the option ${rules.option}`);
  const source =
    secrets.kind === 'held'
      ? createHeldSecrets({ key: secrets.key, publicKey: parseBase64Url(publicKey) })
      : createGivenSecrets(given);
  const pseudonyms = await createPseudonyms(source, parseBase64Url(tagKey));
  const sealIdentity = vault === null ? undefined : createIdentitySealer(vault);
  return { kind: 'deidentified', rules: rules.rules, pseudonyms, sealIdentity };
}
