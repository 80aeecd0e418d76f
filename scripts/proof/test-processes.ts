/**
 * Runs test files in child processes and leaves none of their processes behind: everything that a test starts
 * inherits the mark of this run in its environment, and processes that still carry it afterwards are ended.
 * Other processes of the machine are never touched.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { SuiteReport } from './run-suites.ts';

const RUNNER = fileURLToPath(new URL('./run-suites.ts', import.meta.url));
const MARK = 'RELAY_TEST_RUN';

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
  const child = spawn(process.execPath, [RUNNER, ...files], {
    env: { ...env, [MARK]: mark },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
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

async function carriersOf(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const carriers = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return environment.split('\0').includes(`${MARK}=${mark}`) ? pid : null;
    }),
  );
  return carriers.filter((pid) => pid !== null);
}

/**
 * Runs the files in one process and ends what they left behind. Linux only for the latter; elsewhere tests
 * must clean up themselves.
 */
export async function runFiles(options: RunOptions): Promise<FileReport[]> {
  const mark = randomUUID();
  const reports = await runOnce(options, mark);
  for (const pid of await carriersOf(mark)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      /* it has ended */
    }
  }
  return reports;
}
