/**
 * The steps of a review: assign, decide, sign, withdraw. Each step is one transaction and has an id made by the device,
 * so a repeated request is carried out once. Each names the version of the place that the person has seen.
 */
import { isDeepStrictEqual } from 'node:util';
import { marksDigest } from '#shared/protocol/annotations.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { differencesOf, faultsOf, splitAnswers } from '#shared/protocol/review-forms.ts';
import {
  ADJUDICATOR,
  afterSignature,
  isEnded,
  isRefusal,
  type Party,
  type PlaceAction,
  type PlaceState,
  stepOf,
} from '#shared/protocol/review-state.ts';
import type { Assign, Decide, Sign } from '#shared/protocol/reviews.ts';
import { recordAudit, type AuditEvent, type ReviewEventName } from '../audit/audit.ts';
import { isKeeper, type CaseReader } from '../findings/case-rights.ts';
import type { CaseCipher } from '../cases/case-seal.ts';
import type { Trx } from '../database/database.ts';
import { annotationsIn, promiseReports } from './change-annotations.ts';
import { candidatesFor, chooseReaders, lockTurn } from './choose-readers.ts';
import { openCipher } from './open-cipher.ts';
import {
  decisionsOf,
  eventsOf,
  insertEvent,
  insertPlaces,
  lockReview,
  placesOf,
  updatePlace,
  type EventRow,
  type PlaceRow,
  type ReviewRow,
} from '../findings/review.store.ts';
import type { ReviewTools } from './review-tools.ts';
import { openTyped, sealTyped } from './seal-decision.ts';
import { requireAgreement, settleVerdicts } from './settle-verdicts.ts';
import { whoSawHidden } from './who-saw.ts';

type Asked = { readonly id: string; readonly place: number; readonly version: number };
/** A step in progress, with everything it needs locked. */
type Step = {
  readonly trx: Trx;
  readonly review: ReviewRow;
  readonly places: readonly PlaceRow[];
  readonly place: PlaceRow;
  readonly to: PlaceState;
  readonly actor: CaseReader;
  readonly asked: Asked;
  readonly at: Date;
};

/**
 * @throws Problem not-found, review-changed, review-ended, review-not-yours, review-finding-seen, invalid-request (the
 * account).
 */
export async function assignPlace(
  tools: ReviewTools,
  actor: CaseReader,
  { reviewId, ...asked }: Assign & { readonly reviewId: string },
): Promise<void> {
  const { accountId } = asked;
  const isSame = ({ to_account }: EventRow): boolean => to_account === accountId;
  await takeStep(tools, actor, { reviewId, asked, action: 'assign', isSame }, async (step) => {
    const { trx, review, places, place, to, at } = step;
    await lockTurn(trx);
    const { byHand } = await candidatesFor(trx, review);
    const mayRead = byHand.some(({ id }) => id === accountId);
    // Nobody may hold two places of a review, as reader or adjudicator.
    if (!mayRead || places.some(({ account_id }) => account_id === accountId))
      throw new Problem(
        'invalid-request',
        'Invalid: accountId (an account that may read, and does not yet).',
      );
    const saw = (await whoSawHidden(trx, review, [accountId])).has(accountId);
    // Somebody else may still give them the place, and takes responsibility for it.
    if (saw && accountId === actor.id) throw new Problem('review-finding-seen');
    await updatePlace(trx, place, {
      state: to,
      account_id: accountId,
      assigned_at: at,
      decided_by_event: null,
    });
    await record(step, 'assign', { to_account: accountId, saw_hidden: saw });
    await audit(step, 'review-assigned', { readerId: accountId });
  });
}

/**
 * May be repeated until the place is signed. @throws Problem as `assignPlace`, invalid-request (answers),
 * case-unreadable.
 */
export async function decidePlace(
  tools: ReviewTools,
  actor: CaseReader,
  { reviewId, ...asked }: Decide & { readonly reviewId: string },
): Promise<void> {
  const { id, decision, answers, reason } = asked;
  const isSame = (event: EventRow, review: ReviewRow, cipher: CaseCipher): boolean => {
    const { coded, typed } = splitAnswers(review.definition.form, answers);
    return (
      event.decision === decision &&
      isDeepStrictEqual(event.answers, coded) &&
      isDeepStrictEqual(openTyped(cipher, event), { answers: typed, reason })
    );
  };
  await takeStep(tools, actor, { reviewId, asked, action: 'decide', isSame }, async (step, cipher) => {
    const { trx, review, place, to } = step;
    requireAnswers(review, asked);
    const { coded, typed } = splitAnswers(review.definition.form, answers);
    await updatePlace(trx, place, { state: to, decided_by_event: id });
    const sealed = sealTyped(cipher, id, { answers: typed, reason });
    await record(step, 'decide', { decision, answers: JSON.stringify(coded), sealed });
    await audit(step, 'review-decided', {});
  });
}

