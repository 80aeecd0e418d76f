/**
 * Instances that a sender did not promise, and a person's later decisions about them on the device: the gateway takes
 * the new counts of the upload, and a signed receipt is followed by one that says them.
 */
import { isSameWithheld, type Withheld } from '#shared/protocol/withheld.ts';
import type { StudyState } from '#shared/protocol/study-state.ts';
import type { Trx } from '../database/database.ts';
import { auditStudy, byWhom } from '../pipeline/audit-study.ts';
import { lockStudy, type StudyRow } from '../pipeline/study.store.ts';
import type { UploadRow } from '../pipeline/parcel.store.ts';
import type { UploadOwner } from '../pipeline/upload-owner.ts';
import { moveStudy } from './decide.ts';
import type { UploadTools } from './upload-tools.ts';

/** The counts as they are now; as often as the device likes: counts that are known change nothing. */
export async function withhold(
  tools: UploadTools,
  { id: uploadId, study_id: studyId }: UploadRow,
  by: UploadOwner,
  withheld: Withheld,
): Promise<void> {
  await tools.db.transaction().execute(async (trx) => {
    const study = await lockStudy(trx, studyId);
    const set = study && (await setWithheld(trx, tools, study, { uploadId, withheld }));
    if (!set) return;
    const { before, revision } = set;
    const instances = (withheld['left-out'] ?? 0) - (before['left-out'] ?? 0);
    if (instances <= 0) return;
    const decided = {
      event: 'instances-decided',
      decision: 'leave-out',
      uploadId,
      instances,
      revision,
    } as const;
    await auditStudy(trx, tools, study, { ...decided, ...byWhom(by) });
  });
  tools.changes.emit(studyId);
}

/** In these the receipt is signed later, with the counts of then. */
const BEFORE_SIGNING: readonly StudyState[] = ['receiving', 'assembled', 'forwarded'];

/** The study is locked. Null: the counts are as they were. */
export async function setWithheld(
  trx: Trx,
  tools: UploadTools,
  study: StudyRow,
  { uploadId, withheld = {} }: { readonly uploadId: string; readonly withheld?: Withheld | undefined },
): Promise<{ readonly before: Withheld; readonly revision: number } | null> {
  const uploads = trx.selectFrom('upload').select('withheld').where('id', '=', uploadId);
  const { withheld: before } = await uploads.executeTakeFirstOrThrow();
  if (isSameWithheld(before, withheld)) return null;
  const said = { withheld: JSON.stringify(withheld) };
  await trx.updateTable('upload').set(said).where('id', '=', uploadId).execute();
  const { revision } = BEFORE_SIGNING.includes(study.state) ? study : await moveStudy(trx, tools, study);
  return { before, revision };
}
