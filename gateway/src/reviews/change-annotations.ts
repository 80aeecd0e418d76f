/**
 * Stores a reader's annotations, all of them at once, until the reading is signed. A device that does not have the
 * latest version is refused. A repeated request is carried out once.
 */
import { isDeepStrictEqual } from 'node:util';
import { lastNumberIn, type Annotation, type PutAnnotations } from '#shared/protocol/annotations.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { isEnded } from '#shared/protocol/review-state.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import type { CaseCipher } from '../cases/case-seal.ts';
import type { Db, Trx } from '../database/database.ts';
import { requireImages } from './annotated-images.ts';
import { findAnnotations, insertReports, writeAnnotations } from './annotation.store.ts';
import { openCipher } from './open-cipher.ts';
import { lockReview, placesOf, type PlaceRow, type ReviewRow } from '../findings/review.store.ts';
import type { AnnotationTools, ReviewTools } from './review-tools.ts';
import { openAnnotations, sealAnnotations, type AnnotationsOf } from './seal-annotations.ts';

type Asked = PutAnnotations & { readonly reviewId: string };
/** A permitted change, with the review locked. */
type Change = {
  readonly review: ReviewRow;
  readonly of: AnnotationsOf;
  readonly cipher: CaseCipher;
  /** The highest mark number of the reading so far. */
  readonly lastNumber: number;
};

/**
 * @throws Problem not-found, review-changed, review-ended, review-not-yours, case-unreadable; for the images:
 * invalid-request, study-not-found, file-too-large, pacs-unreachable.
 */
export async function putAnnotations(
  tools: AnnotationTools,
  actor: CaseReader,
  asked: Asked,
  signal: AbortSignal,
): Promise<void> {
  const { db, now } = tools;
  const judged = await db.transaction().execute((trx) => judge(tools, trx, actor, asked));
  if (judged === 'done') return;
  // The PACS may be slow, so it is asked while the review is not locked.
  await requireImages(tools, judged.review.case_id, asked.annotations, signal);
  await db.transaction().execute(async (trx) => {
    const change = await judge(tools, trx, actor, asked);
    if (change === 'done') return;
    const { of, cipher, lastNumber } = change;
    await writeAnnotations(trx, {
      ...of,
      version: asked.version + 1,
      request_id: asked.id,
      sealed: sealAnnotations(cipher, of, asked.annotations),
      last_number: lastNumberIn(asked.annotations, Math.max(lastNumber, asked.lastNumber)),
      changed_at: now(),
    });
  });
}

/** `done`: the request was repeated after its answer was lost, and has been carried out already. */
async function judge(
  { seal }: ReviewTools,
  trx: Trx,
  actor: CaseReader,
  { reviewId, id, place: number, version, annotations }: Asked,
): Promise<Change | 'done'> {
  const review = await lockReview(trx, actor.siteId, reviewId);
  const place = (await placesOf(trx, [reviewId])).get(reviewId)?.find((one) => one.place === number);
  if (place === undefined) throw new Problem('not-found');
  const cipher = await openCipher(trx, seal, review.case_id);
  const of = { review_id: reviewId, place: number, account_id: actor.id };
  const row = await findAnnotations(trx, of);
  if (row?.request_id === id) {
    if (isDeepStrictEqual(openAnnotations(cipher, row), annotations)) return 'done';
    throw new Problem('review-changed');
  }
  if (isEnded(review.state) || place.state === 'signed') throw new Problem('review-ended');
  if (place.account_id !== actor.id) throw new Problem('review-not-yours');
  if ((row?.version ?? 0) !== version) throw new Problem('review-changed');
  return { review, of, cipher, lastNumber: row?.last_number ?? 0 };
}

/** The annotations of a reading; an empty list if there are none. @throws Problem case-unreadable. */
export async function annotationsIn(
  db: Db,
  { review_id, place, account_id }: PlaceRow,
  cipher: CaseCipher,
): Promise<readonly Annotation[]> {
  if (account_id === null) return [];
  const row = await findAnnotations(db, { review_id, place, account_id });
  if (row === undefined) return [];
  const annotations = openAnnotations(cipher, row);
  if (annotations === null) throw new Problem('case-unreadable');
  return annotations;
}

export const ANNOTATIONS_QUEUE = 'annotation-report';
export type AnnotationReport = { readonly siteId: string; readonly reviewId: string };

/**
 * Promises reports for every reading. This happens when the review is settled, not at each signature: otherwise a
 * colleague could find the first reader's drawings in the PACS. @throws Problem case-unreadable.
 */
export async function promiseReports(
  { jobs }: Pick<ReviewTools, 'jobs'>,
  trx: Trx,
  { id: reviewId, site_id: siteId }: ReviewRow,
  readings: { readonly signed: readonly PlaceRow[]; readonly cipher: CaseCipher },
): Promise<void> {
  const promised: Parameters<typeof insertReports>[1][number][] = [];
  for (const place of readings.signed) {
    const annotations = await annotationsIn(trx, place, readings.cipher);
    for (const study of new Set(annotations.map(({ studyInstanceUID }) => studyInstanceUID)))
      promised.push({ review_id: reviewId, place: place.place, study_instance_uid: study });
  }
  if (promised.length === 0) return;
  await insertReports(trx, promised);
  await jobs.enqueue(trx, ANNOTATIONS_QUEUE, { siteId, reviewId } satisfies AnnotationReport, {
    key: reviewId,
  });
}
