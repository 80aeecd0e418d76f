/**
 * The ports of the simulated gateway: a life that ends when the test says so, and jobs, blobs, keys and a PACS
 * in memory that take part in it.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Jobs } from '../jobs/jobs.ts';
import type { StudyKeys } from '../pipeline/stores/study-key.ts';
import type { PipelineQueue } from '../pipeline/plan/stages.ts';
import { BlobDamaged, type BlobKey, type Blobs } from '../ports/blobs/blobs.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import type { TestPacs } from '../testing/open-pacs.ts';

/** The gateway's process has died, and all its work with it. */
export class Killed extends Error {}

export type Life = {
  /** Something is about to be done, or was. Throws Killed when the time has come, and ever after. */
  step(): void;
  /** The life ends before the nth thing that is done from now on. */
  endAt(nth: number): void;
  /** Another process begins. True: the last one was killed. */
  begin(): boolean;
};

export function createLife(): Life {
  let left = Infinity;
  let isOver = false;
  return {
    step() {
      left -= 1;
      isOver ||= left < 0;
      if (isOver) throw new Killed('killed');
    },
    endAt(nth) {
      left = nth;
    },
    begin() {
      const was = isOver;
      left = Infinity;
      isOver = false;
      return was;
    },
  };
}

export type SimulatedJob = {
  readonly queue: PipelineQueue;
  readonly data: object;
  readonly key: string;
  dueAt: number;
};

/** Jobs as jobs.ts promises them: there when their transaction is committed, one that waits for each key. */
export function createSimulatedJobs(now: () => number) {
  let unsaid: SimulatedJob[] = [];
  const waiting: SimulatedJob[] = [];
  const past: SimulatedJob[] = [];
  /** Queue and key of each running job: no other job of that key runs at the same time. */
  const active = new Set<string>();
  const add = (job: SimulatedJob): void => {
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
    declare: async (): Promise<void> => undefined,
    enqueue,
    add,
    committed: () => unsaid.splice(0).forEach(add),
    rolledBack() {
      unsaid = [];
    },
    clear() {
      for (const list of [unsaid, waiting, past]) list.length = 0;
    },
  };
}

export type SimulatedBlobs = Blobs & { readonly held: Map<string, { key: string; bytes: Uint8Array }> };

/** Blobs that open under the key under which they were written, and are damaged under any other. */
export function createSimulatedBlobs(life: Life): SimulatedBlobs {
  const held: SimulatedBlobs['held'] = new Map();
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
    async truncate(id, _key, size) {
      life.step();
      const blob = held.get(id);
      if (blob) blob.bytes = blob.bytes.slice(0, size);
    },
    sync: async () => life.step(),
    async open(id, key) {
      const blob = held.get(id);
      if (!blob) return null;
      const { bytes } = blob;
      const read = (offset: number, length: number): Uint8Array => {
        if (blob.key !== nameOf(key)) throw new BlobDamaged(id, 0);
        return new Uint8Array(bytes.subarray(offset, offset + length));
      };
      return {
        size: bytes.length,
        read: async (offset, length) => read(offset, length),
        close: async () => undefined,
        async *stream({ offset, length }) {
          yield read(offset, length);
        },
      };
    },
    adopt: async () => false,
    async remove(id) {
      life.step();
      held.delete(id);
    },
    ids: async () => [...held.keys()],
    freeBytes: async () => 2 ** 40,
  };
}

export type SimulatedKeys = StudyKeys & { readonly living: Map<string, string> };

/** The name of a key is what the database keeps of it. */
export function createSimulatedKeys(life: Life): SimulatedKeys {
  const living = new Map<string, string>();
  const nameOf = (wrapped: Uint8Array): string => Buffer.from(wrapped).toString('hex');
  return {
    living,
    async create(studyId) {
      const wrapped = randomBytes(16);
      living.set(nameOf(wrapped), studyId);
      return wrapped;
    },
    unwrap: (studyId, wrapped) =>
      living.get(nameOf(wrapped)) === studyId ? Buffer.concat([wrapped, wrapped]) : null,
    async destroy(wrapped) {
      life.step();
      living.delete(nameOf(wrapped));
    },
    async sweep(named) {
      const known = new Set(named.map(nameOf));
      for (const name of living.keys()) if (!known.has(name)) living.delete(name);
    },
  };
}

/**
 * A process that dies hears no answer, whether the PACS did what it was asked or not. `doubled` gets what is
 * handed to a PACS that has it.
 */
export function mortalPacs(life: Life, current: () => TestPacs, doubled: string[]): Pacs {
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
    digestsOf: null,
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
    searchStudies: mortal((pacs) => pacs.searchStudies),
    givesInstances: mortal((pacs) => pacs.givesInstances),
  };
}
