/**
 * What a holder does to open the identity behind a pseudonym. It runs on the holder's machine, in the page or the
 * command line, and the private half never leaves it.
 */
import type { VaultEntry, VaultOpening, VaultOpeningEntry, VaultTerms } from '../protocol/vault.ts';
import { toBase64Url } from './base64url.ts';
import {
  openIdentity,
  openShare,
  otherHolder,
  passShare,
  receiveShare,
  type Holder,
  type PatientIdentity,
} from './vault-entry.ts';
import type { OpenHalf } from './vault-half.ts';

/** The half belongs to another vault, or the gateway shows another public key for it: somebody has replaced the key. */
export class ForeignHalf extends Error {
  constructor() {
    super('this half does not belong to this vault');
    this.name = 'ForeignHalf';
  }
}

/** An entry after opening. `identity` null: it does not open, because whoever wrote it did not seal it properly. */
export interface OpenedEntry {
  readonly entry: VaultOpeningEntry;
  readonly identity: PatientIdentity | null;
}

/** For the holder who approves: a share for each entry that this half opens. Throws ForeignHalf. */
export async function approvalOf(
  opening: VaultOpening,
  half: OpenHalf,
): Promise<{ readonly entry: number; readonly share: string }[]> {
  const own = otherHolder(opening.asker as Holder);
  const terms = termsFor(opening, half, own);
  const shares = await Promise.all(
    opening.entries.map(async (entry) => {
      const share = await openShare(terms, sealedOf(opening, entry), own, half);
      if (share === null) return [];
      const on = { request: opening.request.id, entry: entry.id };
      return [{ entry: entry.id, share: await passShare(share, opening.keys[opening.asker]!, on) }];
    }),
  );
  return shares.flat();
}

/** For the holder who asked: the identities in the entries. Throws ForeignHalf. */
export function identitiesIn(opening: VaultOpening, half: OpenHalf): Promise<OpenedEntry[]> {
  const own = opening.asker as Holder;
  const terms = termsFor(opening, half, own);
  return Promise.all(
    opening.entries.map(async (entry) => {
      const sealed = sealedOf(opening, entry);
      const on = { request: opening.request.id, entry: entry.id };
      const [mine, other] = await Promise.all([
        openShare(terms, sealed, own, half),
        entry.share === null ? null : receiveShare(entry.share, half, on),
      ]);
      const isWhole = mine !== null && other !== null;
      return { entry, identity: isWhole ? await openIdentity(terms, sealed, [mine, other]) : null };
    }),
  );
}

function termsFor({ request, keys }: VaultOpening, half: OpenHalf, own: Holder): VaultTerms {
  if (half.vault !== request.vault || keys[own] !== toBase64Url(half.publicKey)) throw new ForeignHalf();
  return { id: request.vault, keys };
}

function sealedOf(
  { request: { pseudonym } }: VaultOpening,
  { sealed }: VaultOpeningEntry,
): Pick<VaultEntry, 'pseudonym' | 'sealed'> {
  return { pseudonym, sealed };
}
