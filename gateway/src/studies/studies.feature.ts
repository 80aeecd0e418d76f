/** The feature behind the page of sent studies: the list, what happened to each study, and its receipt on paper. */
import type { Db } from '../database/database.ts';
import type { Feature } from '../feature.ts';
import type { Keys } from '../keys.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { createPseudonymThread } from './pseudonym-thread.ts';
import { createSheetThread } from './sheet-thread.ts';
import { createSheetSigner } from './sign-sheet.ts';
import { studyRoutes, type StudiesTools } from './studies.routes.ts';

export type StudiesFeatureTools = Pick<
  StudiesTools,
  'viewersOf' | 'builtInLink' | 'isBlindToStudy' | 'studiesOfPatient'
> & {
  readonly db: Db;
  readonly now: () => Date;
  readonly keys: Pick<Keys, 'receipts'>;
  readonly pacs: Pick<Pacs, 'fetchInstance'>;
};

export function studiesFeature({ keys, ...tools }: StudiesFeatureTools): Feature {
  const signSheet = createSheetSigner(keys.receipts);
  const readPatientId = createPseudonymThread();
  const assembleSheet = createSheetThread();
  return { routes: [studyRoutes({ ...tools, readPatientId, assembleSheet, signSheet })] };
}
