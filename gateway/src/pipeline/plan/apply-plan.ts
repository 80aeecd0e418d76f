/**
 * The one place where the pipeline changes the state of a study. A plan is made and carried out in one
 * transaction, under the lock of the study's row: the changes, the study's event, the next jobs, and last the
 * audit row. Then come the effects outside of the database.
 *
 * Three notes are written without a plan, because no state depends on them: how often verify failed on a parcel
 * (pipeline.ts), that a study waits for room on the disk (intake/receive-parcel.ts), and what a PACS was asked about
 * storage commitment (commitment.store.ts).
 *
 * A plan is void if something it builds on is gone despite the lock (an expiring parcel is not locked with
 * its study). Then none of it is applied, and the transaction that removed the thing has enqueued the next
 * step.
 */
import { changeInstances } from '../stores/change-instances.ts';
import type { Trx } from '../../database/database.ts';
import { auditStudy } from './audit-study.ts';
import { forgetCarriedParcels } from '../stores/carrier.store.ts';
import { forgetQuestions } from '../stores/commitment.store.ts';
import { resumeCopy, setCoercion, takeCoerced, takeNews } from '../stores/copy.store.ts';
import { removeParcelBlobs } from '../stores/parcel-blobs.ts';
import { deleteParcels, insertParcel, moveParcel, reopenParcels } from '../stores/parcel.store.ts';
import type { PipelineTools } from './pipeline-tools.ts';
import { insertReceipt } from '../stores/receipt.store.ts';
import { enqueueStage } from './stages.ts';
import type { Change, Effect, Plan, Planner } from './study-plan.ts';
import {
  applyStudyEvent,
  clearWaiting,
  lockStudy,
  setStudyKey,
  setWaiting,
  type StudyRow,
} from '../stores/study.store.ts';

export type ApplyTools = Pick<
  PipelineTools,
  'db' | 'jobs' | 'blobs' | 'keys' | 'log' | 'metrics' | 'changes' | 'now'
>;

class PlanIsVoid extends Error {}

/**
 * Returns the plan that was carried out; an empty one if the study is gone or the plan was void. `original`: the
 * original of a copy, for a plan that depends on the state of the other copies; it is locked first.
 */
export async function applyPlan(
  tools: ApplyTools,
  studyId: string,
  planner: Planner,
  original: string | null = null,
): Promise<Plan> {
  let made: Plan = { outcome: 'gone' };
  let shownAs = studyId;
  try {
    await tools.db.transaction().execute(async (trx) => {
      if (original !== null) await lockStudy(trx, original);
      const study = await lockStudy(trx, studyId);
      if (study === undefined) return;
      shownAs = study.copy_of ?? studyId;
      made = await planner({ study, db: trx });
      await write(trx, tools, study, made);
    });
  } catch (error) {
    if (!(error instanceof PlanIsVoid)) throw error;
    return { outcome: 'elsewhere' };
  }
  if (isVisible(made)) tools.changes.emit(shownAs);
  for (const effect of made.effects ?? []) await carryOut(effect, tools);
  return made;
}

async function write(trx: Trx, tools: ApplyTools, study: StudyRow, plan: Plan): Promise<void> {
  for (const change of plan.changes ?? []) await applyChange(trx, tools, study, change);
  if (plan.event && (await applyStudyEvent(trx, study, plan.event, tools.now())) === null)
    throw new PlanIsVoid();
  for (const job of plan.next ?? []) await enqueueStage(trx, tools, job);
  for (const audit of [plan.audit ?? []].flat()) await auditStudy(trx, tools, study, audit);
}

async function applyChange(trx: Trx, tools: ApplyTools, study: StudyRow, change: Change): Promise<void> {
  const now = tools.now();
  switch (change.kind) {
    case 'change-instances':
      await changeInstances(trx, change.changes, { from: change.from, now, studyId: study.id });
      return;
    case 'move-parcel':
      if (!(await moveParcel(trx, change.parcelId, change))) throw new PlanIsVoid();
      return;
    case 'reopen-parcels':
      return reopenParcels(trx, study.id);
    case 'delete-parcels':
      return deleteParcels(trx, change.parcelIds);
    case 'take-news':
      return takeNews(trx, study, now);
    case 'resume-copy':
      return resumeCopy(trx, study.id, change.need);
    case 'set-coercion':
      return setCoercion(trx, study.id, change.coercion);
    case 'take-coerced':
      return takeCoerced(trx, study, change.instances, now);
    case 'forget-key':
      await forgetCarriedParcels(trx, study.id);
      return setStudyKey(trx, study.id, null);
    case 'open-fetched':
      return openFetched(trx, study, change);
    case 'forget-commitments':
      return forgetQuestions(trx, study.id);
    case 'insert-receipt':
      return insertReceipt(trx, study, change);
    case 'wait':
      await setWaiting(trx, study.id, change.because, now);
      return;
    case 'stop-waiting':
      return clearWaiting(trx, study.id, change.because);
    default:
      return change satisfies never;
  }
}

async function openFetched(
  trx: Trx,
  { id: studyId, site_id, wrapped_key }: StudyRow,
  { parcelId, uploadId, bytes, expiresAt, newKey }: Extract<Change, { readonly kind: 'open-fetched' }>,
): Promise<void> {
  if (wrapped_key === null) await setStudyKey(trx, studyId, newKey);
  await insertParcel(trx, {
    ...{ id: parcelId, site_id, upload_id: uploadId, study_id: studyId, bytes },
    ...{ device_parcel_id: `fetched ${parcelId}`, expires_at: expiresAt },
  });
}

/** Steps that only mark instances (before and after each request to the PACS) are not announced. */
function isVisible({ audit, changes = [] }: Plan): boolean {
  return Boolean(audit) || changes.some(({ kind }) => kind === 'wait' || kind === 'stop-waiting');
}

async function carryOut(effect: Effect, { keys, blobs, log, metrics }: ApplyTools): Promise<void> {
  switch (effect.kind) {
    case 'destroy-key':
      return keys.destroy(effect.wrappedKey);
    case 'remove-blobs':
      for (const id of effect.blobIds) await blobs.remove(id);
      return;
    case 'remove-parcel-blobs':
      return removeParcelBlobs(blobs, effect.parcelIds);
    case 'log':
      return log(effect.line);
    case 'count-instances':
      return metrics.instances(effect.state, effect.count);
    case 'count-bytes':
      return metrics.bytes(effect.stage, effect.count);
    default:
      return effect satisfies never;
  }
}
