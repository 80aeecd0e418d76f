/**
 * A page of reviews: those that wait for the caller, that are free to take, that the caller signed, or all of the site.
 */
import { sql, type RawBuilder } from 'kysely';
import { CASE_PRIORITIES } from '#shared/protocol/cases.ts';
import type { ReviewList } from '#shared/protocol/reviews.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import type { Db } from '../database/database.ts';
import { isEarlyCase } from '../cases/early-marks.ts';
import { isHiddenOutcome } from '../findings/blinding.ts';
import type { ReviewRow } from '../findings/review.store.ts';
import type { CaseRow } from '../cases/case.store.ts';

type OfCase = Pick<CaseRow, 'id' | 'number' | 'priority' | 'due_on' | 'patient_print' | 'wrapped_key'>;
/**
 * `is_hidden`: the review is settled, but the reader is to read its case for another review without knowing the
 * outcome. `is_early`: a study of its case is marked for early reading, and the reader may know that.
 */
export type SeenReview = ReviewRow & { readonly is_hidden: boolean; readonly is_early: boolean };
export type FoundReview = { readonly review: SeenReview; readonly of: OfCase };
type Cursor = { readonly priority: number; readonly isEarly: boolean; readonly number: number };
type Query = {
  readonly list: ReviewList;
  /** The account whose list is asked for; null: the caller's own. */
  readonly readerId?: string | null;
  readonly type?: string | undefined;
  readonly state?: (typeof REVIEW_FILTERS)[number] | undefined;
  /**
   * Limits the time at which the review was settled or, in the list `signed`, at which the reader signed. `to` is not
   * included.
   */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly after: Cursor | undefined;
  readonly limit: number;
};
export const REVIEW_FILTERS = ['open', 'settled'] as const;

/** A cursor for the page after this review. */
export const cursorOf = ({ review, of }: FoundReview): string =>
  `${of.priority}~${review.is_early ? 1 : 0}~${review.number}`;

/** Null: the text is not a cursor. */
export function parseCursor(text: string): Cursor | null {
  const [, priority = '', early = '', number = ''] = /^(\d)~([01])~(\d{1,9})$/.exec(text) ?? [];
  if (number === '' || CASE_PRIORITIES[Number(priority)] === undefined) return null;
  return { priority: Number(priority), isEarly: early === '1', number: Number(number) };
}

const isUnderWay = sql<boolean>`review.state in ('reading', 'adjudication')`;
const hasPlace = (condition: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql`exists (select 1 from review_place p where p.review_id = review.id and ${condition})`;

const LISTS: Readonly<Record<ReviewList, (accountId: string) => RawBuilder<boolean>>> = {
  todo: (id) =>
    sql`(${isUnderWay} and ${hasPlace(sql`p.account_id = ${id} and p.state in ('assigned', 'decided')`)})`,
  free: (id) =>
    sql`(${isUnderWay} and ${hasPlace(sql`p.state = 'open'`)} and not ${hasPlace(sql`p.account_id = ${id}`)})`,
  signed: (id) => hasPlace(sql`p.account_id = ${id} and p.state = 'signed'`),
  all: () => sql`true`,
};

const momentIn = (list: ReviewList, accountId: string): RawBuilder<Date> =>
  list === 'signed'
    ? sql`(select p.signed_at from review_place p where p.review_id = review.id and p.account_id = ${accountId})`
    : sql`review.settled_at`;

const isEarlyFor = (db: Db, reader: CaseReader): Promise<RawBuilder<boolean>> =>
  isEarlyCase(db, reader, sql`review.case_id`);

const select = (db: Db, reader: CaseReader, isEarly: RawBuilder<boolean>) =>
  db
    .selectFrom('review')
    .innerJoin('case_record as c', 'c.id', 'review.case_id')
    .selectAll('review')
    .select(isHiddenOutcome(reader).as('is_hidden'))
    .select(isEarly.as('is_early'))
    .select(['c.number as caseNumber', 'c.priority', 'c.due_on', 'c.patient_print', 'c.wrapped_key'])
    .where('review.site_id', '=', reader.siteId);
type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];

function foundIn(row: Row): FoundReview {
  const { caseNumber, priority, due_on, patient_print, wrapped_key, ...review } = row;
  return {
    review,
    of: { id: review.case_id, number: caseNumber, priority, due_on, patient_print, wrapped_key },
  };
}

/** Lists of reviews that are still to be read. Only these are ordered by early marks. */
const TO_READ: readonly ReviewList[] = ['todo', 'free'];

/**
 * The most urgent cases come first, among equals those marked for early reading, then the oldest reviews. Returns at
 * most `limit`, and whether there are more.
 */
export async function listReviews(
  db: Db,
  reader: CaseReader,
  { list, readerId, type, state, from, to, after, limit }: Query,
): Promise<{ readonly found: readonly FoundReview[]; readonly more: boolean }> {
  const whose = readerId ?? reader.id;
  const isEarlyFirst = TO_READ.includes(list);
  const isEarly = await isEarlyFor(db, reader);
  const isLater = sql<boolean>`(not ${isEarly})`;
  let query = select(db, reader, isEarly)
    .where(LISTS[list](whose))
    .orderBy('c.priority')
    .limit(limit + 1);
  if (isEarlyFirst) query = query.orderBy(isLater);
  query = query.orderBy('review.number');
  if (after !== undefined)
    query = query.where(
      isEarlyFirst
        ? sql<boolean>`(c.priority, ${isLater}, review.number) >
            (${after.priority}::int, ${!after.isEarly}::boolean, ${after.number}::int)`
        : sql<boolean>`(c.priority, review.number) > (${after.priority}::int, ${after.number}::int)`,
    );
  if (type !== undefined) query = query.where('review.type_name', '=', type);
  if (state === 'settled') query = query.where('review.state', '=', 'settled');
  else if (state === 'open') query = query.where(isUnderWay);
  if (from !== undefined) query = query.where(sql<boolean>`${momentIn(list, whose)} >= ${from}`);
  if (to !== undefined) query = query.where(sql<boolean>`${momentIn(list, whose)} < ${to}`);
  const rows = await query.execute();
  return { found: rows.slice(0, limit).map(foundIn), more: rows.length > limit };
}

/** Reviews, oldest first. */
export async function reviewsOfCase(db: Db, reader: CaseReader, caseId: string): Promise<FoundReview[]> {
  const rows = await select(db, reader, await isEarlyFor(db, reader))
    .where('review.case_id', '=', caseId)
    .orderBy('review.number')
    .execute();
  return rows.map(foundIn);
}

/** The settled reviews of these cases whose outcome the reader may know, oldest first. */
export async function settledReviewsOf(
  db: Db,
  reader: CaseReader,
  caseIds: readonly string[],
): Promise<FoundReview[]> {
  if (caseIds.length === 0) return [];
  const rows = await select(db, reader, await isEarlyFor(db, reader))
    .where('review.case_id', 'in', [...caseIds])
    .where('review.state', '=', 'settled')
    .where(sql<boolean>`not ${isHiddenOutcome(reader)}`)
    .orderBy('review.number')
    .execute();
  return rows.map(foundIn);
}

/** Undefined: there is no such review. */
export async function findListed(
  db: Db,
  reader: CaseReader,
  reviewId: string,
): Promise<FoundReview | undefined> {
  const row = await select(db, reader, await isEarlyFor(db, reader))
    .where('review.id', '=', reviewId)
    .executeTakeFirst();
  return row && foundIn(row);
}
