/**
 * `npm run lab -- stress [--processes N] [-- COMMAND…]`: keeps processor, memory and disk busy while COMMAND
 * runs, and exits with its exit code. Without a command it runs until it is ended (Ctrl+C).
 *
 * A test run at the same time proves that no test depends on the speed of the machine: `npm run lab -- stress
 * -- npm test` must pass like `npm test`, only later. The default is two busy processes a core: then each
 * process of the tests gets about a third of a core. Nothing remains on the disk.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const KEEP_BUSY = fileURLToPath(new URL('./stress/keep-busy.ts', import.meta.url));
const PROCESSES_A_CORE = 2;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function untilSignal(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) process.once(signal, () => resolve(0));
  });
}

async function runBeside([program, ...args]: readonly string[]): Promise<number> {
  const child = spawn(program!, args, { stdio: 'inherit' });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + constants.signals[signal!];
}

function startBusy(processes: number): ChildProcess[] {
  return Array.from({ length: processes }, () => {
    const child = fork(KEEP_BUSY);
    // A full disk or too little memory ends it: the rest of the run is under less load than the first line says.
    child.once('exit', (code) => {
      if (code !== null && code !== 0) say(`a busy process ended with code ${code}`);
    });
    return child;
  });
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { processes: { type: 'string' } },
    allowPositionals: true,
  });
  const processes = Number(values.processes ?? PROCESSES_A_CORE * availableParallelism());
  if (!Number.isSafeInteger(processes) || processes < 1) {
    say('usage: npm run lab -- stress [--processes N] [-- COMMAND…]');
    return 2;
  }
  const busy = startBusy(processes);
  say(`${processes} processes keep processor, memory and disk busy`);
  try {
    return await (positionals.length > 0 ? runBeside(positionals) : untilSignal());
  } finally {
    for (const child of busy) child.kill();
  }
}

process.exitCode = await main(process.argv.slice(2));
