/** The sealed identities of one study, each patient's once; for both queues. */
import { VAULT_ENTRIES_LIMIT } from '#shared/protocol/limits.ts';
import type { VaultEntry } from '#shared/protocol/vault.ts';

/** The first of each pseudonym, and as many as a manifest may hold: no study has that many patients. */
export function joinEntries(
  known: readonly VaultEntry[],
  more: readonly VaultEntry[],
): readonly VaultEntry[] {
  const byPseudonym = new Map([...more.toReversed(), ...known].map((entry) => [entry.pseudonym, entry]));
  return [...byPseudonym.values()].slice(0, VAULT_ENTRIES_LIMIT);
}
