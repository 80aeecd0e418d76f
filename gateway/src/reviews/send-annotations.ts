/**
 * Annotations of a settled review on their way to the PACS: a structured report for each study, built from the study's
 * own instances in the PACS and sent like every result. Run again, it continues where it ended; a report that can never
 * be built says why, and the others go all the same.
 */
import type { Annotation } from '#shared/protocol/annotations.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { CaseSeal } from '../cases/case-seal.ts';
import type { Db } from '../database/database.ts';
import { fetchWhole } from '../inference/study-images.ts';
import type { Log } from '../observability/log.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import type { NewInstance } from '../results/result-instance.store.ts';
import { imagesOf } from './annotated-images.ts';
import type { AnnotationRoad, ImageFacts } from './annotation-road.ts';
import { findAnnotations, reportsOf, updateReport } from './annotation.store.ts';
import type { AnnotationReport } from './change-annotations.ts';
import type { LookAtImage } from './look-at-image.ts';
import { openCipher } from './open-cipher.ts';
import { openAnnotations } from './seal-annotations.ts';

export type AnnotationReportTools = {
  readonly db: Db;
  readonly seal: Pick<CaseSeal, 'cipherOf'>;
  readonly pacs: Pick<Pacs, 'fetchInstance'>;
  readonly road: AnnotationRoad;
  readonly look: LookAtImage;
  readonly log: Log;
};
/** The signed annotations of the place whose answers stand. */
type Signed = { readonly by: string; readonly at: Date; readonly annotations: readonly Annotation[] };

/** Throws PacsUnreachable, and the errors of the road: then it is run again. */
export async function sendAnnotations(
  { siteId, reviewId }: AnnotationReport,
  tools: AnnotationReportTools,
  signal: AbortSignal,
): Promise<void> {
  const { db, log } = tools;
  for (const report of await reportsOf(db, reviewId)) {
    if (report.because !== null || report.sop_instance_uid !== null) continue;
    try {
      const signed = await readSigned(tools, reviewId);
      const annotations = signed.annotations.filter(
        ({ studyInstanceUID }) => studyInstanceUID === report.study_instance_uid,
      );
      const sent = await send(tools, { siteId, reviewId }, { ...signed, annotations }, signal);
      const { seriesInstanceUID, sopInstanceUID } = sent;
      await updateReport(db, report, {
        series_instance_uid: seriesInstanceUID,
        sop_instance_uid: sopInstanceUID,
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // The key or the image is gone, or the image is too large: no report can be made, however often we try.
      log({ event: 'annotations-left-out', reviewId, because: error.code });
      await updateReport(db, report, { because: error.code });
    }
  }
}

/** @throws Problem case-unreadable. */
async function readSigned({ db, seal }: AnnotationReportTools, reviewId: string): Promise<Signed> {
  const place = await db
    .selectFrom('review')
    .innerJoin('review_place as p', (join) =>
      join.onRef('p.review_id', '=', 'review.id').onRef('p.place', '=', 'review.final_place'),
    )
    .select(['review.case_id', 'p.place', 'p.account_id', 'p.signed_at'])
    .where('review.id', '=', reviewId)
    .executeTakeFirstOrThrow();
  const cipher = await openCipher(db, seal, place.case_id);
  const of = { review_id: reviewId, place: place.place, account_id: place.account_id! };
  const row = await findAnnotations(db, of);
  const annotations = row && openAnnotations(cipher, row);
  if (!annotations) throw new Problem('case-unreadable');
  return { by: of.account_id, at: place.signed_at!, annotations };
}

/** One image in memory at a time. @throws Problem study-not-found, file-too-large; PacsUnreachable. */
async function send(
  { pacs, road, look }: AnnotationReportTools,
  about: AnnotationReport,
  { by: accountId, at: signedAt, annotations }: Signed,
  signal: AbortSignal,
): Promise<NewInstance> {
  const images = new Map<string, ImageFacts>();
  const places = imagesOf(annotations);
  for (const where of places) {
    const facts = await look(where, signal);
    if (facts === null) throw new Problem('study-not-found');
    images.set(where.sopInstanceUID, facts);
  }
  const source = await fetchWhole(pacs, places[0]!, signal);
  return road.sendAnnotations({ ...about, annotations, images, accountId, signedAt }, source, signal);
}
