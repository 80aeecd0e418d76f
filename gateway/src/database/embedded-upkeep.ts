/**
 * What a PostgreSQL server does by itself and an embedded one does not: PGlite has no background processes.
 * Without checkpoints its log would grow for as long as the gateway runs, and be read from its beginning
 * after a crash; without VACUUM tables keep every row they ever had.
 */
import type { PGlite } from '@electric-sql/pglite';

/**
 * So much log between two rounds: reading it back takes a second or two. A round takes some 0.3 s, in which
 * the gateway stands still.
 */
const LOG_BYTES = 32 * 1024 * 1024;
const LOOK_EVERY_MS = 60_000;

/** One round, if there was enough work since the last one. */
export async function keepUp(pglite: PGlite, logBytes: number = LOG_BYTES): Promise<'done' | 'not yet'> {
  const { rows } = await pglite.query<{ is: boolean }>(
    'select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn) > $1 as is from pg_control_checkpoint()',
    [logBytes],
  );
  if (!rows[0]?.is) return 'not yet';
  await pglite.exec('vacuum (analyze)');
  await pglite.exec('checkpoint');
  return 'done';
}

/** Keeps up until it is told to end. */
export function startUpkeep(pglite: PGlite): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    // One that fails is tried again; it is nothing that a request should fail for.
    running = running.then(() => keepUp(pglite)).catch(() => undefined);
  }, LOOK_EVERY_MS).unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
