/**
 * What the model of the gateway stands on: the real pipeline and its routes on the real SQL, with ports in
 * memory, jobs that run when the test says so, and a life that ends wherever the test says so: before any
 * statement, commit, write or request.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { openQuickDatabase, type DatabaseHooks } from '../testing/open-quick-database.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { BlobKey, Blobs } from '../ports/blobs/blobs.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { runExpiry } from '../pipeline/eviction/run-expiry.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { ROAD, runParcel, runStudyStage } from '../pipeline/pipeline.ts';
import type { StudyKeys } from '../pipeline/study-key.ts';
import type { ParcelJob, PipelineQueue, StudyJob } from '../pipeline/stages.ts';

/** The gateway's process has died; nothing it was doing goes on. */
export class Killed extends Error {}

export type Life = {
  /** Something is about to be done, or was. Throws Killed when the time has come, and ever after. */
  step(): void;
  /** It ends before the nth thing that is done from now on. */
  endAt(nth: number): void;
  /** Another process begins. True: the last one was killed. */
  begin(): boolean;
};

function createLife(): Life {
  let [left, isOver] = [Infinity, false];
  return {
    step() {
      left -= 1;
      isOver ||= left < 0;
      if (isOver) throw new Killed('killed');
    },
    endAt: (nth) => void (left = nth),
    begin() {
      const was = isOver;
      [left, isOver] = [Infinity, false];
      return was;
    },
  };
}

export type ModelJob = {
  readonly queue: PipelineQueue;
  readonly data: object;
  readonly key: string;
  dueAt: number;
};

/** Jobs as jobs.ts promises them: there when their transaction is committed, one that waits for each key. */
function createModelJobs(now: () => number) {
  let unsaid: ModelJob[] = [];
  const waiting: ModelJob[] = [];
  const past: ModelJob[] = [];
  /** Queue and key of what runs: nothing else of that key runs beside it. */
  const active = new Set<string>();
  const add = (job: ModelJob): void => {
    const same = waiting.find(({ queue, key }) => queue === job.queue && key === job.key);
    if (same) same.dueAt = Math.min(same.dueAt, job.dueAt);
    else waiting.push(job);
  };
  const enqueue: Jobs['enqueue'] = async (
    _trx,
    queue,
    data,
    { key = randomUUID(), startAfterSeconds = 0 } = {},
  ) =>
    void unsaid.push({ queue: queue as PipelineQueue, data, key, dueAt: now() + startAfterSeconds * 1000 });
  return {
    waiting,
    past,
    active,
    enqueue,
    add,
    committed: () => unsaid.splice(0).forEach(add),
    rolledBack: () => void (unsaid = []),
    clear: () => [unsaid, waiting, past].forEach((list) => list.splice(0)),
  };
}

export type ModelBlobs = Blobs & { readonly held: Map<string, { key: string; bytes: Uint8Array }> };

/** Blobs that open under the key under which they were written, and as noise under any other. */
function createModelBlobs(life: Life): ModelBlobs {
  const held: ModelBlobs['held'] = new Map();
  const nameOf = (key: BlobKey): string => Buffer.from(key).toString('hex');
  return {
    held,
    async create(id) {
      life.step();
      if (!held.has(id)) held.set(id, { key: '', bytes: new Uint8Array() });
    },
    size: async (id) => held.get(id)?.bytes.length ?? null,
    async append(id, key, at, pieces) {
      let written = 0;
      for await (const piece of pieces) {
        life.step();
        const before = held.get(id)?.bytes;
        if (before === undefined) throw new Error('there is no such blob');
        if (before.length !== at + written) throw new Error('written beside the end of a blob');
        held.set(id, { key: nameOf(key), bytes: Buffer.concat([before, piece]) });
        written += piece.length;
      }
      return written;
    },
    async truncate(id, size) {
      life.step();
      const blob = held.get(id);
      if (blob) blob.bytes = blob.bytes.slice(0, size);
    },
    sync: async () => life.step(),
    async open(id, key) {
      const blob = held.get(id);
      if (!blob) return null;
      const bytes = blob.key === nameOf(key) ? blob.bytes : new Uint8Array(randomBytes(blob.bytes.length));
      return {
        size: bytes.length,
        read: async (offset, length) => new Uint8Array(bytes.subarray(offset, offset + length)),
        close: async () => undefined,
        async *stream({ offset, length }) {
          yield new Uint8Array(bytes.subarray(offset, offset + length));
        },
      };
    },
    async remove(id) {
      life.step();
      held.delete(id);
    },
    ids: async () => [...held.keys()],
    freeBytes: async () => 2 ** 40,
  };
}

