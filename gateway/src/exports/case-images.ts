/**
 * The images of cases that a report shows: the images that readers marked in settled reviews (of every reader, starting
 * with the one whose answers stand), and those that a model looked at. A case without any of these shows the first
 * image of each study.
 */
import { sql } from 'kysely';
import { sopClassKind } from '#shared/dicom/registry.ts';
import type { Annotation } from '#shared/protocol/annotations.ts';
import type { Case } from '#shared/protocol/cases.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { CaseTools } from '../cases/case-tools.ts';
import type { CaseRow } from '../cases/case.store.ts';
import type { Shown } from '../cases/show-cases.ts';
import type { Db } from '../database/database.ts';
import { isOriginal } from '../pipeline/stores/instance.store.ts';
import type { FoundInstance } from '../ports/pacs/pacs.ts';
import { annotationsOf } from '../reviews/annotation.store.ts';
import { settledReviewsOf } from '../reviews/list-reviews.ts';
import { openAnnotations } from '../reviews/seal-annotations.ts';
import { withoutLabels } from '../reviews/show-annotations.ts';
import { placesOf } from '../findings/review.store.ts';

/**
 * `review`: the index of the review among the settled reviews of its case. `place`: null: the review has a single
 * reader.
 */
export type Reading = { readonly review: number; readonly place: number | null };
/** A reading, and the number of a mark in it. */
export type Numbered = Reading & Pick<Annotation, 'number'>;
/** `by`: the readings that have the mark; several if readers took it over. */
export type ReadMark = Omit<Annotation, 'number'> & { readonly by: readonly Numbered[] };
export type CaseImage = {
  readonly where: FoundInstance;
  /** Counted from 1. */
  readonly frame: number;
  readonly marks: readonly ReadMark[];
};
/** `more`: the number of further images that are left out. `studies`: the studies of the case, in its order. */
export type CaseImages = {
  readonly images: readonly CaseImage[];
  readonly more: number;
  readonly studies: readonly string[];
};

/** Images printed per case; a report is read by people. */
const IMAGES_LIMIT = 12;

type Cases = readonly Pick<Case, 'id' | 'studies'>[];

/** Returns the images of each case. */
export async function imagesOf(
  tools: CaseTools,
  shown: Shown,
  rows: readonly CaseRow[],
  cases: Cases,
): Promise<ReadonlyMap<string, CaseImages>> {
  const marked = await markedImages(tools, shown, rows);
  const seen = await seenImages(tools.db, cases);
  const all = new Map<string, CaseImages>();
  for (const one of cases) {
    const images = joined([...(marked.get(one.id) ?? []), ...(seen.get(one.id) ?? [])]);
    const found = images.length > 0 ? images : await firstImages(tools.db, shown, one);
    all.set(one.id, {
      images: found.slice(0, IMAGES_LIMIT),
      more: Math.max(0, found.length - IMAGES_LIMIT),
      studies: one.studies.map(({ studyInstanceUID }) => studyInstanceUID),
    });
  }
  return all;
}

/** Each frame once, with all its marks. */
function joined(images: readonly CaseImage[]): readonly CaseImage[] {
  const byFrame = Map.groupBy(images, ({ where, frame }) => `${where.sopInstanceUID} ${frame}`);
  return [...byFrame.values()].map((same) => ({
    ...same[0]!,
    marks: togetherIn(same.flatMap(({ marks }) => marks)),
  }));
}

/**
 * Merges identical marks of a review, which arise when a reader takes over a mark unchanged; the merged mark names all
 * its readers.
 */
function togetherIn(marks: readonly ReadMark[]): readonly ReadMark[] {
  const alike = Map.groupBy(marks, ({ kind, points, label, by }) =>
    JSON.stringify([by[0]?.review, kind, points, label]),
  );
  return [...alike.values()].map((same) => ({ ...same[0]!, by: same.flatMap(({ by }) => by) }));
}

