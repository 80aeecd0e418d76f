/**
 * Databases for tests: every one fresh, PGlite always, PostgreSQL too where the environment names a server.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { type Database, openDatabase } from '../database/database.ts';

export type TestDatabase = { readonly name: 'PGlite' | 'PostgreSQL'; open(): Promise<Database> };

/**
 * The databases that a test of a store or a job must pass on. `what` names the test in the list of what was
 * skipped.
 */
export function testDatabases(what: string): TestDatabase[] {
  const embedded: TestDatabase = { name: 'PGlite', open: () => openDatabase({ kind: 'memory' }) };
  const { postgresUrl } = testEnvironment();
  if (postgresUrl) return [embedded, { name: 'PostgreSQL', open: () => openFreshDatabase(postgresUrl) }];
  skipped(`${what} on PostgreSQL`, 'RELAY_TEST_POSTGRES_URL is not set');
  return [embedded];
}

/** A database of its own on the server, for several gateways or for gateways that are processes. */
export type SharedTestDatabase = {
  readonly url: string;
  /** As a restart of the server does. */
  endConnections(): Promise<void>;
  drop(): Promise<void>;
};

export async function createTestDatabase(serverUrl: string): Promise<SharedTestDatabase> {
  const name = `relay_test_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    endConnections: () =>
      onServer(serverUrl, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`),
    drop: () => onServer(serverUrl, `drop database if exists ${name} with (force)`),
  };
}

async function openFreshDatabase(serverUrl: string): Promise<Database> {
  const { url, drop } = await createTestDatabase(serverUrl);
  const database = await openDatabase({ kind: 'server', url });
  return {
    ...database,
    close: async () => {
      await database.close();
      await drop();
    },
  };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
