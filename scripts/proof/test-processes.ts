/**
 * Runs test files in child processes and leaves none of their processes behind: everything that a test starts
 * inherits the mark of this run in its environment, and processes that still carry it afterwards are ended. Programs
 * that get an environment of their own, such as PostgreSQL, are known by their folder at the end of all runs.
 * Other processes of the machine are never touched. Linux only; elsewhere tests must clean up themselves.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SuiteReport } from './run-suites.ts';

const RUNNER = fileURLToPath(new URL('./run-suites.ts', import.meta.url));
/** MiB. Most of what a test makes is garbage at once: a tenth of all processor time went into looking through it. */
const YOUNG_OBJECTS = '--max-semi-space-size=64';
const MARK = 'RELAY_TEST_RUN';
const LOOK_AGAIN_MS = 20;
/** A killed process ends once its disk has answered. */
const GONE_WITHIN_MS = 30_000;

export type FileReport = SuiteReport & { readonly note: string | null };

export type RunOptions = {
  readonly files: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** For all files together; a process that hangs is killed then. */
  readonly withinMs: number;
  /** Nothing of what the files print is shown. */
  readonly isQuiet?: boolean;
  /** The first failure is enough: the process is killed, and the other files count as failed. */
  readonly endsAtFailure?: boolean;
  /** Kills the process. */
  readonly signal?: AbortSignal;
};

/** Printed file by file: the output of two processes at once could not be read. */
function collectOutput(child: ChildProcess, isQuiet: boolean): () => void {
  let output = '';
  const keep = (text: string): void => {
    if (!isQuiet) output += text;
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  return () => {
    process.stdout.write(output);
    output = '';
  };
}

/** Runs the files in one process. A file that did not report (a crash, a hang) counts as one failure. */
async function runOnce(options: RunOptions, mark: string): Promise<FileReport[]> {
  const { files, env, withinMs, isQuiet = false, endsAtFailure = false } = options;
  const reports = new Map<string, FileReport>();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [YOUNG_OBJECTS, RUNNER, ...files], {
    env: { ...env, [MARK]: mark },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    ...(options.signal && { signal: options.signal, killSignal: 'SIGKILL' as const }),
  });
  const show = collectOutput(child, isQuiet);
  child.on('message', (report: SuiteReport) => {
    reports.set(report.file, { ...report, note: null });
    show();
    if (endsAtFailure && report.failed > 0) child.kill('SIGKILL');
  });
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, withinMs);
  const how = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `code ${code}`));
  });
  clearTimeout(late);
  show();
  const ms = performance.now() - startedAt;
  const note = isLate ? `killed after ${Math.round(withinMs / 1000)} s` : `the process ended early (${how})`;
  const none = { passed: 0, failed: 1, skips: [], ms, cpuMs: ms, note };
  return files.map((file) => reports.get(file) ?? { file, ...none });
}

/** `fits` is asked with the folder of each process in /proc. */
async function processesThat(fits: (folder: string) => Promise<boolean>): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((entry) => /^\d+$/.test(entry));
  const fitting = await Promise.all(pids.map((pid) => fits(`/proc/${pid}`).catch(() => false)));
  return pids.filter((_, at) => fitting[at]).map(Number);
}

/**
 * Whether it is gone, or only waits for its parent to notice. A process that was killed loses its memory first, and
 * its environment with it; it may still write until its last thread has ended.
 */
export async function hasEnded(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat === '' || / [ZX] /.test(stat.slice(stat.lastIndexOf(')')));
}

/** Until none is left: a process that was only told to end may still write, or start another one. */
async function endThose(fits: (folder: string) => Promise<boolean>): Promise<void> {
  const end = performance.now() + GONE_WITHIN_MS;
  let ending: readonly number[] = [];
  for (;;) {
    const ended = await Promise.all(ending.map(hasEnded));
    const found = await processesThat(fits);
    const left = new Set([...ending.filter((_, at) => !ended[at]), ...found]);
    if (left.size === 0) return;
    ending = [...left];
    if (performance.now() > end) throw new Error(`processes of the tests do not end: ${ending.join(', ')}`);
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        /* it has ended */
      }
    }
    await after(LOOK_AGAIN_MS);
  }
}

/** Ends the processes that work in this folder, which belongs to the tests alone. */
export async function endProcessesIn(folder: string): Promise<void> {
  const inside = `${await realpath(folder)}/`;
  await endThose(async (of) => `${await readlink(`${of}/cwd`)}/`.startsWith(inside));
}

/** Runs the files in one process and ends what they left behind. */
export async function runFiles(options: RunOptions): Promise<FileReport[]> {
  const mark = randomUUID();
  const reports = await runOnce(options, mark);
  await endThose(async (of) =>
    (await readFile(`${of}/environ`, 'utf8')).split('\0').includes(`${MARK}=${mark}`),
  );
  return reports;
}
