/** Whether a policy can be carried out, by the same rules that carry it out. */
import { createRules, settingsOf } from '#shared/deid/rules.ts';
import type { PolicyDocument } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';

/**
 * The reasons why `createRules` refuses. An option's name that is not in the standard is not repeated, as it may be any
 * text.
 */
const IMPOSSIBLE = {
  'unknown-option': () => 'PS3.15 E.3 has no option of a name that it gives.',
  'option-not-available': (option: string) => `The option ${option} cannot be carried out yet.`,
  'attribute-not-allowed': (tag: string) =>
    `No rule may change the attribute ${tag}: an instance is known by it, or says by it that it was de-identified.`,
} as const;

/** @throws Problem policy-not-possible: no rules carry the policy out. */
export function requirePossible(policy: PolicyDocument): void {
  const made = policy.deidentify ? createRules(policy.options, settingsOf(policy)) : null;
  if (made?.kind === 'refused')
    throw new Problem('policy-not-possible', IMPOSSIBLE[made.because](made.option));
}
