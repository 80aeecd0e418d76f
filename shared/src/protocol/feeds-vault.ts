/** The policies that leave sealed identities in the vault. Without schemas: the upload page asks at its start. */

/** Whether studies sent under it leave an entry where there is a vault. */
export function feedsVault(policy: {
  readonly name: string;
  readonly deidentify: boolean;
  readonly vault?: boolean | undefined;
}): boolean {
  return policy.deidentify && (policy.vault ?? policy.name === 'deidentified');
}
