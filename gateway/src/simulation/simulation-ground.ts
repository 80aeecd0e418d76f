/**
 * The ground of the gateway's simulation: the real pipeline and its routes on the real SQL, with ports in
 * memory, jobs that run when the test says so, and a life that ends wherever the test says so: before any
 * statement, commit, write or request.
 */
import { sql } from 'kysely';
import { openQuickDatabase, type DatabaseHooks } from '../testing/open-quick-database.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { runExpiry } from '../pipeline/eviction/run-expiry.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { ROAD, runParcel, runStudyStage } from '../pipeline/pipeline.ts';
import type { ParcelJob, StudyJob } from '../pipeline/stages.ts';
import {
  createLife,
  createSimulatedBlobs,
  createSimulatedJobs,
  createSimulatedKeys,
  Killed,
  mortalPacs,
  type Life,
  type SimulatedBlobs,
  type SimulatedJob,
  type SimulatedKeys,
} from './simulated-ports.ts';

export type SimulationGround = {
  readonly pipeline: TestPipeline;
  readonly life: Life;
  readonly jobs: ReturnType<typeof createSimulatedJobs>;
  readonly blobs: SimulatedBlobs;
  readonly keys: SimulatedKeys;
  /** This sequence's. */
  pacs: TestPacs;
  /** SOP Instance UIDs that were posted although the PACS had them. */
  readonly doubled: readonly string[];
  /** Milliseconds since 1970. */
  now: number;
  /** Before the nth turn at the database from now on, `work` is done to its end; null: nothing any more. */
  crossAt(nth: number, work: (() => Promise<void>) | null): void;
  /** Nothing is left of the sequences before. */
  clear(): Promise<void>;
  close(): Promise<void>;
};

/**
 * Runs the job as a worker does. A job that fails, or is killed, waits and runs again; `isOver`: it ran
 * before, and runs once more.
 */
export async function runJob(
  { pipeline: { tools }, jobs, now }: SimulationGround,
  job: SimulatedJob,
  isOver = false,
): Promise<void> {
  const { signal } = new AbortController();
  const { queue, data, key } = job;
  if (jobs.active.has(`${queue} ${key}`)) return;
  jobs.active.add(`${queue} ${key}`);
  if (!isOver) jobs.waiting.splice(jobs.waiting.indexOf(job), 1);
  try {
    if (queue === 'verify') await runParcel((data as ParcelJob).parcelId, tools, signal);
    else if (queue === 'expiry') await runExpiry(tools);
    // Models look at what was delivered, and change nothing of it.
    else if (queue !== 'inference')
      await runStudyStage(
        ROAD.find(({ stage }) => stage === queue)!,
        (data as StudyJob).studyId,
        tools,
        signal,
      );
    if (!isOver) jobs.past.push(job);
  } catch (error) {
    if (!isOver) jobs.add({ ...job, dueAt: now + 1_000 });
    if (!(error instanceof Killed)) throw error;
  } finally {
    jobs.active.delete(`${queue} ${key}`);
  }
}

/**
 * Deleting is cheap and leaves dead rows behind, which make every look slower; emptying whole tables makes
 * new files of them.
 */
const TRUNCATED_EVERY = 60;
const EMPTIED = sql`with a as (delete from upload_instance), b as (delete from instance), c as (delete from parcel), d as (delete from receipt), e as (delete from upload),
  f as (delete from audit) delete from study`;

export const BEGIN = Date.UTC(2026, 0, 1);

export async function openSimulationGround(): Promise<SimulationGround> {
  const life = createLife();
  let crossing: { turns: number; work: () => Promise<void> } | null = null;
  const jobs = createSimulatedJobs(() => ground.now);
  const hooks: DatabaseHooks = {
    async beforeTurn() {
      if (crossing === null) return;
      crossing.turns -= 1;
      if (crossing.turns >= 0) return;
      const { work } = crossing;
      crossing = null;
      await work();
    },
    beforeStatement: () => life.step(),
    committed() {
      jobs.committed();
      life.step();
    },
    rolledBack: () => jobs.rolledBack(),
  };
  const database = await openQuickDatabase(hooks);
  const blobs = createSimulatedBlobs(life);
  const keys = createSimulatedKeys(life);
  const failures: unknown[] = [];
  const doubled: string[] = [];
  let cleared = 0;
  const pipeline = await openTestPipeline({
    pacs: mortalPacs(life, () => ground.pacs, doubled),
    start: false,
    now: () => new Date(ground.now),
    tools: { blobs, keys },
    ground: { database, failures, jobs: jobs as unknown as Jobs, close: database.close },
  });
  const ground: SimulationGround = {
    pipeline,
    life,
    jobs,
    blobs,
    keys,
    doubled,
    pacs: openTestPacs(),
    now: BEGIN,
    crossAt(turns, work) {
      crossing = work && { turns, work };
    },
    async clear() {
      crossing = null;
      doubled.splice(0);
      jobs.clear();
      blobs.held.clear();
      keys.living.clear();
      pipeline.lines.splice(0);
      cleared += 1;
      await (cleared % TRUNCATED_EVERY === 0
        ? sql`truncate study, deid_report, device_triage, upload, upload_instance, instance, parcel, receipt, audit`
        : EMPTIED
      ).execute(database.db);
    },
    async close() {
      await database.close();
      await pipeline.close();
    },
  };
  return ground;
}
