/**
 * The places of instances in a folder: FOLDER/<Study Instance UID>/<Series Instance UID>/<SOP Instance UID>.dcm, and
 * beneath FOLDER/.relaypacs the places of each SOP Instance UID, as names of files with its SOP Class UID.
 */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isUid } from '#shared/dicom/uid.ts';
import type { FoundInstance } from './pacs.ts';

export const OWN = '.relaypacs';
export const INCOMING = join(OWN, 'incoming');
export const PLACES = join(OWN, 'places');
const ENDING = '.dcm';

export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes(String((error as { readonly code?: unknown }).code));

/** Null: there is no such thing. */
export async function orNull<T>(work: Promise<T>): Promise<T | null> {
  return work.catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  });
}

/** None of them can steer a path: letters a to f, digits, and dots between them. */
export const isPlace = (where: FoundInstance): boolean => Object.values(where).every(isUid);

export const fileOf = (folder: string, where: FoundInstance): string =>
  join(folder, where.studyInstanceUID, where.seriesInstanceUID, `${where.sopInstanceUID}${ENDING}`);

/** 4096 of them: a million instances leave 250 names in each. */
export function shelfOf(folder: string, sopInstanceUID: string): string {
  return join(folder, PLACES, createHash('sha256').update(sopInstanceUID).digest('hex').slice(0, 3));
}

const BETWEEN = '_';
const nameOf = ({ sopInstanceUID, studyInstanceUID, seriesInstanceUID }: FoundInstance): string =>
  [sopInstanceUID, studyInstanceUID, seriesInstanceUID].join(BETWEEN);

/** Its entry in the index. */
export const indexOf = (folder: string, where: FoundInstance): string =>
  join(shelfOf(folder, where.sopInstanceUID), nameOf(where));

export async function findInstances(
  folder: string,
  uids: readonly string[],
): Promise<readonly FoundInstance[]> {
  const found: FoundInstance[] = [];
  const shelves = Map.groupBy(new Set(uids.filter(isUid)), (uid) => shelfOf(folder, uid));
  for (const [shelf, wanted] of shelves) {
    for (const name of (await orNull(readdir(shelf))) ?? []) {
      const [sopInstanceUID = '', studyInstanceUID = '', seriesInstanceUID = ''] = name.split(BETWEEN);
      const where = { studyInstanceUID, seriesInstanceUID, sopInstanceUID };
      if (!wanted.includes(sopInstanceUID) || !isPlace(where)) continue;
      if ((await orNull(stat(fileOf(folder, where)))) !== null) found.push(where);
    }
  }
  return found;
}

export async function placesIn(folder: string, studyInstanceUID: string): Promise<readonly FoundInstance[]> {
  if (!isUid(studyInstanceUID)) return [];
  const places: FoundInstance[] = [];
  for (const seriesInstanceUID of (await orNull(readdir(join(folder, studyInstanceUID)))) ?? []) {
    if (!isUid(seriesInstanceUID)) continue;
    for (const name of (await orNull(readdir(join(folder, studyInstanceUID, seriesInstanceUID)))) ?? []) {
      const where = { studyInstanceUID, seriesInstanceUID, sopInstanceUID: name.slice(0, -ENDING.length) };
      if (name.endsWith(ENDING) && isPlace(where)) places.push(where);
    }
  }
  return places;
}
