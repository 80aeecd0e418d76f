/**
 * The people who may hold one half of a vault's key. A researcher must not re-identify patients, even with another role
 * as well.
 */
import { NEVER_KEY_HOLDER } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { findAccount, type Account } from '../auth/account.store.ts';
import type { Trx } from '../database/database.ts';
import type { Caller } from '../http/route.ts';
import { termsOf, type VaultRow } from './vault.store.ts';

/** The roles that may hold a half. A caller needs one of them. */
export const HOLDERS = ['technician', 'radiologist', 'auditor', 'admin'] as const;

/** Throws `not-allowed` for an account that also has the role of researcher. */
export function requireNoResearcher({ roles }: Pick<Caller, 'roles'>): void {
  if (roles.includes(NEVER_KEY_HOLDER)) throw new Problem('not-allowed');
}

/** The account with this name, if it may hold a half of a vault. The name is not repeated. Throws `invalid-request`. */
export async function holderNamed(trx: Trx, siteId: string, username: string): Promise<Account> {
  const account = await findAccount(trx, { username });
  const canHold =
    account !== null &&
    account.siteId === siteId &&
    !account.isDisabled &&
    !account.roles.includes(NEVER_KEY_HOLDER) &&
    account.roles.some((role) => HOLDERS.some((each) => each === role));
  if (!canHold) throw new Problem('invalid-request', 'Invalid: holders.');
  return account;
}

/**
 * The keys of a vault both of whose halves are set, as only such a vault has entries. Throws `vault-step-not-possible`.
 */
export function keysOf(vault: VaultRow): readonly string[] {
  const terms = termsOf(vault);
  if (terms === null) throw new Problem('vault-step-not-possible');
  return terms.keys;
}
