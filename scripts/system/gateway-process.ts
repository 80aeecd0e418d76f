/**
 * The gateway as a child process: `node gateway/src/main.ts` under the Node that runs this, with the
 * environment it is given.
 *
 * It is ready when the API says so at /health/ready and the web app's port answers. Its log lines (JSON) go
 * to stdout, or into a file of limited size while a person watches at a terminal; messages for a person (a wrong
 * setting) always go to stderr.
 */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { get as askPlainly } from 'node:http';
import { get as askTls } from 'node:https';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Child } from './keep-alive.ts';
import { limitLog } from './turn-over-log.ts';

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

/** The database opens within a second or two; after a crash it first replays its log. */
const READY_WITHIN_MS = 60_000;
/** It finishes requests in flight. Killing it later loses nothing, only the answers to them. */
const STOP_WITHIN_MS = 8_000;
const LOOK_AGAIN_MS = 50;

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

/** Calls `onDead` once when nothing answers any more; ends with the signal. */
export async function watchLive(
  { url, everyMs, withinMs, misses }: LiveOptions,
  signal: AbortSignal,
  onDead: () => void,
): Promise<void> {
  let missed = 0;
  while (missed < misses) {
    await ignoreFailure(after(everyMs, undefined, { signal, ref: false }), 'it has ended');
    if (signal.aborted) return;
    missed = (await statusOf(url, withinMs)) === null ? missed + 1 : 0;
  }
  if (!signal.aborted) onDead();
}

export type GatewayOptions = {
  readonly env: NodeJS.ProcessEnv;
  readonly api: string;
  readonly web: string;
  /** Where its log lines go; stdout when null. */
  readonly logFile: string | null;
  readonly signal: AbortSignal;
  /** When a process that says nothing is dead. */
  readonly live?: Omit<LiveOptions, 'url'>;
  /** Called as soon as there is a process, before it answers. */
  readonly onSpawn: (pid: number) => Promise<void>;
};

/** RFC 4918 §11.5, Insufficient Storage: it works, and takes nothing new. */
const FULL = 507;

/**
 * The status of the gateway that this process has started; null: no answer. Its certificate names the host that
 * users type, not this machine.
 */
function statusOf(url: string, withinMs = 2_000): Promise<number | null> {
  const ask = url.startsWith('https:') ? askTls : askPlainly;
  return new Promise((resolve) => {
    const options = { signal: AbortSignal.timeout(withinMs), rejectUnauthorized: false };
    const asked = ask(url, options, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? null);
    });
    asked.on('error', () => resolve(null));
  });
}

async function answers(url: string): Promise<boolean> {
  const status = await statusOf(url);
  return status === 200 || status === FULL;
}

async function untilReady(
  { api, web, signal }: GatewayOptions,
  exited: Promise<number | string>,
): Promise<void> {
  let gone: number | string | null = null;
  void exited.then((how) => (gone = how));
  const end = performance.now() + READY_WITHIN_MS;
  while (performance.now() < end) {
    signal.throwIfAborted();
    if (gone !== null) throw new Error(`The gateway ended before it was ready (${gone}).`);
    if ((await answers(`${api}/health/ready`)) && (await answers(`${web}/`))) return;
    await after(LOOK_AGAIN_MS);
  }
  const [ready, page] = await Promise.all([answers(`${api}/health/ready`), answers(`${web}/`)]);
  throw new Error(
    `The gateway was not ready within ${READY_WITHIN_MS / 1000} s (${api}: ${ready ? 'ready' : 'not ready'}, ${web}: ${page ? 'ready' : 'not ready'}).`,
  );
}

/**
 * Starts the gateway and waits until it is ready. @throws Error when it ends before, is not ready in time or
 * the start is given up.
 */
export async function startGateway(options: GatewayOptions): Promise<Child> {
  const log = options.logFile === null ? null : await open(options.logFile, 'a', 0o600);
  // A process group of its own: Ctrl-C at the terminal reaches the supervisor alone, which ends the gateway
  // before the PACS. Through the channel it notices when this process is killed.
  const env = { ...GATEWAY_MEMORY, ...options.env };
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
    await untilReady(options, exited);
  } catch (error) {
    await stop();
    throw error;
  }
  const over = new AbortController();
  void exited.then(() => over.abort());
  void watchLive({ url: `${options.api}/health/live`, ...(options.live ?? LIVE) }, over.signal, () => {
    isDead = true;
    child.kill('SIGKILL');
  });
  return { pid: child.pid!, exited, stop };
}
