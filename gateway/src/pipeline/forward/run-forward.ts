/**
 * Forward, applied. What is to be posted is marked `posting` and committed before the first request leaves;
 * so after a crash everything that may have reached the PACS is known, and is looked for before anything is
 * posted again.
 */
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import type { OpenBlob } from '../../ports/blobs/blobs.ts';
import { PacsUnreachable } from '../../ports/pacs/pacs.ts';
import {
  changeInstances,
  countStates,
  instancesOf,
  tookOthersSince,
  type InstanceChange,
  type InstanceRow,
} from '../instance.store.ts';
import { blobOf } from '../parcel-blobs.ts';
import { reopenParcels } from '../parcel.store.ts';
import { applyStudyEvent, lockStudy, type StudyRow } from '../study.store.ts';
import { tellingFailures } from '../telling-failures.ts';
import { auditStudy } from '../audit-study.ts';
import type { PipelineTools } from '../pipeline-tools.ts';
import { enqueueStage } from '../stages.ts';
import { forwardBatch, type ForwardedInstance, type Posted } from './forward-batch.ts';
import { lookBefore } from './look-before.ts';
import { BATCHES_AT_ONCE, planBatches } from './plan-batches.ts';

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

export const runForward = tellingFailures(forwardStudy);

async function forwardStudy(study: StudyRow, tools: PipelineTools, signal: AbortSignal): Promise<string> {
  await findOrphans(study, tools, signal);
  const looked = await settleKnown(study, tools, signal);
  // What has come since is the next run's: nothing is posted for the first time that was not looked for.
  const toPost = (await instancesOf(tools.db, study.id, ['received'])).filter(
    (row) => row.posted_at !== null || looked.has(row.id),
  );
  const claimed = await changeInstances(
    tools.db,
    toPost.map(({ id }) => ({ id, state: 'posting', postedAt: tools.now() })),
    ['received'],
    tools.now(),
  );
  await postAll(
    study,
    toPost.filter(({ id }) => claimed.has(id)),
    tools,
    signal,
  );
  return finish(study, tools);
}

/**
 * What a run before this one posted and did not hear of, or did not see in the PACS: nothing is posted again
 * before it was looked for. Nothing else can be `posting`: jobs of one study never run side by side.
 */
async function findOrphans(study: StudyRow, tools: PipelineTools, signal: AbortSignal): Promise<void> {
  const orphans = (await instancesOf(tools.db, study.id, ['posting', 'received'])).filter(
    ({ state, posted_at }) => state === 'posting' || posted_at !== null,
  );
  if (orphans.length === 0) return;
  const found = new Set(
    (
      await tools.pacs.findInstances(
        orphans.map((row) => row.sop_instance_uid),
        signal,
      )
    ).map(({ sopInstanceUID }) => sopInstanceUID),
  );
  const changes = orphans.map(
    ({ id, sop_instance_uid }): InstanceChange => ({
      id,
      state: found.has(sop_instance_uid) ? 'posted' : 'received',
    }),
  );
  await changeInstances(tools.db, changes, ['posting', 'received'], tools.now());
}

/**
 * What the PACS had before our first store: the same bytes are stored already, others are a conflict. Returns
 * whom it looked for.
 */
async function settleKnown(
  study: StudyRow,
  tools: PipelineTools,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const never = (await instancesOf(tools.db, study.id, ['received'])).filter(
    ({ posted_at }) => posted_at === null,
  );
  const looked = new Set(never.map(({ id }) => id));
  const changes = (await lookBefore(never, tools, signal)).flatMap(({ id, kind }): InstanceChange[] => {
    if (kind === 'absent') return [];
    return [
      kind === 'same'
        ? { id, state: 'already-stored', proof: 'read-back', reason: null }
        : { id, state: 'quarantined', reason: 'conflicting-instance' },
    ];
  });
  if (changes.length === 0) return looked;
  await tools.db.transaction().execute(async (trx) => {
    await lockStudy(trx, study.id);
    await changeInstances(trx, changes, ['received'], tools.now());
    const conflicts = changes.filter(({ state }) => state === 'quarantined').length;
    await auditStudy(trx, tools, study, {
      event: 'instances-known-to-pacs',
      same: changes.length - conflicts,
      conflicts,
    });
  });
  return looked;
}

async function postAll(
  study: StudyRow,
  rows: readonly InstanceRow[],
  tools: PipelineTools,
  signal: AbortSignal,
): Promise<void> {
  // A key that cannot be opened any more (the gateway's own is another one) is as good as none.
  const key = study.wrapped_key === null ? null : tools.keys.unwrap(study.id, study.wrapped_key);
  const bodies = new Map<string, OpenBlob | null>();
  for (const blobId of new Set(rows.map(blobOf))) {
    if (blobId !== null)
      bodies.set(blobId, key === null ? null : await tools.blobs.open(blobId, parcelKey(key, blobId)));
  }
  try {
    await returnLost(
      study,
      rows.filter((row) => !hasBytes(row, bodies)),
      tools,
    );
    await postBatches(
      study,
      rows.filter((row) => hasBytes(row, bodies)),
      bodies,
      tools,
      signal,
    );
  } finally {
    for (const body of bodies.values()) await body?.close();
  }
}

