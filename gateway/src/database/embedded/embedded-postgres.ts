/**
 * The embedded database: PostgreSQL as a child of this process, in a folder of ours. It keeps committed data when a
 * process is killed and when the power is cut. When it dies it is started again, at the same address.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { lchown, mkdtemp, rmdir, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { type Account, openPlace } from './account.ts';
import { openCluster } from './cluster.ts';
import { endLeftover } from './leftover.ts';
import { findProgram } from './program.ts';
import {
  ClusterTaken,
  type RunningServer,
  type ServerAddress,
  type ServerOptions,
  type ShutdownMode,
  startServer,
} from './server.ts';

export type EmbeddedPostgres = {
  readonly url: string;
  pid(): number;
  stop(how?: ShutdownMode): Promise<void>;
};

/** Called when the server ends or starts again. `how` is an exit code or the name of a signal. */
export type ServerEvents = {
  ended(how: string): void;
  startedAgain(): void;
  notStarted(error: Error): void;
};

const UNHEARD: ServerEvents = {
  ended() {},
  startedAgain() {},
  notStarted() {},
};

/**
 * For a small machine. PostgreSQL's own defaults take 128 MB of shared buffers, workers for queries that we do not
 * make, and up to 1 GB of log. Our tables fit in an eighth of that memory, and a log of 128 MB is replayed in a second
 * or two.
 */
const SMALL = [
  'shared_buffers=16MB',
  'maintenance_work_mem=16MB',
  'max_connections=40',
  'max_worker_processes=0',
  'max_logical_replication_workers=0',
  'max_parallel_workers=0',
  'autovacuum_worker_slots=1',
  'autovacuum_max_workers=1',
  'io_method=sync',
  'jit=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'min_wal_size=32MB',
  'max_wal_size=128MB',
];
/** These are the defaults, set explicitly because everything depends on them. */
const DURABLE = ['fsync=on', 'full_page_writes=on', 'synchronous_commit=on', 'autovacuum=on'];
/** Keeps values out of the server's log: no statements, and no details of rows. */
const SILENT = ['log_min_error_statement=panic', 'log_error_verbosity=terse', 'log_checkpoints=off'];
/** Notices that a client was killed even while its statement is running. */
const ATTENTIVE = ['client_connection_check_interval=1s'];
export const SERVER_SETTINGS = [...SMALL, ...DURABLE, ...SILENT, ...ATTENTIVE];

const PAUSES_MS = [100, 500, 1_000, 2_000, 5_000, 10_000] as const;
/** A server that ran this long was healthy, so its next death counts as the first. */
const HEALTHY_AFTER_MS = 60_000;
/** What a killed server left behind is gone within moments. */
const TAKEN_FOR_MS = 10_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/**
 * Whether every account may pass through this folder and those above it, and only root can replace what root makes
 * there.
 */
async function isOpenToAll(path: string): Promise<boolean> {
  const { mode, uid } = await stat(path);
  const isKept = uid === 0 && ((mode & 0o022) === 0 || (mode & 0o1000) !== 0);
  return isKept && (mode & 0o001) !== 0 && (path === dirname(path) || isOpenToAll(dirname(path)));
}

/**
 * A socket in the system's temporary folder: its path is limited to 107 bytes, and the data folder's may be longer.
 * Root may have a temporary folder that the server's account cannot reach. On Windows Node has no such sockets, so a
 * port is used.
 */
async function makeAddress({ uid, gid }: Account): Promise<ServerAddress> {
  if (process.platform === 'win32') return { kind: 'port', port: await freePort() };
  const isReached = uid === undefined || (await isOpenToAll(tmpdir()));
  const base = tmpdir().length <= 60 && isReached ? tmpdir() : '/tmp';
  const folder = await mkdtemp(join(base, 'relaypacs-'));
  if (uid !== undefined && gid !== undefined) await lchown(folder, uid, gid);
  return { kind: 'socket', folder };
}

type Options = Omit<ServerOptions, 'program'>;

/** The account empties its folder itself; root's rmdir(2) does not follow links. */
async function removeAddress({ address, cluster }: Options): Promise<void> {
  if (address.kind !== 'socket') return;
  const emptied = promisify(execFile)('/bin/sh', ['-c', 'rm -f "$0"/.s.PGSQL.*', address.folder], {
    ...cluster.place.account,
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
  });
  await ignoreFailure(emptied, 'the server removes its socket, unless it was killed');
  await ignoreFailure(rmdir(address.folder), 'the watcher may have removed it');
}

async function startAlone(options: Options, isNoted: boolean): Promise<RunningServer> {
  const lastMoment = performance.now() + TAKEN_FOR_MS;
  for (let mayBeLeft = isNoted; ; mayBeLeft = true) {
    if (mayBeLeft) await endLeftover(options.cluster);
    try {
      // Found again each time, because a copy of the program in a temporary folder may have been cleaned away.
      return await startServer({ ...options, program: await findProgram(options.cluster.place.account) });
    } catch (error) {
      if (!(error instanceof ClusterTaken) || performance.now() > lastMoment) throw error;
      await after(PAUSES_MS[0]);
    }
  }
}

/** Starts the server again whenever it ends, until it is stopped. */
function keep(first: RunningServer, options: Options, events: ServerEvents): EmbeddedPostgres {
  const ending = new AbortController();
  let server: RunningServer = first;

  async function startAgain(deaths: number): Promise<number> {
    for (let died = deaths; ; died += 1) {
      const pause = PAUSES_MS[Math.min(died, PAUSES_MS.length - 1)]!;
      await ignoreFailure(after(pause, undefined, { signal: ending.signal }), 'then it is ending');
      if (ending.signal.aborted) return died;
      try {
        server = await startAlone(options, true);
        events.startedAgain();
        return died + 1;
      } catch (error) {
        events.notStarted(error as Error);
      }
    }
  }

  async function watch(): Promise<void> {
    for (let deaths = 0; !ending.signal.aborted; ) {
      const startedAt = performance.now();
      const how = await server.exited;
      if (ending.signal.aborted) return;
      if (performance.now() - startedAt > HEALTHY_AFTER_MS) deaths = 0;
      events.ended(how);
      deaths = await startAgain(deaths);
    }
  }

  const watching = watch();
  return {
    url: first.url,
    pid: () => server.pid,
    async stop(how = 'fast') {
      ending.abort();
      await server.stop(how);
      await watching;
      // A server may have started again just before the stop.
      await server.stop(how);
      await removeAddress(options);
    },
  };
}

type EmbeddedOptions = {
  readonly events?: ServerEvents;
  /** Added after the settings above; of equal names the last one counts. */
  readonly settings?: readonly string[];
  readonly address?: ServerAddress;
};

/**
 * Starts the database in this folder, and creates it if it is missing. @throws CannotRun, FolderInUse; both messages
 * are for people.
 */
export async function startEmbeddedPostgres(
  folder: string,
  { events = UNHEARD, settings = [], address: given }: EmbeddedOptions = {},
): Promise<EmbeddedPostgres> {
  const place = await openPlace(folder);
  const cluster = await openCluster(place);
  const address = given ?? (await makeAddress(place.account));
  const options: Options = {
    cluster,
    address,
    settings: [...SERVER_SETTINGS, ...settings],
  };
  try {
    return keep(await startAlone(options, cluster.isNoted), options, events);
  } catch (error) {
    await removeAddress(options);
    throw error;
  }
}
