/**
 * Compares the outcomes of settled reviews of the same studies that answer the same question, also if these studies are
 * in several cases. If one says that something is
 * there and another that nothing is, both cannot be true. Only the next reader decides between settled reviews: the
 * side that a later reading takes is the one that stands.
 */
import { sql } from 'kysely';
import type { ListedCase } from '#shared/protocol/cases.ts';
import { positiveAmong, positiveOf, type Positive } from '#shared/protocol/review-judgement.ts';
import type { ReviewForm } from '#shared/protocol/review-forms.ts';
import type { Result } from '#shared/protocol/inference.ts';
import type { ListedReview } from '#shared/protocol/reviews.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import { isKeeper, type CaseReader } from './case-rights.ts';
import type { Db } from '../database/database.ts';
import { isHiddenOutcome } from './blinding.ts';
import { decisionsOf, placesOf, type PlaceRow, type ReviewRow } from './review.store.ts';

type Places = ReadonlyMap<string, readonly PlaceRow[]>;
type OutcomeNow = NonNullable<ListedReview['outcomeNow']>;
/** What an outcome says, and how it stands among those of the same question. */
type Compared = { readonly positive: Positive; readonly now: OutcomeNow };
/** `account` null: the account no longer exists. */
type Signature = { readonly account: string | null; readonly signedAt: Date };
/**
 * `by`: the people who gave the outcome, each with the time of their signature. A review may be settled long after its
 * first reader signed.
 */
type Outcome = {
  readonly id: string;
  readonly positive: Positive;
  readonly by: readonly Signature[];
};

/** Returns the comparison for each settled review of these cases, by id. `reader`: as in `settledReviews`. */
export async function outcomesNow(
  db: Db,
  siteId: string,
  caseIds: readonly string[],
  reader: CaseReader | null,
): Promise<ReadonlyMap<string, Compared>> {
  if (caseIds.length === 0) return new Map();
  const subjects = await subjectsOf(db, siteId, caseIds);
  const rows = await settledReviews(db, siteId, reader)
    .where('review.case_id', 'in', [...subjects.keys()])
    .execute();
  const places = await placesOf(
    db,
    rows.map(({ id }) => id),
  );
  const outcomes = await outcomesOf(db, rows, places, subjects);
  const ofQuestion = Map.groupBy(outcomes, ({ question }) => question);
  const now = new Map([...ofQuestion.values()].flatMap((those) => [...compareOutcomes(those)]));
  return new Map(outcomes.map(({ id, positive }) => [id, { positive, now: now.get(id)! }]));
}

/** `reader`: without the outcomes that this person is not to know yet; null: all of them count. */
const settledReviews = (db: Db, siteId: string, reader: CaseReader | null) =>
  db
    .selectFrom('review')
    .selectAll('review')
    .where('review.site_id', '=', siteId)
    .where('review.state', '=', 'settled')
    .$if(reader !== null, (some) => some.where(sql<boolean>`not ${isHiddenOutcome(reader!)}`));

/**
 * The studies of these cases, and of each other case that has exactly the same ones, by the id of the case. A prior
 * study that two cases share does not make one subject of them.
 */
async function subjectsOf(
  db: Db,
  siteId: string,
  caseIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ id: string; studies: string }>`select case_id as id,
      string_agg(study_instance_uid, ' ' order by study_instance_uid) as studies
    from case_study where site_id = ${siteId} and case_id in (select other.case_id from case_study own
      join case_study other on other.site_id = own.site_id and other.study_instance_uid = own.study_instance_uid
      where own.site_id = ${siteId} and own.case_id = any(${[...caseIds]}::uuid[]))
    group by case_id`.execute(db);
  const asked = new Set(caseIds);
  const wanted = new Set(rows.flatMap(({ id, studies }) => (asked.has(id) ? [studies] : [])));
  const same = rows.filter(({ studies }) => wanted.has(studies));
  return new Map([
    ...caseIds.map((id) => [id, id] as const),
    ...same.map(({ id, studies }) => [id, studies] as const),
  ]);
}

type StandingReview = NonNullable<Result['review']>;

/**
 * For each study, the newest settled review, in any of its cases, whose outcome is positive or negative and either
 * stands or is contradicted. `reader`: as in `settledReviews`.
 */
export async function standingReviews(
  db: Db,
  siteId: string,
  studyInstanceUIDs: readonly string[],
  reader: CaseReader | null,
): Promise<ReadonlyMap<string, StandingReview>> {
  if (studyInstanceUIDs.length === 0) return new Map();
  const rows = await settledReviews(db, siteId, reader)
    .innerJoin('case_study', 'case_study.case_id', 'review.case_id')
    .select('case_study.study_instance_uid')
    .where('case_study.site_id', '=', siteId)
    .where('case_study.study_instance_uid', 'in', [...studyInstanceUIDs])
    .orderBy('review.settled_at')
    .execute();
  const caseIds = [...new Set(rows.map(({ case_id }) => case_id))];
  const outcomes = await outcomesNow(db, siteId, caseIds, reader);
  const standing = new Map<string, StandingReview>();
  for (const { id, study_instance_uid, final_place, settled_at, definition } of rows) {
    const { positive: said = null, now } = outcomes.get(id) ?? {};
    if (said === null || (now !== 'stands' && now !== 'contradicted')) continue;
    const positive = now === 'stands' ? said : null;
    const by = { readers: definition.readers, isAdjudicated: final_place === ADJUDICATOR };
    standing.set(study_instance_uid, { id, positive, ...by, settledAt: settled_at!.toISOString() });
  }
  return standing;
}

