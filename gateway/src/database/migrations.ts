/**
 * The migrations of the schema, in order. Once a version has been released, its migrations are never edited: the next
 * one is added below. Until the first release the only migration may change. A database that was made with another text
 * of it is then refused by name, and nothing in it is changed.
 */
import { createHash } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as initial from './migrations/0001-initial.ts';

/** `statements`: the SQL that it runs, by which a database that was made with other statements is recognised. */
export type Rung = Migration & { readonly statements?: readonly string[] };
export type Rungs = Readonly<Record<string, Rung>>;

const MIGRATIONS: Rungs = { '0001-initial': initial };

/** The database has a schema that this version can neither use nor update. Nothing was changed. */
export class SchemaRefused extends Error {}

/** A hash of the SQL that ignores line breaks. */
function printOf({ statements = [] }: Rung): string {
  const text = statements.map((statement) => statement.replace(/\s+/g, ' ').trim()).join(';');
  return createHash('sha256').update(text).digest('hex');
}

type Mark = { readonly name: string; readonly print: string; readonly version: string };

/** The migrations that this database has gone through, each with the version that ran it or last used it. */
async function readMarks(db: Kysely<unknown>): Promise<readonly Mark[]> {
  const { rows } = await sql<{ applied: string | null; marks: string | null }>`
    select to_regclass('kysely_migration')::text as applied, to_regclass('schema_mark')::text as marks`.execute(
    db,
  );
  if (rows[0]?.applied == null) return [];
  const marks =
    rows[0].marks === null
      ? sql`select null::text as name, null::text as print, null::text as version where false`
      : sql`select name, print, version from schema_mark`;
  const told = await sql<Mark>`
    select k.name, coalesce(m.print, '') as print, coalesce(m.version, '') as version
    from kysely_migration k left join (${marks}) m on m.name = k.name order by k.name`.execute(db);
  return told.rows;
}

/** Throws SchemaRefused. */
function checkMarks(marks: readonly Mark[], rungs: Rungs, version: string): void {
  const newest = marks.at(-1);
  if (newest === undefined) return;
  const theirs = newest.version === '' ? 'an earlier RelayPACS' : `RelayPACS ${newest.version}`;
  const unknown = marks.find(({ name }) => rungs[name] === undefined);
  if (unknown !== undefined)
    throw new SchemaRefused(
      [
        `This database was last used by ${theirs} and has its schema (${newest.name}).`,
        `This is RelayPACS ${version}, which is older and knows ${Object.keys(rungs).at(-1)}.`,
        `Nothing was changed. Start ${theirs} again, or restore a backup from before it.`,
      ].join(' '),
    );
  const other = marks.find(({ name, print }) => printOf(rungs[name]!) !== print);
  if (other === undefined) return;
  const ours = printOf(rungs[other.name]!).slice(0, 8);
  throw new SchemaRefused(
    [
      `This database was made by ${theirs} with another schema`,
      `(${other.name}, ${other.print.slice(0, 8) || 'unmarked'}).`,
      `This is RelayPACS ${version} (${ours}), which cannot bring it up to date:`,
      'before the first release there is no way from one schema to the next. Nothing was changed.',
      `Start ${theirs} again, or begin with another RELAY_DATA_DIR or database.`,
    ].join(' '),
  );
}

/** The mark is written in the migration's own transaction, so that no migration is ever without its mark. */
function marking(name: string, rung: Rung, version: string): Migration {
  return {
    ...rung,
    async up(db) {
      await rung.up(db);
      await sql`insert into schema_mark (name, print, version) values (${name}, ${printOf(rung)}, ${version})`.execute(
        db,
      );
    },
  };
}

/**
 * Brings the schema up to date; several gateways may start at once (Kysely holds a lock). Throws SchemaRefused,
 * and what the failed migration threw.
 */
export async function migrate(
  db: Kysely<unknown>,
  { version, rungs = MIGRATIONS }: { readonly version: string; readonly rungs?: Rungs },
): Promise<void> {
  const marks = await readMarks(db);
  checkMarks(marks, rungs, version);
  // All marks are known, so if there are as many as migrations, all have run. Kysely would read every column of the
  // database to find that out.
  if (marks.length < Object.keys(rungs).length) await climb(db, rungs, version);
  await sql`update schema_mark set version = ${version} where version <> ${version}`.execute(db);
}

async function climb(db: Kysely<unknown>, rungs: Rungs, version: string): Promise<void> {
  const marked = Object.entries(rungs).map(([name, rung]) => [name, marking(name, rung, version)] as const);
  const migrator = new Migrator({ db, provider: { getMigrations: async () => Object.fromEntries(marked) } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}
