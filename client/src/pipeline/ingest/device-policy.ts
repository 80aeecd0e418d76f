/**
 * Turns the policy that a task carries into rules and pseudonyms, once for each policy: both are expensive to
 * make.
 */
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules } from '#shared/deid/rules.ts';
import type { PolicyForTask } from './device-tasks.ts';
import type { DevicePolicy } from './ingest-file.ts';

export interface PolicyCache {
  /** Throws where this device cannot carry out the policy. */
  resolve(policy: PolicyForTask): Promise<DevicePolicy>;
}

export function createPolicyCache(): PolicyCache {
  let last: { asked: string; projectKey: CryptoKey; policy: DevicePolicy } | null = null;
  return {
    async resolve(policy) {
      if (policy.kind === 'identified') return { kind: 'identified' };
      const asked = JSON.stringify([policy.options, policy.rules]);
      if (last?.asked === asked && last.projectKey === policy.projectKey) return last.policy;
      const rules = createRules(policy.options, policy.rules);
      if (rules.kind === 'refused')
        throw new Error(`this device cannot carry out the option ${rules.option}`);
      const made: DevicePolicy = {
        kind: 'deidentified',
        rules: rules.rules,
        pseudonyms: await createPseudonyms(policy.projectKey),
      };
      last = { asked, projectKey: policy.projectKey, policy: made };
      return made;
    },
  };
}
