/**
 * Runs test files in child processes and leaves none of their processes behind: everything that a test starts
 * inherits the mark of this run in its environment, and processes that still carry it afterwards are ended. Programs
 * that get an environment of their own, such as PostgreSQL, are known by their folder at the end of all runs.
 * Other processes of the machine are never touched. Linux only; elsewhere tests must clean up themselves.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { statOf } from '../system/processes.ts';
import type { SuiteReport, Told } from './run-suites.ts';

const RUNNER = fileURLToPath(new URL('./run-suites.ts', import.meta.url));
/** MiB. Most of what a test makes is garbage at once: a tenth of all processor time went into looking through it. */
const YOUNG_OBJECTS = '--max-semi-space-size=64';
const MARK = 'RELAY_TEST_RUN';
const LOOK_AGAIN_MS = 20;
/** A killed process ends once its disk has answered. */
const GONE_WITHIN_MS = 30_000;
/** Nobody who holds the other end is left, unless the machine hides processes. */
const READ_WITHIN_MS = 5_000;
/** Characters of what the files of one process print; the last half of this is kept for certain. */
const SHOWN_CHARACTERS = 8 * 2 ** 20;

export type FileReport = SuiteReport & {
  readonly note: string | null;
  /** The round of `--repeat`. */
  readonly round?: number;
};

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
    if (isQuiet) return;
    output += text;
    if (output.length > SHOWN_CHARACTERS)
      output = `[the beginning is left out]\n${output.slice(-SHOWN_CHARACTERS / 2)}`;
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  return () => {
    process.stdout.write(output);
    output = '';
  };
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
  const stat = await statOf(pid);
  return stat === null || stat[3] === 'Z' || stat[3] === 'X';
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

/** The course of a process, as it tells it. */
type Course = {
  readonly reports: Map<string, SuiteReport>;
  /** Files of which something failed outside of their tests. */
  readonly faults: string[];
  at: string | null;
};

/** The reports in the order of the files: one that gave none (a crash, a hang) counts as one failure. */
function judge(files: readonly string[], { reports, faults, at }: Course, end: string | null): FileReport[] {
  return files.map((file) => {
    const isAt = file === at;
    const report = reports.get(file);
    if (report === undefined) {
      const note = isAt || at === null ? end : `not run: the process ended in ${at}`;
      return { file, passed: 0, failed: 1, failures: [], skips: [], ms: 0, cpuMs: 0, note };
    }
    const outside = faults.filter((one) => one === file).map(() => 'outside of its tests');
    const failed = report.failed + outside.length;
    const failures = [...report.failures, ...outside];
    // The file passed, and then the process died in it.
    if (isAt && end !== null && failed === 0) return { ...report, failed: 1, note: end };
    return { ...report, failed, failures, note: null };
  });
}

/** Runs the files in one process and ends what they left behind. */
export async function runFiles(options: RunOptions): Promise<FileReport[]> {
  const { files, env, withinMs, isQuiet = false, endsAtFailure = false } = options;
  const course: Course = { reports: new Map(), faults: [], at: null };
  const mark = randomUUID();
  const child = spawn(process.execPath, [YOUNG_OBJECTS, RUNNER, ...files], {
    env: { ...env, [MARK]: mark },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    ...(options.signal && { signal: options.signal, killSignal: 'SIGKILL' as const }),
  });
  const show = collectOutput(child, isQuiet);
  const closed = ignoreFailure(once(child, 'close'), 'a process that could not be started writes nothing');
  child.on('message', (told: Told) => {
    if (told.kind === 'begun') course.at = told.file;
    else if (told.kind === 'fault') course.faults.push(told.file);
    else {
      course.reports.set(told.report.file, told.report);
      show();
    }
    if (endsAtFailure && (told.kind === 'fault' || (told.kind === 'report' && told.report.failed > 0)))
      child.kill('SIGKILL');
  });
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, withinMs);
  const how = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`));
  });
  clearTimeout(late);
  await endThose(async (of) =>
    (await readFile(`${of}/environ`, 'utf8')).split('\0').includes(`${MARK}=${mark}`),
  );
  await Promise.race([closed, after(READ_WITHIN_MS, undefined, { ref: false })]);
  show();
  const isWhole = course.reports.size === files.length && how === 'code 0';
  const early = isWhole ? null : `the process ended early (${how})`;
  return judge(files, course, isLate ? `killed after ${Math.round(withinMs / 1000)} s` : early);
}
