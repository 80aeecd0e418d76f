/**
 * The policies that leave sealed identities in the vault. This file has no schemas, because the upload page needs it at
 * its start.
 */

/** Whether studies sent under the policy leave an entry if the site has a vault. */
export function feedsVault(policy: {
  readonly name: string;
  readonly deidentify: boolean;
  readonly vault?: boolean | undefined;
}): boolean {
  return policy.deidentify && (policy.vault ?? policy.name === 'deidentified');
}
