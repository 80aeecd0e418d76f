/** Figures for dashboards, and predictions as CSV (PROTOCOL.md, *Figures*). */
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import { analyticsRoutes } from './analytics.routes.ts';
import type { EvaluationTools } from './export-evaluation.ts';

export type AnalyticsFeatureTools = Omit<EvaluationTools, 'secret'> & {
  readonly keys: Pick<Keys, 'secretFor'>;
};

/** The purpose of the secret from which pseudonyms of studies are made. */
const PSEUDONYMS = 'studies of evaluations';

export const analyticsFeature = ({ keys, ...rest }: AnalyticsFeatureTools): Feature => ({
  routes: [analyticsRoutes({ ...rest, secret: keys.secretFor(PSEUDONYMS) })],
});
