/**
 * A folder as the PACS. It promises what pacs.ts asks: an instance counts as stored when it would survive a power cut.
 * An error from the system (a full disk, a share that is gone) means that the folder is ill; it is never a refusal.
 */
import type { FileHandle } from 'node:fs/promises';
import { isUid, UID_LENGTH_LIMIT } from '#shared/dicom/uid.ts';
import { fileOf, findInstances, INCOMING, indexOf, isPlace, PLACES, placesIn } from './folder-places.ts';
import { gatherAll, hashAll } from './multipart.ts';
import { OpenFolder, orNull, type Ways } from './open-folder.ts';
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
 * `root`: the only place where folders may lie, set by whoever runs the gateway; null: no folder is allowed. `folder`:
 * its path beneath the root.
 */
type FolderSettings = Ways & {
  readonly root: string | null;
  readonly folder: string;
  readonly freeBytes?: number;
};

/**
 * With less free space nothing is begun, because the disk would be full before an instance of ordinary size is written.
 */
const FREE_BYTES = 64 * 1024 * 1024;

export function createFolderPacs(settings: FolderSettings): Pacs {
  const { freeBytes = FREE_BYTES } = settings;
  const within = async <T>(work: (top: OpenFolder) => Promise<T>): Promise<T> => {
    try {
      await using root = await openRoot(settings);
      return await work(await root.folder(settings.folder.split('/')));
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
      within(async (top) => {
        await requireRoom(top, freeBytes);
        return storeInstances(top, study, instances, signal);
      }),
    findStudy: (study) =>
      within(async (top) => {
        const found = new Set<string>();
        for await (const { sopInstanceUID } of placesIn(top, study)) found.add(sopInstanceUID);
        return found;
      }),
    findInstances: (uids) => within((top) => findInstances(top, uids)),
    readBack: (where, bytes, signal) =>
      within((top) => reading(top, where, (file) => hashAll(piecesOf(file, signal), bytes))),
    fetchInstance: (where, maxBytes, signal) =>
      within((top) =>
        reading(top, where, async (file) => {
          const bytes = await gatherAll(piecesOf(file, signal), maxBytes);
          return bytes === null ? { kind: 'too-large' as const } : { kind: 'fetched' as const, bytes };
        }),
      ),
    streamInstance: (where, signal, read) =>
      within((top) => reading(top, where, (file) => read(piecesOf(file, signal)))),
    describeStudy: (study, limit) =>
      within(async (top) => {
        const described: DescribedInstance[] = [];
        for await (const place of placesIn(top, study))
          if (described.push(await describe(top, place)) >= limit) break;
        return described;
      }),
    // A folder has no index of studies, so it cannot search them.
    searchStudies: async () => [],
    givesInstances: () => within(givesInstances),
    probe: () =>
      within(async (top) => {
        await top.requireAccess();
        await requireRoom(top, freeBytes);
        for (const own of [INCOMING, PLACES]) await orNull(top.folder(own));
      }),
  };
}

async function openRoot({ root, ...ways }: FolderSettings): Promise<OpenFolder> {
  if (root === null) throw new PacsUnreachable('folders are not allowed', null, FOLDERS_NOT_ALLOWED);
  return OpenFolder.open(root, ways);
}

/** Node's system errors have a code and a syscall; any other error is passed on. */
function asIllness(error: unknown): unknown {
  if (error instanceof PacsUnreachable || error instanceof InstanceUnreadable) return error;
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  if (typeof code !== 'string' || syscall === undefined) return error;
  return new PacsUnreachable('the folder cannot be used', null, code, error);
}

/** Null: there is no such file. */
async function reading<T>(
  top: OpenFolder,
  where: FoundInstance,
  read: (file: FileHandle) => Promise<T>,
): Promise<T | null> {
  if (!isPlace(where)) return null;
  await using file = await orNull(top.openFile(fileOf(where)));
  return file && (await read(file));
}

const piecesOf = (file: FileHandle, signal: AbortSignal): AsyncIterable<Uint8Array> =>
  file.createReadStream({ autoClose: false, start: 0, signal });

/** Only the index is read, because headers of instances come from the sender. */
async function describe(top: OpenFolder, where: FoundInstance): Promise<DescribedInstance> {
  await using entry = await orNull(top.openFile(indexOf(where)));
  const read = await entry?.read(Buffer.alloc(UID_LENGTH_LIMIT), 0, UID_LENGTH_LIMIT, 0);
  const text = read?.buffer.toString('latin1', 0, read.bytesRead) ?? '';
  const sopClassUID = isUid(text) ? text : null;
  return { ...where, sopClassUID, modality: null, frames: null, seriesNumber: null, instanceNumber: null };
}

/** Tries the first instance that is found. */
async function givesInstances(top: OpenFolder): Promise<boolean | null> {
  for await (const { name: study } of top.entries([])) {
    for await (const where of placesIn(top, study))
      return reading(top, where, async (file) => {
        const { bytesRead } = await file.read(new Uint8Array(1), 0, 1, 0);
        return bytesRead === 1;
      });
  }
  return null;
}
