/** For how long what is kept, the last run, and proofs of what was deleted. */
import {
  RETAINED,
  RETENTION_DEFAULT,
  type Retained,
  type Retention,
  type RetentionDays,
} from '#shared/protocol/retention.ts';
import { sql } from 'kysely';
import type { Db, Trx } from '../database/database.ts';

/** How many proofs are listed. */
const LIST_LIMIT = 200;

export async function readDays(db: Db | Trx, siteId: string): Promise<RetentionDays> {
  const rows = await db
    .selectFrom('retention')
    .select(['kind', 'days'])
    .where('site_id', '=', siteId)
    .execute();
  return { ...RETENTION_DEFAULT, ...Object.fromEntries(rows.map(({ kind, days }) => [kind, days])) };
}

export async function writeDays(trx: Trx, siteId: string, days: RetentionDays): Promise<void> {
  await trx
    .insertInto('retention')
    .values(RETAINED.map((kind) => ({ site_id: siteId, kind, days: days[kind] })))
    .onConflict((conflict) =>
      conflict.columns(['site_id', 'kind']).doUpdateSet((of) => ({ days: of.ref('excluded.days') })),
    )
    .execute();
}

export async function noteRun(
  db: Db,
  siteId: string,
  ranAt: Date,
  trouble: Retention['trouble'],
): Promise<void> {
  const said = { ran_at: ranAt, trouble };
  await db
    .insertInto('retention_run')
    .values({ site_id: siteId, ...said })
    .onConflict((conflict) => conflict.column('site_id').doUpdateSet(said))
    .execute();
}

/** Of this kind something was deleted. */
export async function noteToCompact(trx: Trx, siteId: string, kind: Retained): Promise<void> {
  await sql`
    insert into retention_run (site_id, to_compact) values (${siteId}::uuid, array[${kind}]::text[])
    on conflict (site_id) do update set to_compact = array(
      select distinct unnest(retention_run.to_compact || excluded.to_compact))`.execute(trx);
}

export async function lastRun(db: Db, siteId: string): Promise<Pick<Retention, 'ranAt' | 'trouble'>> {
  const row = await db
    .selectFrom('retention_run')
    .selectAll()
    .where('site_id', '=', siteId)
    .executeTakeFirst();
  return { ranAt: row?.ran_at?.toISOString() ?? null, trouble: row?.trouble ?? null };
}

type Proof = {
  readonly id: string;
  readonly siteId: string;
  readonly kind: Retained;
  readonly count: number;
  readonly jws: string;
  readonly at: Date;
};

export async function insertProof(trx: Trx, { siteId, ...proof }: Proof): Promise<void> {
  await trx
    .insertInto('deletion')
    .values({ site_id: siteId, ...proof })
    .execute();
}

export async function listProofs(db: Db, siteId: string): Promise<Retention['deletions']> {
  const rows = await db
    .selectFrom('deletion')
    .select(['id', 'kind', 'count', 'at'])
    .where('site_id', '=', siteId)
    .orderBy('at', 'desc')
    .orderBy('id')
    .limit(LIST_LIMIT)
    .execute();
  return rows.map(({ at, ...proof }) => ({ ...proof, at: at.toISOString() }));
}

export async function findProof(db: Db, siteId: string, id: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('deletion')
    .select('jws')
    .where('site_id', '=', siteId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row?.jws;
}
