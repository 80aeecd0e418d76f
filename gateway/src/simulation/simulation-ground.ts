/**
 * The ground of the gateway's simulation: the real pipeline and its routes on the real SQL, with ports in
 * memory, jobs that run when the test says so, and a life that ends wherever the test says so: before any
 * statement, commit, write or request.
 */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { openQuickDatabase } from '../testing/open-quick-database.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { runExpiry } from '../pipeline/eviction/run-expiry.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { runCopy } from '../pipeline/copies/run-copy.ts';
import { ROAD, runNextStage, runParcel, runStudyStage } from '../pipeline/pipeline.ts';
import type { ParcelJob, StudyJob } from '../pipeline/plan/stages.ts';
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
  /** The PACS of this sequence. */
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
    else if (queue === 'copies') await runCopy((data as StudyJob).studyId, tools, signal, runNextStage);
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
const TRUNCATED = sql`truncate study, deid_report, device_triage, upload, upload_carrier, upload_instance, instance, commitment, parcel, receipt, audit,
  vault_entry, upload_day, upload_day_changed, result_day, result_day_changed`;

export const BEGIN = Date.UTC(2026, 0, 1);

/** Work that is done to its end before the nth turn at the database. */
function createCrossing() {
  let crossing: { turns: number; work: () => Promise<void> } | null = null;
  return {
    at(turns: number, work: (() => Promise<void>) | null): void {
      crossing = work && { turns, work };
    },
    async beforeTurn(): Promise<void> {
      if (crossing === null) return;
      crossing.turns -= 1;
      if (crossing.turns >= 0) return;
      const { work } = crossing;
      crossing = null;
      await work();
    },
  };
}

/** Empties the tables; every now and then makes new files of them. */
function createSweep(db: Db): () => Promise<void> {
  let swept = 0;
  return async () => {
    swept += 1;
    const statement = swept % TRUNCATED_EVERY === 0 ? TRUNCATED : EMPTIED;
    await statement.execute(db);
  };
}

export async function openSimulationGround(): Promise<SimulationGround> {
  const life = createLife();
  const crossing = createCrossing();
  const jobs = createSimulatedJobs(() => ground.now);
  const database = await openQuickDatabase({
    beforeTurn: crossing.beforeTurn,
    beforeStatement: () => life.step(),
    committed() {
      jobs.committed();
      life.step();
    },
    rolledBack: () => jobs.rolledBack(),
  });
  const sweep = createSweep(database.db);
  const blobs = createSimulatedBlobs(life);
  const keys = createSimulatedKeys(life);
  const doubled: string[] = [];
  const pipeline = await openTestPipeline({
    pacs: mortalPacs(life, () => ground.pacs, doubled),
    start: false,
    now: () => new Date(ground.now),
    tools: { blobs, keys },
    ground: { database, failures: [], jobs: jobs as unknown as Jobs, close: database.close },
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
    crossAt: crossing.at,
    async clear() {
      crossing.at(0, null);
      doubled.splice(0);
      jobs.clear();
      blobs.held.clear();
      keys.living.clear();
      pipeline.lines.splice(0);
      await sweep();
    },
    async close() {
      await database.close();
      await pipeline.close();
    },
  };
  return ground;
}
