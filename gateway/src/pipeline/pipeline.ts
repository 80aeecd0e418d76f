/**
 * The road of a study through the gateway: its stages in order, and how each one runs.
 *
 *   intake ─► verify ─► assembly ─► forward ─► reconcile ─► receipt ─► eviction
 *   └── a parcel ──┘    └──────────────────── a study ─────────────────────┘
 *
 * A stage is `(subject, tools, signal) → planner` and writes no state. It looks at what it must (bytes, the
 * PACS); its planner then says what to change, and apply-plan.ts does that in one transaction under the lock
 * of the study's row, with the audit event and the next job. So any stage may be killed at any point and run
 * again, and two that cross can't overwrite each other.
 *
 * Two stages write before their last plan, both by apply-plan.ts:
 *   - forward, in the steps of forward/forward-study.ts: what may reach the PACS is marked, and that mark is
 *     committed, before the first request leaves; the answers are written as they come.
 *   - verify, once for each parcel of a study: its instances have their place as they come.
 * Intake runs in the request (intake/receive-parcel.ts), expiry by the clock and over all studies. The state
 * alone says which stage comes next: jobs that are lost are made again from it (renew-jobs.ts).
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { StudyState } from '#shared/protocol/study-state.ts';
import { startClock } from '../jobs/clock.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { WHY_AWAY, whyAway } from '../ports/pacs/why-away.ts';
import { applyPlan } from './plan/apply-plan.ts';
import { planAssembly } from './assembly/plan-assembly.ts';
import { runCopy } from './copies/run-copy.ts';
import { evictStudy } from './eviction/plan-eviction.ts';
import { EXPIRY_EVERY_SECONDS, runExpiry } from './eviction/run-expiry.ts';
import { forwardStudy } from './forward/forward-study.ts';
import type { ForwardTools } from './forward/forward-tools.ts';
import { lookBack } from './forward/look-back.ts';
import { reconcileStudy } from './forward/reconcile-study.ts';
import { countFailure, countRun, findParcel, type OwnedParcel } from './stores/parcel.store.ts';
import { toStudyTools, type PipelineTools, type StudyTools } from './plan/pipeline-tools.ts';
import { signRevision } from './receipt/sign-revision.ts';
import { createMinuteCounter, MINUTE_SECONDS } from './stores/tally.store.ts';
import { renewJobs, RENEW_EVERY_SECONDS } from './renew-jobs.ts';
import { reportFailures } from './report-failures.ts';
import type { ParcelJob, PipelineQueue, Stage, StudyJob } from './plan/stages.ts';
import type { Planner } from './plan/study-plan.ts';
import { findStudy, type StudyRow } from './stores/study.store.ts';
import { planOpened, type OpenedParcel } from './verify/take-opened.ts';
import { verifyReceived } from './verify/verify-received.ts';

type StageTools = StudyTools & Pick<ForwardTools, 'apply'>;

export type StudyStage = {
  readonly stage: Exclude<Stage, 'intake' | 'verify'>;
  /** The state in which the study must be; a job that comes late, or a second time, finds another one. */
  readonly when: StudyState;
  /** States in which the stage may also run, for what has come so far. It does not move the study on from them. */
  readonly also?: readonly StudyState[];
  readonly run: (study: StudyRow, tools: StageTools, signal: AbortSignal) => Promise<Planner>;
};

export const ROAD: readonly StudyStage[] = [
  { stage: 'assembly', when: 'receiving', run: async () => planAssembly },
  { stage: 'forward', when: 'assembled', run: forwardStudy },
  { stage: 'reconcile', when: 'forwarded', also: ['receiving', 'assembled'], run: reconcileStudy },
  { stage: 'receipt', when: 'reconciled', run: signRevision },
  { stage: 'eviction', when: 'receipted', run: evictStudy },
];

/** Only after a restore. */
export const LOOK_BACK: StudyStage = { stage: 'look-back', when: 'receiving', run: lookBack };

/** The queues that this pipeline enqueues to. On `inference`, models examine delivered studies. */
const QUEUES: readonly PipelineQueue[] = [
  'verify',
  LOOK_BACK.stage,
  ...ROAD.map(({ stage }) => stage),
  'expiry',
  'inference',
  'copies',
];

