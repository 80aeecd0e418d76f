/** Finds the policy under which a peer stores. */
import type { Selectable } from 'kysely';
import type { Policy, Role } from '#shared/protocol/api.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db } from '../../database/database.ts';
import type { DimsePeerTable } from '../../database/foreign-tables.ts';
import { policyNamed, requireReason } from '../../policies/policies.ts';

/** Null: the policy was withdrawn, the account may no longer use it, or it requires a reason that was not given. */
export async function policyOfPeer(
  db: Db,
  { site_id, policy_name, reason }: Pick<Selectable<DimsePeerTable>, 'site_id' | 'policy_name' | 'reason'>,
  roles: readonly Role[],
): Promise<Policy | null> {
  try {
    const policy = await policyNamed(db, site_id, policy_name, roles);
    requireReason(policy, reason);
    return policy;
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}
