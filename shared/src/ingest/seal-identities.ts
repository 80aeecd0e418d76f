/** Seals the identities of patients for the vault, once per patient, because sealing takes milliseconds. */
import type { VaultEntry, VaultTerms } from '../protocol/vault.ts';
import { sealIdentity, type PatientIdentity } from '../transfer/vault-entry.ts';

export type SealIdentity = (pseudonym: string, identity: PatientIdentity) => Promise<VaultEntry>;

/**
 * How many patients are remembered. A disc of a whole clinic has hundreds, but the next instance is usually of a recent
 * one.
 */
const REMEMBERED = 64;

/** A patient's entry has the values of the first instance read. If sealing fails, it is tried again. */
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
