/** Opens a review of a case. The device chooses its id, so a repeated request opens no second review. */
import { Problem } from '#shared/protocol/problem.ts';
import type { NewReview, ReviewType } from '#shared/protocol/reviews.ts';
import { recordAudit } from '../audit/audit.ts';
import { findCase } from '../cases/case.store.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import type { Trx } from '../database/database.ts';
import { candidatesFor, chooseReaders, lockTurn } from './choose-readers.ts';
import { insertEvent, insertPlaces } from '../findings/review.store.ts';
import type { ReviewTools } from './review-tools.ts';
import { reviewTypes } from './review-type.store.ts';
import { whoSawFinding } from './who-saw.ts';

/**
 * @throws Problem not-found; review-changed: the id belongs to another review; invalid-request: type, readers or
 * adjudicator; review-finding-seen: the callers name themselves although they saw the finding.
 */
export async function openReview(
  { db, now, newId }: ReviewTools,
  keeper: CaseReader,
  { caseId, ...asked }: NewReview & { readonly caseId: string },
): Promise<void> {
  const { siteId } = keeper;
  const type = (await reviewTypes.list(db, siteId)).find(({ name }) => name === asked.type);
  if (type === undefined) throw new Problem('invalid-request', 'Invalid: type.');
  const at = now();
  await db.transaction().execute(async (trx) => {
    await findCase(trx, keeper, caseId);
    const { id, adjudicator = null } = asked;
    if (!(await insertReview(trx, keeper, { id, caseId, type, at }))) return;
    await lockTurn(trx);
    const readers = await readersOf(trx, keeper, { type, named: asked.readers, adjudicator, caseId, at });
    await insertPlaces(trx, id, readers, at);
    if (adjudicator !== null)
      await trx.updateTable('review').set({ adjudicator }).where('id', '=', id).execute();
    const event = { review_id: asked.id, by_account: keeper.id, at };
    await insertEvent(trx, { ...event, id: asked.id, step: 'open' });
    for (const { place, accountId, saw } of readers)
      if (accountId !== null)
        await insertEvent(trx, {
          ...event,
          id: newId(),
          step: 'assign',
          place,
          version: 1,
          to_account: accountId,
          saw_hidden: saw,
        });
    const said = { reviewId: asked.id, caseId, by: keeper.id, reviewType: type.name };
    await recordAudit(trx, siteId, { event: 'review-opened', ...said, readers: readers.length }, at);
  });
}

type Opened = {
  readonly id: string;
  readonly caseId: string;
  readonly type: ReviewType;
  readonly at: Date;
};

/** Returns whether the review is new. @throws Problem review-changed. */
async function insertReview(
  trx: Trx,
  { id: by, siteId }: CaseReader,
  { id, caseId, type, at }: Opened,
): Promise<boolean> {
  const inserted = await trx
    .insertInto('review')
    .values({
      id,
      site_id: siteId,
      case_id: caseId,
      type_name: type.name,
      type_version: type.version,
      definition: JSON.stringify(type.definition),
      hides_finding: type.definition.hidesFinding,
      state: 'reading',
      final_place: null,
      opened_by: by,
      adjudicator: null,
      opened_at: at,
      settled_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted !== undefined) return true;
  const there = await trx
    .selectFrom('review')
    .select('id')
    .where('id', '=', id)
    .where('case_id', '=', caseId)
    .where('opened_by', '=', by)
    .where('type_name', '=', type.name)
    .executeTakeFirst();
  if (there === undefined) throw new Problem('review-changed');
  return false;
}

type ToChoose = Omit<Opened, 'id'> & {
  readonly named: readonly string[] | undefined;
  readonly adjudicator: string | null;
};

/** Places for the readers of the type, one each. @throws Problem invalid-request, review-finding-seen. */
async function readersOf(
  trx: Trx,
  { id: by, siteId }: CaseReader,
  { type, named, adjudicator, caseId, at: since }: ToChoose,
): Promise<{ place: number; accountId: string | null; saw: boolean }[]> {
  const { readers: count, assignment, hidesFinding } = type.definition;
  const { byHand, byTurn } = await candidatesFor(trx, { site_id: siteId, case_id: caseId });
  const mayRead = (account: string): boolean => byHand.some(({ id }) => id === account);
  // An adjudicator must not be one of the readers, and a review with a single reader needs none.
  const mayDecide =
    count > 1 && adjudicator !== null && mayRead(adjudicator) && !named?.includes(adjudicator);
  if (adjudicator !== null && !mayDecide)
    throw new Problem(
      'invalid-request',
      'Invalid: adjudicator (an account that may read, and does not here).',
    );
  const ids = byHand.map(({ id }) => id);
  const saw = hidesFinding ? await whoSawFinding(trx, { caseId, since }, [...ids, by]) : new Set<string>();
  const isWrong =
    named !== undefined &&
    (named.length > count || new Set(named).size < named.length || !named.every(mayRead));
  if (isWrong) throw new Problem('invalid-request', 'Invalid: readers (accounts that may read, each once).');
  // A colleague may still name them, and takes responsibility for it.
  if (named?.includes(by) && saw.has(by)) throw new Problem('review-finding-seen');
  const blind = byTurn.filter(({ id }) => id !== adjudicator && !saw.has(id));
  const chosen = named ?? chooseReaders(blind, assignment, count);
  return Array.from({ length: count }, (_, at) => {
    const accountId = chosen[at] ?? null;
    return { place: at + 1, accountId, saw: accountId !== null && saw.has(accountId) };
  });
}
