/**
 * Checks the images that annotations name: each must be in the PACS, belong to the case, and contain the marked pixels.
 * The database knows the first two; the size is only in the image itself.
 */
import type { Annotation } from '#shared/protocol/annotations.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import { type FoundInstance, PacsUnreachable } from '../ports/pacs/pacs.ts';
import type { ImageFacts } from './annotation-road.ts';
import type { AnnotationTools } from './review-tools.ts';

const nameOf = ({ studyInstanceUID, seriesInstanceUID, sopInstanceUID }: FoundInstance): string =>
  `${studyInstanceUID} ${seriesInstanceUID} ${sopInstanceUID}`;

/** Each image once, in the order of the annotations. */
export const imagesOf = (annotations: readonly Annotation[]): FoundInstance[] => [
  ...new Map(
    annotations.map(({ studyInstanceUID, seriesInstanceUID, sopInstanceUID }) => {
      const where = { studyInstanceUID, seriesInstanceUID, sopInstanceUID };
      return [nameOf(where), where];
    }),
  ).values(),
];

/** @throws Problem invalid-request, study-not-found, file-too-large, pacs-unreachable. */
export async function requireImages(
  { db, look }: AnnotationTools,
  caseId: string,
  annotations: readonly Annotation[],
  signal: AbortSignal,
): Promise<void> {
  const images = imagesOf(annotations);
  const held = await heldImages(db, caseId, images);
  if (images.some((image) => !held.has(nameOf(image))))
    throw new Problem('invalid-request', 'Invalid: annotations (images of this case alone).');
  for (const image of images) {
    const facts = await look(image, signal).catch((error: unknown) => {
      throw error instanceof PacsUnreachable ? new Problem('pacs-unreachable') : error;
    });
    const own = annotations.filter((one) => nameOf(one) === nameOf(image));
    if (facts === null || !own.every((one) => isWithin(one, facts)))
      throw new Problem('invalid-request', 'Invalid: annotations (within the image).');
  }
}

const isWithin = ({ frame, points }: Annotation, { frames, columns, rows }: ImageFacts): boolean =>
  frame <= frames && points.every(([column, row]) => column <= columns && row <= rows);

/** The names of those images that the PACS has and that belong to the case's studies. */
async function heldImages(
  db: Db,
  caseId: string,
  images: readonly FoundInstance[],
): Promise<ReadonlySet<string>> {
  if (images.length === 0) return new Set();
  const rows = await db
    .selectFrom('case_study')
    .innerJoin('study', (join) =>
      join
        .onRef('study.site_id', '=', 'case_study.site_id')
        .onRef('study.study_instance_uid', '=', 'case_study.study_instance_uid'),
    )
    .innerJoin('instance', 'instance.study_id', 'study.id')
    .select([
      'study.study_instance_uid as studyInstanceUID',
      'instance.series_instance_uid as seriesInstanceUID',
      'instance.sop_instance_uid as sopInstanceUID',
    ])
    .where('case_study.case_id', '=', caseId)
    .where(
      'instance.sop_instance_uid',
      'in',
      images.map(({ sopInstanceUID }) => sopInstanceUID),
    )
    .where('instance.state', 'in', [...IN_PACS])
    .execute();
  return new Set(rows.map(nameOf));
}
