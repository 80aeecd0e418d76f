/** Cases: what people do with a study after it has arrived (protocol/cases.md). */
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import type { ManyKeys } from '../pipeline/stores/study-key.ts';
import type { BulkTools } from './bulk-cases.ts';
import { caseAttachmentRoutes } from './case-attachments.routes.ts';
import { caseBulkRoutes } from './case-bulk.routes.ts';
import { caseCsvRoutes } from './case-csv.routes.ts';
import { createCaseSeal, createCipher } from './case-seal.ts';
import { caseEntryRoutes } from './case-entries.routes.ts';
import { casePatientRoutes } from './case-patients.routes.ts';
import { caseViewRoutes } from './case-views.routes.ts';
import { caseRoutes } from './cases.routes.ts';
import type { CaseTools } from './case-tools.ts';
import { linkArrivals } from './link-arrivals.ts';
import { forgetCaseReadings } from './record-case-reading.ts';
import { dropOldRows } from './stage-import.ts';
import { unreadStudyRoutes } from './unread-studies.routes.ts';

/** `caseKeys`: keys in a folder of their own, which holds keys of cases only. */
type CasesFeatureTools = Omit<BulkTools, 'seal'> & {
  readonly keys: Pick<Keys, 'secretFor'>;
  readonly caseKeys: ManyKeys;
};

/** The purpose of the secret with which numbers of patients and studies are hashed. */
export const PRINTS = 'numbers of cases';
/** The purpose of the key that seals the names people give their views. */
const VIEW_NAMES = 'names of case views';
/** How long it may take until an arrived study is linked to the case that waits for it. */
const LINK_EVERY_SECONDS = 60;
const SWEEP_EVERY_SECONDS = 3600;

export function casesFeature({ keys, caseKeys, ...rest }: CasesFeatureTools): Feature {
  const tools = { ...rest, seal: createCaseSeal(caseKeys, keys.secretFor(PRINTS)) };
  return {
    routes: [
      // These come before the routes of one case, which would take `unread-studies` for an id.
      unreadStudyRoutes(tools),
      caseRoutes(tools),
      caseEntryRoutes(tools),
      casePatientRoutes(tools),
      caseAttachmentRoutes(tools),
      caseCsvRoutes(tools),
      caseBulkRoutes(tools),
      caseViewRoutes({ ...rest, names: createCipher(keys.secretFor(VIEW_NAMES)) }),
    ],
    clocks: [
      {
        name: 'case-arrivals',
        everySeconds: LINK_EVERY_SECONDS,
        run: (signal) => linkArrivals(tools, signal),
      },
      { name: 'case-keys', everySeconds: SWEEP_EVERY_SECONDS, run: () => sweep(tools) },
    ],
  };
}

async function sweep(tools: CaseTools): Promise<void> {
  await forgetCaseReadings(tools);
  await dropOldRows(tools);
  const rows = await tools.db.selectFrom('case_record').select('wrapped_key').execute();
  await tools.seal.sweep(rows.map((row) => row.wrapped_key));
}
