/**
 * The places of instances in a folder: <Study Instance UID>/<Series Instance UID>/<SOP Instance UID>.dcm. Beneath
 * .relaypacs is an index of places by SOP Instance UID: file names, each with the SOP Class UID as its content.
 */
import { createHash } from 'node:crypto';
import { isUid } from '#shared/dicom/uid.ts';
import type { OpenFolder, Place } from './open-folder.ts';
import type { FoundInstance } from './pacs.ts';

const OWN = '.relaypacs';
export const INCOMING: Place = [OWN, 'incoming'];
export const PLACES: Place = [OWN, 'places'];
const ENDING = '.dcm';

/**
 * True if every part is a UID. A UID cannot lead a path astray: it has only digits, the letters a to f, and dots
 * between them.
 */
export const isPlace = (where: FoundInstance): boolean => Object.values(where).every(isUid);

export const fileOf = (where: FoundInstance): Place => [
  ...[where.studyInstanceUID, where.seriesInstanceUID, `${where.sopInstanceUID}${ENDING}`],
];

/** There are 4096 shelves: a million instances leave 250 names in each. */
const shelfOf = (sopInstanceUID: string): string =>
  createHash('sha256').update(sopInstanceUID).digest('hex').slice(0, 3);

const BETWEEN = '_';
const nameOf = ({ sopInstanceUID, studyInstanceUID, seriesInstanceUID }: FoundInstance): string =>
  [sopInstanceUID, studyInstanceUID, seriesInstanceUID].join(BETWEEN);

/** The entry of an instance in the index. */
export const indexOf = (where: FoundInstance): Place => [
  ...[...PLACES, shelfOf(where.sopInstanceUID), nameOf(where)],
];

export async function findInstances(
  top: OpenFolder,
  uids: readonly string[],
): Promise<readonly FoundInstance[]> {
  const found: FoundInstance[] = [];
  for (const [shelf, wanted] of Map.groupBy(new Set(uids.filter(isUid)), shelfOf)) {
    for await (const { name } of top.entries([...PLACES, shelf])) {
      const [sopInstanceUID = '', studyInstanceUID = '', seriesInstanceUID = ''] = name.split(BETWEEN);
      const where = { studyInstanceUID, seriesInstanceUID, sopInstanceUID };
      if (!wanted.includes(sopInstanceUID) || !isPlace(where)) continue;
      if (await top.has(fileOf(where))) found.push(where);
    }
  }
  return found;
}

/** Throws FolderDisturbed where a study has more names than a normal one. */
export async function* placesIn(top: OpenFolder, studyInstanceUID: string): AsyncGenerator<FoundInstance> {
  if (!isUid(studyInstanceUID)) return;
  let names = 0;
  for await (const { name: seriesInstanceUID } of top.entries([studyInstanceUID])) {
    if (!isUid(seriesInstanceUID)) continue;
    for await (const entry of top.entries([studyInstanceUID, seriesInstanceUID])) {
      names += 1;
      top.requireFew(names, [studyInstanceUID]);
      const { name } = entry;
      const where = { studyInstanceUID, seriesInstanceUID, sopInstanceUID: name.slice(0, -ENDING.length) };
      if (!name.endsWith(ENDING) || !isPlace(where)) continue;
      if (entry.isFile() || (await top.has(fileOf(where)))) yield where;
    }
  }
}
