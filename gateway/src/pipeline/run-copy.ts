/**
 * A copy's way: it takes what its original has verified, and goes the road of any study, in a queue of its own. So a
 * destination that is ill holds up neither the studies nor the other destinations.
 */
import { applyPlan } from './apply-plan.ts';
import type { PipelineTools } from './pipeline-tools.ts';
import { nothingToDo, type Planner } from './study-plan.ts';
import { findStudy } from './study.store.ts';
import { hasNews } from './copy.store.ts';

/** Runs the stage of its state. */
type RunStage = (studyId: string, tools: PipelineTools, signal: AbortSignal) => Promise<void>;

export async function runCopy(
  studyId: string,
  tools: PipelineTools,
  signal: AbortSignal,
  runStage: RunStage,
): Promise<void> {
  const copy = await findStudy(tools.db, studyId);
  if (copy === undefined || copy.copy_of === null) return;
  if (await hasNews(tools.db, copy)) await applyPlan(tools, studyId, planNews);
  await runStage(studyId, tools, signal);
}

const planNews: Planner = async ({ study, db }) =>
  (await hasNews(db, study))
    ? { outcome: 'taken-over', changes: [{ kind: 'take-news' }], event: 'late-instance' }
    : nothingToDo('elsewhere');
