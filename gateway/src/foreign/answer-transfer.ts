/**
 * An administrator's answer for a transfer that waits: it is sent again, or its missing instances are given up for a
 * reason. Either is in the audit trail, with how many instances it was about.
 */
import { sql } from 'kysely';
import type { TransferAnswer } from '#shared/protocol/dimse-peer.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Trx } from '../database/database.ts';
import type { FileSpoolTools } from '../pipeline/file-spool.ts';
import { findUpload } from '../pipeline/parcel.store.ts';
import type { PipelineTools } from '../pipeline/pipeline-tools.ts';
import { decide, type Decision } from '../uploads/decide.ts';
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

/** @throws Problem not-found: it waits for no answer (any more); and as `decide`. */
export async function answerTransfer(
  tools: AnswerTools,
  { siteId, id, by }: AnsweredTransfer,
  answer: TransferAnswer,
): Promise<void> {
  const { db } = tools.pipeline;
  const transfer = await findWaiting(db, siteId, id);
  if (transfer === undefined) throw new Problem('not-found');
  const missing = transfer.state === 'opened' ? await missingEntries(db, id) : [];
  // An instance that an upload has ends there too, so that its receipt says how.
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

/** The studies of these entries, as far as they have an upload. */
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
      // A rival is still there, or somebody has decided meanwhile: it stays as it is.
      if (!(error instanceof Problem) || error.code !== 'decision-not-possible') throw error;
    }
  }
  return [...studies];
}

/** Whether it still waited. Of one that was not opened nothing more is read. */
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
