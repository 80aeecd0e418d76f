/**
 * For tests that go through a database a hundred thousand times and decide what happens between two
 * statements: the product's schema and SQL on one connection, whose statements stay prepared.
 *
 * Over the test server's Unix socket a prepared statement takes 0.1 ms, on a server that syncs nothing.
 */
import { PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { OrderedKysely } from '../database/at-end.ts';
import { COLUMN_TYPES, type Database, type Db } from '../database/database.ts';
import { createTestDatabase } from './open-database.ts';

/** Lets a test act in between, or die there (it throws, and its error reaches the caller). */
export type DatabaseHooks = {
  /** Before a statement outside of a transaction, or a transaction, begins. */
  beforeTurn(): Promise<void>;
  /** Before a statement, and before a commit. */
  beforeStatement(): void;
  /** The transaction is committed. */
  committed(): void;
  rolledBack(): void;
};

/** Statements by their text; each text has a name under which the server keeps its plan. */
function createRunner(client: pg.Client) {
  const names = new Map<string, string>();
  return (text: string, values: readonly unknown[]): Promise<pg.QueryResult> => {
    const name = names.get(text) ?? `s${names.size}`;
    names.set(text, name);
    return client.query({ name, text, values: [...values] });
  };
}

/** Kysely's driver says `begin`, `commit` and `rollback` as statements. */
async function runHooked(
  hooks: DatabaseHooks,
  text: string,
  run: () => Promise<pg.QueryResult>,
): Promise<pg.QueryResult> {
  if (text === 'begin') return run();
  if (text === 'rollback') {
    const result = await run();
    hooks.rolledBack();
    return result;
  }
  hooks.beforeStatement();
  const result = await run();
  if (text === 'commit') hooks.committed();
  return result;
}

/** A pool of one: a caller keeps the connection until its transaction ends. */
function createPool(client: pg.Client, hooks: DatabaseHooks) {
  const run = createRunner(client);
  let last: Promise<void> = Promise.resolve();
  return {
    async connect(): Promise<PostgresPoolClient> {
      await hooks.beforeTurn();
      const before = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      last = promise;
      await before;
      const query = (text: string, values: readonly unknown[]) =>
        runHooked(hooks, text, () => run(text, values));
      return { query, release: resolve } as unknown as PostgresPoolClient;
    },
    end: () => client.end(),
  };
}

/** pg-boss has no place here: it would come between two statements. */
export async function openQuickDatabase(hooks: DatabaseHooks): Promise<Database> {
  const { url, drop } = await createTestDatabase();
  const client = new pg.Client({ connectionString: url, types: COLUMN_TYPES });
  await client.connect();
  const dialect = new PostgresDialect({ pool: createPool(client, hooks) as never });
  const db: Db = new OrderedKysely({ dialect });
  return {
    ...{ db, url, shared: null },
    listen: async () => undefined,
    join: (whenAlone) => whenAlone(),
    whileAlone: (run) => run(async () => true),
    ping: async () => undefined,
    close: async () => {
      await db.destroy();
      await drop();
    },
  };
}
