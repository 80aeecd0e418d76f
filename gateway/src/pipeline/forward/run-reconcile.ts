/**
 * Reconcile, applied: what was found is stored; what was not goes round once more, and in the end to a
 * person.
 */
import { changeInstances, countStates, instancesOf, type InstanceChange } from '../instance.store.ts';
import { applyStudyEvent, lockStudy, type StudyRow } from '../study.store.ts';
import { tellingFailures } from '../telling-failures.ts';
import { auditStudy } from '../audit-study.ts';
import type { PipelineTools } from '../pipeline-tools.ts';
import { enqueueStage } from '../stages.ts';
import { reconcileStudy, type ReconciledInstance } from './reconcile-study.ts';

/**
 * Some PACS show what they took only after a while; before anything is posted again, forward looks for it.
 */
const LOOK_AGAIN_SECONDS = 5;

function toChange(instance: ReconciledInstance): InstanceChange {
  const { id } = instance;
  switch (instance.kind) {
    case 'stored':
    case 'coerced':
      return { id, state: instance.kind, proof: 'found', reason: null };
    case 'again':
      return { id, state: 'received', attempts: 1 };
    case 'lost':
      return { id, state: 'quarantined', reason: 'pacs-lost', attempts: 1 };
    default:
      return instance satisfies never;
  }
}

export const runReconcile = tellingFailures(reconcileOnce);

async function reconcileOnce(study: StudyRow, tools: PipelineTools, signal: AbortSignal): Promise<string> {
  const { id: studyId, study_instance_uid: studyInstanceUID } = study;
  const posted = await instancesOf(tools.db, studyId, ['posted']);
  const outcome = await reconcileStudy({ studyInstanceUID, posted }, tools, signal);
  const count = (kind: ReconciledInstance['kind']) =>
    outcome.filter((instance) => instance.kind === kind).length;
  const counts = {
    stored: count('stored'),
    coerced: count('coerced'),
    again: count('again'),
    lost: count('lost'),
  };
  const word = await tools.db.transaction().execute(async (trx) => {
    const locked = await lockStudy(trx, studyId);
    if (locked === undefined) return 'gone';
    await changeInstances(trx, outcome.map(toChange), ['posted'], tools.now());
    const left = await countStates(trx, studyId);
    const event =
      left.has('received') || left.has('posting') || left.has('posted') ? 'post-again' : 'reconciled';
    const moved = await applyStudyEvent(trx, locked, event, tools.now());
    if (moved !== null && event === 'reconciled')
      await enqueueStage(trx, tools, { queue: 'receipt', studyId });
    if (moved !== null && event === 'post-again')
      await enqueueStage(trx, tools, { queue: 'forward', studyId, afterSeconds: LOOK_AGAIN_SECONDS });
    await auditStudy(trx, tools, study, { event: 'study-reconciled', revision: locked.revision, ...counts });
    return moved === null ? 'elsewhere' : event;
  });
  tools.metrics.instances('stored', counts.stored + counts.coerced);
  return word;
}
