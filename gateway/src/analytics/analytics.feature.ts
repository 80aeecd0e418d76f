/** Figures for dashboards, and predictions as CSV (protocol/results.md, *Figures*). */
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import { analyticsRoutes } from './analytics.routes.ts';
import type { EvaluationTools } from './export-evaluation.ts';
import { countChangedDaysOfAll } from './kept-days.ts';
import { resultDays } from './result-days.ts';
import { reviewDays } from './review-days.ts';
import { uploadDays } from './upload-days.ts';

type AnalyticsFeatureTools = Omit<EvaluationTools, 'secret'> & {
  readonly keys: Pick<Keys, 'secretFor'>;
};

/**
 * Days are also counted in the background this often, so that a request only has to count the days that changed since.
 */
const COUNT_EVERY_SECONDS = 600;
/** The purpose of the secret from which pseudonyms of studies are derived. */
const PSEUDONYMS = 'studies of evaluations';

export const analyticsFeature = ({ keys, ...rest }: AnalyticsFeatureTools): Feature => ({
  routes: [analyticsRoutes({ ...rest, secret: keys.secretFor(PSEUDONYMS) })],
  clocks: Object.entries({
    'upload-days': uploadDays,
    'result-days': resultDays,
    'review-days': reviewDays,
  }).map(([name, kept]) => ({
    ...{ name, everySeconds: COUNT_EVERY_SECONDS },
    run: () => countChangedDaysOfAll(rest.db, kept),
  })),
});
