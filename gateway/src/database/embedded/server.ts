/**
 * One run of a PostgreSQL server on a cluster, as a child of this process, on a Unix socket in a folder that nobody
 * else may enter. A socket needs no port that another program may take, and no other user of the machine can pose as
 * the database while it is away.
 *
 * The server does not outlive this process for long: a watcher, a shell that waits for the end of a pipe from here,
 * tells the server to end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import pg from 'pg';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { CannotRun } from './account.ts';
import { type Cluster, hereFor } from './cluster.ts';
import type { Program } from './program.ts';

/**
 * The folder of a Unix socket, whose path must be short (unix(7): 107 bytes in all); or a port on the loopback
 * interface.
 */
export type ServerAddress =
  | { readonly kind: 'socket'; readonly folder: string }
  | { readonly kind: 'port'; readonly port: number };

export type ServerOptions = {
  readonly program: Program;
  readonly cluster: Cluster;
  readonly address: ServerAddress;
  /** Settings in the form of postgresql.conf, `name=value`. */
  readonly settings: readonly string[];
};

export type RunningServer = {
  readonly pid: number;
  readonly url: string;
  /** How it ended: its exit code or the name of a signal. */
  readonly exited: Promise<string>;
  /** The last part of its log output. */
  words(): string;
  /**
   * `fast` disconnects clients, rolls back what they had not committed, and writes everything to its place. After
   * `immediate` the next start recovers from the log.
   */
  stop(how: ShutdownMode): Promise<void>;
};

/** The cluster is used by another server, or by what one left behind. */
export class ClusterTaken extends Error {}

const ANSWER_WITHIN_MS = 60_000;
/**
 * After a crash the server first replays its log, at most `max_wal_size`, and reports every 10 s that it does
 * (`log_startup_progress_interval`). Without an answer or a log line for this long, it is dead.
 */
const SILENT_MS = 240_000;
/** The gateway is killed 8 s after it was told to end, so its database has this long. */
const STOP_WITHIN_MS = 4_000;
const LOOK_AGAIN_MS = 15;
const WORDS_LIMIT = 4_000;

/**
 * postmaster.pid has the server's process id in its first line; it is checked because another process may have the id
 * by now. The socket's folder is removed after the server, even if the server was killed and left its socket there.
 */
const WATCH = `
  cd -P cluster || exit
  read -r _
  read -r pid < postmaster.pid && [ "$pid" = "$0" ] && kill -s INT "$pid"
  n=0; while [ $n -lt 100 ] && kill -0 "$0" 2> /dev/null; do n=$((n + 1)); sleep 0.1; done
  [ -z "$1" ] || { rm -f "$1"/.s.PGSQL.*; rmdir "$1"; }`;

/** "Fast" and "immediate" shutdown (PostgreSQL, "Shutting Down the Server"). */
export const END = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;
export type ShutdownMode = keyof typeof END;

function startWatcher(pid: number, { cluster: { place }, address }: ServerOptions): ChildProcess {
  const folder = address.kind === 'socket' ? address.folder : '';
  const watcher = spawn('/bin/sh', ['-c', WATCH, String(pid), folder], {
    ...place.account,
    cwd: place.folder,
    // The account can read the environment of its own processes, and this process's holds passwords.
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.on('error', () => {
    // Without a shell there is no watcher; the next start then ends the server that is left behind.
  });
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void }).unref();
  return watcher;
}

function addressSettings(address: ServerAddress): readonly string[] {
  return address.kind === 'socket'
    ? ['listen_addresses=', `unix_socket_directories=${address.folder}`, 'unix_socket_permissions=0700']
    : ['listen_addresses=127.0.0.1', `port=${address.port}`, 'unix_socket_directories='];
}

/** The account enters the cluster itself ([Note: root and the account] in account.ts). */
const ENTER = 'cd -P cluster && exec "$0" "$@"';