/**
 * Verify reads, decrypts and hashes. This is one parcel more than the smallest machine has cores; each holds up to 8
 * MiB.
 */
const PARCELS_AT_ONCE = 3;
/** The last place is kept for other accounts, however many parcels one account has. */
const PARCELS_OF_ONE = PARCELS_AT_ONCE - 1;
/** A study that waits for the PACS holds no worker, and a single forward already fills the connection to the PACS. */
const STUDIES_AT_ONCE = 2;
/**
 * A PACS may be silent on an instance for two minutes. So an account gets one place more, for its other studies to
 * continue meanwhile, and the last place is kept for other accounts.
 */
const FORWARDS = { concurrency: 4, ofOneGroup: 3 };
/** Every byte may be read back from the PACS. */
const RECONCILES = { concurrency: 3, ofOneGroup: 2 };
const TURNS: Partial<Record<Stage, typeof FORWARDS>> = {
  'look-back': RECONCILES,
  forward: FORWARDS,
  reconcile: RECONCILES,
};
/** A silent destination leaves places for the others. */
const COPIES = { concurrency: 4, ofOneGroup: 2 };
/** The longest pause before the PACS is asked again. */
const BACK_OFF_LIMIT_SECONDS = 30;

/** How often promises and parcels are checked for expiry, and how often lost jobs are made again. */
const EVERY = { expirySeconds: EXPIRY_EVERY_SECONDS, renewSeconds: RENEW_EVERY_SECONDS };

/** Call it before the gateway takes requests: a job may be enqueued only to a declared queue. */
export async function declarePipeline(jobs: Jobs): Promise<void> {
  for (const queue of QUEUES) await jobs.declare(queue);
}

/** Starts the work; `jobs.stop()` ends it. */
export async function startPipeline(tools: PipelineTools, jobs: Jobs, every = EVERY): Promise<void> {
  const turns = { concurrency: PARCELS_AT_ONCE, ofOneGroup: PARCELS_OF_ONE };
  await jobs.work<ParcelJob>('verify', turns, ({ parcelId }, signal) => runParcel(parcelId, tools, signal));
  for (const entry of [LOOK_BACK, ...ROAD]) {
    const { stage } = entry;
    await jobs.work<StudyJob>(
      stage,
      TURNS[stage] ?? { concurrency: STUDIES_AT_ONCE },
      ({ studyId }, signal) => runStudyStage(entry, studyId, tools, signal),
    );
  }
  await jobs.work<StudyJob>('copies', COPIES, ({ studyId }, signal) =>
    runCopy(studyId, tools, signal, runNextStage),
  );
  await jobs.every(MINUTE_SECONDS, createMinuteCounter(tools.db));
  const expiry = { name: 'expiry', everySeconds: every.expirySeconds, run: () => runExpiry(tools) };
  await startClock(expiry, jobs, tools.db);
  await jobs.every(every.renewSeconds, () => renewJobs(tools, jobs, ROAD));
}

/** Verifies a parcel that needs no second look. False: `runParcel` has to verify it. */
export async function takeOpened(opened: OpenedParcel, tools: PipelineTools): Promise<boolean> {
  const found = await planOpened(tools, opened);
  if (found !== null) await applyPlan(tools, found.studyId, found.planner);
  return found !== null;
}

/** Runs verify on a parcel; does nothing if the parcel is gone or was verified. */
export async function runParcel(parcelId: string, tools: PipelineTools, signal: AbortSignal): Promise<void> {
  const parcel = await findParcel(tools.db, parcelId);
  if (parcel === undefined || parcel.state !== 'received') return;
  await logged(tools, 'verify', { studyId: parcel.study_id, parcelId }, () =>
    runVerify(parcel, tools, signal),
  );
}

/** Returns the outcome as one word. */
export async function runVerify(
  parcel: OwnedParcel,
  tools: PipelineTools,
  signal: AbortSignal,
): Promise<string> {
  await countRun(tools.db, parcel.id, 1);
  const uncount = () =>
    ignoreFailure(countRun(tools.db, parcel.id, -1), 'one run too many only has beginnings noted sooner');
  try {
    const planner = await verifyReceived(parcel, tools, signal);
    const { outcome } = await applyPlan(tools, parcel.study_id, planner);
    if (outcome === 'waiting') await uncount();
    return outcome;
  } catch (error) {
    // A gateway that is stopping is not a failure of the parcel.
    if (signal.aborted) await uncount();
    else await ignoreFailure(countFailure(tools.db, parcel.id), 'one too few only has it tried once more');
    throw error;
  }
}

