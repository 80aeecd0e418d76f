/** The audit row of a step of a study, written in the transaction of the step. */
import type { StudyEventName } from '#shared/protocol/audit-events.ts';
import type { Trx } from '../../database/database.ts';
import { recordAudit } from '../../audit/audit.ts';

export type StudyAudit = {
  readonly event: StudyEventName;
  readonly [field: string]: string | number | boolean;
};

export async function auditStudy(
  trx: Trx,
  { now }: { readonly now: () => Date },
  study: { readonly id: string; readonly site_id: string; readonly study_instance_uid: string },
  { event, ...fields }: StudyAudit,
): Promise<void> {
  const { id: studyId, site_id, study_instance_uid: studyInstanceUID } = study;
  await recordAudit(trx, site_id, { event, studyId, studyInstanceUID, ...fields }, now());
}

type Sending = {
  readonly accountId: string | null;
  readonly deviceId?: string | null;
  readonly keyId?: string | undefined;
};

/** The fields of an event that a sender caused: the account, and the device or API key that acts for it. */
export const byWhom = ({ accountId, deviceId = null, keyId }: Sending) => ({
  ...(accountId !== null && { by: accountId }),
  ...(deviceId !== null && { deviceId }),
  ...(keyId !== undefined && { keyId }),
});
