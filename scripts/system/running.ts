/**
 * The processes on a data directory, in two files that only the owner may read:
 *
 * - `start.json`, held by one `npm start` from its first moment: who it is and which processes it started. A
 *   second start finds it and leaves; a start after a SIGKILL finds it, ends exactly the processes that it
 *   names, and takes over.
 * - `running.json`, there only while everything answers: where the web app, the API and the PACS are.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { endProcess, isStillRunning, noteProcess } from './processes.ts';
import type { NotedProcess } from './processes.ts';

export type Running = {
  /** The address that people open. */
  readonly publicUrl: string;
  readonly web: string;
  readonly api: string;
  readonly pacs: { readonly url: string; readonly authorization: string | null };
  readonly pids: Readonly<Record<string, number>>;
};

type Held = { readonly supervisor: NotedProcess; readonly children: Readonly<Record<string, NotedProcess>> };

export type DataDirectory = {
  /** Notes a child, so that a later start recognises it. */
  noteChild(name: string, pid: number): Promise<void>;
  announce(running: Omit<Running, 'pids'>): Promise<void>;
  /** Removes both files. */
  release(): Promise<void>;
};

export type Hold =
  | { kind: 'held'; directory: DataDirectory; ended: readonly string[] }
  | { kind: 'running'; pid: number; publicUrl: string | null };

/**
 * A leftover gateway or Orthanc finishes what it writes well within this; killing it later is safe, only
 * slower to recover from.
 */
const LEFTOVER_ENDS_WITHIN_MS = 5_000;

async function readJson<T>(path: string): Promise<T | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  try {
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}

/** Whole or not at all: a reader never sees half a file. */
async function writeJson(path: string, value: unknown): Promise<void> {
  const beside = `${path}.${process.pid}`;
  await writeFile(beside, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  await rename(beside, path);
}

/** The system on this data directory; null when nothing runs or it is not ready. */
export function readRunning(folder: string): Promise<Running | null> {
  return readJson<Running>(join(folder, 'running.json'));
}

function directoryOf(folder: string, supervisor: NotedProcess): DataDirectory {
  const files = { start: join(folder, 'start.json'), running: join(folder, 'running.json') };
  const children: Record<string, NotedProcess> = {};
  let announced: Omit<Running, 'pids'> | null = null;
  const write = async (): Promise<void> => {
    await writeJson(files.start, { supervisor, children } satisfies Held);
    if (!announced) return;
    const pids = Object.fromEntries(Object.entries(children).map(([name, { pid }]) => [name, pid]));
    await writeJson(files.running, {
      ...announced,
      pids: { supervisor: supervisor.pid, ...pids },
    } satisfies Running);
  };
  return {
    async noteChild(name, pid) {
      const noted = await noteProcess(pid);
      if (noted) children[name] = noted;
      await write();
    },
    async announce(running) {
      announced = running;
      await write();
    },
    async release() {
      await rm(files.running, { force: true });
      await rm(files.start, { force: true });
    },
  };
}

/** Ends what a start that is gone left behind; the names of what was ended. */
async function endLeftovers(held: Held | null): Promise<string[]> {
  const ended = Object.entries(held?.children ?? {}).map(async ([name, child]) =>
    (await endProcess(child, LEFTOVER_ENDS_WITHIN_MS)) ? name : null,
  );
  return (await Promise.all(ended)).filter((name) => name !== null);
}

/**
 * Puts the file there with its content, or not at all: link(2) fails when the name is taken, and nobody reads
 * half of it.
 */
async function create(path: string, held: Held): Promise<boolean> {
  const beside = `${path}.${randomUUID()}`;
  await writeFile(beside, JSON.stringify(held), { mode: 0o600 });
  const isOurs = await link(beside, path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
  await rm(beside);
  return isOurs;
}

const isHeldByOther = async (held: Held | null): Promise<boolean> =>
  held !== null && (await isStillRunning(held.supervisor));

/** Takes the file away from a start that is gone; null when another start was faster. */
async function takeAway(path: string): Promise<{ held: Held | null } | null> {
  const aside = `${path}.${randomUUID()}.old`;
  if (
    !(await rename(path, aside).then(
      () => true,
      () => false,
    ))
  )
    return null;
  const held = await readJson<Held>(aside);
  // Between the look and the taking another start may have come: then it gets its file back.
  const isOthers = await isHeldByOther(held);
  if (isOthers) await ignoreFailure(link(aside, path), 'a third start has its place already');
  await rm(aside);
  return isOthers ? null : { held };
}

/**
 * Takes the data directory for this process, made when absent, unless another start holds it. Throws when it
 * cannot be written.
 */
export async function holdDataDirectory(folder: string): Promise<Hold> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'start.json');
  const supervisor = await noteProcess(process.pid);
  if (!supervisor) throw new Error('This process cannot see itself; is /proc mounted?');
  const ended: string[] = [];
  while (!(await create(path, { supervisor, children: {} }))) {
    const before = await readJson<Held>(path);
    if (before && (await isHeldByOther(before))) {
      const publicUrl = (await readRunning(folder))?.publicUrl ?? null;
      return { kind: 'running', pid: before.supervisor.pid, publicUrl };
    }
    const taken = await takeAway(path);
    if (!taken) continue;
    ended.push(...(await endLeftovers(taken.held)));
    await rm(join(folder, 'running.json'), { force: true });
  }
  return { kind: 'held', directory: directoryOf(folder, supervisor), ended };
}
