/** Keeps the sealed identities of a study's patients with it, until they have travelled in its manifest. */
import type { VaultEntry } from '#shared/protocol/vault.ts';
import { joinEntries } from '../join-vault-entries.ts';
import type { LocalDatabase } from './local-database.ts';

/**
 * The first of each pseudonym stays: several workers seal one patient, each otherwise. A worker that ends after its
 * study was taken back, or has gone, leaves nothing with it.
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
