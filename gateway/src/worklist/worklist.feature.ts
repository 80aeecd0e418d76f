/** Orders from modality worklists or an imported list, and the studies that match them (protocol/cases.md). */
import { createHmac } from 'node:crypto';
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import { forgetExpired } from './order.store.ts';
import { worklistRoutes } from './worklist.routes.ts';
import type { WorklistTools } from './worklist-tools.ts';

type WorklistFeatureTools = Omit<WorklistTools, 'print'> & { readonly keys: Pick<Keys, 'secretFor'> };

const PRINTS = 'numbers of orders';
const SWEEP_EVERY_SECONDS = 3600;

export function worklistFeature({ keys, ...rest }: WorklistFeatureTools): Feature {
  const secret = keys.secretFor(PRINTS);
  const print = (text: string): string => createHmac('sha256', secret).update(text).digest('hex');
  const tools: WorklistTools = { ...rest, print };
  return {
    routes: [worklistRoutes(tools)],
    clocks: [
      { name: 'orders-forgotten', everySeconds: SWEEP_EVERY_SECONDS, run: () => forgetExpired(tools) },
    ],
  };
}
