/**
 * How a copy moves on: it takes over what its original has verified, and then passes the same stages as any study, in a
 * queue of its own. So an ill destination holds up neither the studies nor the other destinations.
 */
import { IN_PACS, INSTANCE_STATES, type InstanceState } from '#shared/protocol/study-state.ts';
import { applyPlan } from '../plan/apply-plan.ts';
import { coerceCopy } from './coerce-copy.ts';
import { fetchForCopy } from './fetch-for-copy.ts';
import type { PipelineTools } from '../plan/pipeline-tools.ts';
import { instancesOf } from '../stores/instance.store.ts';
import { nothingToDo, type Plan, type Planner } from '../plan/study-plan.ts';
import { findStudy } from '../stores/study.store.ts';
import { hasNews } from '../stores/copy.store.ts';

/** Runs the stage that belongs to the study's state. */
type RunStage = (studyId: string, tools: PipelineTools, signal: AbortSignal) => Promise<void>;

export async function runCopy(
  studyId: string,
  tools: PipelineTools,
  signal: AbortSignal,
  runStage: RunStage,
): Promise<void> {
  const copy = await findStudy(tools.db, studyId);
  if (copy === undefined || copy.copy_of === null) return;
  if (copy.given_up_at !== null) await applyPlan(tools, studyId, planGivenUp);
  else {
    if (!(await fetchForCopy(copy, tools, signal))) return;
    if (await hasNews(tools.db, copy)) await applyPlan(tools, studyId, planNews);
  }
  await coerceCopy(copy, tools, signal);
  await runStage(studyId, tools, signal);
}

const planNews: Planner = async ({ study, db }) =>
  (await hasNews(db, study))
    ? { outcome: 'taken-over', changes: [{ kind: 'take-news' }], event: 'late-instance' }
    : nothingToDo('elsewhere');

/** States of instances not known to be there. The destination may have some of them, but nobody looks any more. */
const UNSEEN: readonly InstanceState[] = INSTANCE_STATES.filter(
  (state) => state !== 'left-out' && !IN_PACS.some((inPacs) => inPacs === state),
);

/** For a copy whose destination was given up: it ends with what was seen there, and nothing waits for it. */
const planGivenUp: Planner = async ({ study, db }): Promise<Plan> => {
  const { copy_of: original, destination_id: destinationId, waiting_because: because } = study;
  const unseen = (await instancesOf(db, study.id)).filter(({ state }) => UNSEEN.includes(state));
  if (original === null || study.state === 'closed') return nothingToDo('elsewhere');
  if (study.state === 'receipted' && unseen.length === 0) return nothingToDo('given-up');
  return {
    outcome: 'given-up',
    changes: [
      {
        kind: 'change-instances',
        from: UNSEEN,
        changes: unseen.map(({ id }) => ({ id, state: 'left-out', reason: 'destination-given-up' })),
      },
      ...(because === null ? [] : [{ kind: 'stop-waiting', because } as const]),
    ],
    event: 'given-up',
    next: study.need === 'required' ? [{ queue: 'receipt', studyId: original }] : [],
    audit: {
      event: 'study-given-up',
      // The original's id: nobody reads the record of a copy.
      studyId: original,
      destinationId: destinationId ?? '',
      instances: unseen.length,
    },
  };
};
