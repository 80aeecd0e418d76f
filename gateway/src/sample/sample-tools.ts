/** The tools of this feature's parts. */
import type { PasswordCost } from '../auth/password.ts';
import type { CaseTools } from '../cases/case-tools.ts';
import type { Destinations } from '../destinations/destinations.ts';
import type { FileSpoolTools } from '../pipeline/file-spool.ts';
import type { PipelineTools } from '../pipeline/pipeline-tools.ts';

export type SampleTools = CaseTools & {
  readonly pipeline: Pick<PipelineTools, 'blobs' | 'keys'>;
  readonly spool: FileSpoolTools;
  readonly destinations: Destinations;
  readonly passwordCost: PasswordCost;
  /** The rights of the account, or of these devices, have changed: forget their cached answers. */
  readonly forget: (accountId: string, deviceIds: readonly string[]) => void;
};
