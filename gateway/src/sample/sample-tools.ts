/** What the modules of this feature need. */
import type { PasswordCost } from '../auth/password.ts';
import type { CaseTools } from '../cases/case-tools.ts';
import type { Destinations } from '../destinations/destinations.ts';
import type { FileSpoolTools } from '../pipeline/spool/file-spool.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';

export type SampleTools = CaseTools & {
  readonly pipeline: Pick<PipelineTools, 'blobs' | 'keys' | 'policyKey'>;
  readonly spool: FileSpoolTools;
  readonly destinations: Destinations;
  readonly passwordCost: PasswordCost;
  /** Forgets the cached answers of the account or of these devices, as their rights have changed. */
  readonly forget: (accountId: string, deviceIds: readonly string[]) => void;
};
