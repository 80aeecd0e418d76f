/**
 * Instances that a sender withheld, and a person's later decisions about them on the device. The gateway takes the
 * upload's new counts; if a receipt is already signed, another one with these counts follows.
 */
import { isSameWithheld, LEFT_OUT_CAUSES, type Withheld } from '#shared/protocol/withheld.ts';
import type { StudyState } from '#shared/protocol/study-state.ts';
import type { Trx } from '../database/database.ts';
import { auditStudy, byWhom } from '../pipeline/plan/audit-study.ts';
import { lockStudy, type StudyRow } from '../pipeline/stores/study.store.ts';
import type { UploadRow } from '../pipeline/stores/parcel.store.ts';
import type { UploadOwner } from '../pipeline/stores/upload-owner.ts';
import { moveStudy } from './decide.ts';
import type { UploadTools } from './upload-tools.ts';

/** Takes the present counts. Repeatable: counts that are already known change nothing. */
export async function withhold(
  tools: UploadTools,
  { id: uploadId, study_id: studyId }: UploadRow,
  by: UploadOwner,
  withheld: Withheld,
): Promise<void> {
  await tools.db.transaction().execute(async (trx) => {
    const study = await lockStudy(trx, studyId);
    if (study) await setWithheld(trx, tools, study, { uploadId, withheld, by });
  });
  tools.changes.emit(studyId);
}

type Saying = {
  readonly uploadId: string;
  readonly withheld?: Withheld | undefined;
  readonly by: Parameters<typeof byWhom>[0];
};

/** In these states the receipt is signed later, with the counts of that time. */
const BEFORE_SIGNING: readonly StudyState[] = ['receiving', 'assembled', 'forwarded'];

/** Call it with the study locked. For each cause, an increase of left-out instances is an event. */
export async function setWithheld(
  trx: Trx,
  tools: UploadTools,
  study: StudyRow,
  { uploadId, withheld = {}, by }: Saying,
): Promise<void> {
  const uploads = trx.selectFrom('upload').select('withheld').where('id', '=', uploadId);
  const { withheld: before } = await uploads.executeTakeFirstOrThrow();
  if (isSameWithheld(before, withheld)) return;
  const said = { withheld: JSON.stringify(withheld) };
  await trx.updateTable('upload').set(said).where('id', '=', uploadId).execute();
  const { revision } = BEFORE_SIGNING.includes(study.state) ? study : await moveStudy(trx, tools, study);
  for (const cause of LEFT_OUT_CAUSES) {
    const instances = (withheld[cause] ?? 0) - (before[cause] ?? 0);
    if (instances <= 0) continue;
    const what = { event: 'instances-decided', decision: 'leave-out', cause, instances } as const;
    await auditStudy(trx, tools, study, { ...what, uploadId, revision, ...byWhom(by) });
  }
}
