/**
 * The one door to the database: PostgreSQL behind `DATABASE_URL`, or PGlite (PostgreSQL in this process) in a
 * folder. The same SQL runs on both. `bigint` comes back as a number, `timestamptz` as a Date.
 *
 * Both keep what was committed when a process is killed and when the power is cut.
 */
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PostgresDialect, type Transaction, sql } from 'kysely';
import pg from 'pg';
import { DurableFiles } from './durable-files.ts';
import { embeddedFiles } from './embedded-files.ts';
import { startUpkeep } from './embedded-upkeep.ts';
import { lockFolder } from './folder-lock.ts';
import { type MessageChannel, openMessageChannel } from './message-channel.ts';
import { migrate } from './migrations.ts';
import { pgliteDialect } from './pglite-dialect.ts';
import { createPresence } from './presence.ts';
import { createSharedLocks, type SharedLocks } from './shared-locks.ts';
import { NOTICE_DEATH, openStandingConnection } from './standing-connection.ts';
import type { Tables } from './tables.ts';

export type Db = Kysely<Tables>;
/** A function that takes a `Trx` first runs inside its caller's transaction. */
export type Trx = Transaction<Tables>;

/** Where the database is: a server, a folder of ours, or nowhere but memory (tests). */
export type DatabasePlace =
  | { readonly kind: 'server'; readonly url: string }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'memory' };

export type Database = {
  readonly db: Db;
  /** What job queues need beside SQL: the embedded instance or the server's address. */
  readonly engine:
    | { readonly kind: 'embedded'; readonly pglite: PGlite }
    | { readonly kind: 'server'; readonly url: string };
  /** What gateways on one server share; null where the database is this process's alone. */
  readonly shared: { readonly locks: SharedLocks; channel(name: string): Promise<MessageChannel> } | null;
  /**
   * Says that this gateway is here. Runs `whenAlone` first, and alone, if no other gateway works on this
   * database: only then is what the last one left unfinished known to be nobody's. Joining again leaves
   * first.
   */
  join(whenAlone: () => Promise<void>): Promise<void>;
  /** Throws when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

/**
 * PostgreSQL's connections a gateway holds: job workers and requests rarely need ten at once; servers allow
 * 100 in all.
 */
const POOL_SIZE = 10;
const INT8 = 20;

/** `bigint` as a number: sizes and counts stay far below 2^53. */
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8
      ? Number
      : (pg.types.getTypeParser as (oid: number, format?: string) => unknown)(oid, format),
} as pg.CustomTypesConfig;

async function openServer(url: string): Promise<Database> {
  const onConnect = (client: pg.ClientBase): Promise<unknown> => client.query(NOTICE_DEATH);
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    types,
    application_name: 'relaypacs',
    onConnect,
  });
  // A connection that dies while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  // Nor may one that dies while it is in use (the server was restarted): whoever uses it is told by its
  // query.
  pool.on('connect', (client) => void client.on('error', () => {}));
  const db: Db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const connection = await openStandingConnection(url);
  const locks = await createSharedLocks(connection);
  const { join } = createPresence(connection);
  return {
    db,
    engine: { kind: 'server', url },
    shared: { locks, channel: (name) => openMessageChannel(connection, name) },
    join,
    ping: async () => void (await sql`select 1`.execute(db)),
    close: async () => {
      await connection.close();
      await db.destroy();
    },
  };
}

/**
 * PostgreSQL's own default is 128 MB of shared buffers; our tables fit in an eighth of it, and the gateway
 * has 600 MB in all. PGlite's own settings switch fsync off (`-F`); its `fdatasync` does nothing, its `fsync`
 * is ours where there are files.
 */
const EMBEDDED_SETTINGS = ['-c', 'shared_buffers=16MB'];
const DURABLE_SETTINGS = ['-c', 'fsync=on', '-c', 'wal_sync_method=fsync'];

type Embedded = { readonly pglite: PGlite; flushed(): Promise<void>; close(): Promise<void> };

async function openMemory(): Promise<Embedded> {
  const pglite = await PGlite.create({ startParams: [...PGlite.defaultStartParams, ...EMBEDDED_SETTINGS] });
  return { pglite, flushed: async () => {}, close: () => pglite.close() };
}

async function openFolder(path: string): Promise<Embedded> {
  const unlock = await lockFolder(path);
  try {
    const files = new DurableFiles(await embeddedFiles(path));
    const startParams = [
      ...PGlite.defaultStartParams.filter((setting) => setting !== '-F'),
      ...EMBEDDED_SETTINGS,
      ...DURABLE_SETTINGS,
    ];
    const pglite = await PGlite.create({ fs: files, startParams });
    const endUpkeep = startUpkeep(pglite);
    const close = async (): Promise<void> => {
      await endUpkeep();
      await pglite.close();
      unlock();
    };
    return { pglite, flushed: () => files.flushed(), close };
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openEmbedded(path: string | null): Promise<Database> {
  const { pglite, flushed, close } = path === null ? await openMemory() : await openFolder(path);
  const db: Db = new Kysely<Tables>({ dialect: pgliteDialect(pglite, flushed) });
  return {
    db,
    engine: { kind: 'embedded', pglite },
    shared: null,
    join: (whenAlone) => whenAlone(),
    ping: async () => void (await pglite.query('select 1')),
    close: async () => {
      await db.destroy();
      await close();
    },
  };
}

/**
 * Opens the database and brings its schema up to date. Throws FolderInUse when another process has the
 * folder.
 */
export async function openDatabase(place: DatabasePlace): Promise<Database> {
  const database =
    place.kind === 'server'
      ? await openServer(place.url)
      : await openEmbedded(place.kind === 'folder' ? place.path : null);
  try {
    await migrate(database.db as unknown as Kysely<unknown>);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}
