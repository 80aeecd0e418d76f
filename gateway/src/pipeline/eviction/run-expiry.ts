/**
 * What nobody comes back for: unfinished parcels, promises that were never kept, files that no row knows. Runs by the clock; each ends as a
 * state that a person sees, not in silence.
 */
import { sql } from 'kysely';
import { allParcelIds, deleteUnfinished, expiredParcels } from '../parcel.store.ts';
import { lockStudy } from '../study.store.ts';
import { auditStudy, enqueueStage, type PipelineTools } from '../tools.ts';

export const EXPIRY_EVERY_SECONDS = 600;
/** A month: a device that is offline for longer than that is broken or lost. One that comes back later is taken all the same, as a new revision. */
export const NEVER_ARRIVED_AFTER_MS = 30 * 24 * 3600 * 1000;

export async function runExpiry(tools: PipelineTools): Promise<void> {
  const now = tools.now();
  const expired = (await expiredParcels(tools.db, now)).map(({ id }) => id);
  await tools.db.transaction().execute((trx) => deleteUnfinished(trx, expired));
  // Rows are made before their files: what has no row now never will.
  const files = await tools.blobs.ids();
  const known = await allParcelIds(tools.db);
  for (const id of files) if (!known.has(id)) await tools.blobs.remove(id);
  const keyed = await tools.db.selectFrom('study').select('wrapped_key').where('wrapped_key', 'is not', null).execute();
  tools.keys.sweep(keyed.flatMap(({ wrapped_key }) => wrapped_key ?? []), now);
  await giveUpPromises(tools, new Date(now.getTime() - NEVER_ARRIVED_AFTER_MS));
}

async function giveUpPromises(tools: PipelineTools, before: Date): Promise<void> {
  const studies = await tools.db
    .selectFrom('instance')
    .innerJoin('study', 'study.id', 'instance.study_id')
    .select(['study.id', 'study.site_id', 'study.study_instance_uid', sql<number>`count(*)::int`.as('count')])
    .where('instance.state', '=', 'promised')
    .where('instance.updated_at', '<', before)
    .groupBy(['study.id', 'study.site_id', 'study.study_instance_uid'])
    .execute();
  for (const { id: studyId, site_id, study_instance_uid, count } of studies) {
    await tools.db.transaction().execute(async (trx) => {
      await lockStudy(trx, studyId);
      await trx
        .updateTable('instance')
        .set({ state: 'refused', reason: 'never-arrived', updated_at: tools.now() })
        .where('study_id', '=', studyId)
        .where('state', '=', 'promised')
        .where('updated_at', '<', before)
        .execute();
      await enqueueStage(trx, tools, 'assembly', { studyId });
      await auditStudy(trx, tools, { id: studyId, site_id, study_instance_uid }, 'instances-never-arrived', { instances: count });
    });
    tools.changes.emit(studyId);
  }
}
