/** The tools of forward, and the steps in which it writes. */
import type { PipelineTools } from '../pipeline-tools.ts';
import type { Planner } from '../study-plan.ts';

export type ForwardStep = 'find-orphans' | 'settle-known' | 'claim' | 'return-lost' | 'write-answers';

export type ForwardTools = Pick<PipelineTools, 'db' | 'pacs' | 'keys' | 'blobs' | 'now' | 'metrics'> & {
  /** Carries out a step's plan now. */
  readonly apply: (step: ForwardStep, planner: Planner) => Promise<unknown>;
};
