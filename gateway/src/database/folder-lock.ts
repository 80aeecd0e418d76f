/**
 * One process owns a data folder. PGlite writes a `postmaster.pid` but heeds none: two processes would open the same files and ruin them.
 * The lock is a file with the owner's process id; what a killed process left behind is taken over.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Two processes cannot own the same folder. The message names the owner, for a person at a terminal. */
export class FolderInUse extends Error {
  constructor(folder: string, pid: number) {
    super(`${folder} is in use by process ${pid}. Stop it first, or give this one another RELAY_DATA_DIR.`);
    this.name = 'FolderInUse';
  }
}

/** When the process began, in clock ticks since boot, or null where /proc does not tell: tells a process from a later one with its number. */
function startOf(pid: number): string | null {
  try {
    // proc(5): the 22nd field is the start time; the second may hold spaces and ends with the last ")".
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const now = startOf(pid);
  return start === '' || now === null || now === start;
}

/**
 * Takes the lock and returns what gives it back. Throws FolderInUse when a living process has it (this one too: a second door to the same
 * files is as bad from inside).
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'owner.pid');
  const mine = `${process.pid} ${startOf(process.pid) ?? ''}`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      writeFileSync(path, mine, { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const [pid = '0', start = ''] = readFileSync(path, 'utf8').split(' ');
      if (attempt > 0 || (Number(pid) > 0 && isAlive(Number(pid), start))) throw new FolderInUse(folder, Number(pid));
      rmSync(path, { force: true });
    }
  }
}
