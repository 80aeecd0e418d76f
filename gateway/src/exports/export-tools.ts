/** The tools that the parts of this feature share. */
import type { CaseCipher } from '../cases/case-seal.ts';
import type { CaseTools } from '../cases/case-tools.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { StudyKeys } from '../pipeline/stores/study-key.ts';
import type { AnonymousThread } from './anonymous/anonymous-thread.ts';
import type { Blobs } from '../ports/blobs/blobs.ts';
import type { ReportTools } from './report/write-report.ts';
import type { PolicyTools } from './set/policy-of-set.ts';
import type { SetTools } from './set/write-set.ts';

export type ExportTools = CaseTools &
  ReportTools &
  SetTools &
  PolicyTools & {
    readonly anonymousThread: AnonymousThread;
    readonly jobs: Pick<Jobs, 'enqueue'>;
    /** Storage for export files only. */
    readonly exportBlobs: Blobs;
    /** Keys in a folder of their own, which holds keys of exports only. */
    readonly exportKeys: StudyKeys;
    /** Seals the purposes that people state. */
    readonly purposes: CaseCipher;
  };