/**
 * The last signature settles the review, or calls for an adjudicator. @throws Problem as `assignPlace`,
 * review-marks-changed, review-contradicts, case-unreadable.
 */
export async function signPlace(
  tools: ReviewTools,
  actor: CaseReader,
  { reviewId, ...asked }: Sign & { readonly reviewId: string },
): Promise<void> {
  await takeStep(
    tools,
    actor,
    { reviewId, asked, action: 'sign', isSame: () => true },
    async (step, cipher) => {
      const { trx, place, to, at } = step;
      await requireMarks(trx, place, asked, cipher);
      if (!asked.isMeant) await requireAgreement(trx, step);
      await updatePlace(trx, place, { state: to, signed_at: at });
      await record(step, 'sign', {});
      await audit(step, 'review-signed', {});
      await goOn(tools, step, cipher);
    },
  );
}

/** The signature only covers marks that the reader has seen. @throws Problem review-marks-changed, case-unreadable. */
async function requireMarks(
  trx: Trx,
  place: PlaceRow,
  { marksDigest: seen }: Pick<Sign, 'marksDigest'>,
  cipher: CaseCipher,
): Promise<void> {
  if (seen !== undefined && seen !== (await marksDigest(await annotationsIn(trx, place, cipher))))
    throw new Problem('review-marks-changed');
}

/**
 * Allowed to administrators and to the person who opened the review. @throws Problem not-found, review-ended,
 * review-not-yours.
 */
export async function withdrawReview(
  { db, now }: ReviewTools,
  actor: CaseReader,
  { reviewId, id }: { readonly reviewId: string; readonly id: string },
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const review = await lockReview(trx, actor.siteId, reviewId);
    const known = (await eventsOf(trx, reviewId)).find((event) => event.id === id);
    if (known?.step === 'withdraw' && known.by_account === actor.id) return;
    if (known !== undefined) throw new Problem('review-changed');
    if (!mayWithdraw(review, actor)) throw new Problem('review-not-yours');
    if (isEnded(review.state)) throw new Problem('review-ended');
    const at = now();
    await trx.updateTable('review').set({ state: 'withdrawn' }).where('id', '=', reviewId).execute();
    await insertEvent(trx, { review_id: reviewId, id, step: 'withdraw', by_account: actor.id, at });
    const said = { reviewId, caseId: review.case_id, by: actor.id };
    await recordAudit(trx, review.site_id, { event: 'review-withdrawn', ...said }, at);
  });
}

export const mayWithdraw = ({ opened_by }: ReviewRow, { id, roles }: CaseReader): boolean =>
  opened_by === id || roles.includes('admin');

type StepOptions = {
  readonly reviewId: string;
  readonly asked: Asked;
  readonly action: PlaceAction;
  /** Whether an earlier event with the same id, action, person and place has the same content. */
  readonly isSame: (event: EventRow, review: ReviewRow, cipher: CaseCipher) => boolean;
};

async function takeStep(
  { db, seal, now }: ReviewTools,
  actor: CaseReader,
  { reviewId, asked, action, isSame }: StepOptions,
  apply: (step: Step, cipher: CaseCipher) => Promise<void>,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const review = await lockReview(trx, actor.siteId, reviewId);
    const places = (await placesOf(trx, [reviewId])).get(reviewId) ?? [];
    const events = await eventsOf(trx, reviewId);
    const cipher = await openCipher(trx, seal, review.case_id);
    const known = events.find(({ id }) => id === asked.id);
    if (known !== undefined) {
      const isOwn = known.step === action && known.by_account === actor.id && known.place === asked.place;
      // The request was repeated because its answer was lost.
      if (isOwn && isSame(known, review, cipher)) return;
      throw new Problem('review-changed');
    }
    const place = places.find((one) => one.place === asked.place);
    if (place === undefined) throw new Problem('not-found');
    if (isEnded(review.state)) throw new Problem('review-ended');
    if (place.version !== asked.version) throw changedSince(events, asked, actor);
    const to = stepOf(place.state, action, partiesOf(actor, place));
    if (isRefusal(to)) throw new Problem(to);
    await apply({ trx, review, places, place, to, actor, asked, at: now() }, cipher);
  });
}

function partiesOf(actor: CaseReader, { account_id }: PlaceRow): Party[] {
  return [
    ...(account_id === actor.id ? (['holder'] as const) : []),
    ...(isKeeper(actor) ? (['keeper'] as const) : []),
    ...(actor.roles.includes('admin') ? (['admin'] as const) : []),
  ];
}

