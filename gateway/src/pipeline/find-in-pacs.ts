/**
 * Finds which of the expected instances the PACS has. The study's list is asked for first; instances that it does
 * not name are asked for one by one: a PACS may end a list early, and "not in the list" would be taken for
 * "lost".
 */
import type { Pacs } from '../ports/pacs/pacs.ts';
import { searchEach } from './search-each.ts';

/** `unanswered`: the PACS does not list these, answers searches, and none for these alone. */
export type Found = { readonly there: ReadonlySet<string>; readonly unanswered: ReadonlySet<string> };

/** Throws PacsUnreachable. */
export async function findInPacs(
  studyInstanceUID: string,
  sopInstanceUIDs: ReadonlySet<string>,
  { pacs }: { readonly pacs: Pacs },
  signal: AbortSignal,
): Promise<Found> {
  const listed = await pacs.findStudy(studyInstanceUID, signal, sopInstanceUIDs);
  const unlisted = [...sopInstanceUIDs.difference(listed)];
  if (unlisted.length === 0) return { there: sopInstanceUIDs, unanswered: new Set() };
  const { places, unanswered } = await searchEach(
    pacs,
    { studyInstanceUID, sopInstanceUIDs: unlisted },
    signal,
  );
  const found = places.filter((place) => place.studyInstanceUID === studyInstanceUID);
  const there = new Set([
    ...sopInstanceUIDs.intersection(listed),
    ...found.map(({ sopInstanceUID }) => sopInstanceUID),
  ]);
  return { there, unanswered };
}
