/** Retention: rules of how long what is kept, carried out by the clock and whenever they change. */
import { createCaseSeal, createCipher } from '../cases/case-seal.ts';
import { PRINTS } from '../cases/cases.feature.ts';
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import type { ManyKeys } from '../pipeline/stores/study-key.ts';
import { QUEUE, retentionRoutes } from './retention.routes.ts';
import { type RetentionTools, runRetention } from './run-retention.ts';
import { createDeletionSigner } from './sign-deletion.ts';

const RUN_EVERY_SECONDS = 3_600;

type Tools = Omit<RetentionTools, 'seal' | 'caseSeal' | 'signDeletion'> &
  Pick<Parameters<typeof retentionRoutes>[0], 'jobs'> & {
    readonly keys: Pick<Keys, 'secretFor' | 'receipts'>;
    readonly caseKeys: ManyKeys;
    readonly publicUrl: string;
  };

export function retentionFeature({ keys, caseKeys, publicUrl, ...rest }: Tools): Feature {
  const tools = {
    ...rest,
    seal: createCipher(keys.secretFor('holds')),
    caseSeal: createCaseSeal(caseKeys, keys.secretFor(PRINTS)),
    signDeletion: createDeletionSigner(publicUrl, keys.receipts),
  };
  return {
    routes: [retentionRoutes(tools)],
    clocks: [{ name: QUEUE, everySeconds: RUN_EVERY_SECONDS, run: (signal) => runRetention(tools, signal) }],
  };
}
