/** Seals the identities of patients for the vault: once for each patient, since sealing takes milliseconds. */
import type { VaultEntry, VaultTerms } from '../protocol/vault.ts';
import { sealIdentity, type PatientIdentity } from '../transfer/vault-entry.ts';

export type SealIdentity = (pseudonym: string, identity: PatientIdentity) => Promise<VaultEntry>;

/** A disc of a whole clinic has hundreds; the last ones are met again, when their next instance is read. */
const REMEMBERED = 64;

/** The entry of a patient has the values of the instance that was read first. One that failed is made again. */
export function createIdentitySealer(terms: VaultTerms): SealIdentity {
  const sealed = new Map<string, Promise<VaultEntry>>();
  return (pseudonym, identity) => {
    const known = sealed.get(pseudonym);
    if (known !== undefined) return known;
    const entry = sealIdentity(terms, pseudonym, identity);
    sealed.set(pseudonym, entry);
    entry.catch(() => {
      if (sealed.get(pseudonym) === entry) sealed.delete(pseudonym);
    });
    const [oldest] = sealed.keys();
    if (sealed.size > REMEMBERED && oldest !== undefined) sealed.delete(oldest);
    return entry;
  };
}
