/**
 * The rules of a policy, made once for all instances that one account sends under it. Rules remember what they found in
 * instances, and that is forgotten with the next account or policy. So a thread holds nothing of other accounts, and no
 * more than one set of rules.
 */
import type { PolicyRules } from '../plan/pipeline-tools.ts';
import { toVerifyRules, type VerifyRules } from './verify-instance.ts';

/** Throws where the policy's rules are not possible. */
type RulesInUse = (account: string, policy: PolicyRules) => Promise<VerifyRules>;

export function createRulesInUse(): RulesInUse {
  let last: { readonly name: string; readonly rules: VerifyRules } | null = null;
  return async (account, policy) => {
    const name = JSON.stringify([account, policy]);
    if (last?.name === name) return last.rules;
    last = null;
    const rules = await toVerifyRules(policy);
    last = { name, rules };
    return rules;
  };
}