export type ModelKeys = StudyKeys & { readonly living: Map<string, string> };

/** The name of a key is what the database keeps of it. */
function createModelKeys(life: Life): ModelKeys {
  const living = new Map<string, string>();
  const nameOf = (wrapped: Uint8Array): string => Buffer.from(wrapped).toString('hex');
  return {
    living,
    create(studyId) {
      const wrapped = randomBytes(16);
      living.set(nameOf(wrapped), studyId);
      return wrapped;
    },
    unwrap: (studyId, wrapped) =>
      living.get(nameOf(wrapped)) === studyId ? Buffer.concat([wrapped, wrapped]) : null,
    destroy(wrapped) {
      life.step();
      living.delete(nameOf(wrapped));
    },
    sweep(named) {
      const known = new Set(named.map(nameOf));
      for (const name of living.keys()) if (!known.has(name)) living.delete(name);
    },
  };
}

/**
 * A process that dies hears no answer, whether the PACS did what it was asked or not. `doubled` gets what is
 * handed to a PACS that has it.
 */
function mortalPacs(life: Life, current: () => TestPacs, doubled: string[]): Pacs {
  const mortal =
    <A extends readonly unknown[], R>(call: (pacs: TestPacs) => (...of: A) => Promise<R>) =>
    async (...of: A): Promise<R> => {
      life.step();
      const answer = await call(current())(...of);
      life.step();
      return answer;
    };
  return {
    describe: () => current().describe(),
    storeAnotherWay: null,
    probe: mortal((pacs) => pacs.probe),
    storeInstances: mortal((pacs) => (study, instances, signal) => {
      for (const { sopInstanceUID } of instances)
        if (pacs.held.has(sopInstanceUID) && pacs.lie !== 'down') doubled.push(sopInstanceUID);
      return pacs.storeInstances(study, instances, signal);
    }),

    findStudy: mortal((pacs) => pacs.findStudy),
    findInstances: mortal((pacs) => pacs.findInstances),
    readBack: mortal((pacs) => pacs.readBack),
    fetchInstance: mortal((pacs) => pacs.fetchInstance),
    describeStudy: mortal((pacs) => pacs.describeStudy),
  };
}

export type ModelGround = {
  readonly pipeline: TestPipeline;
  readonly life: Life;
  readonly jobs: ReturnType<typeof createModelJobs>;
  readonly blobs: ModelBlobs;
  readonly keys: ModelKeys;
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
 * Does the job as a worker does. What fails, or is killed, waits and is run again; `isOver`: it ran before,
 * and is run once more.
 */
export async function runJob(
  { pipeline: { tools }, jobs, now }: ModelGround,
  job: ModelJob,
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

export async function openModelGround(): Promise<ModelGround> {
  const life = createLife();
  let crossing: { turns: number; work: () => Promise<void> } | null = null;
  const jobs = createModelJobs(() => ground.now);
  const hooks: DatabaseHooks = {
    async beforeTurn() {
      if (crossing === null || (crossing.turns -= 1) >= 0) return;
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
  const [blobs, keys] = [createModelBlobs(life), createModelKeys(life)];
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
  const ground: ModelGround = {
    pipeline,
    life,
    jobs,
    blobs,
    keys,
    doubled,
    pacs: openTestPacs(),
    now: BEGIN,
    crossAt: (turns, work) => void (crossing = work && { turns, work }),
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
