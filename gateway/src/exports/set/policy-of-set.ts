/**
 * The policy under which a set of instances is made. It must remove names, and the account must be allowed to use it.
 */
import { settingsOf } from '#shared/deid/rules.ts';
import type { Policy, Role } from '#shared/protocol/api.ts';
import type { ExportDefinition } from '#shared/protocol/exports.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { keyNameOf, type NamedKey, type PolicyKey } from '#shared/transfer/policy-key.ts';
import type { Db } from '../../database/database.ts';
import type { OpeningPolicy } from '../../foreign/files/open-talk.ts';
import { policyNamed } from '../../policies/policies.ts';

export type PolicyTools = {
  readonly db: Db;
  readonly policyKey: (of: NamedKey) => Promise<PolicyKey>;
};
type Asking = { readonly siteId: string; readonly roles: readonly Role[] };

/** Returns the version in force. @throws Problem policy-not-allowed. */
export async function policyOfSet(
  { db }: Pick<PolicyTools, 'db'>,
  { siteId, roles }: Asking,
  { policy: name = '' }: ExportDefinition,
): Promise<Policy> {
  const policy = await policyNamed(db, siteId, name, roles);
  if (!policy.deidentify) throw new Problem('policy-not-allowed');
  return policy;
}

/** The policy for opening a set's files. It needs no vault, because nothing is uploaded. */
export async function openingOf({ policyKey }: PolicyTools, policy: Policy): Promise<OpeningPolicy> {
  const { pair, tagKey } = await policyKey(keyNameOf(policy));
  return {
    ...{ kind: 'deidentified', options: policy.options, settings: settingsOf(policy) },
    ...{ pair, tagKey, vault: null },
  };
}
