/**
 * The gateway as a child process: `node gateway/src/main.ts` under the Node that runs this, with the
 * environment it is given.
 *
 * It is ready when the API says so at /health/ready and the web app's port answers. Its log lines (JSON) go
 * to stdout, or into a file of limited size while a person watches at a terminal; messages for a person (a wrong
 * setting) always go to stderr.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { get as askPlainly } from 'node:http';
import { get as askTls } from 'node:https';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { SECRETS_FOLLOW, type Secrets } from '../../gateway/src/secret-settings.ts';
import type { Child } from './keep-alive.ts';
import { limitLog } from './turn-over-log.ts';
import { untilReady } from './until-ready.ts';

/**
 * V8's room, in MB. Parcels pass through external buffers, and those that have passed stay until V8 looks for
 * them: with a young generation of 4 MB they were 90 MB at times, with 2 MB they are 40. With a small old
 * generation it answers their growth with full collections (40 % of the intake's CPU).
 */
export const GATEWAY_NODE_FLAGS: readonly string[] = [
  '--initial-old-space-size=80',
  '--max-semi-space-size=2',
];

/**
 * glibc asks the system for each buffer above the first threshold, and gives it back at once: every 4 KiB of it then
 * cost a page fault. Pieces of parcels have up to 1 MiB, and with 64 KiB here that was 6 % of the gateway's CPU while
 * it forwards. glibc's own threshold grows with use, and its heap with it (40 MB more at the peak); a fixed one does
 * not. The second one is the most that stays unused at the end of the heap: with less, the faults come back. In bytes,
 * measured with STOW-RS. Read by the C library when the process starts, so it can only be set in the environment.
 */
export const GATEWAY_MEMORY: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: '2097152',
  MALLOC_TRIM_THRESHOLD_: '16777216',
  MALLOC_ARENA_MAX: '2',
};

const MAIN = fileURLToPath(new URL('../../gateway/src/main.ts', import.meta.url));

/** The time for the gateway to finish requests in flight. Killing it later loses nothing, only the answers to them. */
const STOP_WITHIN_MS = 8_000;

export type LiveOptions = {
  readonly url: string;
  readonly everyMs: number;
  /** How long one answer may take. */
  readonly withinMs: number;
  /** So many misses in a row, and it is dead: one alone may be a machine that slept. */
  readonly misses: number;
};

/**
 * A process may hang without ending. Under attack the gateway answers within a fraction of a second; one that
 * has said nothing for three quarters of a minute never will.
 */
const LIVE = { everyMs: 5_000, withinMs: 10_000, misses: 3 } as const;
const SILENT = 'it no longer answered';

/** Calls `onAnswer` at each answer, and `onDead` once when nothing answers any more; ends with the signal. */
export async function watchLive(
  { url, everyMs, withinMs, misses }: LiveOptions,
  signal: AbortSignal,
  onDead: () => void,
  onAnswer = (): void => {},
): Promise<void> {
  let missed = 0;
  while (missed < misses) {
    await ignoreFailure(after(everyMs, undefined, { signal, ref: false }), 'it has ended');
    if (signal.aborted) return;
    missed = (await statusOf(url, withinMs)) === null ? missed + 1 : 0;
    if (missed === 0) onAnswer();
  }
  if (!signal.aborted) onDead();
}

export type GatewayOptions = {
  readonly env: NodeJS.ProcessEnv;
  /** Secrets go through the channel: other processes of the account can read an environment. */
  readonly secrets: Secrets;
  readonly say: (line: string) => void;
  readonly api: string;
  readonly web: string;
  /** Where its log lines go; stdout when null. */
  readonly logFile: string | null;
  readonly signal: AbortSignal;
  /** When a process that says nothing is dead. */
  readonly live?: Omit<LiveOptions, 'url'>;
  /** Called as soon as there is a process, before it answers. */
  readonly onSpawn: (pid: number) => Promise<void>;
  /** Called at each word and each answer of the gateway. */
  readonly onAlive?: () => void;
};

/** RFC 4918 §11.5, Insufficient Storage: it works, and takes nothing new. */
const FULL = 507;

/** A gateway that holds all the connections it may closes the next one at once, and is alive. */
const CLOSED = 0;

/**
 * The status of the gateway that this process has started, or CLOSED; null: no answer. Its certificate names the host
 * that users type, not this machine.
 */
function statusOf(url: string, withinMs = 2_000): Promise<number | null> {
  const ask = url.startsWith('https:') ? askTls : askPlainly;
  return new Promise((resolve) => {
    const options = { signal: AbortSignal.timeout(withinMs), rejectUnauthorized: false };
    const asked = ask(url, options, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? null);
    });
    asked.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNRESET' ? CLOSED : null));
  });
}

async function isReady(api: string): Promise<boolean> {
  const status = await statusOf(`${api}/health/ready`);
  return status === 200 || status === FULL;
}

/** A message of the gateway while it starts: its step (main.ts), again each second. */
type Word = { readonly starting?: string | null };

async function untilGatewayIsReady(
  { api, web, say, signal, onAlive }: GatewayOptions,
  child: ChildProcess,
  exited: Promise<number | string>,
): Promise<void> {
  let words = 0;
  let step: string | null = null;
  const note = ({ starting }: Word): void => {
    words += 1;
    step = starting ?? step;
    onAlive?.();
  };
  child.on('message', note);
  await untilReady({
    name: 'The gateway',
    // The page may still be in the making: any answer will do.
    isReady: async () => (await isReady(api)) && (await statusOf(`${web}/`)) !== null,
    exited,
    signOfLife: () => words,
    step: () => step,
    say,
    signal,
  }).finally(() => child.off('message', note));
}

/**
 * Starts the gateway and waits until it is ready. @throws Error when it ends before, shows no sign of life or the
 * start is given up.
 */
export async function startGateway(options: GatewayOptions): Promise<Child> {
  const log = options.logFile === null ? null : await open(options.logFile, 'a', 0o600);
  // A process group of its own: Ctrl-C at the terminal reaches the supervisor alone, which ends the gateway
  // before the PACS. Through the channel it notices when this process is killed.
  const env = { ...GATEWAY_MEMORY, ...options.env, ...SECRETS_FOLLOW };
  const child = spawn(process.execPath, [...GATEWAY_NODE_FLAGS, MAIN], {
    env,
    stdio: ['ignore', log?.fd ?? 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  let isDead = false;
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(isDead ? SILENT : (code ?? signal ?? 'unknown')));
    child.once('error', (error) => resolve(error.message));
  });
  await log?.close();
  if (options.logFile !== null) void exited.then(limitLog(options.logFile));
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  void exited.then(() => process.off('exit', endWithUs));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await exited;
    clearTimeout(late);
  };
  try {
    if (child.pid !== undefined) await options.onSpawn(child.pid);
    child.send({ secrets: options.secrets }, () => {
      // `exited` tells of a gateway that has ended.
    });
    await untilGatewayIsReady(options, child, exited);
  } catch (error) {
    await stop();
    throw error;
  }
  const over = new AbortController();
  void exited.then(() => over.abort());
  const end = (): void => {
    isDead = true;
    child.kill('SIGKILL');
  };
  const live = { url: `${options.api}/health/live`, ...(options.live ?? LIVE) };
  void watchLive(live, over.signal, end, options.onAlive);
  return { pid: child.pid!, exited, stop };
}
