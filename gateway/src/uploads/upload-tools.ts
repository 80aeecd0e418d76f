/** The tools of the pipeline that the rules of uploads use. */
import type { PipelineTools } from '../pipeline/pipeline-tools.ts';

export type UploadTools = Pick<
  PipelineTools,
  'db' | 'jobs' | 'pacs' | 'blobs' | 'keys' | 'changes' | 'now' | 'newId'
>;
