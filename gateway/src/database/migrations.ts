/**
 * The migrations of the schema, in order: a ladder that is only climbed. A migration of a version that was released is
 * never edited: the next one is added below (migrations.test.ts knows the text of each). A database that was made with
 * another text is refused by name, and nothing in it is changed.
 */
import { createHash } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as initial from './migrations/0001-initial.ts';
import type { IsStillAlone, Presence } from './presence.ts';

/**
 * `statements`: the SQL that it runs, by which a database that was made with other statements is recognised. `kind`:
 * with `expand`, gateways of the version before can work with the schema that it makes, and are replaced one after the
 * other; with `stop` none of them may run.
 */
export type Rung = Migration & {
  readonly statements?: readonly string[];
  readonly kind: 'expand' | 'stop';
};
export type Rungs = Readonly<Record<string, Rung>>;

const MIGRATIONS: Rungs = { '0001-initial': initial };

/** The database has a schema that this version can neither use nor update now. Nothing was changed. */
export class SchemaRefused extends Error {}

/** What a climb needs from the gateway that starts. */
export type Climb = {
  /** Of this RelayPACS. */
  readonly version: string;
  readonly rungs?: Rungs;
  /** See presence.ts. By default no other gateway works on this database. */
  readonly whileAlone?: Presence['whileAlone'];
  readonly inTurn?: (run: () => Promise<void>) => Promise<void>;
  /**
   * Keeps the database as it is, before it is changed; not called for a new one. `from`: the version that used it last.
   * What it throws ends the climb, and nothing was changed.
   */
  readonly keep?: (from: string) => Promise<void>;
  /** Called before each migration, with its place among those to run. */
  readonly tell?: (name: string, nth: number, of: number) => void;
};

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
      `This is RelayPACS ${version} (${ours}), which cannot bring it up to date: that schema was never released.`,
      `Nothing was changed. Start ${theirs} again, or begin with another RELAY_DATA_DIR or database.`,
    ].join(' '),
  );
}

/** The mark is written in the migration's own transaction, so that no migration is ever without its mark. */
function marking(name: string, rung: Rung, version: string): Migration {
  return {
    ...rung,
    async up(db) {
      await rung.up(db);
      await sql`insert into schema_mark (name, print, version, kind)
        values (${name}, ${printOf(rung)}, ${version}, ${rung.kind})`.execute(db);
    },
  };
}

/**
 * Brings the schema up to date in one transaction; several gateways may start at once. Throws SchemaRefused, what
 * `keep` threw, and what the failed migration threw.
 */
export async function migrate(db: Kysely<unknown>, climbing: Climb): Promise<void> {
  const { version, inTurn = (run) => run() } = climbing;
  if ((await pendingIn(db, climbing)).pending.length > 0)
    await inTurn(async () => {
      // Another gateway may have climbed meanwhile.
      const { pending, from } = await pendingIn(db, climbing);
      if (pending.length > 0) await keepAndClimb(db, { ...climbing, pending, from });
    });
  await sql`update schema_mark set version = ${version} where version <> ${version}`.execute(db);
}

/** Throws SchemaRefused where a newer version has changed the schema in a way that this one cannot work with. */
export async function checkSchema(db: Kysely<unknown>, { rungs = MIGRATIONS }: Climb): Promise<void> {
  const { rows } = await sql<{ name: string }>`select name from schema_mark where kind = 'stop'`.execute(db);
  const unknown = rows.find(({ name }) => rungs[name] === undefined);
  if (unknown === undefined) return;
  throw new SchemaRefused(
    `A newer RelayPACS has changed the database (${unknown.name}) while this one had lost it. This one cannot go on.`,
  );
}

/** `from`: the version that used the database last; null: it is new. */
type Pending = { readonly pending: readonly string[]; readonly from: string | null };

/** @throws SchemaRefused. */
async function pendingIn(db: Kysely<unknown>, { version, rungs = MIGRATIONS }: Climb): Promise<Pending> {
  const marks = await readMarks(db);
  checkMarks(marks, rungs, version);
  // All marks are known, so if there are as many as migrations, all have run. Kysely would read every column of the
  // database to find that out.
  return { pending: Object.keys(rungs).slice(marks.length), from: marks.at(-1)?.version ?? null };
}

async function keepAndClimb(db: Kysely<unknown>, climbing: Climb & Pending): Promise<void> {
  const { pending, from, keep, version, rungs = MIGRATIONS, whileAlone = (run) => run(alone) } = climbing;
  const run = async (isStill: IsStillAlone): Promise<boolean> => {
    if (from !== null) await keep?.(from);
    return climb(db, { ...climbing, isStill });
  };
  const stopper = from === null ? undefined : pending.find((name) => rungs[name]!.kind === 'stop');
  const hasClimbed = stopper === undefined ? await run(alone) : await whileAlone(run);
  if (hasClimbed !== true)
    throw new SchemaRefused(
      [
        `RelayPACS ${version} has to change the database (${stopper}) in a way that gateways of the version before`,
        'cannot work with, and one of them is running. Nothing was changed. Stop all gateways, and start this one again.',
      ].join(' '),
    );
}

const alone: IsStillAlone = () => Promise.resolve(true);
class NoLongerAlone extends Error {}

/** False: it was undone, because another gateway may have come. */
async function climb(
  db: Kysely<unknown>,
  climbing: Climb & Pending & { readonly isStill: IsStillAlone },
): Promise<boolean> {
  const { version, rungs = MIGRATIONS, tell, pending, isStill } = climbing;
  const marked = Object.entries(rungs).map(([name, rung]) => {
    const told: Rung = {
      ...rung,
      async up(trx) {
        tell?.(name, pending.indexOf(name) + 1, pending.length);
        await rung.up(trx);
        if (!(await isStill(trx))) throw new NoLongerAlone();
      },
    };
    return [name, marking(name, told, version)] as const;
  });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => Object.fromEntries(marked) } });
  const { error } = await migrator.migrateToLatest();
  if (error && !(error instanceof NoLongerAlone)) throw error;
  return error === undefined;
}

/**
 * The text of each migration as a hash. A released one never changes: a test knows them.
 */
export const printsOf = (rungs: Rungs = MIGRATIONS): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(rungs).map(([name, rung]) => [name, printOf(rung)]));

/** The first migrations up to and with the last of `names`. @throws SchemaRefused where one is unknown. */
export function rungsUpTo(names: readonly string[], version: string, rungs: Rungs = MIGRATIONS): Rungs {
  const unknown = names.find((name) => rungs[name] === undefined);
  if (unknown !== undefined)
    throw new SchemaRefused(
      `The backup was made by a newer RelayPACS (${unknown}). This is RelayPACS ${version}. Nothing was changed.`,
    );
  return Object.fromEntries(Object.entries(rungs).filter(([name]) => names.includes(name)));
}
