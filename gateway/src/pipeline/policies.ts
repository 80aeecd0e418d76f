/**
 * The upload policies that are built in (DESIGN §4). An administrator's own ones come from the database in a later version; whoever asks
 * for a policy asks here.
 */
import type { Policy, Role } from '#shared/protocol/api.ts';
import { Problem } from '#shared/protocol/problem.ts';

export const BUILT_IN_POLICIES: readonly Policy[] = [
  // The PACS of care: the bytes as they are. Who only researches does not see identities, so does not send them either.
  { name: 'identified', version: 1, deidentify: false, options: [], roles: ['technician', 'radiologist', 'admin'] },
  // PS3.15 Basic Profile without options.
  { name: 'deidentified', version: 1, deidentify: true, options: [], roles: ['technician', 'radiologist', 'researcher', 'admin'] },
];

/** The policies that one of these roles may send under. */
export function policiesFor(roles: readonly Role[]): readonly Policy[] {
  return BUILT_IN_POLICIES.filter((policy) => policy.roles.some((role) => roles.includes(role)));
}

/** The policy that a manifest names. Throws `policy-withdrawn` where it or its version is no more, `policy-not-allowed` where the roles do not suffice. */
export function requirePolicy(named: { name: string; version: number }, roles: readonly Role[]): Policy {
  const policy = BUILT_IN_POLICIES.find(({ name }) => name === named.name);
  if (policy === undefined) throw new Problem('policy-withdrawn');
  if (!policy.roles.some((role) => roles.includes(role))) throw new Problem('policy-not-allowed');
  if (policy.version !== named.version) throw new Problem('policy-withdrawn');
  return policy;
}

/** The policy an instance was promised under, or undefined where it is no more. */
export function findPolicy(name: string, version: number): Policy | undefined {
  return BUILT_IN_POLICIES.find((policy) => policy.name === name && policy.version === version);
}
