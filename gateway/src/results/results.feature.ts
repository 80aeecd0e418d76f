/**
 * Serves the models' findings, their explanations and the radiologists' verdicts, and sends the verified reports to
 * the PACS.
 */
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import { VERIFIED_QUEUE, type VerifiedReport } from './deliver-result.ts';
import { listResultRoutes } from './list-results.routes.ts';
import { resultRoutes, type ResultRouteTools } from './results.routes.ts';
import { createReasonSeal } from './seal-reason.ts';
import { sendVerifiedReport, type ReportTools } from './verify-result.ts';

type ResultsFeatureTools = Omit<ResultRouteTools & ReportTools, 'seal'> & {
  readonly keys: Pick<Keys, 'wrapKey'>;
};

export function resultsFeature({ keys, ...rest }: ResultsFeatureTools): Feature {
  const tools = { ...rest, seal: createReasonSeal(keys.wrapKey) };
  return {
    routes: [listResultRoutes(tools), resultRoutes(tools)],
    jobs: [
      {
        queue: VERIFIED_QUEUE,
        concurrency: 1,
        run: (report: VerifiedReport, signal) => sendVerifiedReport(report, tools, signal),
      },
    ],
  };
}
