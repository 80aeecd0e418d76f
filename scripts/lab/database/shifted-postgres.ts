/** The product's own PostgreSQL, on a port of the loopback, with a clock that a file sets. */
import { mkdir } from 'node:fs/promises';
import pg from 'pg';
import { openPlace } from '../../../gateway/src/database/embedded/account.ts';
import { openCluster } from '../../../gateway/src/database/embedded/cluster.ts';
import { SERVER_SETTINGS } from '../../../gateway/src/database/embedded/embedded-postgres.ts';
import { findProgram } from '../../../gateway/src/database/embedded/program.ts';
import { type RunningServer, startServer } from '../../../gateway/src/database/embedded/server.ts';
import { freePort } from '../../system/ports.ts';
import { shiftedClock } from '../../system/shifted-clock.ts';

/** `library`: libfaketime's. `stamp`: the file, which the database's account can read. */
export async function startShiftedPostgres(
  folder: string,
  library: string,
  stamp: string,
): Promise<RunningServer> {
  await mkdir(folder, { recursive: true });
  const place = await openPlace(folder);
  const cluster = await openCluster(place);
  const program = await findProgram(place.account);
  return startServer({
    program: { ...program, env: { ...program.env, ...shiftedClock(library, stamp) } },
    cluster,
    address: { kind: 'port', port: await freePort() },
    settings: SERVER_SETTINGS,
  });
}

/** Its clock: seconds since 1970. */
export async function secondsOfDatabase(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ seconds: number }>(
    'select extract(epoch from clock_timestamp())::float8 as seconds',
  );
  await client.end();
  return rows[0]!.seconds;
}
