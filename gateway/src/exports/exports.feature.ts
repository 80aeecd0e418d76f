/** Exports: data of many cases as one file, redacted, for a stated purpose (protocol/cases.md, *Exports*). */
import { PRINTS } from '../cases/cases.feature.ts';
import { createCaseSeal, createCipher } from '../cases/case-seal.ts';
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import type { ManyKeys } from '../pipeline/stores/study-key.ts';
import { createAnonymousThread } from './anonymous/anonymous-thread.ts';
import { EXPORT_QUEUE, type ExportJob } from './ask-export.ts';
import { expireExports } from './end-exports.ts';
import { exportTemplateRoutes } from './export-templates.routes.ts';
import type { ExportTools } from './export-tools.ts';
import { exportRoutes } from './exports.routes.ts';
import { createReportThread } from './report/report-thread.ts';
import { createSetThread } from './set/set-thread.ts';
import { runExport } from './run-export.ts';

type ExportsFeatureTools = Omit<
  ExportTools,
  'seal' | 'purposes' | 'anonymousThread' | 'drawReport' | 'setThread'
> & {
  readonly keys: Pick<Keys, 'secretFor'>;
  readonly caseKeys: ManyKeys;
};

/** The purpose of the key under which people's purposes are sealed. */
const PURPOSES = 'purposes of exports';
const EXPIRE_EVERY_SECONDS = 600;

export function exportsFeature({ keys, caseKeys, ...rest }: ExportsFeatureTools): Feature {
  const tools = {
    ...rest,
    seal: createCaseSeal(caseKeys, keys.secretFor(PRINTS)),
    purposes: createCipher(keys.secretFor(PURPOSES)),
    anonymousThread: createAnonymousThread(),
    drawReport: createReportThread(),
    setThread: createSetThread(),
  };
  return {
    routes: [exportTemplateRoutes(tools), exportRoutes(tools)],
    jobs: [
      {
        queue: EXPORT_QUEUE,
        // Exports of one account run one after the other (ask-export.ts), so a large one delays nobody else.
        concurrency: 2,
        run: ({ exportId }: ExportJob, signal) => runExport(exportId, tools, signal),
      },
    ],
    clocks: [{ name: 'export-expiry', everySeconds: EXPIRE_EVERY_SECONDS, run: () => expireExports(tools) }],
  };
}
