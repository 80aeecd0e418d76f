/** The tools that forward uses. */
import type { StudyTools } from '../plan/pipeline-tools.ts';
import type { Plan, Planner } from '../plan/study-plan.ts';

export type ForwardTools = Pick<
  StudyTools,
  'db' | 'pacs' | 'proof' | 'takings' | 'noteStores' | 'patience' | 'keys' | 'blobs' | 'now' | 'metrics'
> & {
  /** Carries out a step's plan now, for this study or for the one with this id. */
  readonly apply: (planner: Planner, studyId?: string) => Promise<Plan>;
};
