/**
 * The only access to the database: PostgreSQL behind `DATABASE_URL`, or an embedded one in a folder. `bigint` is read
 * as a number, `timestamptz` as a Date.
 *
 * Both kinds keep committed data when a process is killed and when the power is cut.
 */
import { setTimeout as after } from 'node:timers/promises';
import { type Kysely, PostgresDialect, type Transaction, sql } from 'kysely';
import pg from 'pg';
import { OrderedKysely } from './at-end.ts';
import { toDatabaseRefused } from './database-refused.ts';
import { CannotRun } from './embedded/account.ts';
import { findRunning } from './embedded/find-running.ts';
import { FolderInUse } from './embedded/leftover.ts';
import { type ServerEvents, startEmbeddedPostgres } from './embedded/embedded-postgres.ts';
import { type MessageChannel, openMessageChannel } from './message-channel.ts';
import { checkSchema, migrate, SchemaRefused, type Climb } from './migrations.ts';
import { createPresence, type Presence } from './presence.ts';
import { createSharedLocks, type SharedLocks } from './shared-locks.ts';
import { NOTICE_DEATH, openStandingConnection } from './standing-connection.ts';
import type { Tables } from './tables.ts';

export type Db = Kysely<Tables>;
/** A function that takes a `Trx` first runs inside its caller's transaction. */
export type Trx = Transaction<Tables>;

/** Where the database is: a server, or a folder of ours. */
export type DatabasePlace =
  | { readonly kind: 'server'; readonly url: string }
  | { readonly kind: 'folder'; readonly path: string };

export type Database = {
  readonly db: Db;
  /** The server's address, for parts that need a connection of their own. */
  readonly url: string;
  /**
   * Hears NOTIFY on the channel, a name that needs no quotes. `missed` is called now, and whenever a lost connection is
   * back, because messages may have been missed.
   */
  listen(channel: string, heard: (message: string) => void, missed: () => void): Promise<void>;
  /**
   * Locks and messages between gateways on one server; null if the database belongs to this process alone.
   */
  readonly shared: { readonly locks: SharedLocks; channel(name: string): Promise<MessageChannel> } | null;
  /**
   * Registers this gateway as present. If no other gateway works on this database, `whenAlone` runs first, while
   * nothing else can join: only then is the last gateway's unfinished work known to be abandoned. Joining again leaves
   * first.
   */
  join(whenAlone: () => Promise<void>): Promise<void>;
  /** See presence.ts. */
  whileAlone: Presence['whileAlone'];
  /** Throws when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

/**
 * Connections to PostgreSQL that a gateway holds: job workers and requests rarely need ten at once, and servers allow
 * 100 in all.
 */
const POOL_SIZE = 10;
const INT8 = 20;

/** `bigint` as a number: sizes and counts stay far below 2^53. */
export const COLUMN_TYPES = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8
      ? Number
      : (pg.types.getTypeParser as (oid: number, format?: string) => unknown)(oid, format),
} as pg.CustomTypesConfig;

/** SQLSTATE `disk_full`: the database refuses writes, and keeps what it has. */
export const isDiskFull = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === '53100';

/** Before its schema was looked at. */
type Unchecked = Database & Pick<Presence, 'inTurn' | 'onReturn'>;

async function openServer(url: string): Promise<Unchecked> {
  const onConnect = (client: pg.ClientBase): Promise<unknown> => client.query(NOTICE_DEATH);
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    types: COLUMN_TYPES,
    application_name: 'relaypacs',
    onConnect,
  });
  // A connection that dies while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  // A connection that dies while in use (the server was restarted) must not end the process either: its user learns of
  // it through the failed query.
  pool.on('connect', (client) => void client.on('error', () => {}));
  const db: Db = new OrderedKysely({ dialect: new PostgresDialect({ pool }) });
  const connection = await openStandingConnection(url);
  const locks = await createSharedLocks(connection);
  const { arrive, ...presence } = createPresence(connection);
  await arrive();
  return {
    ...presence,
    db,
    url,
    async listen(channel, heard, missed) {
      connection.on('back', missed);
      await connection.listen(channel, heard);
      missed();
    },
    shared: { locks, channel: (name) => openMessageChannel(connection, name) },
    ping: async () => void (await sql`select 1`.execute(db)),
    close: async () => {
      await connection.close();
      await db.destroy();
    },
  };
}

