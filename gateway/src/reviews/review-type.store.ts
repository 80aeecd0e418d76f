/** Review types: those that come with the gateway, and those that a site made. Each version stays. */
import { Problem } from '#shared/protocol/problem.ts';
import type { ReviewDefinition, ReviewType } from '#shared/protocol/reviews.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import { BUILT_IN_TYPES } from './built-in-types.ts';

type Maker = { readonly id: string; readonly siteId: string };
type NewVersion = { readonly name: string; readonly definition: ReviewDefinition };
type Tools = { readonly db: Db; readonly now: () => Date };

const TYPES_LIMIT = 200;

/** The newest version of each, by name. */
export async function listTypes(db: Db, siteId: string): Promise<ReviewType[]> {
  const rows = await db
    .selectFrom('review_type')
    .innerJoin('account', 'account.id', 'review_type.made_by')
    .select(['name', 'version', 'definition', 'username', 'made_at'])
    .distinctOn('name')
    .where('review_type.site_id', '=', siteId)
    .orderBy('name')
    .orderBy('version', 'desc')
    .execute();
  const made = rows.map(({ name, version, definition, username, made_at }) => ({
    name,
    version,
    madeBy: username,
    madeAt: made_at.toISOString(),
    definition,
  }));
  const builtIn = BUILT_IN_TYPES.filter(({ name }) => !made.some((one) => one.name === name));
  return [...made, ...builtIn.map((one) => ({ ...one, version: 1, madeBy: null, madeAt: null }))].toSorted(
    (a, b) => (a.name < b.name ? -1 : 1),
  );
}

/** @throws Problem review-type-changed: there is one of this name. */
export async function addType(tools: Tools, maker: Maker, asked: NewVersion): Promise<void> {
  if ((await listTypes(tools.db, maker.siteId)).length >= TYPES_LIMIT)
    throw new Problem('review-type-changed');
  await insertVersion(tools, maker, { ...asked, version: 1 });
}

/** The next version after `version`. @throws Problem not-found, review-type-changed: somebody was faster. */
export async function changeType(
  tools: Tools,
  maker: Maker,
  { version, ...asked }: NewVersion & { readonly version: number },
): Promise<void> {
  const before = (await listTypes(tools.db, maker.siteId)).find(({ name }) => name === asked.name);
  if (before === undefined) throw new Problem('not-found');
  if (before.version !== version) throw new Problem('review-type-changed');
  await insertVersion(tools, maker, { ...asked, version: version + 1 });
}

async function insertVersion(
  { db, now }: Tools,
  { id, siteId }: Maker,
  { name, version, definition }: NewVersion & { readonly version: number },
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const isTaken = version === 1 && BUILT_IN_TYPES.some((one) => one.name === name);
    if (isTaken || !(await insertRow(trx))) throw new Problem('review-type-changed');
    await recordAudit(trx, siteId, { event: 'review-type-made', reviewType: name, version, by: id }, now());
  });
  async function insertRow(trx: Trx): Promise<boolean> {
    const row = await trx
      .insertInto('review_type')
      .values({
        site_id: siteId,
        name,
        version,
        definition: JSON.stringify(definition),
        made_by: id,
        made_at: now(),
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('version')
      .executeTakeFirst();
    return row !== undefined;
  }
}
