/** The name of the person who verified, as results carry it. */
import { createHmac } from 'node:crypto';
import { toIdentifier } from '#shared/deid/pseudonyms.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { isDeidentified } from './source-modules.ts';

/** An account of a person. */
export type Person = { readonly id: string; readonly username: string };

/**
 * A PN. In a de-identified study a pseudonym under `secret` (32 bytes of the gateway's own): the same person the
 * same one, and nobody without it knows whose.
 */
export function observerName(source: ParsedInstance, account: Person, secret: Uint8Array): string {
  if (!isDeidentified(source)) return account.username;
  const mac = createHmac('sha256', secret).update(`relaypacs observer\0${account.id}`).digest();
  return toIdentifier(mac.subarray(0, 16));
}
