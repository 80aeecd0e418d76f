/** The pipeline's tools that uploads use. */
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';

export type UploadTools = Pick<
  PipelineTools,
  | 'db'
  | 'jobs'
  | 'pacsOf'
  | 'patience'
  | 'blobs'
  | 'keys'
  | 'policyKey'
  | 'changes'
  | 'now'
  | 'newId'
  | 'log'
  | 'metrics'
> & {
  /** How long a manifest waits for the PACS before it is answered without it; 10 s by default. */
  readonly pacsAnswerMs?: number;
};
