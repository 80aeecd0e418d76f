/**
 * Eviction, applied. The rows go first, and key and bytes once that is committed: until then a person may
 * take up again what was left out, and finds it. Killed in between, expiry sweeps what no row knows.
 */
import { instancesOf } from '../instance.store.ts';
import { removeParcelBlobs } from '../parcel-blobs.ts';
import { deleteParcels, parcelsOfStudy } from '../parcel.store.ts';
import { applyStudyEvent, lockStudy, setStudyKey, type StudyRow } from '../study.store.ts';
import { tellingFailures } from '../telling-failures.ts';
import { auditStudy } from '../audit-study.ts';
import type { PipelineTools } from '../pipeline-tools.ts';
import { planEviction } from './plan-eviction.ts';

export const runEviction = tellingFailures(evictStudy);

async function evictStudy(study: StudyRow, tools: PipelineTools): Promise<string> {
  let destroyed: Uint8Array | null = null;
  let removed: readonly string[] = [];
  const outcome = await tools.db.transaction().execute(async (trx) => {
    const locked = await lockStudy(trx, study.id);
    if (locked?.state !== 'receipted') return 'elsewhere';
    const instances = await instancesOf(trx, study.id);
    const plan = planEviction(await parcelsOfStudy(trx, study.id), instances);
    await deleteParcels(trx, plan.remove);
    removed = plan.remove;
    if (!plan.held) {
      destroyed = locked.wrapped_key;
      await setStudyKey(trx, study.id, null);
    }
    await applyStudyEvent(trx, locked, plan.held ? 'evicted-but-held' : 'evicted', tools.now());
    await auditStudy(trx, tools, study, {
      event: 'study-evicted',
      revision: locked.revision,
      parcels: plan.remove.length,
      held: plan.held,
    });
    return plan.held ? 'held' : 'closed';
  });
  if (destroyed !== null) tools.keys.destroy(destroyed);
  await removeParcelBlobs(tools.blobs, removed);
  return outcome;
}
