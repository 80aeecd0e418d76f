/**
 * Annotations in the form in which a person sees them. They are blinded in the same way as answers (show-reviews.ts).
 */
import type {
  Annotation,
  PlaceAnnotations,
  ReportState,
  ReviewAnnotations,
  StoredAnnotations,
} from '#shared/protocol/annotations.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import { annotationsOf, reportsOf, type ReportOnItsWay } from './annotation.store.ts';
import { openCipher } from './open-cipher.ts';
import type { SeenReview } from './list-reviews.ts';
import { placesOf } from '../findings/review.store.ts';
import type { ReviewTools } from './review-tools.ts';
import { openAnnotations } from './seal-annotations.ts';
import { sightOf, type Viewer } from './show-reviews.ts';

/** @throws Problem case-unreadable. */
export async function showAnnotations(
  { db, seal }: Pick<ReviewTools, 'db' | 'seal'>,
  viewer: Viewer,
  review: SeenReview,
): Promise<ReviewAnnotations> {
  const cipher = await openCipher(db, seal, review.case_id);
  const places = (await placesOf(db, [review.id])).get(review.id) ?? [];
  const own = places.find(({ account_id }) => account_id === viewer.id);
  const rows = await annotationsOf(db, review.id);
  const reports = await reportsOf(db, review.id);
  const shown = places.flatMap((place): PlaceAnnotations[] => {
    if (!sightOf(review, place, viewer, own)?.said) return [];
    const row = rows.find((one) => one.place === place.place && one.account_id === place.account_id);
    const annotations = row === undefined ? [] : openAnnotations(cipher, row);
    if (annotations === null) throw new Problem('case-unreadable');
    const isOpen = place.state !== 'signed';
    return [
      {
        place: place.place,
        version: row?.version ?? 0,
        // Unsigned annotations are sent back as a whole, so they must keep their labels.
        annotations: viewer.isAnonymous && !isOpen ? withoutLabels(annotations) : [...annotations],
        lastNumber: row?.last_number ?? 0,
        state: isOpen ? 'open' : 'signed',
        stored: storedIn(reports.filter((report) => report.place === place.place)),
      },
    ];
  });
  return { places: shown };
}

/** Removes labels. An annotation of kind `text` is only a label, so it is left out. */
export const withoutLabels = (annotations: readonly Annotation[]): Annotation[] =>
  annotations.filter(({ kind }) => kind !== 'text').map((one) => ({ ...one, label: '' }));

function storedIn(rows: readonly ReportOnItsWay[]): StoredAnnotations | null {
  if (rows.length === 0) return null;
  const reports = rows.map((row) => ({
    studyInstanceUID: row.study_instance_uid,
    sopInstanceUID: row.sop_instance_uid,
    state: stateOf(row),
    because: row.because,
    receipt: row.instance?.receipt ?? null,
    confirmedAt: row.confirmedAt?.toISOString() ?? null,
    instance: row.instance,
    waiting: row.waiting,
  }));
  const worst = (['refused', 'waiting'] as const).find((state) => reports.some((one) => one.state === state));
  return { state: worst ?? 'in-pacs', reports };
}

const UNSTORED: readonly string[] = ['refused', 'quarantined', 'left-out'];

function stateOf({ because, instance }: ReportOnItsWay): ReportState {
  if (because !== null) return 'refused';
  if (instance === null) return 'waiting';
  if (UNSTORED.includes(instance.state)) return 'refused';
  return IN_PACS.some((state) => state === instance.state) ? 'in-pacs' : 'waiting';
}