async function openFolder(path: string, events?: ServerEvents): Promise<Unchecked> {
  const postgres = await startEmbeddedPostgres(path, events && { events });
  try {
    const database = await openServer(postgres.url);
    const close = async (): Promise<void> => {
      await database.close();
      await postgres.stop();
    };
    // A second gateway cannot open the folder, so locks and messages stay in this process.
    return { ...database, shared: null, close };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** `version`: of this RelayPACS, recorded so that a later one can name it. `keep`, `tell`: see Climb. */
export type Upgrade = Pick<Climb, 'version' | 'rungs' | 'tell'> & {
  readonly keep?: (url: string, from: string) => Promise<void>;
};

function unlessAway(error: unknown): void {
  if (error instanceof SchemaRefused) throw error;
}

async function openWithSchema(open: () => Promise<Unchecked>, upgrade: Upgrade): Promise<Database> {
  const database = await open();
  const { keep } = upgrade;
  try {
    const db = database.db as unknown as Kysely<unknown>;
    const climb = { ...upgrade, ...database, keep: async (from: string) => keep?.(database.url, from) };
    await migrate(db, climb);
    // A gateway that cannot work with the schema ends, and says why: nobody catches this.
    database.onReturn(() => void checkSchema(db, climb).catch(unlessAway));
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

/**
 * Opens the database and brings its schema up to date. @throws FolderInUse when another gateway has the folder;
 * CannotRun where PostgreSQL cannot run here; DatabaseRefused when DATABASE_URL cannot be used; SchemaRefused when the
 * schema is another version's; what `keep` throws.
 */
export async function openDatabase(
  place: DatabasePlace,
  events?: ServerEvents,
  upgrade: Upgrade = { version: 'of a test' },
): Promise<Database> {
  if (place.kind === 'folder') return openWithSchema(() => openFolder(place.path, events), upgrade);
  try {
    return await openWithSchema(() => openServer(place.url), upgrade);
  } catch (error) {
    throw toDatabaseRefused(error, place.url);
  }
}

/** Codes of the system and of PostgreSQL (cannot_connect_now) for a server that is just starting or stopping. */
const PASSING = new Set(['ENOENT', 'ECONNREFUSED', '57P03']);
const PASSES_WITHIN_MS = 15_000;
const LOOK_AGAIN_MS = 100;

/** Opens the database in the folder of a gateway or of another command, which may just be starting or stopping. */
async function openFolderBeside(path: string): Promise<Database> {
  const end = performance.now() + PASSES_WITHIN_MS;
  for (;;) {
    try {
      const url = await findRunning(path);
      return await (url === null ? openFolder(path) : openServer(url));
    } catch (error) {
      const isPassing =
        error instanceof FolderInUse || PASSING.has(String((error as { code?: unknown }).code));
      if (!isPassing) throw error;
      if (performance.now() > end)
        throw new CannotRun(`The database in ${path} is starting or ending. Try again in a minute.`);
      await after(LOOK_AGAIN_MS);
    }
  }
}

/**
 * Opens the database of a gateway that may be running, for a manual change, with the schema that it has. Throws like
 * `openDatabase`, and CannotRun where there is no database.
 */
export async function openBeside(place: DatabasePlace): Promise<Database> {
  if (place.kind === 'server')
    return openServer(place.url).catch((error: unknown) => {
      throw toDatabaseRefused(error, place.url);
    });
  return openFolderBeside(place.path);
}
