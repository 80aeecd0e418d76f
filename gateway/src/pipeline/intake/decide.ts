/**
 * What a person decides about instances that the gateway could not settle: left out, or tried again. Either moves the study on, so that the
 * next receipt says what was decided.
 */
import type { InstanceState } from '#shared/protocol/study-state.ts';
import { changeInstances, instancesByKey, instancesByUid, type InstanceChange, type InstanceRow } from '../instance.store.ts';
import { reopenParcels } from '../parcel.store.ts';
import { applyStudyEvent, lockStudy, setStudyKey } from '../study.store.ts';
import { auditStudy, enqueueStage, type PipelineTools } from '../tools.ts';

export type Decision = {
  readonly decision: 'leave-out' | 'retry';
  readonly instances: readonly { readonly sopInstanceUID: string; readonly digest: string }[];
};

/** A promise that nobody will keep may be left out too: a device that was lost must not hold a study for ever. */
const CAN_BE_LEFT_OUT: readonly InstanceState[] = ['promised', 'quarantined', 'refused'];
const CAN_BE_RETRIED: readonly InstanceState[] = ['quarantined', 'refused', 'left-out'];

/** Returns how many instances it changed; those that are in no state for it are left alone. */
export async function decide(tools: PipelineTools, studyId: string, { decision, instances }: Decision): Promise<number> {
  const changed = await tools.db.transaction().execute(async (trx) => {
    const study = await lockStudy(trx, studyId);
    if (study === undefined) return 0;
    const rows = await instancesByKey(trx, studyId, instances);
    const rivals = await instancesByUid(trx, study.site_id, rows.map((row) => row.sop_instance_uid));
    const changes = rows.flatMap((row) => toChange(decision, row, rivals));
    const done = await changeInstances(trx, changes, decision === 'leave-out' ? CAN_BE_LEFT_OUT : CAN_BE_RETRIED, tools.now());
    if (done.size === 0) return 0;
    if (changes.some(({ state }) => state === 'promised')) {
      if (study.wrapped_key === null) await setStudyKey(trx, studyId, tools.keys.create(studyId));
      await reopenParcels(trx, studyId);
    }
    // From wherever the study is: what the last receipt says of these instances is no longer so.
    const moved = (await applyStudyEvent(trx, study, study.state === 'held' ? 'decided' : 'late-instance', tools.now())) ?? study;
    if (moved.state === 'receiving') await enqueueStage(trx, tools, 'assembly', { studyId });
    await auditStudy(trx, tools, study, 'instances-decided', { decision, instances: done.size, revision: moved.revision });
    return done.size;
  });
  tools.changes.emit(studyId);
  return changed;
}

function toChange(decision: Decision['decision'], row: InstanceRow, rivals: readonly InstanceRow[]): InstanceChange[] {
  const { id } = row;
  if (decision === 'leave-out') return [{ id, state: 'left-out', reason: 'left-out' }];
  // A conflict is not retried away: as long as another instance has the UID, nothing may take its place.
  const taken = rivals.some((other) => other.id !== id && other.sop_instance_uid === row.sop_instance_uid && !['refused', 'left-out', 'quarantined'].includes(other.state));
  if (taken) return [];
  // `postedAt: null` has the PACS looked at before it is posted.
  return [{ id, state: row.parcel_id === null ? 'promised' : 'received', reason: null, pacsCode: null, proof: null, postedAt: null }];
}
