/**
 * Processes that outlive the one that started them: recognised before they are ended.
 *
 * A process id alone is not enough, for it is given again to others. A process is taken for the one that was
 * noted only when it began at the same moment of the same run of the system; anything else is foreign and is
 * never touched.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';

export type NotedProcess = {
  readonly pid: number;
  /** When it began, as the system tells it. Its command line is no mark: it is empty while a program is loaded. */
  readonly mark: string;
};

const LOOK_AGAIN_MS = 50;

/**
 * The fields of a process's `stat` by their numbers in proc(5), from 3 on; the second may hold spaces and parentheses.
 * null: there is none of this id, or another system.
 */
export async function statOf(pid: number): Promise<readonly string[] | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat === '' ? null : ['', '', '', ...stat.slice(stat.lastIndexOf(')') + 2).split(' ')];
}

/** Kernel ticks: 100 a second on every Linux (USER_HZ). */
const TICK_MS = 10;

/** The processor time that a process has used (fields 14 and 15), in milliseconds; 0 where the system does not tell. */
export async function cpuMsOf(pid: number): Promise<number> {
  const stat = await statOf(pid);
  return stat === null ? 0 : (Number(stat[14]) + Number(stat[15])) * TICK_MS;
}

/** Field 22 is the start time since the system started, 20 the threads, 3 the state. */
async function markOnLinux(pid: number): Promise<string | null> {
  const stat = await statOf(pid);
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  // A zombie has ended; but while a thread of it ends, its ports are still taken.
  if (stat === null || (stat[3] === 'Z' && Number(stat[20]) <= 1)) return null;
  return `${stat[22]} ${boot}`.trim();
}

async function markElsewhere(pid: number): Promise<string | null> {
  const told = await promisify(execFile)('ps', ['-ww', '-o', 'lstart=', '-p', String(pid)]).catch(() => null);
  return told?.stdout.trim() || null;
}

/** Notes a running process so that it can be recognised later; null when there is none of this id. */
export async function noteProcess(pid: number): Promise<NotedProcess | null> {
  const mark = process.platform === 'linux' ? await markOnLinux(pid) : await markElsewhere(pid);
  return mark === null ? null : { pid, mark };
}

/** Whether the very process that was noted still runs. */
export async function isStillRunning(noted: NotedProcess): Promise<boolean> {
  return (await noteProcess(noted.pid))?.mark === noted.mark;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // The process has ended in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Asks the noted process to end, kills it after `withinMs`, and returns when it is gone. True when there was
 * one.
 */
export async function endProcess(noted: NotedProcess, withinMs: number): Promise<boolean> {
  if (!(await isStillRunning(noted))) return false;
  send(noted.pid, 'SIGTERM');
  const end = performance.now() + withinMs;
  while (await isStillRunning(noted)) {
    if (performance.now() > end) send(noted.pid, 'SIGKILL');
    await after(LOOK_AGAIN_MS);
  }
  return true;
}
