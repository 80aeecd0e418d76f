/**
 * `DELETE /upload/{id}`: the sender may take an upload back until its first byte has arrived, an administrator at any
 * time. Only promises are taken back. Instances that another upload promised too, or that are already here, stay, and
 * so does the upload that brought them: it proves who had the bytes, which `have`, images, results and receipts depend
 * on.
 */
import { Problem } from '#shared/protocol/problem.ts';
import type { Trx } from '../database/database.ts';
import type { Blobs } from '../ports/blobs/blobs.ts';
import { deleteCopies } from '../pipeline/stores/copy.store.ts';
import { countStates, instancesByKey } from '../pipeline/stores/instance.store.ts';
import { removeParcelBlobs, tailOf } from '../pipeline/stores/parcel-blobs.ts';
import { deleteUnfinished, type UploadRow } from '../pipeline/stores/parcel.store.ts';
import { applyStudyEvent, lockStudy, type StudyRow } from '../pipeline/stores/study.store.ts';
import { isComplete } from '../pipeline/plan/study-plan.ts';
import { auditStudy } from '../pipeline/plan/audit-study.ts';
import type { UploadTools } from './upload-tools.ts';
import { enqueueStage } from '../pipeline/plan/stages.ts';
import { dropPromises, forgetInstances, type Promises } from './drop-promises.ts';

/**
 * `by`: the account that takes it back. Throws `upload-in-progress` where bytes have arrived, unless it is by force.
 */
export async function takeBack(
  tools: UploadTools,
  upload: UploadRow,
  { byForce, by }: { readonly byForce: boolean; readonly by: string },
): Promise<void> {
  const { id: uploadId, study_id: studyId } = upload;
  const parcels = await tools.db.transaction().execute(async (trx) => {
    const study = await lockStudy(trx, studyId);
    if (study === undefined) return [];
    // Locked: a parcel that is completed now waits for this transaction, and then is gone.
    const begun = await trx
      .selectFrom('parcel')
      .select(['id', 'state'])
      .where('upload_id', '=', uploadId)
      .forUpdate()
      .execute();
    // After delivery the parcels are gone; then the instances show that bytes came.
    const isBrought = await hasBrought(trx, uploadId);
    if (isBrought && !byForce) throw new Problem('upload-in-progress');
    for (const { id, state } of byForce ? [] : begun)
      if (state !== 'receiving' || (await hasBytes(tools.blobs, id))) throw new Problem('upload-in-progress');
    const ended = await deleteUnfinished(
      trx,
      begun.map(({ id }) => id),
    );
    const whose = { uploadId, by };
    if (isBrought || ended.length < begun.length) await takeBackRest(trx, tools, study, whose);
    else await takeBackWhole(trx, tools, study, whose);
    return ended;
  });
  await removeParcelBlobs(tools.blobs, parcels);
  tools.changes.emit(studyId);
}

type TakenBack = { readonly uploadId: string; readonly by: string };

/** Takes back an upload of which no bytes are here, with its study if no other upload belongs to it. */
async function takeBackWhole(
  trx: Trx,
  tools: UploadTools,
  study: StudyRow,
  { uploadId, by }: TakenBack,
): Promise<void> {
  const named = (
    await trx.selectFrom('upload_instance').select('instance_id').where('upload_id', '=', uploadId).execute()
  ).map((row) => row.instance_id);
  await trx.deleteFrom('upload_instance').where('upload_id', '=', uploadId).execute();
  const forgotten = await forgetInstances(trx, study, named);
  await trx.deleteFrom('upload').where('id', '=', uploadId).execute();
  const counts = await countStates(trx, study.id);
  // A receipt that names removed instances is out of date, and the reason for holding the study may be gone with them.
  if (forgotten) await applyStudyEvent(trx, study, 'late-instance', tools.now());
  if (isComplete(counts)) await enqueueStage(trx, tools, { queue: 'assembly', studyId: study.id });
  await auditStudy(trx, tools, study, { event: 'upload-taken-back', uploadId, by });
  if (counts.size === 0) await deleteUnused(trx, study.id);
}

/** Deletes a study without instances, unless a receipt or another upload names it. */
async function deleteUnused(trx: Trx, studyId: string): Promise<void> {
  for (const table of ['receipt', 'upload'] as const) {
    const rows = await trx.selectFrom(table).select('id').where('study_id', '=', studyId).limit(1).execute();
    if (rows.length > 0) return;
  }
  await deleteCopies(trx, studyId);
  await trx.deleteFrom('study').where('id', '=', studyId).execute();
}

/** Takes back what an upload promised and has not sent, where some of its bytes are here. */
async function takeBackRest(
  trx: Trx,
  tools: UploadTools,
  study: StudyRow,
  { uploadId, by }: TakenBack,
): Promise<void> {
  const promised = await trx
    .selectFrom('upload_instance')
    .innerJoin('instance', 'instance.id', 'upload_instance.instance_id')
    .select(['instance.id', 'instance.brought'])
    .where('upload_id', '=', uploadId)
    .where('instance.state', '=', 'promised')
    .execute();
  await dropAndMoveOn(trx, tools, study, { uploadId, promised });
  await auditStudy(trx, tools, study, { event: 'upload-taken-back', uploadId, by });
}

/** Drops the promises, and moves the study on if it was waiting only for them. */
async function dropAndMoveOn(
  trx: Trx,
  tools: UploadTools,
  study: StudyRow,
  promises: Promises,
): Promise<boolean> {
  const isChanged = await dropPromises(trx, study, promises, tools.now());
  if (isChanged && isComplete(await countStates(trx, study.id)))
    await enqueueStage(trx, tools, { queue: 'assembly', studyId: study.id });
  return isChanged;
}

/** Whether the upload names instances whose bytes its account has brought. */
async function hasBrought(trx: Trx, uploadId: string): Promise<boolean> {
  const row = await trx
    .selectFrom('upload_instance')
    .innerJoin('instance', 'instance.id', 'upload_instance.instance_id')
    .select('instance.id')
    .where('upload_id', '=', uploadId)
    .where('instance.brought', '=', true)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether any bytes of an unfinished parcel are here. The first bytes of a sealed one lie in its tail. */
async function hasBytes(blobs: Blobs, parcelId: string): Promise<boolean> {
  const sizes = await Promise.all([parcelId, tailOf(parcelId)].map((id) => blobs.size(id)));
  return sizes.some((size) => (size ?? 0) > 0);
}

/**
 * Takes back some instances of an upload of which others were already sent. Instances that only this upload promised
 * are treated as if they had never been named.
 */
export async function takeBackInstances(
  tools: UploadTools,
  upload: UploadRow,
  keys: readonly { sopInstanceUID: string; digest: string }[],
  by: string,
): Promise<void> {
  const { id: uploadId, study_id: studyId } = upload;
  await tools.db.transaction().execute(async (trx) => {
    const study = await lockStudy(trx, studyId);
    if (study === undefined) return;
    const promised = (await instancesByKey(trx, study.id, keys)).filter(({ state }) => state === 'promised');
    if (!(await dropAndMoveOn(trx, tools, study, { uploadId, promised }))) return;
    await auditStudy(trx, tools, study, {
      event: 'instances-taken-back',
      uploadId,
      by,
      instances: promised.length,
    });
  });
  tools.changes.emit(studyId);
}
