/**
 * Starts the process in which models run, and talks to it. The process gets no environment, and so no secret. Its
 * memory is limited twice: by its own guard, which watches resident memory, and by the kernel, which refuses an
 * allocation far beyond that. It leaves no core file, which would contain pixels.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { EngineAnswer, EngineQuestion, EngineStart } from './engine-messages.ts';

/** The process has ended. */
export type Ended = { readonly kind: 'ended'; readonly signal: NodeJS.Signals | null };

export type EngineProcess = {
  readonly pid: number;
  /** Asks one question at a time. */
  ask(question: EngineQuestion): Promise<EngineAnswer | Ended>;
  /** Ends the process, whatever it is doing. */
  kill(): void;
  readonly ended: Promise<void>;
};

const PROGRAM = fileURLToPath(new URL('./engine-process.ts', import.meta.url));
/** RLIMIT_DATA also counts what Node maps at its start: about 600 MB, most of it never touched. */
const BEYOND_MEMORY_BYTES = 1024 ** 3;
/** The start takes 0.2 s on an idle machine. */
const START_TIMEOUT_MS = 30_000;

/** Throws an Error with the reason if the process does not start. `signal`: ends a process that is starting. */
export async function startEngineProcess(memoryBytes: number, signal: AbortSignal): Promise<EngineProcess> {
  const kibibytes = Math.ceil((memoryBytes + BEYOND_MEMORY_BYTES) / 1024);
  const limited = `ulimit -c 0; ulimit -d ${kibibytes} 2>/dev/null; exec "$@"`;
  const child = spawn('/bin/sh', ['-c', limited, 'sh', process.execPath, PROGRAM, String(memoryBytes)], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
    env: {},
    cwd: '/',
  });
  const kill = (): void => void child.kill('SIGKILL');
  let told: (message: EngineStart | EngineAnswer | Ended) => void = () => undefined;
  const next = (): Promise<EngineStart | EngineAnswer | Ended> => new Promise((resolve) => (told = resolve));
  let hasEnded: Ended | null = null;
  const ended = new Promise<void>((resolve) => {
    const end = (signal: NodeJS.Signals | null): void => {
      hasEnded = { kind: 'ended', signal };
      told(hasEnded);
      resolve();
    };
    // Every error needs a listener, also a second one: an unhandled one ends the gateway.
    child.once('exit', (_, signal) => end(signal)).on('error', () => end(null));
  });
  child.on('message', (message) => told(message as EngineStart | EngineAnswer));

  const late = setTimeout(kill, START_TIMEOUT_MS);
  signal.addEventListener('abort', kill);
  const start = await next();
  clearTimeout(late);
  signal.removeEventListener('abort', kill);
  if (start.kind !== 'ready' || child.pid === undefined) {
    kill();
    throw new Error(start.kind === 'not-ready' ? start.detail : 'the process of the models does not start');
  }
  return {
    pid: child.pid,
    kill,
    ended,
    ask(question) {
      if (hasEnded !== null) return Promise.resolve(hasEnded);
      // If it cannot be sent, the process is about to end, and that end is the answer.
      child.send(question, () => undefined);
      return next() as Promise<EngineAnswer | Ended>;
    },
  };
}
