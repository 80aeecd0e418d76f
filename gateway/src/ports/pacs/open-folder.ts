/**
 * A folder that was opened without following a link, and all paths beneath it. For the system `/proc/self/fd/N/name` is
 * what openat(N, name) would be, which Node lacks. So if the folder's name is given to something else meanwhile, the
 * path still leads into the opened folder. Where there is no /proc (macOS, Windows), each folder is checked before and
 * after each step; another writer is noticed then, but not kept out.
 */
import { constants, existsSync, type Dirent, type Stats, type StatsFs } from 'node:fs';
import { access, link, lstat, mkdir, open, realpath, rename, statfs, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { MANIFEST_INSTANCE_LIMIT } from '#shared/protocol/limits.ts';
import { listFolder } from './list-folder.ts';
import {
  FolderDisturbed,
  FOLDER_OVERFULL,
  FOLDERS_NOT_ALLOWED,
  FOREIGN_ENTRY,
  PacsUnreachable,
} from './pacs.ts';

/** The names on the path down from an opened folder. */
export type Place = readonly string[];

export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes(String((error as { readonly code?: unknown }).code));

/** Null: it does not exist, or failed with the given `code`. */
export async function orNull<T>(work: Promise<T>, code = 'ENOENT'): Promise<T | null> {
  return work.catch((error: unknown) => {
    if (hasCode(error, code)) return null;
    throw error;
  });
}

const DESCRIPTORS = '/proc/self/fd';
const HAS_DESCRIPTORS = process.platform === 'linux' && existsSync(DESCRIPTORS);
/**
 * Five of the largest studies. A folder with more names is being filled by somebody else, and reading it would take
 * seconds.
 */
const NAMES_LIMIT = 5 * MANIFEST_INSTANCE_LIMIT;
/** The most folders kept open within each: enough for a study, its usual series, and the gateway's own folders. */
const KEPT_OPEN = 8;
const FILE_MODE = 0o640;
const LEADS_AWAY = /^\.{0,2}$|[/\\\0]/;

/** `byPath`: without /proc. `namesLimit`: the most names in one folder. */
export type Ways = { readonly byPath?: boolean; readonly namesLimit?: number };

/** `above`: null at the top. `path`: used only with `byPath`. */
type Opened = Required<Ways> & {
  readonly above: OpenFolder | null;
  readonly place: Place;
  readonly path: string;
} & Found;
/** `is`: its stat when it was opened; null where that is not needed. */
type Found = { readonly handle: FileHandle; readonly is: Stats | null };

const isFolder = (found: Stats): boolean => found.isDirectory();
const isFile = (found: Stats): boolean => found.isFile();
const isSame = (one: Stats, other: Stats): boolean => one.ino === other.ino && one.dev === other.dev;

export class OpenFolder implements AsyncDisposable {
  readonly #opened: Opened;
  /** The least recently used comes first. */
  readonly #within = new Map<string, OpenFolder>();

  private constructor(opened: Opened) {
    this.#opened = opened;
  }

  /** Opens the top folder. Links on the path to it belong to its owner, and are followed. */
  static async open(path: string, ways: Ways = {}): Promise<OpenFolder> {
    const { byPath = !HAS_DESCRIPTORS, namesLimit = NAMES_LIMIT } = ways;
    const real = byPath ? await realpath(path) : path;
    const handle = await open(real, constants.O_RDONLY | constants.O_DIRECTORY);
    return new OpenFolder({ byPath, namesLimit, above: null, place: [], path: real, handle, is: null });
  }

  /**
   * The folder is closed with this one, or sooner if others were used since. `isMade`: create it if it does not exist.
   */
  async folder(place: Place, isMade = false): Promise<OpenFolder> {
    let folder: OpenFolder = this;
    for (const name of place) folder = await folder.#child(name, isMade);
    return folder;
  }

  /** Opens only a regular file. */
  async openFile(place: Place, flags = constants.O_RDONLY): Promise<FileHandle> {
    const folder = await this.folder(place.slice(0, -1));
    return (await folder.#open(place.at(-1)!, flags, isFile)).handle;
  }

  /** Creates a new file to write into. Null: the name is taken, and what has it stays. */
  async create(place: Place): Promise<FileHandle | null> {
    const { O_WRONLY, O_CREAT, O_EXCL } = constants;
    return orNull(this.openFile(place, O_WRONLY | O_CREAT | O_EXCL), 'EEXIST');
  }

  /** Does not follow links. Null: there is nothing. */
  look(place: Place): Promise<Stats | null> {
    return orNull(this.#at(place, (path) => lstat(path)));
  }

  /** Throws FolderDisturbed where something other than a file has the name. */
  async has(place: Place): Promise<boolean> {
    const found = await this.look(place);
    if (found !== null && !isFile(found)) throw this.#disturbed(FOREIGN_ENTRY, place);
    return found !== null;
  }

  /** Fails where the new name is taken. If `from` is a link, the link itself gets a second name. */
  link(from: Place, to: Place): Promise<void> {
    return this.#both(link, from, to);
  }

  rename(from: Place, to: Place): Promise<void> {
    return this.#both(rename, from, to);
  }

  /** Removes the name; of a link, the link itself. A folder's name is not removed. */
  async unlink(place: Place): Promise<void> {
    await orNull(this.#at(place, (path) => unlink(path)));
  }

  /**
   * Entries have no kind where the system tells none. A folder that does not exist has no entries. Throws
   * FolderDisturbed where there are more than in a normal folder.
   */
  async *entries(place: Place): AsyncGenerator<Dirent> {
    const folder = await orNull(this.folder(place));
    if (folder === null) return;
    await using entries = await listFolder(folder.#path());
    await folder.#requireSame();
    let count = 0;
    for await (const entry of entries) {
      count += 1;
      this.requireFew(count, place);
      yield entry;
    }
  }

  requireFew(names: number, place: Place): void {
    if (names > this.#opened.namesLimit) throw this.#disturbed(FOLDER_OVERFULL, place);
  }

  /** Makes new names in the folder survive a power cut. */
  async sync(place: Place): Promise<void> {
    const { handle } = (await this.folder(place)).#opened;
    await handle.sync().catch((error: unknown) => {
      // fsync(2): "EINVAL: fd is bound to a special file which does not support synchronization", which holds for some
      // shares.
      if (!hasCode(error, 'EINVAL')) throw error;
    });
  }

  room(): Promise<StatsFs> {
    return this.#step((path) => statfs(path));
  }

  requireAccess(): Promise<void> {
    return this.#step((path) => access(path, constants.R_OK | constants.W_OK | constants.X_OK));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const within = [...this.#within.values()].map((child) => child[Symbol.asyncDispose]());
    await Promise.all([...within, this.#opened.handle.close()]);
  }

  async #child(name: string, isMade: boolean): Promise<OpenFolder> {
    const child = this.#within.get(name) ?? (await this.#openChild(name, isMade));
    this.#within.delete(name);
    this.#within.set(name, child);
    const [oldest] = this.#within;
    if (this.#within.size > KEPT_OPEN && oldest !== undefined) {
      this.#within.delete(oldest[0]);
      await oldest[1][Symbol.asyncDispose]();
    }
    return child;
  }

  async #openChild(name: string, isMade: boolean): Promise<OpenFolder> {
    const reach = () => this.#open(name, constants.O_RDONLY | constants.O_DIRECTORY, isFolder);
    const found = await reach().catch(async (error: unknown) => {
      if (!isMade || !hasCode(error, 'ENOENT')) throw error;
      await orNull(
        this.#step((path) => mkdir(path), name),
        'EEXIST',
      );
      return reach();
    });
    const { place, path } = this.#opened;
    return new OpenFolder({
      ...{ ...this.#opened, ...found, above: this },
      ...{ place: [...place, name], path: `${path}/${name}` },
    });
  }

  /** Opens no link, and does not block as opening a pipe would. */
  async #open(name: string, flags: number, isRight: (found: Stats) => boolean): Promise<Found> {
    await this.#requireSame();
    const path = this.#path(name);
    const { O_NOFOLLOW, O_NONBLOCK } = constants;
    const handle = await open(path, flags | O_NOFOLLOW | O_NONBLOCK, FILE_MODE).catch(
      async (error: unknown) => {
        const found = hasCode(error, 'ENOENT', 'EEXIST') ? null : await orNull(lstat(path));
        throw found === null || isRight(found) ? error : this.#disturbed(FOREIGN_ENTRY, [name]);
      },
    );
    try {
      await this.#requireSame();
      const { byPath } = this.#opened;
      // The system itself ensures that a folder is a folder, and that a new file is a file.
      const isKnown = (flags & (constants.O_DIRECTORY | constants.O_EXCL)) !== 0;
      if (isKnown && !byPath) return { handle, is: null };
      const is = await handle.stat();
      if (isRight(is) && (!byPath || isSame(await lstat(path), is))) return { handle, is };
      throw this.#disturbed(FOREIGN_ENTRY, [name]);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #at<T>(place: Place, work: (path: string) => Promise<T>): Promise<T> {
    return (await this.folder(place.slice(0, -1))).#step(work, place.at(-1));
  }

  async #both(work: (from: string, to: string) => Promise<void>, from: Place, to: Place): Promise<void> {
    await this.#at(from, (path) => this.#at(to, (there) => work(path, there)));
  }

  /** Does something with the folder itself, or with a name in it. */
  async #step<T>(work: (path: string) => Promise<T>, name?: string): Promise<T> {
    await this.#requireSame();
    const done = await work(this.#path(name));
    await this.#requireSame();
    return done;
  }

  #path(name?: string): string {
    const { byPath, path, handle } = this.#opened;
    // In a closed folder nothing would seem to exist.
    if (handle.fd === -1) throw new Error('the folder is closed');
    const folder = byPath ? path : `${DESCRIPTORS}/${handle.fd}`;
    if (name === undefined) return folder;
    if (LEADS_AWAY.test(name)) throw new PacsUnreachable('a name that leads away', null, FOLDERS_NOT_ALLOWED);
    return `${folder}/${name}`;
  }

  /** Throws FolderDisturbed where the folder's name belongs to something else by now. */
  async #requireSame(): Promise<void> {
    const { above, path, is } = this.#opened;
    if (above === null || is === null) return;
    const named = await orNull(lstat(path));
    if (named !== null && isSame(named, is)) return;
    await above.#requireSame();
    throw this.#disturbed(FOREIGN_ENTRY, []);
  }

  #disturbed(code: ConstructorParameters<typeof FolderDisturbed>[0], place: Place): FolderDisturbed {
    return new FolderDisturbed(code, [...this.#opened.place, ...place].join('/'));
  }
}
