/**
 * The rows of every table by COPY, as of one instant. The schema itself comes from the ladder (database/migrations.ts).
 * Jobs that wait are carried as rows of `carried_job`, because their own table is the queue's.
 */
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { NOTICE_DEATH } from './standing-connection.ts';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

/** A table with its columns, apart from those that PostgreSQL computes. */
export type CopiedTable = { readonly name: string; readonly columns: readonly string[] };

/** Made by the ladder, which writes them itself. */
const OF_THE_LADDER = ['kysely_migration', 'kysely_migration_lock', 'schema_mark'];

/** Each table after those that it references. */
export async function listTables(client: pg.ClientBase): Promise<readonly CopiedTable[]> {
  const { rows: tables } = await client.query<CopiedTable>(
    `select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and c.relname <> all($1)
       and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
       and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     group by c.relname order by c.relname`,
    [OF_THE_LADDER],
  );
  const { rows: references } = await client.query<{ name: string; to: string }>(
    `select distinct conrelid::regclass::text as name, confrelid::regclass::text as to
     from pg_constraint where contype = 'f' and conrelid <> confrelid`,
  );
  if (!tables.some(({ name }) => name === 'study')) throw new Error('the tables are in another schema');
  return inOrder(tables, references);
}

function inOrder(
  tables: readonly CopiedTable[],
  references: readonly { readonly name: string; readonly to: string }[],
): readonly CopiedTable[] {
  const placed: CopiedTable[] = [];
  const isPlaced = (name: string) => placed.some((table) => table.name === name);
  while (placed.length < tables.length) {
    const next = tables.filter(
      ({ name }) => !isPlaced(name) && references.every((of) => of.name !== name || isPlaced(of.to)),
    );
    if (next.length === 0) throw new Error('tables reference each other in a circle');
    placed.push(...next);
  }
  return placed;
}

/** A server of one's own may end what takes long. */
const NO_HURRY = 'set statement_timeout = 0; set idle_in_transaction_session_timeout = 0';

const quoted = ({ name, columns }: CopiedTable): string =>
  `${pg.escapeIdentifier(name)} (${columns.map((column) => pg.escapeIdentifier(column)).join(', ')})`;

/** The table's rows in the text format of COPY, in pieces of any size. */
export const copyOut = (
  client: pg.ClientBase,
  table: CopiedTable,
  rows = quoted(table),
): AsyncIterable<Uint8Array> => client.query(copyTo(`copy ${rows} to stdout`));

/** Rows of `carried_job`, with the jobs that wait or run, except for backups and the queue's own. */
export const waitingJobs = `(select queue, data, key, group_id, priority from carried_job union all select name as queue, data, singleton_key as key, group_id, priority from jobs.job
  where state < 'completed' and name <> 'backup' and name not like '\\_\\_pgboss%')`;

/** Whether a gateway has ever had a queue here. */
export async function hasQueue(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ is: boolean }>(`select to_regclass('jobs.job') is not null as is`);
  return rows[0]?.is === true;
}

/** Adds rows that `copyOut` gave. */
export const copyIn = (
  client: pg.ClientBase,
  table: CopiedTable,
  rows: AsyncIterable<Uint8Array>,
): Promise<void> => pipeline(rows, client.query(copyFrom(`copy ${quoted(table)} from stdin`)));

async function connect(url: string, name: string): Promise<pg.Client> {
  const client = new pg.Client({
    ...{ connectionString: url, application_name: name },
    ...{ keepAlive: true, keepAliveInitialDelayMillis: 10_000 },
  });
  // A connection that dies must not end the process: the next query fails.
  client.on('error', () => undefined);
  await client.connect();
  await client.query(NOTICE_DEATH);
  return client;
}

/** A connection to which the database stands still. Nobody waits for it. */
export async function openInstant(
  url: string,
): Promise<AsyncDisposable & { readonly client: pg.Client; end(): Promise<void> }> {
  const client = await connect(url, 'relaypacs backup');
  await client.query(NO_HURRY);
  await client.query('begin transaction isolation level repeatable read, read only');
  // The first statement determines the instant.
  await client.query('select 1');
  let ending: Promise<void> | null = null;
  const end = (): Promise<void> => {
    ending ??= client.end();
    return ending;
  };
  return { client, end, [Symbol.asyncDispose]: end };
}

/**
 * Empties the tables, and fills them in one transaction. Triggers are quiet meanwhile: what they would write is in the
 * backup.
 */
export async function fillTables(
  url: string,
  tables: readonly CopiedTable[],
  rowsOf: (table: CopiedTable) => AsyncIterable<Uint8Array>,
): Promise<void> {
  const client = await connect(url, 'relaypacs restore');
  const all = tables.map(({ name }) => pg.escapeIdentifier(name));
  try {
    await client.query(NO_HURRY);
    await client.query('begin');
    for (const name of all) await client.query(`alter table ${name} disable trigger user`);
    await client.query(`truncate ${all.join(', ')}`);
    for (const table of tables) await copyIn(client, table, rowsOf(table));
    for (const name of all) await client.query(`alter table ${name} enable trigger user`);
    await continueNumbers(client);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

/** Numbers that PostgreSQL gives continue after the highest one. */
async function continueNumbers(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(
    `select c.relname as table, a.attname as column, pg_get_serial_sequence(quote_ident(c.relname), a.attname) as sequence
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.attidentity <> ''`,
  );
  for (const { table, column, sequence } of rows)
    await client.query(
      `select setval($1, coalesce((select max(${pg.escapeIdentifier(column)}) from ${pg.escapeIdentifier(table)}), 0) + 1, false)`,
      [sequence],
    );
}
