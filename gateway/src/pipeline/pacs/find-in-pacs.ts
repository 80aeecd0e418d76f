/**
 * Finds which of the expected instances the PACS has. The study's list is asked for first. Instances that it does not
 * name are searched one by one: a PACS may cut a list short, and "not in the list" would be taken for "lost".
 */
import type { Pacs } from '../../ports/pacs/pacs.ts';
import { searchEach } from './search-each.ts';

/** `unanswered`: the PACS does not list these, and answered no search for them although it answers others. */
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
