/**
 * A PostgreSQL server for tests: the gateway's own, in memory or a temporary folder, gone afterwards; or in a
 * folder that stays, which keeps what it has committed when it is killed.
 *
 * It is set to be fast, not to survive a power cut: nothing in it is worth keeping. It ends with this
 * process, however that ends.
 */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../gateway/src/database/embedded/embedded-postgres.ts';
import { makeMemoryFolder } from './memory-folder.ts';

/** Crash safety costs a test run minutes on a slow disk. */
const FAST = [
  'fsync=off',
  'full_page_writes=off',
  'autovacuum=off',
  'shared_buffers=64MB',
  'max_connections=200',
];
/** Several times what a run needs. */
const NEEDED_BYTES = 2 ** 30;
/** The latest commits may be lost with the process. */
const LOOSE = ['synchronous_commit=off'];

export type RunningPostgres = {
  readonly url: string;
  readonly pid: number;
  /** Removes the folder too, unless it was given. */
  stop(): Promise<void>;
  /**
   * "Immediate shutdown" (pg_ctl(1)): all processes end at once, and the next start recovers from the log.
   */
  crash(): Promise<void>;
};

export type PostgresOptions = {
  /** Stays when the server ends; its cluster is made at the first start and used again. */
  readonly folder?: string;
  /** Listens there; otherwise on a Unix socket. */
  readonly port?: number;
};

/** @throws Error when PostgreSQL does not run here or does not start; the message has its last words. */
export async function startPostgres({ folder: given, port }: PostgresOptions = {}): Promise<RunningPostgres> {
  const folder = given ?? (await makeMemoryFolder('relay-postgres', NEEDED_BYTES));
  const server = await startEmbeddedPostgres(given ?? join(folder, 'database'), {
    settings: [...FAST, ...(given === undefined ? LOOSE : [])],
    ...(port === undefined ? {} : { address: { kind: 'port', port } }),
  });
  const pid = server.pid();
  const isOurs = given === undefined;
  const endAtOnce = (): void => {
    process.kill(pid, 'SIGQUIT');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  if (isOurs) process.once('exit', endAtOnce);
  return {
    url: server.url,
    pid,
    async stop() {
      process.off('exit', endAtOnce);
      await server.stop();
      if (isOurs) await rm(folder, { recursive: true, force: true });
    },
    crash: () => server.stop('immediate'),
  };
}
