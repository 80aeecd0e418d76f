/** The tools of forward. */
import type { StudyTools } from '../pipeline-tools.ts';
import type { Plan, Planner } from '../study-plan.ts';

export type ForwardTools = Pick<
  StudyTools,
  'db' | 'pacs' | 'proof' | 'takings' | 'noteStores' | 'patience' | 'keys' | 'blobs' | 'now' | 'metrics'
> & {
  /** Carries out the plan of a step now: of this study, or of the one with this id. */
  readonly apply: (planner: Planner, studyId?: string) => Promise<Plan>;
};
