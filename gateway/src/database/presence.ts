/**
 * How gateways on one PostgreSQL know of each other: each holds a shared advisory lock on a connection of its own, which the server frees
 * as soon as the process is gone, however it went. Who gets the lock exclusively is alone.
 *
 * It does not see a machine that lost its network: such a gateway counts as present until TCP gives up, and its jobs are taken over by
 * their missing heartbeats instead.
 */
import pg from 'pg';

/** Any number that nothing else in this database locks: "relaypac" in ASCII. */
const LOCK = 0x72656c61n << 32n | 0x79706163n;
const RETRY_MS = 5_000;

/** Joins, running `whenAlone` first where nobody else is here. Returns what leaves again. Throws when the server cannot be reached. */
export async function joinGateways(url: string, whenAlone: () => Promise<void>): Promise<() => Promise<void>> {
  let left = false;
  let timer: NodeJS.Timeout | undefined;
  let client = await connect(url, lost);
  const { rows } = await client.query<{ alone: boolean }>('select pg_try_advisory_lock($1) as alone', [LOCK.toString()]);
  if (rows[0]?.alone) {
    await whenAlone();
    // One session may hold both; taking the shared one first leaves no moment in which another could think it is alone.
    await client.query('select pg_advisory_lock_shared($1)', [LOCK.toString()]);
    await client.query('select pg_advisory_unlock($1)', [LOCK.toString()]);
  } else {
    await client.query('select pg_advisory_lock_shared($1)', [LOCK.toString()]);
  }

  function lost(): void {
    if (left || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      connect(url, lost)
        .then(async (again) => {
          client = again;
          if (left) await client.end();
          else await client.query('select pg_advisory_lock_shared($1)', [LOCK.toString()]);
        })
        .catch(lost);
    }, RETRY_MS);
    timer.unref();
  }

  return async () => {
    left = true;
    clearTimeout(timer);
    await client.end().catch(() => {});
  };
}

async function connect(url: string, onLost: () => void): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, keepAlive: true, application_name: 'relaypacs presence' });
  client.on('error', onLost);
  await client.connect();
  return client;
}