/** The message names nobody else, because readers may not know who the other readers are. */
function changedSince(events: readonly EventRow[], { place, version }: Asked, { id }: CaseReader): Problem {
  const since = events.filter((event) => event.place === place && (event.version ?? 0) > version);
  const said = since.map(
    ({ step, by_account, at }) =>
      `${step} by ${by_account === id ? 'you' : 'another person'} at ${at.toISOString()}`,
  );
  return new Problem('review-changed', said.length === 0 ? undefined : `Since then: ${said.join('; ')}.`);
}

/** @throws Problem invalid-request. */
function requireAnswers(
  { definition, hides_finding }: ReviewRow,
  { decision, answers, place }: Decide,
): void {
  if (decision === 'correct' && hides_finding && place !== ADJUDICATOR)
    throw new Problem('invalid-request', 'Invalid: decision (there is no finding to correct).');
  if (decision === 'reject') return;
  const faults = faultsOf(definition.form, answers);
  if (faults.length === 0) return;
  const names = faults.filter((name) => Object.hasOwn(definition.form.properties, name));
  throw new Problem(
    'invalid-request',
    `Invalid: answers${names.length > 0 ? ` (${names.join(', ')})` : ''}.`,
  );
}

/** Records the step as the next version of the place. */
async function record(
  { trx, review, place, actor, asked, at }: Step,
  step: PlaceAction,
  said: Partial<
    Pick<Parameters<typeof insertEvent>[1], 'to_account' | 'saw_hidden' | 'decision' | 'answers' | 'sealed'>
  >,
): Promise<void> {
  const of = { review_id: review.id, id: asked.id, place: place.place, version: place.version + 1 };
  await insertEvent(trx, { ...of, step, by_account: actor.id, at, ...said });
}

async function audit(
  { trx, review, place, actor, at }: Step,
  event: ReviewEventName,
  said: { readonly readerId?: string },
): Promise<void> {
  const of = { reviewId: review.id, caseId: review.case_id, by: actor.id, place: place.place };
  await recordAudit(trx, review.site_id, { event, ...of, ...said } satisfies AuditEvent, at);
}

/** Moves the review on after a signature. */
async function goOn(tools: ReviewTools, { trx, review, place, at }: Step, cipher: CaseCipher): Promise<void> {
  const places = (await placesOf(trx, [review.id])).get(review.id) ?? [];
  const readers = places.filter((one) => one.place !== ADJUDICATOR);
  const state = afterSignature(places, await differ(trx, review, readers));
  if (state === 'reading') return;
  const event = { review_id: review.id, id: tools.newId(), at };
  const said = { reviewId: review.id, caseId: review.case_id, by: null };
  if (state === 'adjudication') {
    const accountId = await chooseAdjudicator(trx, review, places);
    await trx.updateTable('review').set({ state }).where('id', '=', review.id).execute();
    await insertPlaces(trx, review.id, [{ place: ADJUDICATOR, accountId }], at);
    await insertEvent(trx, { ...event, step: 'adjudicate', to_account: accountId });
    await recordAudit(trx, review.site_id, { event: 'review-differs', ...said }, at);
    return;
  }
  const final = places.find((one) => one.place === (place.place === ADJUDICATOR ? ADJUDICATOR : 1))!;
  await trx
    .updateTable('review')
    .set({ state, settled_at: at, final_place: final.place })
    .where('id', '=', review.id)
    .execute();
  await promiseReports(tools, trx, review, { signed: places, cipher });
  await settleVerdicts(tools, trx, { review, place: final }, at);
  await insertEvent(trx, { ...event, step: 'settle' });
  await recordAudit(trx, review.site_id, { event: 'review-settled', ...said }, at);
}

/** Whether the readers who signed gave different answers. The result only counts once all of them have signed. */
async function differ(trx: Trx, { definition }: ReviewRow, readers: readonly PlaceRow[]): Promise<boolean> {
  const [first, ...others] = (await decisionsOf(trx, readers)).values();
  return others.some(
    (other) =>
      (first!.decision === 'reject') !== (other.decision === 'reject') ||
      differencesOf(definition.form, first!.answers ?? {}, other.answers ?? {}).length > 0,
  );
}

/**
 * The requested adjudicator, if still allowed; otherwise the next candidate. Null: nobody is left, or people are
 * assigned by hand.
 */
async function chooseAdjudicator(
  trx: Trx,
  review: ReviewRow,
  places: readonly PlaceRow[],
): Promise<string | null> {
  await lockTurn(trx);
  const readers = new Set(places.map(({ account_id }) => account_id));
  const { byHand, byTurn } = await candidatesFor(trx, review);
  const { adjudicator } = review;
  if (adjudicator !== null && !readers.has(adjudicator) && byHand.some(({ id }) => id === adjudicator))
    return adjudicator;
  const others = byTurn.filter(({ id }) => !readers.has(id));
  return chooseReaders(others, review.definition.assignment, 1)[0] ?? null;
}