function hasBytes(row: InstanceRow, bodies: ReadonlyMap<string, OpenBlob | null>): boolean {
  const body = bodies.get(blobOf(row) ?? '');
  return body != null && (row.body_offset ?? 0) + row.bytes <= body.size;
}

/** The spool lost them (a disk, a power cut): the device has them still, for it has no receipt. */
async function returnLost(
  study: StudyRow,
  lost: readonly InstanceRow[],
  tools: PipelineTools,
): Promise<void> {
  if (lost.length === 0) return;
  await tools.db.transaction().execute(async (trx) => {
    const locked = await lockStudy(trx, study.id);
    await changeInstances(
      trx,
      lost.map(({ id }) => ({ id, state: 'promised', place: null, postedAt: null, attempts: 1 })),
      ['posting'],
      tools.now(),
    );
    await reopenParcels(trx, study.id);
    if (locked) await applyStudyEvent(trx, locked, 'late-instance', tools.now());
    await auditStudy(trx, tools, study, { event: 'instances-lost', instances: lost.length });
  });
}

/**
 * Several requests at once; the first that finds the PACS gone ends the others, and what they had is looked
 * for in the next run.
 */
async function postBatches(
  study: StudyRow,
  rows: readonly InstanceRow[],
  bodies: ReadonlyMap<string, OpenBlob | null>,
  tools: PipelineTools,
  signal: AbortSignal,
): Promise<void> {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const batches = [...planBatches(rows.map((row) => toPosted(row, bodies)))];
  const gone = new AbortController();
  const either = AbortSignal.any([signal, gone.signal]);
  let answers: ForwardedInstance[] = [];
  const write = async (): Promise<void> => {
    const ready = answers;
    answers = [];
    const refuses = await refusesBySilence(study, ready, tools);
    await changeInstances(
      tools.db,
      ready.map((answer) => toChange(answer, byId.get(answer.id)?.attempts ?? 0, refuses)),
      ['posting'],
      tools.now(),
    );
  };
  const work = async (): Promise<void> => {
    for (let batch = batches.shift(); batch && !either.aborted; batch = batches.shift()) {
      const done = await forwardBatch(study.study_instance_uid, batch, tools, either);
      // Not in one line: `answers` may be another list after the wait.
      answers.push(...done);
      tools.metrics.bytes(
        'forward',
        batch.reduce((sum, { bytes }) => sum + bytes, 0),
      );
      if (answers.length >= ANSWERS_AT_ONCE) await write();
    }
  };
  const worker = (): Promise<void> =>
    work().catch((error: unknown) => {
      gone.abort(error);
      throw error;
    });
  const results = await Promise.allSettled(Array.from({ length: BATCHES_AT_ONCE }, worker));
  await write();
  signal.throwIfAborted();
  if (results.every(({ status }) => status === 'fulfilled')) return;
  throw gone.signal.reason;
}

function toPosted(row: InstanceRow, bodies: ReadonlyMap<string, OpenBlob | null>): Posted {
  const body = bodies.get(blobOf(row) ?? '');
  return {
    id: row.id,
    sopInstanceUID: row.sop_instance_uid,
    sopClassUID: row.sop_class_uid,
    transferSyntaxUID: row.transfer_syntax_uid,
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
  tools: PipelineTools,
): Promise<boolean> {
  const since = study.waiting_since;
  if (since === null || !answers.some((answer) => answer.kind === 'later' && answer.because === 'unanswered'))
    return false;
  if (tools.now().getTime() - since.getTime() > ILL_AT_MOST_MS) return true;
  return tookOthersSince(tools.db, study.site_id, since);
}

function toChange(answer: ForwardedInstance, attempts: number, refusesBySilence: boolean): InstanceChange {
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

async function finish(study: StudyRow, tools: PipelineTools): Promise<string> {
  return tools.db.transaction().execute(async (trx) => {
    const locked = await lockStudy(trx, study.id);
    const counts = await countStates(trx, study.id);
    // It had no room for some: that is a PACS which cannot take them now.
    if (counts.has('received') || counts.has('posting')) {
      if (locked?.state === 'assembled') throw new PacsUnreachable('the PACS takes no more for now', null);
      return 'elsewhere';
    }
    const moved = locked && (await applyStudyEvent(trx, locked, 'forwarded', tools.now()));
    if (!moved) return 'elsewhere';
    await enqueueStage(trx, tools, { queue: 'reconcile', studyId: study.id });
    await auditStudy(trx, tools, study, {
      event: 'study-forwarded',
      revision: moved.revision,
      posted: counts.get('posted') ?? 0,
      refused: counts.get('refused') ?? 0,
    });
    return 'forwarded';
  });
}
