/** Reviews: people read cases, blinded to each other, and sign (PROTOCOL.md, *Reviews*). */
import { PRINTS } from '../cases/cases.feature.ts';
import { createCaseSeal } from '../cases/case-seal.ts';
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import type { ManyKeys } from '../pipeline/study-key.ts';
import { agreementRoutes } from './agreement.routes.ts';
import { reviewTypeRoutes } from './review-types.routes.ts';
import type { ReviewTools } from './review-tools.ts';
import { reviewRoutes } from './reviews.routes.ts';

export type ReviewsFeatureTools = Omit<ReviewTools, 'seal'> & {
  readonly keys: Pick<Keys, 'secretFor'>;
  readonly caseKeys: ManyKeys;
};

export function reviewsFeature({ keys, caseKeys, ...rest }: ReviewsFeatureTools): Feature {
  const tools = { ...rest, seal: createCaseSeal(caseKeys, keys.secretFor(PRINTS)) };
  return { routes: [reviewTypeRoutes(tools), reviewRoutes(tools), agreementRoutes(tools)] };
}
