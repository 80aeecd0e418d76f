/**
 * One process owns a data folder. PGlite writes a `postmaster.pid` but heeds none: two processes would open
 * the same files and ruin them. The lock is a file with the owner's process id; what a killed process left
 * behind is taken over.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

/** Two processes cannot own the same folder. The message names the owner, for a person at a terminal. */
export class FolderInUse extends Error {
  constructor(folder: string, pid: number) {
    super(`${folder} is in use by process ${pid}. Stop it first, or give this one another RELAY_DATA_DIR.`);
    this.name = 'FolderInUse';
  }
}

type ProcessFacts = { readonly state: string; readonly start: string };

/**
 * Its state and when it began, in clock ticks since boot: tells a process from a later one with its number.
 * null where /proc does not tell.
 */
function factsOf(pid: number): ProcessFacts | null {
  try {
    // proc(5): the 3rd field is the state, the 22nd the start time; the 2nd may hold spaces and ends with the
    // last ")".
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', start: fields[19] ?? '' };
  } catch {
    return null;
  }
}

function isAlive(pid: number, start: string): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const facts = factsOf(pid);
  // A killed process that nobody has collected (Z, X) still has its number.
  return facts === null || (!/[ZX]/.test(facts.state) && (start === '' || facts.start === start));
}

/** A killed process takes a moment to be gone, and what comes after it is started at once. */
const PATIENCE_MS = 2_000;
const LOOK_AGAIN_MS = 50;

type Owner = { readonly pid: number; readonly start: string };

/** Makes the file, whole, where there is none. */
function appears(path: string, content: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Takes the lock of a dead owner away; one that somebody else took in the meantime is put back. */
function removeStale(path: string, owner: Owner): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = readOwner(aside);
  if (moved?.pid !== owner.pid || moved.start !== owner.start) renameSync(aside, path);
  rmSync(aside, { force: true });
}

function readOwner(path: string): Owner | null {
  try {
    const [pid = '', start = ''] = readFileSync(path, 'utf8').split(' ');
    return { pid: Number(pid), start };
  } catch {
    return null;
  }
}

/**
 * Takes the lock and returns what gives it back. Throws FolderInUse when a living process has it (this one
 * too: a second door to the same files is as bad from inside).
 */
export async function lockFolder(folder: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'owner.pid');
  const mine = `${process.pid} ${factsOf(process.pid)?.start ?? ''}`;
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    if (appears(path, mine)) return () => rmSync(path, { force: true });
    const owner = readOwner(path);
    if (!owner) continue;
    if (!isAlive(owner.pid, owner.start)) removeStale(path, owner);
    else if (owner.pid === process.pid || performance.now() > end) throw new FolderInUse(folder, owner.pid);
    else await after(LOOK_AGAIN_MS);
  }
}
