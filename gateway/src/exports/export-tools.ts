/** The tools of this feature's parts. */
import type { CaseCipher } from '../cases/case-seal.ts';
import type { CaseTools } from '../cases/case-tools.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { StudyKeys } from '../pipeline/study-key.ts';
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
    /** The store of export files, and of nothing else. */
    readonly exportBlobs: Blobs;
    /** In a folder of their own, where nothing but exports has a key. */
    readonly exportKeys: StudyKeys;
    /** Seals the purposes that people state. */
    readonly purposes: CaseCipher;
  };
