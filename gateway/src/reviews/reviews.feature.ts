/** Reviews: people read cases, blinded to each other, and sign (protocol/reviews.md). */
import { PRINTS } from '../cases/cases.feature.ts';
import { createCaseSeal } from '../cases/case-seal.ts';
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import type { ManyKeys } from '../pipeline/stores/study-key.ts';
import { annotationRoutes } from './annotations.routes.ts';
import { ANNOTATIONS_QUEUE, type AnnotationReport } from './change-annotations.ts';
import { handBack, HAND_BACK_QUEUE } from './hand-back.ts';
import { createImageLook } from './look-at-image.ts';
import type { Leaver } from './release-places.ts';
import { reviewTypeRoutes } from './review-types.routes.ts';
import type { ReviewTools } from './review-tools.ts';
import { reviewRoutes } from './reviews.routes.ts';
import { sendAnnotations, type AnnotationReportTools } from './send-annotations.ts';

type ReviewsFeatureTools = Omit<ReviewTools, 'seal'> &
  Omit<AnnotationReportTools, 'seal' | 'look'> & {
    readonly keys: Pick<Keys, 'secretFor'>;
    readonly caseKeys: ManyKeys;
  };

export function reviewsFeature({ keys, caseKeys, ...rest }: ReviewsFeatureTools): Feature {
  const seal = createCaseSeal(caseKeys, keys.secretFor(PRINTS));
  const tools = { ...rest, seal, look: createImageLook(rest.pacs, rest.road) };
  return {
    routes: [reviewTypeRoutes(tools), reviewRoutes(tools), annotationRoutes(tools)],
    jobs: [
      {
        queue: HAND_BACK_QUEUE,
        concurrency: 1,
        run: (leaver: Leaver) => handBack(tools, leaver),
      },
      {
        queue: ANNOTATIONS_QUEUE,
        concurrency: 1,
        run: (report: AnnotationReport, signal) => sendAnnotations(report, tools, signal),
      },
    ],
  };
}
