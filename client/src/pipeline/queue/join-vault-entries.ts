/** Joins the sealed identities of one study, each patient once. Both queues use it. */
import { VAULT_ENTRIES_LIMIT } from '#shared/protocol/limits.ts';
import type { VaultEntry } from '#shared/protocol/vault.ts';

/**
 * Keeps the first entry of each pseudonym, up to the number that a manifest may hold. No real study has that many
 * patients.
 */
export function joinEntries(
  known: readonly VaultEntry[],
  more: readonly VaultEntry[],
): readonly VaultEntry[] {
  const byPseudonym = new Map([...more.toReversed(), ...known].map((entry) => [entry.pseudonym, entry]));
  return [...byPseudonym.values()].slice(0, VAULT_ENTRIES_LIMIT);
}
