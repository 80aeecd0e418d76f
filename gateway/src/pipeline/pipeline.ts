/**
 * The road of a study through the gateway: the stages in their order, and what each one's outcome changes.
 *
 *   intake ─► verify (a parcel) ─► assembly ─► forward ─► reconcile ─► receipt ─► eviction (a study)
 *
 * A stage is a function of values; here its outcome is applied: in one transaction with the audit event and
 * the next job. So any of them may be killed at any point and run again. Each begins by asking whether its
 * study is still where it may run, and does nothing where not.
 */
import type { Transaction } from 'kysely';
import type { StudyState } from '#shared/protocol/study-state.ts';
import type { Tables } from '../database/tables.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { runAssembly } from './assembly/run-assembly.ts';
import { runEviction } from './eviction/run-eviction.ts';
import { runExpiry, EXPIRY_EVERY_SECONDS } from './eviction/run-expiry.ts';
import { runForward } from './forward/run-forward.ts';
import { runReconcile } from './forward/run-reconcile.ts';
import { runReceipt } from './receipt/run-receipt.ts';
import { clearWaiting, findStudy, setWaiting, type StudyRow } from './study.store.ts';
import { auditStudy } from './audit-study.ts';
import type { PipelineTools } from './pipeline-tools.ts';
import { enqueueStage, type ParcelJob, type PipelineQueue, type Stage, type StudyJob } from './stages.ts';
import { findParcel } from './parcel.store.ts';
import { runVerify } from './verify/run-verify.ts';

/** What a run of a stage did, for the log: a word. */
export type StageRun = (study: StudyRow, tools: PipelineTools, signal: AbortSignal) => Promise<string>;

type StudyStage = {
  readonly stage: Exclude<Stage, 'intake' | 'verify'>;
  /** The state in which the study must be; a job that comes too late or twice finds another one. */
  readonly when: StudyState;
  /** Studies at once. */
  readonly concurrency: number;
  readonly run: StageRun;
};

/**
 * Verify reads, decrypts and hashes: as many as there are cores on the smallest machine, and each holds up to
 * 8 MiB.
 */
const PARCELS_AT_ONCE = 2;
/**
 * A study that waits for the PACS holds no worker, so few are enough: a forward alone fills the line to the
 * PACS.
 */
const STUDIES_AT_ONCE = 2;

export const ROAD: readonly StudyStage[] = [
  { stage: 'assembly', when: 'receiving', concurrency: STUDIES_AT_ONCE, run: runAssembly },
  { stage: 'forward', when: 'assembled', concurrency: STUDIES_AT_ONCE, run: runForward },
  { stage: 'reconcile', when: 'forwarded', concurrency: STUDIES_AT_ONCE, run: runReconcile },
  { stage: 'receipt', when: 'reconciled', concurrency: STUDIES_AT_ONCE, run: runReceipt },
  { stage: 'eviction', when: 'receipted', concurrency: STUDIES_AT_ONCE, run: runEviction },
];

/** The PACS is asked again at the latest after this long. */
const BACK_OFF_LIMIT_SECONDS = 30;

/** Begins to work; ends with `jobs.stop()`. */
export async function startPipeline(tools: PipelineTools, jobs: Jobs): Promise<void> {
  const queues: PipelineQueue[] = ['verify', ...ROAD.map(({ stage }) => stage), 'expiry', 'inference'];
  for (const queue of queues) await jobs.declare(queue);
  await jobs.work<ParcelJob>('verify', { concurrency: PARCELS_AT_ONCE }, ({ parcelId }, signal) =>
    runParcel(parcelId, tools, signal),
  );
  for (const entry of ROAD) {
    await jobs.work<StudyJob>(entry.stage, { concurrency: entry.concurrency }, ({ studyId }, signal) =>
      runStudyStage(entry, studyId, tools, signal),
    );
  }
  await jobs.work('expiry', { concurrency: 1 }, async () => {
    await runExpiry(tools);
    await scheduleExpiry(tools, EXPIRY_EVERY_SECONDS);
  });
  await scheduleExpiry(tools, 0);
}

