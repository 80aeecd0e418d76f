/**
 * `DELETE /upload/{id}`: taken back until the first byte has left (INTERFACE). Only promises are taken back: what another upload promised too,
 * and what is already here, stays.
 */
import { Problem } from '#shared/protocol/problem.ts';
import { countStates } from '../instance.store.ts';
import { deleteParcels, type UploadRow } from '../parcel.store.ts';
import { lockStudy } from '../study.store.ts';
import { auditStudy, enqueueStage, type PipelineTools } from '../tools.ts';

/** Throws `upload-in-progress` where bytes have arrived. */
export async function takeBack(tools: PipelineTools, upload: UploadRow): Promise<void> {
  const { id: uploadId, study_id: studyId } = upload;
  const parcels = await tools.db.selectFrom('parcel').select('id').where('upload_id', '=', uploadId).execute();
  for (const { id } of parcels) if (((await tools.blobs.size(id)) ?? 0) > 0) throw new Problem('upload-in-progress');
  await tools.db.transaction().execute(async (trx) => {
    const study = await lockStudy(trx, studyId);
    if (study === undefined) return;
    const late = await trx.selectFrom('parcel').select('id').where('upload_id', '=', uploadId).execute();
    if (late.length > parcels.length) throw new Problem('upload-in-progress');
    await deleteParcels(trx, parcels.map(({ id }) => id));
    const named = (await trx.selectFrom('upload_instance').select('instance_id').where('upload_id', '=', uploadId).execute()).map((row) => row.instance_id);
    await trx.deleteFrom('upload_instance').where('upload_id', '=', uploadId).execute();
    if (named.length > 0) {
      await trx
        .deleteFrom('instance')
        .where('id', 'in', named)
        .where('parcel_id', 'is', null)
        .where((where) => where.or([where('state', '=', 'promised'), where.and([where('state', 'in', ['quarantined', 'refused']), where('revision', '=', study.revision)])]))
        .where(({ not, exists, selectFrom }) => not(exists(selectFrom('upload_instance').select('position').whereRef('upload_instance.instance_id', '=', 'instance.id'))))
        .execute();
    }
    await trx.deleteFrom('upload').where('id', '=', uploadId).execute();
    const counts = await countStates(trx, studyId);
    if (counts.size > 0 && !counts.has('promised')) await enqueueStage(trx, tools, 'assembly', { studyId });
    await auditStudy(trx, tools, study, 'upload-taken-back', { uploadId });
    const receipts = await trx.selectFrom('receipt').select('id').where('study_id', '=', studyId).limit(1).execute();
    const uploads = await trx.selectFrom('upload').select('id').where('study_id', '=', studyId).limit(1).execute();
    if (counts.size === 0 && receipts.length === 0 && uploads.length === 0) await trx.deleteFrom('study').where('id', '=', studyId).execute();
  });
  await Promise.all(parcels.map(({ id }) => tools.blobs.remove(id)));
  tools.changes.emit(studyId);
}
