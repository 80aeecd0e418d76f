/** Sample data for people who want to look around (protocol/results.md, *Sample data*). */
import { PRINTS } from '../cases/cases.feature.ts';
import { createCaseSeal } from '../cases/case-seal.ts';
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import type { ManyKeys } from '../pipeline/stores/study-key.ts';
import { sampleRoutes } from './sample.routes.ts';
import type { SampleTools } from './sample-tools.ts';

type SampleFeatureTools = Omit<SampleTools, 'seal'> & {
  readonly keys: Pick<Keys, 'secretFor'>;
  readonly caseKeys: ManyKeys;
};

export function sampleFeature({ keys, caseKeys, ...rest }: SampleFeatureTools): Feature {
  return { routes: [sampleRoutes({ ...rest, seal: createCaseSeal(caseKeys, keys.secretFor(PRINTS)) })] };
}
