/** The name of the person who verified, as results carry it. */
import { createRequests, type Pseudonyms } from '#shared/deid/pseudonyms.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { isDeidentified } from './source-modules.ts';

/** An account of a person. */
export type Person = { readonly id: string; readonly username: string };

/**
 * A PN. In a de-identified study a pseudonym under the project key: the same person the same one, and nobody
 * without the key knows whose.
 */
export async function observerName(
  source: ParsedInstance,
  account: Person,
  pseudonyms: Pseudonyms,
): Promise<string> {
  if (!isDeidentified(source)) return account.username;
  const original = `account ${account.id}`;
  const requests = createRequests();
  requests.identifiers.add(original);
  return (await pseudonyms.resolve(requests)).identifier(original);
}
