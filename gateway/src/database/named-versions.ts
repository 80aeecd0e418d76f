/**
 * Definitions that a site keeps by name. Some come with the gateway as version 1; the others were made by people. A
 * change makes the next version, and every version is kept.
 */
import { sql } from 'kysely';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db, Trx } from './database.ts';

type Maker = { readonly id: string; readonly siteId: string };
type Named<D> = { readonly name: string; readonly definition: D };
type Numbered<D> = Named<D> & { readonly version: number };
/** `madeBy` null: the definition comes with the gateway. */
type Kept<D> = Numbered<D> & { readonly madeBy: string | null; readonly madeAt: string | null };
type Tools = { readonly db: Db; readonly now: () => Date };

type Kind<D> = {
  readonly table: 'review_type' | 'export_template';
  readonly builtIn: readonly Named<D>[];
  /** The error when the name is taken, when there are too many, or when somebody else was faster. */
  readonly changed: AnyProblemCode;
  /** Writes the audit event of a new version. */
  readonly record: (trx: Trx, maker: Maker, made: Numbered<D>, now: Date) => Promise<void>;
};

const LIMIT = 200;

export type NamedVersions<D> = {
  /** The newest version of each, by name. */
  list(db: Db | Trx, siteId: string): Promise<Kept<D>[]>;
  /** @throws Problem with the code `changed`. */
  add(tools: Tools, maker: Maker, asked: Named<D>): Promise<void>;
  /** Adds it, or makes the version after the newest. @throws Problem with the code `changed`. */
  put(trx: Trx, maker: Maker, asked: Named<D>, now: Date): Promise<void>;
  /** Makes the version after `version`. @throws Problem not-found, or with the code `changed`. */
  change(tools: Tools, maker: Maker, asked: Numbered<D>): Promise<void>;
};

export function createNamedVersions<D>(kind: Kind<D>): NamedVersions<D> {
  const { table, builtIn, changed } = kind;
  const list = async (db: Db | Trx, siteId: string): Promise<Kept<D>[]> => {
    type Row = Numbered<D> & { readonly username: string; readonly made_at: Date };
    const { rows } = await sql<Row>`
      select distinct on (name) name, version, definition, username, made_at
      from ${sql.table(table)} as kept join account on account.id = kept.made_by
      where kept.site_id = ${siteId}::uuid order by name, version desc`.execute(db);
    const made = rows.map(({ username, made_at, ...row }) => ({
      ...row,
      madeBy: username,
      madeAt: made_at.toISOString(),
    }));
    const others = builtIn.filter(({ name }) => !made.some((one) => one.name === name));
    return [...made, ...others.map((one) => ({ ...one, version: 1, madeBy: null, madeAt: null }))].toSorted(
      (a, b) => (a.name < b.name ? -1 : 1),
    );
  };
  const insertIn = async (trx: Trx, maker: Maker, made: Numbered<D>, now: Date): Promise<void> => {
    const { name, version, definition } = made;
    const isTaken = version === 1 && builtIn.some((one) => one.name === name);
    const { rows } = isTaken
      ? { rows: [] }
      : await sql`
        insert into ${sql.table(table)} (site_id, name, version, definition, made_by, made_at)
        values (${maker.siteId}, ${name}, ${version}, ${JSON.stringify(definition)}, ${maker.id}, ${now})
        on conflict do nothing returning version`.execute(trx);
    if (rows.length === 0) throw new Problem(changed);
    await kind.record(trx, maker, made, now);
  };
  const insert = ({ db, now }: Tools, maker: Maker, made: Numbered<D>): Promise<void> =>
    db.transaction().execute((trx) => insertIn(trx, maker, made, now()));
  return {
    list,
    async put(trx, maker, asked, now) {
      const all = await list(trx, maker.siteId);
      const before = all.find(({ name }) => name === asked.name);
      if (before === undefined && all.length >= LIMIT) throw new Problem(changed);
      await insertIn(trx, maker, { ...asked, version: (before?.version ?? 0) + 1 }, now);
    },
    async add(tools, maker, asked) {
      if ((await list(tools.db, maker.siteId)).length >= LIMIT) throw new Problem(changed);
      await insert(tools, maker, { ...asked, version: 1 });
    },
    async change(tools, maker, { version, ...asked }) {
      const before = (await list(tools.db, maker.siteId)).find(({ name }) => name === asked.name);
      if (before === undefined) throw new Problem('not-found');
      if (before.version !== version) throw new Problem(changed);
      await insert(tools, maker, { ...asked, version: version + 1 });
    },
  };
}
