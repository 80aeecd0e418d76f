/** The policy under which the chosen studies are read and sent. */
import type { Policy } from '#shared/protocol/api.ts';
import type { KnownPolicies } from '../queue/rows/device-notes.ts';
import type { SendProblem } from './found/found-study.ts';
import type { IngestState } from './ingest-state.ts';
import { policyForTask } from './prepare/prepare-policy.ts';
import type { SendingTerms } from './prepare/queue-study.ts';

/** Null until the gateway has been asked once. */
export function policyInForce({ tools, chosenPolicy }: IngestState): Policy | null {
  const known = tools.policies.value;
  return known === null ? null : choosePolicy(known, chosenPolicy.value);
}

/**
 * The policy that the person chose. If it was withdrawn, a policy that removes names is used: nobody who chose to
 * remove names may end up sending them.
 */
function choosePolicy({ policies, default: preset }: KnownPolicies, chosen: string | null): Policy | null {
  const named = (name: string | null): Policy | undefined => policies.find((each) => each.name === name);
  if (chosen === null) return named(preset) ?? null;
  return named(chosen) ?? policies.find(({ deidentify }) => deidentify) ?? named(preset) ?? null;
}

/** The terms for the selected studies, or the reason why they cannot be sent. */
export function termsOf(
  state: IngestState,
): SendingTerms | Extract<SendProblem, 'policy-unknown' | 'seal-key-unknown' | 'reason-missing'> {
  const known = state.tools.policies.value;
  const policy = policyInForce(state);
  const forTask = known && policy && policyForTask(policy, known);
  if (!known || !policy || !forTask) return 'policy-unknown';
  const { sealingKey } = known;
  if (sealingKey === null) return 'seal-key-unknown';
  const reason = policy.asksReason === true ? state.reason.value : null;
  if (policy.asksReason === true && reason === null) return 'reason-missing';
  return { policy, reason, forTask, sealingKey, released: state.heldBack.released.value };
}
