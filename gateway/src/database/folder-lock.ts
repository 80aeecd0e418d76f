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

type ProcessFacts = { readonly state: string; readonly start: string };

/** Its state and when it began, in clock ticks since boot: tells a process from a later one with its number. null where /proc does not tell. */
function factsOf(pid: number): ProcessFacts | null {
  try {
    // proc(5): the 3rd field is the state, the 22nd the start time; the 2nd may hold spaces and ends with the last ")".
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', start: fields[19] ?? '' };
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
  const facts = factsOf(pid);
  // A killed process that nobody has collected (Z, X) still has its number.
  return facts === null || (!/[ZX]/.test(facts.state) && (start === '' || facts.start === start));
}

/**
 * Takes the lock and returns what gives it back. Throws FolderInUse when a living process has it (this one too: a second door to the same
 * files is as bad from inside).
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'owner.pid');
  const mine = `${process.pid} ${factsOf(process.pid)?.start ?? ''}`;
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
