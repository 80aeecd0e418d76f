/** The tools of forward. */
import type { StudyTools } from '../pipeline-tools.ts';
import type { Planner } from '../study-plan.ts';

export type ForwardTools = Pick<
  StudyTools,
  'db' | 'pacs' | 'proof' | 'takings' | 'patience' | 'keys' | 'blobs' | 'now' | 'metrics'
> & {
  /** Carries out the plan of a step now. */
  readonly apply: (planner: Planner) => Promise<unknown>;
};
