/**
 * Carries out an administrator's answer for a waiting transfer: it is sent again, or its missing instances are given
 * up for a stated reason. Both are recorded in the audit trail, with the number of instances.
 */
import { sql } from 'kysely';
import type { TransferAnswer } from '#shared/protocol/dimse-peer.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../../audit/audit.ts';
import type { Trx } from '../../database/database.ts';
import type { FileSpoolTools } from '../../pipeline/spool/file-spool.ts';
import { findUpload } from '../../pipeline/stores/parcel.store.ts';
import type { PipelineTools } from '../../pipeline/plan/pipeline-tools.ts';
import { decide, type Decision } from '../../uploads/decide.ts';
import {
  findWaiting,
  missingEntries,
  openAgain,
  settleTransfers,
  type MissingEntry,
  type WaitingTransfer,
} from './transfer.store.ts';
import { leaveOutWithheld } from './withheld.store.ts';

export type AnswerTools = { readonly pipeline: PipelineTools; readonly spool: FileSpoolTools };

type AnsweredTransfer = { readonly siteId: string; readonly id: string; readonly by: string };

/** @throws Problem not-found: the transfer does not wait for an answer (any more). Also throws as `decide`. */
export async function answerTransfer(
  tools: AnswerTools,
  { siteId, id, by }: AnsweredTransfer,
  answer: TransferAnswer,
): Promise<void> {
  const { db } = tools.pipeline;
  const transfer = await findWaiting(db, siteId, id);
  if (transfer === undefined) throw new Problem('not-found');
  const missing = transfer.state === 'opened' ? await missingEntries(db, id) : [];
  // An instance that belongs to an upload is decided there too, so that the upload's receipt states the outcome.
  const studies = await decideAll(tools, by, answer.answer === 'send-again' ? 'retry' : 'leave-out', missing);
  const told = await db.transaction().execute(async (trx) => {
    const isDone =
      answer.answer === 'send-again'
        ? await openAgain(trx, tools.pipeline, transfer)
        : await giveUp(trx, transfer, missing, answer.because);
    if (!isDone) throw new Problem('not-found');
    const isGivenUp = answer.answer === 'give-up';
    const { account_id: accountId, peer_id: peerId, ae_title: aeTitle } = transfer;
    await recordAudit(
      trx,
      siteId,
      {
        event: isGivenUp ? 'dimse-transfer-given-up' : 'dimse-transfer-resent',
        ...{ transferId: id, peerId, aeTitle, accountId, instances: missing.length, studies, by },
        because: isGivenUp ? answer.because : null,
      },
      tools.pipeline.now(),
    );
    return isGivenUp ? leaveOutWithheld(trx, tools.pipeline, { fileId: id, by }) : [];
  });
  for (const studyId of told) tools.pipeline.changes.emit(studyId);
  await settleTransfers(tools.spool, id);
}

/** Decides for these entries in their uploads. Returns the studies of those that have one. */
async function decideAll(
  { pipeline }: AnswerTools,
  by: string,
  decision: Decision['decision'],
  missing: readonly MissingEntry[],
): Promise<string[]> {
  const studies = new Set<string>();
  for (const [uploadId, entries] of Map.groupBy(missing, ({ upload }) => upload)) {
    const upload = uploadId === null ? undefined : await findUpload(pipeline.db, uploadId, null);
    if (upload === undefined) continue;
    studies.add(upload.study_instance_uid);
    const instances = entries.flatMap(({ sopInstanceUID, digest }) =>
      sopInstanceUID === null || digest === null ? [] : [{ sopInstanceUID, digest }],
    );
    try {
      await decide(pipeline, upload, by, { decision, instances });
    } catch (error) {
      // A conflicting instance is still there, or somebody has decided meanwhile, so this one is left unchanged.
      if (!(error instanceof Problem) || error.code !== 'decision-not-possible') throw error;
    }
  }
  return [...studies];
}

/** Returns whether the transfer was still waiting. A file that was not opened is not read any further. */
async function giveUp(
  trx: Trx,
  { id, state }: WaitingTransfer,
  missing: readonly MissingEntry[],
  because: Extract<TransferAnswer, { answer: 'give-up' }>['because'],
): Promise<boolean> {
  const given = missing.map(({ entry }) => entry);
  const { numUpdatedRows } = await trx
    .updateTable('sent_file')
    .set({
      state: 'opened',
      given_up: because,
      entries: sql<string>`(select coalesce(jsonb_agg(
        case when ${state === 'received'} and it->>'state' <> 'sent' or (it->>'entry')::int = any(${given}::int[])
        then it || '{"givenUp": true}' else it end order by (it->>'entry')::int), '[]')
        from jsonb_array_elements(entries) as entry(it))`,
    })
    .where('id', '=', id)
    .where('state', '=', state)
    .where('wrapped_key', 'is not', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
