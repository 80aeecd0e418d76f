/** The tools of exports as the gateway in this folder has them, for tests that run its jobs themselves. */
import { join } from 'node:path';
import { PRINTS } from '../cases/cases.feature.ts';
import { createCaseSeal, createCipher } from '../cases/case-seal.ts';
import { createAnonymousThread } from '../exports/anonymous/anonymous-thread.ts';
import type { ExportTools } from '../exports/export-tools.ts';
import { createReportThread } from '../exports/report/report-thread.ts';
import { createSetThread } from '../exports/set/set-thread.ts';
import { createExaminer } from '../images/examine-thread.ts';
import { openKeys } from '../keys.ts';
import { createStudyKeys } from '../pipeline/stores/study-key.ts';
import { openFileBlobs } from '../ports/blobs/file-blobs.ts';
import type { TestGateway } from './open-gateway.ts';

/** Exports that are asked for with these tools wait until the test runs them. */
export async function openExportTools(
  gateway: TestGateway,
  folder: string,
  pacs: ExportTools['pacs'],
): Promise<ExportTools> {
  const keys = openKeys(join(folder, 'keys'));
  const keysIn = (name: string) => createStudyKeys(keys.wrapKey, join(folder, 'keys', name));
  return {
    db: gateway.database.db,
    seal: createCaseSeal(keysIn('cases'), keys.secretFor(PRINTS)),
    pacs,
    now: gateway.now,
    newId: () => crypto.randomUUID(),
    jobs: { enqueue: async () => {} },
    exportBlobs: await openFileBlobs(join(folder, 'exports')),
    exportKeys: keysIn('exports'),
    anonymousThread: createAnonymousThread(),
    drawReport: createReportThread(),
    setThread: createSetThread(),
    policyKey: keys.policyKey,
    examiner: createExaminer(),
    purposes: createCipher(keys.secretFor('purposes of exports')),
  };
}
