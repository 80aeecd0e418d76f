/** The name of the person who verified a result, as the result states it. */
import { createHmac } from 'node:crypto';
import { toIdentifier } from '#shared/deid/pseudonyms.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { isDeidentified } from './source-modules.ts';

/** The account of a person. */
export type Person = { readonly id: string; readonly username: string };

/**
 * The observer's name as a PN. In a de-identified study it is a pseudonym derived with `secret` (32 bytes of the
 * gateway's own). A person always gets the same pseudonym, and only a holder of the secret can tell whose it is.
 */
export function observerName(source: ParsedInstance, account: Person, secret: Uint8Array): string {
  if (!isDeidentified(source)) return account.username;
  const mac = createHmac('sha256', secret).update(`relaypacs observer\0${account.id}`).digest();
  return toIdentifier(mac.subarray(0, 16));
}