async function scheduleExpiry(tools: PipelineTools, seconds: number): Promise<void> {
  await tools.db
    .transaction()
    .execute((trx) => tools.jobs.enqueue(trx, 'expiry', {}, { key: 'expiry', startAfterSeconds: seconds }));
}

/** Runs verify on a parcel; does nothing where it is gone or was verified. */
export async function runParcel(parcelId: string, tools: PipelineTools, signal: AbortSignal): Promise<void> {
  const parcel = await findParcel(tools.db, parcelId);
  if (parcel === undefined || parcel.state !== 'received') return;
  await logged(tools, 'verify', { studyId: parcel.study_id, parcelId }, () =>
    runVerify(parcel, tools, signal),
  );
  tools.changes.emit(parcel.study_id);
}

/**
 * Runs a stage on a study; does nothing where the study is elsewhere. A PACS that does not answer is a
 * visible wait, not a failure.
 */
export async function runStudyStage(
  entry: StudyStage,
  studyId: string,
  tools: PipelineTools,
  signal: AbortSignal,
): Promise<void> {
  const study = await findStudy(tools.db, studyId);
  if (study === undefined || study.state !== entry.when) return;
  await logged(tools, entry.stage, { studyId }, async () => {
    try {
      if (study.waiting_because === 'pacs-unreachable') await tools.pacs.probe(signal);
      const outcome = await entry.run(study, tools, signal);
      if (study.waiting_because === 'pacs-unreachable') await resume(study, tools);
      return outcome;
    } catch (error) {
      if (!(error instanceof PacsUnreachable)) throw error;
      await waitForPacs(entry.stage, study, error, tools);
      return 'waiting';
    }
  });
  tools.changes.emit(studyId);
}

async function resume(study: StudyRow, tools: PipelineTools): Promise<void> {
  await clearWaiting(tools.db, study.id, 'pacs-unreachable');
  tools.log({ event: 'pacs-back', studyId: study.id });
}

/**
 * Says that the study waits, and comes back: after a second at first, then after half of the time it has
 * waited, at most 30 s.
 */
async function waitForPacs(
  stage: StudyStage['stage'],
  study: StudyRow,
  why: PacsUnreachable,
  tools: PipelineTools,
): Promise<void> {
  const now = tools.now();
  const waitedSeconds =
    study.waiting_because === 'pacs-unreachable' && study.waiting_since
      ? (now.getTime() - study.waiting_since.getTime()) / 1000
      : 0;
  const seconds = Math.round(Math.min(BACK_OFF_LIMIT_SECONDS, Math.max(1, waitedSeconds / 2)));
  await tools.db.transaction().execute(async (trx: Transaction<Tables>) => {
    const news = await setWaiting(trx, study.id, 'pacs-unreachable', now);
    await enqueueStage(trx, tools, { queue: stage, studyId: study.id, afterSeconds: seconds });
    if (news)
      await auditStudy(trx, tools, study, { event: 'study-waiting', because: 'pacs-unreachable', stage });
  });
  tools.log({
    event: 'pacs-unreachable',
    studyId: study.id,
    stage,
    seconds,
    because: why.connection ?? why.status ?? 'no-answer',
  });
}

/** The stage between its two lines in the log, and in the metrics. */
async function logged(
  tools: PipelineTools,
  stage: Stage,
  of: { studyId: string; parcelId?: string },
  run: () => Promise<string>,
): Promise<void> {
  const started = performance.now();
  tools.log({ event: 'stage-started', stage, ...of });
  let outcome = 'failed';
  try {
    outcome = await run();
  } finally {
    const ms = performance.now() - started;
    tools.log({ event: 'stage-finished', stage, ...of, outcome, ms: Math.round(ms) });
    tools.metrics.stage(stage, outcome, ms / 1000);
  }
}
