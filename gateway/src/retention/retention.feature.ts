/** Retention: rules of how long what is kept, carried out by the clock and whenever they change. */
import { createCaseSeal, createCipher } from '../cases/case-seal.ts';
import { PRINTS } from '../cases/cases.feature.ts';
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import type { ManyKeys } from '../pipeline/stores/study-key.ts';
import { QUEUE, retentionRoutes } from './retention.routes.ts';
import { type RetentionTools, runRetention } from './run-retention.ts';

const RUN_EVERY_SECONDS = 3_600;

type Tools = Omit<RetentionTools, 'seal' | 'caseSeal'> &
  Pick<Parameters<typeof retentionRoutes>[0], 'jobs'> & {
    readonly keys: Pick<Keys, 'secretFor'>;
    readonly caseKeys: ManyKeys;
  };

export function retentionFeature({ keys, caseKeys, ...rest }: Tools): Feature {
  const tools = {
    ...rest,
    seal: createCipher(keys.secretFor('holds')),
    caseSeal: createCaseSeal(caseKeys, keys.secretFor(PRINTS)),
  };
  return {
    routes: [retentionRoutes(tools)],
    clocks: [{ name: QUEUE, everySeconds: RUN_EVERY_SECONDS, run: (signal) => runRetention(tools, signal) }],
  };
}