function spawnServer({ program, cluster, address, settings }: ServerOptions): ChildProcess {
  const { folder, account } = cluster.place;
  const all = [
    ...addressSettings(address),
    // The gateway's process id, so that a second start can name it.
    `cluster_name=relaypacs-${process.pid}`,
    ...settings,
  ];
  const postgres = join(program.folder, 'bin', 'postgres');
  const parameters = ['-D', hereFor(account), ...all.flatMap((setting) => ['-c', setting])];
  const isOurs = account.uid === undefined;
  // In a process group of its own, so that Ctrl-C at a terminal reaches only the gateway, which ends its database last.
  return spawn(isOurs ? postgres : '/bin/sh', isOurs ? parameters : ['-c', ENTER, postgres, ...parameters], {
    ...account,
    cwd: isOurs ? cluster.folder : folder,
    env: program.env,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
}

export function urlOf({ password }: Pick<Cluster, 'password'>, address: ServerAddress): string {
  const host = address.kind === 'socket' ? encodeURIComponent(address.folder) : `127.0.0.1:${address.port}`;
  return `postgres://relay:${password}@${host}/postgres`;
}

type Answer = 'ready' | 'none' | { readonly refusal: string };

async function askWhetherReady(url: string): Promise<Answer> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: ANSWER_WITHIN_MS });
  client.on('error', () => {});
  try {
    await client.connect();
    return 'ready';
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string };
    // A server that is starting or stopping answers `cannot_connect_now`; any other refusal is final.
    return /^[0-9A-Z]{4}\d$/.test(code) && code !== '57P03' ? { refusal: message } : 'none';
  } finally {
    await ignoreFailure(client.end(), 'the answer is known');
  }
}

/** Follows the child's log output and its end, and can stop it. */
function follow(child: ChildProcess, url: string): RunningServer & { hasEnded(): boolean } {
  let words = '';
  let ended = false;
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-WORDS_LIMIT);
  });
  const exited = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? String(code)));
    child.once('error', (error) => resolve(error.message));
  });
  void exited.then(() => {
    ended = true;
  });
  // The child does not keep this process alive when it has nothing else to do.
  child.unref();
  (child.stderr as unknown as { unref(): void }).unref();
  const stop = async (how: ShutdownMode): Promise<void> => {
    child.ref();
    if (!ended) child.kill(END[how]);
    const late = setTimeout(() => child.kill(END.immediate), STOP_WITHIN_MS);
    await exited;
    clearTimeout(late);
  };
  return { pid: child.pid ?? 0, url, exited, words: () => words, hasEnded: () => ended, stop };
}

/** Whether its last log lines say that another server uses the cluster. */
const isTaken = (words: string): boolean =>
  words.includes('pre-existing shared memory block') ||
  words.split('\n').some((line) => line.includes('lock file ') && line.includes(' already exists'));

/** Starts the server and waits until it answers. @throws ClusterTaken; CannotRun with the server's last log lines. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const url = urlOf(options.cluster, options.address);
  const child = spawnServer(options);
  const server = follow(child, url);
  const watcher = child.pid === undefined ? null : startWatcher(child.pid, options);
  void server.exited.then(() => watcher?.kill('SIGKILL'));
  let heard = server.words();
  let movedAt = performance.now();
  let answer = await askWhetherReady(url);
  while (answer === 'none' && !server.hasEnded() && performance.now() - movedAt < SILENT_MS) {
    await after(LOOK_AGAIN_MS);
    answer = await askWhetherReady(url);
    if (server.words() === heard) continue;
    heard = server.words();
    movedAt = performance.now();
  }
  if (answer === 'ready' && !server.hasEnded()) return server;
  await server.stop('immediate');
  const how = typeof answer === 'object' ? answer.refusal : await server.exited;
  const words = server.words().trim();
  if (isTaken(words)) throw new ClusterTaken();
  throw new CannotRun(`The embedded database did not start (${how}):\n${words}`);
}
