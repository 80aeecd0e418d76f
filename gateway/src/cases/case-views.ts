/** Lists of cases that a person saves under a name. The names are sealed, because people can write anything in them. */
import type { CaseView, NewCaseView } from '#shared/protocol/case-views.ts';
import { CASE_VIEWS_LIMIT } from '#shared/protocol/case-views.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db, Trx } from '../database/database.ts';
import type { CaseCipher } from './case-seal.ts';

export type CaseViewTools = {
  readonly db: Db;
  /** Seals with a key of the gateway, because a view outlives the cases in it. */
  readonly names: CaseCipher;
  readonly newId: () => string;
};

const placeOf = (id: string): string => `view ${id}`;

/** The account's own views, in the order in which they were saved. */
export async function listViews(
  { db, names }: Pick<CaseViewTools, 'names'> & { readonly db: Db | Trx },
  accountId: string,
): Promise<CaseView[]> {
  const rows = await db
    .selectFrom('case_view')
    .select(['id', 'sealed_name', 'filters'])
    .where('account_id', '=', accountId)
    .orderBy('position')
    .execute();
  return rows.map(({ id, sealed_name, filters }) => ({
    id,
    name: names.open(placeOf(id), sealed_name)?.toString('utf8') ?? null,
    filters,
  }));
}

type Saved = NewCaseView & {
  readonly accountId: string;
  /** Null: a new view. */
  readonly id: string | null;
};

/**
 * Names are unique: saving a view replaces any other view of that name. So a view may safely be saved again after the
 * response was lost. @throws Problem not-found; invalid-request: there are too many views.
 */
export async function saveView(
  tools: CaseViewTools,
  { accountId, id, name, filters }: Saved,
): Promise<CaseView> {
  return tools.db.transaction().execute(async (trx) => {
    await lockAccount(trx, accountId);
    const own = await listViews({ ...tools, db: trx }, accountId);
    if (id !== null && !own.some((view) => view.id === id)) throw new Problem('not-found');
    const same = own.find((view) => view.name === name && view.id !== id);
    const target = id ?? same?.id ?? tools.newId();
    if (id !== null && same !== undefined)
      await trx.deleteFrom('case_view').where('id', '=', same.id).execute();
    if (own.length >= CASE_VIEWS_LIMIT && !own.some((view) => view.id === target))
      throw new Problem('invalid-request', `Invalid: a person keeps at most ${CASE_VIEWS_LIMIT} views.`);
    const values = { sealed_name: tools.names.seal(placeOf(target), name), filters: JSON.stringify(filters) };
    await trx
      .insertInto('case_view')
      .values({ id: target, account_id: accountId, ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
      .execute();
    return { id: target, name, filters };
  });
}

/** @throws Problem not-found, also for another account's view. */
export async function deleteView(
  db: Db,
  { id, accountId }: Pick<Saved, 'accountId'> & { readonly id: string },
) {
  const { numDeletedRows } = await db
    .deleteFrom('case_view')
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (numDeletedRows === 0n) throw new Problem('not-found');
}

/** Locks the account, so that changes of its views run one after the other. */
async function lockAccount(trx: Trx, id: string): Promise<void> {
  await trx.selectFrom('account').select('id').where('id', '=', id).forNoKeyUpdate().execute();
}
