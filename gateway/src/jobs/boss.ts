/** The one pg-boss instance of a gateway, on the gateway's own database. */
import { PgBoss } from 'pg-boss';
import type { Database } from '../database/database.ts';
import type { Pace } from './pace.ts';

/** Connections of pg-boss, in addition to the gateway's pool: fetching, finishing, heartbeats. */
const SERVER_CONNECTIONS = 4;

/**
 * pg-boss listens over the gateway's standing connection. A connection of its own would remove its error listeners
 * before it ends; if the server closed it first, an unhandled error would end the process.
 */
export function createBoss(database: Database, { superviseSeconds }: Pace): PgBoss {
  const boss = new PgBoss({
    schema: 'jobs',
    schedule: false,
    useListenNotify: true,
    superviseIntervalSeconds: superviseSeconds,
    monitorIntervalSeconds: superviseSeconds,
    persistWarnings: false,
    connectionString: database.url,
    max: SERVER_CONNECTIONS,
    application_name: 'relaypacs jobs',
  });
  boss.getDb().listen = async (channel, heard, missed) => {
    const open = new AbortController();
    const unlessClosed = (run: () => void): void => {
      if (!open.signal.aborted) run();
    };
    await database.listen(
      channel,
      (message) => unlessClosed(() => heard(message)),
      () => unlessClosed(missed),
    );
    return { close: async () => open.abort() };
  };
  return boss;
}
