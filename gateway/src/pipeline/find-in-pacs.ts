/**
 * What the PACS has, of instances that it should have. The study's list is asked for first; whom it does not
 * name is asked for by name, for a PACS may end a list early, and "not in the list" would be taken for
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
