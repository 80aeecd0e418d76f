/**
 * The identities that the fuzzer plants, and the search for them. Every text begins with one of two stems, so
 * that a search for the stems in every form finds any of them, however far a mutation has cut it: what lacks
 * the whole stem is no longer the identity.
 */
import { identityForms } from '#testing/identity-forms.ts';
import type { IdentityForm } from '#testing/identity-forms.ts';

/** Ten letters that no keyword, no UID and no pixel spell. */
const STEM = 'QzVexquilX';
/** The same beyond ASCII, for the character sets. */
const WIDE_STEM = 'QüzVößjékX';
/** A birthday: no option keeps it. */
export const BIRTH_DATE = '19031127';

export type Hit = { readonly form: string; readonly at: number; readonly length: number };

/** An identity; `where` tells several of one instance apart. */
export function plant(where: number, isWide = false): string {
  return `${isWide ? WIDE_STEM : STEM}${where}`;
}

const FORMS: readonly IdentityForm[] = [
  ...identityForms(STEM),
  ...identityForms(WIDE_STEM),
  { form: 'birth date', bytes: Buffer.from(BIRTH_DATE) },
];

/** Every planted identity in these bytes, each place once. */
export function findPlants(bytes: Uint8Array): Hit[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const hits: Hit[] = [];
  for (const { form, bytes: wanted } of FORMS) {
    for (let at = buffer.indexOf(wanted); at >= 0; at = buffer.indexOf(wanted, at + 1))
      hits.push({ form, at, length: wanted.length });
  }
  return hits;
}
