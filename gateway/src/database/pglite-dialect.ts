/**
 * Kysely over PGlite for many callers at once. Kysely's own driver hands one connection object to everybody:
 * two transactions begun side by side overwrite each other's commit, and a query beside an open transaction
 * joins it (read in kysely 0.29.9, pglite-driver.js). Here each acquisition gets a connection object of its
 * own, and PGlite's lock puts them in line.
 *
 * Who commits, or writes outside of a transaction, waits until it is on the disk (`flushed`); others go on
 * meanwhile.
 *
 * It does not save anybody from asking `db` while a transaction of their own is open: that waits for itself.
 * Inside a transaction, use `trx`.
 */
import type { PGlite, Transaction as PGliteTransaction } from '@electric-sql/pglite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';

class PgliteConnection implements DatabaseConnection {
  readonly #pglite: PGlite;
  readonly #flushed: () => Promise<void>;
  #transaction: PGliteTransaction | null = null;
  #finish: { commit(): void; rollback(why: Error): void; done: Promise<void> } | null = null;

  constructor(pglite: PGlite, flushed: () => Promise<void>) {
    this.#pglite = pglite;
    this.#flushed = flushed;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const runner = this.#transaction ?? this.#pglite;
    const { affectedRows, rows } = await runner.query<R>(query.sql, [...query.parameters]);
    if (this.#transaction === null && (affectedRows ?? 0) > 0) await this.#flushed();
    return affectedRows === undefined ? { rows } : { rows, numAffectedRows: BigInt(affectedRows) };
  }

  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('PGlite does not stream');
  }

  /** Resolves once this connection holds the instance's only transaction. */
  begin(): Promise<void> {
    return new Promise((begun, failed) => {
      const { promise: ended, resolve: commit, reject: rollback } = Promise.withResolvers<void>();
      const done = this.#pglite.transaction(async (transaction) => {
        this.#transaction = transaction;
        begun();
        await ended;
      });
      done.catch(failed);
      this.#finish = { commit, rollback, done };
    });
  }

  async commit(): Promise<void> {
    const finish = this.#finish;
    this.#finish = null;
    try {
      finish?.commit();
      await finish?.done;
    } finally {
      this.#transaction = null;
    }
    await this.#flushed();
  }

  async rollback(): Promise<void> {
    const finish = this.#finish;
    this.#finish = null;
    finish?.rollback(new Error('rolled back'));
    await finish?.done.catch(() => {});
    this.#transaction = null;
  }
}

class PgliteDriver implements Driver {
  readonly #pglite: PGlite;
  readonly #flushed: () => Promise<void>;
  constructor(pglite: PGlite, flushed: () => Promise<void>) {
    this.#pglite = pglite;
    this.#flushed = flushed;
  }
  async init(): Promise<void> {
    await this.#pglite.waitReady;
  }
  async acquireConnection(): Promise<DatabaseConnection> {
    return new PgliteConnection(this.#pglite, this.#flushed);
  }
  async releaseConnection(): Promise<void> {}
  async beginTransaction(connection: PgliteConnection): Promise<void> {
    await connection.begin();
  }
  async commitTransaction(connection: PgliteConnection): Promise<void> {
    await connection.commit();
  }
  async rollbackTransaction(connection: PgliteConnection): Promise<void> {
    await connection.rollback();
  }
  async savepoint(connection: PgliteConnection, name: string): Promise<void> {
    await connection.executeQuery(savepointCommand('savepoint', name));
  }
  async rollbackToSavepoint(connection: PgliteConnection, name: string): Promise<void> {
    await connection.executeQuery(savepointCommand('rollback to savepoint', name));
  }
  async releaseSavepoint(connection: PgliteConnection, name: string): Promise<void> {
    await connection.executeQuery(savepointCommand('release savepoint', name));
  }
  /** The instance belongs to `openDatabase`, which closes it. */
  async destroy(): Promise<void> {}
}

function savepointCommand(command: string, name: string): CompiledQuery {
  return CompiledQuery.raw(`${command} "${name.replaceAll('"', '""')}"`);
}

/**
 * The dialect for `new Kysely`; `flushed` resolves when what was committed is on the disk. Isolation levels
 * are not asked for: one transaction at a time is serializable already.
 */
export function pgliteDialect(pglite: PGlite, flushed: () => Promise<void>): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PgliteDriver(pglite, flushed) as unknown as Driver,
    createIntrospector: (db: Kysely<never>) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  } as Dialect;
}
