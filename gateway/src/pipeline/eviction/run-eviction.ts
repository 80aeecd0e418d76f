/**
 * Eviction, applied. The bytes go first and the row after them: killed in between, it runs again and finds nothing to remove. The study is
 * locked meanwhile, so that no late instance finds its key destroyed.
 */
import { instancesOf } from '../instance.store.ts';
import { removeParcelBlobs } from '../parcel-blobs.ts';
import { deleteParcels, parcelsOfStudy } from '../parcel.store.ts';
import { applyStudyEvent, lockStudy, setStudyKey, type StudyRow } from '../study.store.ts';
import { tellingFailures } from '../telling-failures.ts';
import { auditStudy, type PipelineTools } from '../tools.ts';
import { planEviction } from './plan-eviction.ts';

export const runEviction = tellingFailures(evictStudy);

async function evictStudy(study: StudyRow, tools: PipelineTools): Promise<string> {
  let destroyed: Uint8Array | null = null;
  const outcome = await tools.db.transaction().execute(async (trx) => {
    const locked = await lockStudy(trx, study.id);
    if (locked?.state !== 'receipted') return 'elsewhere';
    const instances = await instancesOf(trx, study.id);
    const plan = planEviction(await parcelsOfStudy(trx, study.id), instances);
    await removeParcelBlobs(tools.blobs, plan.remove, instances);
    await deleteParcels(trx, plan.remove);
    if (!plan.held) {
      destroyed = locked.wrapped_key;
      await setStudyKey(trx, study.id, null);
    }
    await applyStudyEvent(trx, locked, plan.held ? 'evicted-but-held' : 'evicted', tools.now());
    await auditStudy(trx, tools, study, 'study-evicted', { revision: locked.revision, parcels: plan.remove.length, held: plan.held });
    return plan.held ? 'held' : 'closed';
  });
  // Only now: a key destroyed before a commit that fails would be missed. Killed in between, expiry sweeps it.
  if (destroyed !== null) tools.keys.destroy(destroyed);
  return outcome;
}
