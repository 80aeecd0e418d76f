/**
 * Several store requests at once. The first that finds the PACS gone ends the others, and the next run looks
 * for their instances.
 */
import type { OpenBlob } from '../../ports/blobs/blobs.ts';
import { tookOthersSince, type InstanceChange, type InstanceRow } from '../instance.store.ts';
import { blobOf } from '../parcel-blobs.ts';
import type { StudyRow } from '../study.store.ts';
import { forwardBatch, type ForwardedInstance, type Posted } from './forward-batch.ts';
import type { ForwardTools } from './forward-tools.ts';
import { BATCHES_AT_ONCE, planBatches } from './plan-batches.ts';
import { returnLost } from './return-lost.ts';

/**
 * Answers gathered before they are written: a crash costs that many searches, a write costs as much as ten
 * answers.
 */
const ANSWERS_AT_ONCE = 200;
/**
 * Offered so often and never answered: a PACS that fails on this instance is as good as one that refuses it,
 * if it is the instance.
 */
const OFFERS_LIMIT = 5;
/** A PACS that takes nothing at all is ill, not choosy: over a night its disk may be full. */
const ILL_AT_MOST_MS = 24 * 3600 * 1000;

export type ToPost = {
  readonly study: StudyRow;
  readonly rows: readonly InstanceRow[];
  /** By the name of the blob. Each row lies in one of them. */
  readonly bodies: ReadonlyMap<string, OpenBlob | null>;
};

export async function postBatches(posting: ToPost, tools: ForwardTools, signal: AbortSignal): Promise<void> {
  const batches = [...planBatches(posting.rows.map((row) => toPosted(row, posting.bodies)))];
  const gone = new AbortController();
  const either = AbortSignal.any([signal, gone.signal]);
  const answers: ForwardedInstance[] = [];
  const work = async (): Promise<void> => {
    for (let batch = batches.shift(); batch && !either.aborted; batch = batches.shift()) {
      answers.push(...(await forwardBatch(posting.study.study_instance_uid, batch, tools, either)));
      tools.metrics.bytes('forward', sumBytes(batch));
      if (answers.length >= ANSWERS_AT_ONCE) await writeAnswers(posting, answers.splice(0), tools);
    }
  };
  const worker = (): Promise<void> =>
    work().catch((error: unknown) => {
      gone.abort(error);
      throw error;
    });
  const results = await Promise.allSettled(Array.from({ length: BATCHES_AT_ONCE }, worker));
  await writeAnswers(posting, answers, tools);
  signal.throwIfAborted();
  if (results.every(({ status }) => status === 'fulfilled')) return;
  throw gone.signal.reason;
}

const sumBytes = (batch: readonly Posted[]): number => batch.reduce((sum, { bytes }) => sum + bytes, 0);

async function writeAnswers(
  { study, rows }: ToPost,
  answers: readonly ForwardedInstance[],
  tools: ForwardTools,
): Promise<void> {
  if (answers.length === 0) return;
  await returnLost(
    answers.filter(({ kind }) => kind === 'damaged'),
    tools,
  );
  const attempts = new Map(rows.map((row) => [row.id, row.attempts]));
  const isRefusal = await refusesBySilence(study, answers, tools);
  const changes = answers.flatMap((answer) =>
    answer.kind === 'damaged' ? [] : [toChange(answer, attempts.get(answer.id) ?? 0, isRefusal)],
  );
  await tools.apply(async () => ({
    outcome: 'answered',
    changes: [{ kind: 'change-instances', from: ['posting'], changes }],
  }));
}

function toPosted(row: InstanceRow, bodies: ToPost['bodies']): Posted {
  const body = bodies.get(blobOf(row) ?? '');
  return {
    id: row.id,
    sopInstanceUID: row.sop_instance_uid,
    sopClassUID: row.sop_class_uid,
    transferSyntaxUID: row.transfer_syntax_uid,
    digest: row.digest,
    bytes: row.bytes,
    open: (signal) => body!.stream({ offset: row.body_offset ?? 0, length: row.bytes }, signal),
  };
}

/**
 * Whether silence on an instance is a refusal: the PACS took others since this study waits for it, or has
 * been ill for longer than any PACS is.
 */
async function refusesBySilence(
  study: StudyRow,
  answers: readonly ForwardedInstance[],
  tools: ForwardTools,
): Promise<boolean> {
  const since = study.waiting_since;
  if (since === null || !answers.some((answer) => answer.kind === 'later' && answer.because === 'unanswered'))
    return false;
  if (tools.now().getTime() - since.getTime() > ILL_AT_MOST_MS) return true;
  return tookOthersSince(tools.db, study.site_id, since);
}

function toChange(
  answer: Exclude<ForwardedInstance, { kind: 'damaged' }>,
  attempts: number,
  refusesBySilence: boolean,
): InstanceChange {
  const { id } = answer;
  switch (answer.kind) {
    case 'posted':
      return { id, state: 'posted', pacsCode: answer.pacsCode };
    case 'refused':
      return { id, state: 'refused', reason: 'pacs-refused', pacsCode: answer.pacsCode };
    case 'later':
      if (answer.because === 'busy') return { id, state: 'received' };
      return attempts + 1 < OFFERS_LIMIT || !refusesBySilence
        ? { id, state: 'received', attempts: 1 }
        : { id, state: 'refused', reason: 'pacs-refused', attempts: 1 };
    default:
      return answer satisfies never;
  }
}
