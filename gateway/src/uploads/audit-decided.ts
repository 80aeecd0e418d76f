/**
 * A person covers or releases instances on the device before they are sent. The gateway learns of it from the reports
 * of the promised instances, and records how many there were.
 */
import type { Trx } from '../database/database.ts';
import { auditStudy, byWhom } from '../pipeline/plan/audit-study.ts';
import type { StudyRow } from '../pipeline/stores/study.store.ts';
import { isReportedAs, type WireReport } from '#shared/protocol/deid-report.ts';
import type { Sender } from './known-instances.ts';
import type { UploadTools } from './upload-tools.ts';

const EVENTS = { covered: 'instances-covered', released: 'instances-released' } as const;

/** `reports`: one for each instance that is promised for the first time. */
export async function auditDecided(
  trx: Trx,
  tools: Pick<UploadTools, 'now'>,
  study: StudyRow,
  { uploadId, sender, reports }: { uploadId: string; sender: Sender; reports: readonly WireReport[] },
): Promise<void> {
  for (const cause of ['covered', 'released'] as const) {
    const instances = reports.filter(({ actions }) => isReportedAs(actions, cause)).length;
    if (instances > 0)
      await auditStudy(trx, tools, study, { event: EVENTS[cause], uploadId, instances, ...byWhom(sender) });
  }
}
