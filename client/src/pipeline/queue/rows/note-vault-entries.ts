/**
 * Stores the sealed identities of a study's patients with the study until its manifest has carried them to the
 * gateway.
 */
import type { VaultEntry } from '#shared/protocol/vault.ts';
import { joinEntries } from '../join-vault-entries.ts';
import type { LocalDatabase } from './local-database.ts';

/**
 * The first entry of each pseudonym stays, because several workers seal the same patient with different results. A
 * worker that ends after its study was taken back or deleted stores nothing.
 */
export async function noteVaultEntries(
  database: LocalDatabase,
  studyId: string,
  entries: readonly VaultEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  await database.studies
    .where('id')
    .equals(studyId)
    .modify((study) => {
      if (study.state === 'reading' && !study.named) study.vault = joinEntries(study.vault ?? [], entries);
    });
}