export type CaseReading = Pick<ListedCase, 'reading' | 'isDisputed'>;
export const UNREAD: CaseReading = { reading: null, isDisputed: false };

/** What the settled reviews of these cases say, if the reader may know it. */
export async function readingsOfCases(
  db: Db,
  reader: CaseReader,
  caseIds: readonly string[],
): Promise<ReadonlyMap<string, CaseReading>> {
  if (!isKeeper(reader) || caseIds.length === 0) return new Map();
  const rows = await settledReviews(db, reader.siteId, reader)
    .where('review.case_id', 'in', [...caseIds])
    .orderBy('review.number')
    .execute();
  const outcomes = await outcomesNow(db, reader.siteId, caseIds, reader);
  const ofCase = Map.groupBy(rows, ({ case_id }) => case_id);
  return new Map(
    [...ofCase].map(([id, those]) => [id, readingIn(those.flatMap((one) => outcomes.get(one.id) ?? []))]),
  );
}

/** If several questions were asked, one positive answer makes the reading positive. */
export function readingIn(outcomes: readonly Compared[]): CaseReading {
  if (outcomes.some(({ now }) => now === 'contradicted')) return { reading: null, isDisputed: true };
  const positive = positiveAmong(
    outcomes.flatMap(({ positive: said, now }) => (now === 'stands' ? said : [])),
  );
  return positive === null ? UNREAD : { reading: positive ? 'positive' : 'negative', isDisputed: false };
}

/** Compares outcomes that answer one question. */
export function compareOutcomes(outcomes: readonly Outcome[]): ReadonlyMap<string, OutcomeNow> {
  const replaced = new Set(outcomes.filter((one) => isReplaced(one, outcomes)));
  const said = outcomes.filter((one) => !replaced.has(one) && one.positive !== null);
  const stands = whatStands(said.toSorted((a, b) => lastSignedOf(a) - lastSignedOf(b)));
  const nowOf = (one: Outcome): OutcomeNow => {
    if (replaced.has(one)) return 'replaced';
    if (one.positive === null) return 'stands';
    if (stands === null) return 'contradicted';
    return one.positive === stands ? 'stands' : 'overruled';
  };
  return new Map(outcomes.map((one) => [one.id, nowOf(one)]));
}

const lastSignedOf = ({ by }: Outcome): number => Math.max(...by.map(({ signedAt }) => Number(signedAt)));

/**
 * Whether each person who gave the outcome has signed a later one. A later outcome that takes no side does not replace
 * one that does.
 */
const isReplaced = ({ positive, by }: Outcome, all: readonly Outcome[]): boolean =>
  by.every(({ account, signedAt }) =>
    all.some(
      (one) =>
        (positive === null || one.positive !== null) &&
        one.by.some((later) => account !== null && later.account === account && later.signedAt > signedAt),
    ),
  );

/**
 * The side that stands, from outcomes in the order of their signatures. Null: the last two contradict each other, and
 * nobody has read the case since.
 */
function whatStands(said: readonly Outcome[]): Positive {
  let stands = said[0]?.positive ?? null;
  for (const { positive } of said.slice(1)) {
    if (stands === null) stands = positive;
    else if (positive !== stands) stands = null;
  }
  return stands;
}

async function outcomesOf(
  db: Db,
  found: readonly ReviewRow[],
  places: Places,
  subjects: ReadonlyMap<string, string>,
) {
  const finals = found.flatMap((review) => {
    const those = places.get(review.id) ?? [];
    const final = those.find(({ place }) => place === review.final_place);
    if (final === undefined) return [];
    const by = final.place === ADJUDICATOR ? [final] : those;
    // `signed_at` is never null here: a review is settled only once all of them have signed.
    return [{ review, final, by: by.map((one) => ({ account: one.account_id, signedAt: one.signed_at! })) }];
  });
  const decisions = await decisionsOf(
    db,
    finals.map(({ final }) => final),
  );
  return finals.flatMap(({ review: { id, case_id, definition }, final, by }) => {
    const decision = decisions.get(final.decided_by_event ?? '');
    if (decision === undefined) return [];
    const isJudged = decision.decision !== 'reject';
    const positive = isJudged ? positiveOf(definition.form, decision.answers ?? {}) : null;
    return [{ id, question: `${subjects.get(case_id)} ${questionOf(definition.form)}`, positive, by }];
  });
}

/**
 * The questions that ask whether something is there, with their exact wording, since another wording may ask something
 * else.
 */
const questionOf = ({ properties }: ReviewForm): string =>
  JSON.stringify(
    Object.entries(properties).filter(
      ([, field]) =>
        field['x-field'] === 'radio' &&
        (field['x-positive'] ?? []).length + (field['x-negative'] ?? []).length > 0,
    ),
  );
