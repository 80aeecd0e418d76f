/**
 * Databases for tests: each is fresh, a copy of a template that has the schema and pg-boss' tables, on the
 * server that the test run started; a file that is run by hand starts one of its own.
 *
 * They are made and dropped over one connection for each process. Nobody waits for a drop: the server ends with
 * the run.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { testEnvironment } from '#testing/environment.ts';
import { startPostgres } from '../../../scripts/system/postgres.ts';
import { type Database, openDatabase } from '../database/database.ts';
import { createJobs } from '../jobs/jobs.ts';

export type TestDatabase = { readonly name: 'PostgreSQL'; open(): Promise<Database> };

/** The database that a test of a store or a job must pass on. */
export function testDatabases(_what: string): TestDatabase[] {
  return [{ name: 'PostgreSQL', open: openTestDatabase }];
}

/** A database of its own on the server, for several gateways or for gateways that are processes. */
export type SharedTestDatabase = {
  readonly url: string;
  /** Ends all connections, as a restart of the server does. */
  endConnections(): Promise<void>;
  /** Tells the server to, and does not wait. */
  drop(): void;
};

const MIGRATIONS = fileURLToPath(new URL('../database/migrations/', import.meta.url));
const LOCK_FILE = fileURLToPath(new URL('../../../package-lock.json', import.meta.url));

/** The name, with a digest of all the template holds: a server may outlive a run, and the schema changes. */
function templateName(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(MIGRATIONS).sort()) hash.update(readFileSync(MIGRATIONS + file));
  const { packages } = JSON.parse(readFileSync(LOCK_FILE, 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  hash.update(packages['node_modules/pg-boss']!.version);
  return `relay_template_${hash.digest('hex').slice(0, 12)}`;
}

const urlFor = (serverUrl: string, name: string): string => {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
};

/** Made by the first who needs it; test files run side by side. */
async function makeTemplate(admin: pg.Client, serverUrl: string): Promise<string> {
  const name = templateName();
  await admin.query('select pg_advisory_lock(hashtext($1))', [name]);
  const { rowCount } = await admin.query('select 1 from pg_database where datname = $1 and datistemplate', [
    name,
  ]);
  if (rowCount === 0) {
    await admin.query(`drop database if exists ${name}`);
    await admin.query(`create database ${name}`);
    const database = await openDatabase({ kind: 'server', url: urlFor(serverUrl, name) });
    const jobs = await createJobs(database, { failed() {}, trouble() {} });
    await jobs.stop();
    await database.close();
    await admin.query(`alter database ${name} is_template true`);
  }
  await admin.query('select pg_advisory_unlock(hashtext($1))', [name]);
  return name;
}

const LOOK_AGAIN_MS = 200;

type TestServer = { readonly url: string; readonly admin: pg.Client; readonly template: string };
/** The server of this process, shared because starting one takes a second. */
let server: Promise<TestServer> | null = null;

/**
 * A test that failed has closed nothing, and its connections keep the process open. In a run, the runner ends it; by
 * hand, it ends once uvu has said how its tests ended.
 */
function endWithTests(): void {
  setInterval(() => {
    if (process.exitCode !== undefined) process.exit();
  }, LOOK_AGAIN_MS).unref();
}

async function findServer(): Promise<TestServer> {
  if (process.env.RELAY_TEST_RUN === undefined) endWithTests();
  let url = testEnvironment().postgresUrl;
  if (url === null) {
    // The server ends with this process.
    ({ url } = await startPostgres());
  }
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  return { url, admin, template: await makeTemplate(admin, url) };
}

/** `isEmpty`: without the schema, as a gateway's very first start finds it. */
export async function createTestDatabase({ isEmpty = false } = {}): Promise<SharedTestDatabase> {
  server ??= findServer();
  const { url, admin, template } = await server;
  const name = `relay_test_${randomBytes(6).toString('hex')}`;
  const from = isEmpty ? 'template1' : template;
  // The other strategy writes each page to the log too.
  await admin.query(`create database ${name} template ${from} strategy file_copy`);
  return {
    url: urlFor(url, name),
    endConnections: async () => {
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    },
    drop: () => {
      const dropped = admin.query(`drop database if exists ${name} with (force)`);
      void ignoreFailure(dropped, 'the server ends with the run');
    },
  };
}

/** A fresh database that goes once it is closed. */
export async function openTestDatabase(): Promise<Database> {
  const { url, drop } = await createTestDatabase();
  const database = await openDatabase({ kind: 'server', url });
  const close = async (): Promise<void> => {
    await database.close();
    drop();
  };
  return { ...database, close };
}
