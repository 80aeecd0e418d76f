/**
 * The administrators' policies in the database, with all their versions. Nothing is cached here: several gateways share
 * the database, and a change by one applies at all of them from the next request on.
 */
import { sql, type Selectable } from 'kysely';
import { policyDocumentSchema, type PolicyDocument } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db, Trx } from '../database/database.ts';
import type { PolicyTable } from '../database/tables.ts';

type PolicyVersion = {
  readonly version: number;
  /** null: a newer gateway wrote it, with rules that this one does not know. */
  readonly document: PolicyDocument | null;
  /** The account's id. */
  readonly madeBy: string;
  readonly madeAt: Date;
  readonly withdrawnAt: Date | null;
};
export type NamedVersion = PolicyVersion & { readonly name: string };

/** Every version of every policy of the site, by name, the newest first. */
export async function listVersions(db: Db, siteId: string): Promise<NamedVersion[]> {
  const rows = await db
    .selectFrom('policy')
    .selectAll()
    .where('site_id', '=', siteId)
    .orderBy('name')
    .orderBy('version', 'desc')
    .execute();
  return rows.map(toVersion);
}

/** The versions of one policy, newest first; empty where it does not exist. */
export async function versionsOf(db: Db, siteId: string, name: string): Promise<NamedVersion[]> {
  const rows = await db
    .selectFrom('policy')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .execute();
  return rows.map(toVersion);
}

/** The newest version of each policy of the site, by name, including withdrawn ones. */
export async function newestVersions(db: Db, siteId: string): Promise<NamedVersion[]> {
  const rows = await db
    .selectFrom('policy')
    .selectAll()
    .distinctOn('name')
    .where('site_id', '=', siteId)
    .orderBy('name')
    .orderBy('version', 'desc')
    .execute();
  return rows.map(toVersion);
}

export async function newestVersion(db: Db, siteId: string, name: string): Promise<NamedVersion | undefined> {
  const newest = db
    .selectFrom('policy')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .limit(1);
  const row = await newest.executeTakeFirst();
  return row && toVersion(row);
}

export async function findVersion(
  db: Db,
  siteId: string,
  name: string,
  version: number,
): Promise<NamedVersion | undefined> {
  const row = await db
    .selectFrom('policy')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst();
  return row && toVersion(row);
}

export type PolicyChange = { readonly siteId: string; readonly by: string; readonly now: Date };

/**
 * Inserts the first version. @throws Problem policy-exists, also where the policy was withdrawn, as one version number
 * would otherwise mean two promises.
 */
export async function insertPolicy(trx: Trx, document: PolicyDocument, change: PolicyChange): Promise<void> {
  await lockPolicy(trx, change.siteId, document.name);
  if ((await newestVersion(trx, change.siteId, document.name)) !== undefined)
    throw new Problem('policy-exists');
  await insertVersion(trx, document, 1, change);
}

/**
 * Inserts the next version. It is in force from now on, even where the previous one was withdrawn. @throws Problem
 * not-found, policy-changed.
 */
export async function replacePolicy(
  trx: Trx,
  document: PolicyDocument,
  replaces: number,
  change: PolicyChange,
): Promise<void> {
  await lockPolicy(trx, change.siteId, document.name);
  await requireNewest(trx, change.siteId, document.name, replaces);
  await insertVersion(trx, document, replaces + 1, change);
}

/**
 * Withdraws the policy: nothing is accepted under any of its versions any more. False: it was withdrawn already.
 * @throws Problem not-found, policy-changed.
 */
export async function withdrawPolicy(
  trx: Trx,
  name: string,
  version: number,
  { siteId, by, now }: PolicyChange,
): Promise<boolean> {
  await lockPolicy(trx, siteId, name);
  const newest = await requireNewest(trx, siteId, name, version);
  if (newest.withdrawnAt !== null) return false;
  await trx
    .updateTable('policy')
    .set({ withdrawn_at: now, withdrawn_by: by })
    .where('site_id', '=', siteId)
    .where('name', '=', name)
    .where('version', '=', version)
    .execute();
  return true;
}

/**
 * Locks the policy. Of two administrators who change it at the same time, at two gateways, the second one waits and
 * then sees the first one's version.
 */
async function lockPolicy(trx: Trx, siteId: string, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext(${`policy ${siteId} ${name}`}))`.execute(trx);
}

async function requireNewest(trx: Trx, siteId: string, name: string, version: number): Promise<NamedVersion> {
  const newest = await newestVersion(trx, siteId, name);
  if (newest === undefined) throw new Problem('not-found');
  if (newest.version !== version) throw new Problem('policy-changed');
  return newest;
}

async function insertVersion(
  trx: Trx,
  document: PolicyDocument,
  version: number,
  { siteId, by, now }: PolicyChange,
): Promise<void> {
  const made = {
    site_id: siteId,
    name: document.name,
    version,
    document: JSON.stringify(document),
    made_by: by,
    made_at: now,
  };
  await trx
    .insertInto('policy')
    .values({ ...made, withdrawn_by: null, withdrawn_at: null })
    .execute();
}

function toVersion(row: Selectable<PolicyTable>): NamedVersion {
  const { name, version, made_by: madeBy, made_at: madeAt, withdrawn_at: withdrawnAt } = row;
  return {
    name,
    version,
    document: policyDocumentSchema.safeParse(row.document).data ?? null,
    madeBy,
    madeAt,
    withdrawnAt,
  };
}
