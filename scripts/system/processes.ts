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
 * Linux: proc(5); field 22 of `stat` is the start time since the system started, 20 the threads, 3 the state; the
 * second field may hold spaces and parentheses.
 */
async function markOnLinux(pid: number): Promise<string | null> {
  const [stat, boot] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
  ]);
  if (stat === '') return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; but while a thread of it ends, its ports are still taken.
  const hasEnded = fields[0] === 'Z' && Number(fields[17]) <= 1;
  return hasEnded ? null : `${fields[19]} ${boot}`.trim();
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
    // It has ended in the meantime.
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
