/**
 * A folder as the PACS. It promises what pacs.ts asks: an instance counts as stored when it would survive a power cut.
 * Whatever the system says against it (a full disk, a share that is gone) is an illness of the folder, never a refusal.
 */
import { constants } from 'node:fs';
import { access, open, readdir, realpath, type FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isUid } from '#shared/dicom/uid.ts';
import { fileOf, findInstances, indexOf, isPlace, orNull, placesIn } from './folder-places.ts';
import { gatherAll, hashAll } from './multipart.ts';
import {
  FOLDERS_NOT_ALLOWED,
  InstanceUnreadable,
  PacsUnreachable,
  type DescribedInstance,
  type FoundInstance,
  type Pacs,
} from './pacs.ts';
import { requireRoom, storeInstances } from './write-folder.ts';

/**
 * `root`: the only place where folders may lie, set by whoever runs the gateway; null: nowhere. `folder`: its path
 * beneath the root.
 */
export type FolderSettings = {
  readonly root: string | null;
  readonly folder: string;
  readonly freeBytes?: number;
};

/** PS3.5 §9.1. */
const UID_BYTES = 64;
/** With less nothing is begun: the disk is full before an instance of ordinary size is written. */
const FREE_BYTES = 64 * 1024 * 1024;

export function createFolderPacs(settings: FolderSettings): Pacs {
  const { freeBytes = FREE_BYTES } = settings;
  const within = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
    try {
      return await work(await locate(settings));
    } catch (error) {
      throw asIllness(error);
    }
  };
  return {
    describe: () => settings.folder,
    storeAnotherWay: null,
    digestsOf: null,
    usualProof: 'read-back',
    storeInstances: (study, instances, signal) =>
      within(async (folder) => {
        await requireRoom(folder, freeBytes);
        return storeInstances(folder, study, instances, signal);
      }),
    findStudy: (study) =>
      within(async (folder) => {
        const places = await placesIn(folder, study);
        return new Set(places.map(({ sopInstanceUID }) => sopInstanceUID));
      }),
    findInstances: (uids) => within((folder) => findInstances(folder, uids)),
    readBack: (where, bytes, signal) =>
      within((folder) => reading(folder, where, (handle) => hashAll(piecesOf(handle, signal), bytes))),
    fetchInstance: (where, maxBytes, signal) =>
      within((folder) =>
        reading(folder, where, async (handle) => {
          const bytes = await gatherAll(piecesOf(handle, signal), maxBytes);
          return bytes === null ? { kind: 'too-large' as const } : { kind: 'fetched' as const, bytes };
        }),
      ),
    streamInstance: (where, signal, read) =>
      within((folder) => reading(folder, where, (handle) => read(piecesOf(handle, signal)))),
    describeStudy: (study, limit) =>
      within(async (folder) => {
        const described: DescribedInstance[] = [];
        for (const place of (await placesIn(folder, study)).slice(0, limit))
          described.push(await describe(folder, place));
        return described;
      }),
    // A folder is no PACS with an index: it does not know whose studies it holds.
    searchStudies: async () => [],
    givesInstances: () => within(givesInstances),
    probe: () =>
      within(async (folder) => {
        await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
        await requireRoom(folder, freeBytes);
      }),
  };
}

/** Throws PacsUnreachable where it does not lie beneath the root: a link may lead elsewhere. */
async function locate({ root, folder }: FolderSettings): Promise<string> {
  if (root === null) throw new PacsUnreachable('folders are not allowed', null, FOLDERS_NOT_ALLOWED);
  const top = await realpath(root);
  const own = await realpath(join(root, folder));
  if (own.startsWith(`${top}${sep}`)) return own;
  throw new PacsUnreachable('the folder lies outside the root of folders', null, FOLDERS_NOT_ALLOWED);
}

/** Node's errors of the system have its names; everything else passes. */
function asIllness(error: unknown): unknown {
  if (error instanceof PacsUnreachable || error instanceof InstanceUnreadable) return error;
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  if (typeof code !== 'string' || syscall === undefined) return error;
  return new PacsUnreachable('the folder cannot be used', null, code, error);
}

/** Null: it is not there. */
async function reading<T>(
  folder: string,
  where: FoundInstance,
  read: (handle: FileHandle) => Promise<T>,
): Promise<T | null> {
  if (!isPlace(where)) return null;
  const handle = await orNull(open(fileOf(folder, where), constants.O_RDONLY | constants.O_NOFOLLOW));
  if (handle === null) return null;
  try {
    return await read(handle);
  } finally {
    await handle.close();
  }
}

const piecesOf = (handle: FileHandle, signal: AbortSignal): AsyncIterable<Uint8Array> =>
  handle.createReadStream({ autoClose: false, start: 0, signal });

/** The index alone is asked: headers of instances are the sender's. */
async function describe(folder: string, where: FoundInstance): Promise<DescribedInstance> {
  const handle = await orNull(open(indexOf(folder, where), constants.O_RDONLY | constants.O_NOFOLLOW));
  const read = await handle?.read(Buffer.alloc(UID_BYTES), 0, UID_BYTES, 0).finally(() => handle.close());
  const text = read?.buffer.toString('latin1', 0, read.bytesRead) ?? '';
  const sopClassUID = isUid(text) ? text : null;
  return { ...where, sopClassUID, modality: null, frames: null, seriesNumber: null, instanceNumber: null };
}

/** The first one that lies there. */
async function givesInstances(folder: string): Promise<boolean | null> {
  for (const study of await readdir(folder)) {
    const [where] = await placesIn(folder, study);
    if (where === undefined) continue;
    return reading(folder, where, async (handle) => {
      const { bytesRead } = await handle.read(new Uint8Array(1), 0, 1, 0);
      return bytesRead === 1;
    });
  }
  return null;
}
