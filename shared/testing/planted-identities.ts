/**
 * Identities to plant in an instance, and the search for them. Every text begins with one of two stems, so a
 * search for the stems finds any of them, however far a mutation has cut it: without the whole stem it is no
 * longer the identity.
 */
import { createIdentitySearch, type Place } from './find-identities.ts';

/** Ten letters that no keyword, no UID and no pixel spell. */
const STEM = 'QzVexquilX';
/** The same beyond ASCII, for the character sets. */
const WIDE_STEM = 'QüzVößjékX';
/** A birthday: no option keeps it. */
export const BIRTH_DATE = '19031127';

const search = createIdentitySearch([STEM, WIDE_STEM, BIRTH_DATE]);

/** An identity; `where` distinguishes several in one instance. */
export function plant(where: number, isWide = false): string {
  return `${isWide ? WIDE_STEM : STEM}${where}`;
}

/** Every planted identity in these bytes, each place once. */
export function findPlants(bytes: Uint8Array): readonly Place[] {
  return search.placesIn(bytes);
}
