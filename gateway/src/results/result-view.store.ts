import type { Db } from '../database/database.ts';
/**
 * Records which accounts were shown the image of a result. A verdict is about an image, so nobody may give one from a
 * score alone.
 */

type Viewing = { readonly resultId: string; readonly accountId: string };

/** Call it before the image is sent. Repeatable. */
export async function recordView(
  db: Db,
  { resultId, accountId, at }: Viewing & { readonly at: Date },
): Promise<void> {
  await db
    .insertInto('result_view')
    .values({ result_id: resultId, account_id: accountId, at })
    .onConflict((conflict) => conflict.columns(['result_id', 'account_id']).doNothing())
    .execute();
}

/**
 * Whether this account was shown the image, or sent it itself. The gateway keeps no files, but their sender has them.
 */
export async function hasSeenImage(db: Db, { resultId, accountId }: Viewing): Promise<boolean> {
  const view = await db
    .selectFrom('result_view')
    .select('at')
    .where('result_id', '=', resultId)
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (view !== undefined) return true;
  const sent = await db
    .selectFrom('result_request as q')
    .innerJoin('inference_result as r', 'r.id', 'q.result_id')
    .select('q.at')
    .where('q.result_id', '=', resultId)
    .where('q.account_id', '=', accountId)
    .where('r.study_instance_uid', 'is', null)
    .executeTakeFirst();
  return sent !== undefined;
}
