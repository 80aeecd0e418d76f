/**
 * Finds which of the expected instances the PACS has. The study's list is asked for first; instances that it does
 * not name are asked for one by one: a PACS may end a list early, and "not in the list" would be taken for
 * "lost".
 */
import type { Pacs } from '../ports/pacs/pacs.ts';

/** Throws PacsUnreachable. */
export async function findInPacs(
  studyInstanceUID: string,
  sopInstanceUIDs: ReadonlySet<string>,
  { pacs }: { readonly pacs: Pacs },
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const listed = await pacs.findStudy(studyInstanceUID, signal, sopInstanceUIDs);
  const unlisted = [...sopInstanceUIDs.difference(listed)];
  if (unlisted.length === 0) return sopInstanceUIDs;
  const found = (await pacs.findInstances(unlisted, signal)).filter(
    (place) => place.studyInstanceUID === studyInstanceUID,
  );
  return new Set([
    ...sopInstanceUIDs.intersection(listed),
    ...found.map(({ sopInstanceUID }) => sopInstanceUID),
  ]);
}
