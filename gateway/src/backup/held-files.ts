/**
 * Files that may be removed while a backup is made: they are linked into a folder of its own at once, and read from
 * there later. Where a disk has no hard links they are read in place.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasCode } from '../ports/blobs/file-bytes.ts';
import { isEntryName, PIECE_BYTES } from './backup-file.ts';

export type HeldFiles = { readonly folder: string };

/** A name that no store of blobs takes for one of its own. */
const HELD = '.held-';
const STALE_AFTER_MS = 3_600_000;

/** `names`: by default all that are there. Those that are gone already are left out. */
export async function holdFiles(
  folder: string,
  names?: readonly string[],
): Promise<HeldFiles & AsyncDisposable> {
  await removeStale(folder, (name) => name.startsWith(HELD));
  const wanted = names ?? (await namesIn(folder));
  if (wanted.length === 0 || !existsSync(folder))
    return { folder: '', [Symbol.asyncDispose]: async () => undefined };
  const path = join(folder, `${HELD}${randomUUID()}`);
  await mkdir(path, { mode: 0o700 });
  const end = (): Promise<void> => rm(path, { recursive: true, force: true });
  try {
    for (const name of wanted)
      await link(join(folder, name), join(path, name)).catch((error: unknown) => {
        if (!hasCode(error, 'ENOENT')) throw error;
      });
  } catch (error) {
    await end();
    if (!['EPERM', 'ENOTSUP', 'EMLINK'].some((code) => hasCode(error, code))) throw error;
    return { folder, [Symbol.asyncDispose]: async () => undefined };
  }
  return { folder: path, [Symbol.asyncDispose]: end };
}

/** What was held is never gone, and what reads it says that it is still needed. */
const isHeld = (folder: string): boolean => basename(folder).startsWith(HELD);

/** Not a draft, nor what an editor left. */
const isOurs = (name: string): boolean => isEntryName(name) && !/(?:^now-|\.new$|\.part$)/.test(name);

/** The files in a folder, in order; none where there is no folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  if (folder === '') return [];
  const listed = readdir(folder, { withFileTypes: true });
  const found = await (isHeld(folder) ? listed : listed.catch(orNothing));
  return found.flatMap((each) => (each.isFile() && isOurs(each.name) ? each.name : [])).toSorted();
}

/** Null: it is gone. */
export async function readHeld(
  { folder }: HeldFiles,
  name: string,
): Promise<AsyncIterable<Uint8Array> | null> {
  const now = new Date();
  if (isHeld(folder)) await utimes(folder, now, now);
  try {
    const file = await open(join(folder, name), 'r');
    return file.createReadStream({ highWaterMark: PIECE_BYTES });
  } catch (error) {
    if (!isHeld(folder) && hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Removes what killed runs left behind: of those files and folders, the ones that nobody has touched for an hour. */
export async function removeStale(folder: string, isDraft: (name: string) => boolean): Promise<void> {
  for (const name of (await readdir(folder).catch(orNothing)).filter(isDraft)) {
    const path = join(folder, name);
    const touched = await stat(path).catch(() => null);
    if (touched !== null && Date.now() - touched.mtimeMs > STALE_AFTER_MS)
      await rm(path, { recursive: true, force: true });
  }
}

function orNothing(error: unknown): [] {
  if (hasCode(error, 'ENOENT')) return [];
  throw error;
}
