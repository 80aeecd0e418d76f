/**
 * Receipt, applied: one for a revision, whatever runs twice: the row is unique, and the study's state says
 * that it is there.
 */
import { instancesOf, type InstanceRow } from '../instance.store.ts';
import { findPolicy } from '../../policies/policies.ts';
import { reportsOf } from '../report.store.ts';
import { applyStudyEvent, lockStudy, type StudyRow } from '../study.store.ts';
import { tellingFailures } from '../telling-failures.ts';
import { auditStudy } from '../audit-study.ts';
import type { PipelineTools } from '../pipeline-tools.ts';
import { enqueueStage } from '../stages.ts';
import { issueReceipt, policyKey } from './issue-receipt.ts';

export const runReceipt = tellingFailures(issueOnce);

async function issueOnce(study: StudyRow, tools: PipelineTools): Promise<string> {
  const instances = await instancesOf(tools.db, study.id);
  const subject = {
    study,
    instances,
    reports: await reportsOf(tools.db, study.id),
    deidentifying: await deidentifyingOf(study, instances, tools),
  };
  const outcome = await issueReceipt(subject, { ...tools, describePacs: () => tools.pacs.describe() });
  if (outcome.kind === 'unsettled') return 'unsettled';
  return tools.db.transaction().execute(async (trx) => {
    const locked = await lockStudy(trx, study.id);
    // Whatever changes an instance moves the study first: in the same state and revision, the instances are
    // the ones that were signed.
    if (locked === undefined || locked.revision !== study.revision || locked.state !== study.state)
      return 'elsewhere';
    const { id, jws, issuedAt, root } = outcome;
    await trx
      .insertInto('receipt')
      .values({
        id,
        site_id: study.site_id,
        study_id: study.id,
        revision: study.revision,
        jws,
        issued_at: issuedAt,
      })
      .onConflict((conflict) => conflict.columns(['study_id', 'revision']).doNothing())
      .execute();
    await applyStudyEvent(trx, locked, 'receipt-issued', tools.now());
    await enqueueStage(trx, tools, { queue: 'eviction', studyId: study.id });
    await enqueueStage(trx, tools, { queue: 'inference', studyId: study.id });
    await auditStudy(trx, tools, study, {
      event: 'receipt-issued',
      revision: study.revision,
      receiptId: id,
      root,
    });
    return 'issued';
  });
}

async function deidentifyingOf(
  study: StudyRow,
  instances: readonly InstanceRow[],
  { db }: PipelineTools,
): Promise<ReadonlySet<string>> {
  const named = new Map(
    instances.map((row) => [policyKey(row), { name: row.policy_name, version: row.policy_version }]),
  );
  const found = await Promise.all(
    [...named].map(async ([key, policy]) =>
      (await findPolicy(db, study.site_id, policy))?.deidentify === true ? key : null,
    ),
  );
  return new Set(found.filter((key) => key !== null));
}