/** Runs the stage that leads out of the study's state. */
export async function runNextStage(
  studyId: string,
  tools: PipelineTools,
  signal: AbortSignal,
): Promise<void> {
  const study = await findStudy(tools.db, studyId);
  const entry = ROAD.find(({ when }) => when === study?.state);
  if (entry) await runStudyStage(entry, studyId, tools, signal);
}

/** Runs a stage on a study; does nothing if the study is in another state. */
export async function runStudyStage(
  entry: StudyStage,
  studyId: string,
  tools: PipelineTools,
  signal: AbortSignal,
): Promise<void> {
  const study = await findStudy(tools.db, studyId);
  if (study === undefined || ![entry.when, ...(entry.also ?? [])].includes(study.state)) return;
  await logged(tools, entry.stage, { studyId }, async () => {
    try {
      const own = toStudyTools(tools, await tools.pacsOf(study));
      return await reachPacs(study, own, signal, () =>
        reportFailures(study, own, signal, () => runAndApply(entry, study, own, signal)),
      );
    } catch (error) {
      if (!(error instanceof PacsUnreachable)) throw error;
      return waitForPacs(entry.stage, study, error, tools);
    }
  });
}

async function runAndApply(
  { run }: StudyStage,
  study: StudyRow,
  tools: StudyTools,
  signal: AbortSignal,
): Promise<string> {
  const apply: StageTools['apply'] = (planner, studyId = study.id) => applyPlan(tools, studyId, planner);
  return (await apply(await run(study, { ...tools, apply }, signal))).outcome;
}

/** A study that waits for the PACS runs no stage until the PACS answers. Once the stage has run, it no longer waits. */
async function reachPacs(
  study: StudyRow,
  tools: StudyTools,
  signal: AbortSignal,
  run: () => Promise<string>,
): Promise<string> {
  const because = WHY_AWAY.find((why) => why === study.waiting_because);
  if (because === undefined) return run();
  await tools.pacs.probe(signal);
  const outcome = await run();
  await applyPlan(tools, study.id, async () => ({
    outcome: 'resumed',
    changes: [{ kind: 'stop-waiting', because }],
    effects: [{ kind: 'log', line: { event: 'pacs-back', studyId: study.id } }],
  }));
  return outcome;
}

/**
 * A PACS that does not answer, or refuses the gateway, is a visible wait, not a failure. The stage runs again after a
 * second at first, later after half of the time that the study has waited, at most 30 s.
 */
async function waitForPacs(
  stage: StudyStage['stage'],
  { id: studyId, waiting_because, waiting_since }: StudyRow,
  why: PacsUnreachable,
  tools: PipelineTools,
): Promise<string> {
  const because = whyAway(why);
  const waitedSeconds =
    waiting_because === because && waiting_since !== null
      ? (tools.now().getTime() - waiting_since.getTime()) / 1000
      : 0;
  // If the clock was set back, the waited time is unknown.
  const pause = waitedSeconds < 0 ? BACK_OFF_LIMIT_SECONDS : waitedSeconds / 2;
  const seconds = Math.round(Math.min(BACK_OFF_LIMIT_SECONDS, Math.max(1, pause)));
  const said = why.connection ?? why.status ?? 'no-answer';
  const plan = await applyPlan(tools, studyId, async ({ study }) => ({
    outcome: 'waiting',
    changes: [{ kind: 'wait', because }],
    next: [{ queue: stage, studyId, afterSeconds: seconds }],
    audit: study.waiting_because === because ? null : { event: 'study-waiting', because, stage },
    effects: [{ kind: 'log', line: { event: 'pacs-unreachable', studyId, stage, seconds, because: said } }],
  }));
  return plan.outcome;
}

/** Runs the stage with a line in the log before and after it, and counts it in the metrics. */
async function logged(
  tools: Pick<PipelineTools, 'log' | 'metrics'>,
  stage: Stage,
  of: { readonly studyId: string; readonly parcelId?: string },
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
