/**
 * Sends the annotations of a settled review to the PACS: a structured report for each study, built from the study's own
 * instances in the PACS and sent like every result. A repeated run continues where the last one ended. A report that
 * can never be built records why, and the others are still sent.
 */
import type { Annotation } from '#shared/protocol/annotations.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { CaseSeal } from '../cases/case-seal.ts';
import type { Db } from '../database/database.ts';
import { fetchWhole } from '../images/study-images.ts';
import type { Log } from '../observability/log.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import type { NewInstance } from '../results/result-instance.store.ts';
import { imagesOf } from './annotated-images.ts';
import type { AnnotationRoad, ImageFacts, Reading } from './annotation-road.ts';
import { reportsOf, updateReport, type ReportOnItsWay } from './annotation.store.ts';
import { annotationsIn, type AnnotationReport } from './change-annotations.ts';
import type { LookAtImage } from './look-at-image.ts';
import { openCipher } from './open-cipher.ts';
import { placesOf } from '../findings/review.store.ts';

export type AnnotationReportTools = {
  readonly db: Db;
  readonly seal: Pick<CaseSeal, 'cipherOf'>;
  readonly pacs: Pick<Pacs, 'fetchInstance'>;
  readonly road: AnnotationRoad;
  readonly look: LookAtImage;
  readonly log: Log;
};
/** The signed annotations of a reading. */
type Signed = {
  readonly by: string;
  readonly at: Date;
  readonly reading: Reading;
  readonly annotations: readonly Annotation[];
};

/** Throws PacsUnreachable, and the errors of the road; the job is then run again. */
export async function sendAnnotations(
  { siteId, reviewId }: AnnotationReport,
  tools: AnnotationReportTools,
  signal: AbortSignal,
): Promise<void> {
  const { db, log } = tools;
  for (const report of await reportsOf(db, reviewId)) {
    if (report.because !== null || report.sop_instance_uid !== null) continue;
    try {
      const signed = await readSigned(tools, report);
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
      // The key or the image is gone, or the image is too large. Trying again would not help.
      log({ event: 'annotations-left-out', reviewId, because: error.code });
      await updateReport(db, report, { because: error.code });
    }
  }
}

/** @throws Problem case-unreadable. */
async function readSigned(
  { db, seal }: AnnotationReportTools,
  { review_id: reviewId, place: number }: ReportOnItsWay,
): Promise<Signed> {
  const review = await db
    .selectFrom('review')
    .select(['case_id', 'definition', 'final_place'])
    .where('id', '=', reviewId)
    .executeTakeFirstOrThrow();
  const place = (await placesOf(db, [reviewId])).get(reviewId)!.find((one) => one.place === number)!;
  const annotations = await annotationsIn(db, place, await openCipher(db, seal, review.case_id));
  const reading = { place: number, readers: review.definition.readers, standing: review.final_place! };
  return { by: place.account_id!, at: place.signed_at!, reading, annotations };
}

/**
 * Sends the report with one image in memory at a time.
 * @throws Problem study-not-found, file-too-large; PacsUnreachable.
 */
async function send(
  { pacs, road, look }: AnnotationReportTools,
  about: AnnotationReport,
  { by: accountId, at: signedAt, reading, annotations }: Signed,
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
  return road.sendAnnotations(
    { ...about, reading, annotations, images, accountId, signedAt },
    source,
    signal,
  );
}
