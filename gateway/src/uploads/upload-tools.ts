/** What the rules of uploads use of the pipeline's surroundings. */
import type { PipelineTools } from '../pipeline/pipeline-tools.ts';

export type UploadTools = Pick<
  PipelineTools,
  'db' | 'jobs' | 'pacs' | 'blobs' | 'keys' | 'changes' | 'now' | 'newId'
>;