/** Images marked by the readers who signed. In each review, the reading that stands comes first. */
async function markedImages(
  { db, seal }: CaseTools,
  { reader, withheld }: Shown,
  rows: readonly CaseRow[],
): Promise<ReadonlyMap<string, readonly CaseImage[]>> {
  const found = await settledReviewsOf(
    db,
    reader,
    rows.map(({ id }) => id),
  );
  const places = await placesOf(
    db,
    found.map(({ review }) => review.id),
  );
  const byCase = new Map<string, CaseImage[]>();
  const reviewsOf = Map.groupBy(found, ({ of }) => of.id);
  for (const { review, of } of found) {
    const nth = reviewsOf.get(of.id)!.findIndex((one) => one.review.id === review.id);
    const signed = (places.get(review.id) ?? []).toSorted(
      (a, b) => Number(b.place === review.final_place) - Number(a.place === review.final_place),
    );
    const cipher = seal.cipherOf(of.id, of.wrapped_key);
    const rows = cipher === null ? [] : await annotationsOf(db, review.id);
    for (const { place, account_id } of signed) {
      const row = rows.find((one) => one.place === place && one.account_id === account_id);
      const marks = row === undefined ? [] : (openAnnotations(cipher!, row) ?? []);
      const told = withheld.includes('notes') ? withoutLabels(marks) : marks;
      const reading = { review: nth, place: review.definition.readers === 1 ? null : place };
      const images = told.map(({ number, ...mark }) => imageOf({ ...mark, by: [{ ...reading, number }] }));
      byCase.set(of.id, [...(byCase.get(of.id) ?? []), ...images]);
    }
  }
  return byCase;
}

function imageOf(mark: ReadMark): CaseImage {
  const { studyInstanceUID, seriesInstanceUID, sopInstanceUID, frame } = mark;
  return { where: { studyInstanceUID, seriesInstanceUID, sopInstanceUID }, frame, marks: [mark] };
}

/** Images behind the results that the reader is shown. */
async function seenImages(db: Db, cases: Cases): Promise<ReadonlyMap<string, readonly CaseImage[]>> {
  const resultsOf = ({ studies }: Cases[number]): string[] =>
    studies.flatMap(({ results }) => results.map(({ id }) => id));
  const ids = cases.flatMap(resultsOf);
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('inference_result')
    .select([
      ...(['id', 'study_instance_uid', 'series_instance_uid', 'sop_instance_uid'] as const),
      sql<number>`coalesce((finding->'input'->>'frame')::int, 0)`.as('frame'),
    ])
    .where('id', 'in', ids)
    .execute();
  const images = new Map(
    rows.flatMap(({ id, frame, ...row }): [string, CaseImage][] => {
      const { study_instance_uid: study, series_instance_uid: series, sop_instance_uid: instance } = row;
      if (study === null || series === null || instance === null) return [];
      const where = { studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: instance };
      return [[id, { where, frame: frame + 1, marks: [] }]];
    }),
  );
  return new Map(cases.map((one) => [one.id, resultsOf(one).flatMap((id) => images.get(id) ?? [])]));
}

/** An original image of each study, in the order of the case's studies. */
async function firstImages(
  db: Db,
  { reader }: Shown,
  { studies }: Cases[number],
): Promise<readonly CaseImage[]> {
  const uids = studies.map(({ studyInstanceUID }) => studyInstanceUID);
  if (uids.length === 0) return [];
  const rows = await db
    .selectFrom('study')
    .innerJoin('instance', 'instance.study_id', 'study.id')
    .distinctOn(['study.study_instance_uid', 'instance.sop_class_uid'])
    .select(['study.study_instance_uid', 'instance.series_instance_uid', 'instance.sop_instance_uid'])
    .select('instance.sop_class_uid')
    .where('study.site_id', '=', reader.siteId)
    .where('study.study_instance_uid', 'in', uids)
    .where('instance.state', 'in', [...IN_PACS])
    .where(isOriginal)
    .orderBy('study.study_instance_uid')
    .orderBy('instance.sop_class_uid')
    .orderBy('instance.sop_instance_uid')
    .execute();
  return uids.flatMap((uid) => {
    const first = rows.find(
      (row) => row.study_instance_uid === uid && sopClassKind(row.sop_class_uid) === 'image',
    );
    if (first === undefined) return [];
    const { series_instance_uid: seriesInstanceUID, sop_instance_uid: sopInstanceUID } = first;
    return [{ where: { studyInstanceUID: uid, seriesInstanceUID, sopInstanceUID }, frame: 1, marks: [] }];
  });
}
