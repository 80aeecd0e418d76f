import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Task } from './device-tasks.ts';
import {
  createWorkerPool,
  PICTURE_MS,
  poolSize,
  TaskFault,
  type FromWorker,
  type PoolWorker,
  type ToWorker,
} from './worker-pool.ts';
import { valuesOf } from '../../../testing/values-of.ts';
import { failureOf } from '../../../testing/failure-of.ts';

const TASK: Task = { kind: 'thumbnail', ref: { kind: 'file', file: new Blob() }, maxSide: 1 };

/** Workers that answer when the test says so. */
function workers() {
  const spawned: (PoolWorker & {
    asked: ToWorker[];
    isEnded: boolean;
    answer(what?: Partial<FromWorker>): void;
  })[] = [];
  const spawn = (): PoolWorker => {
    const worker = {
      asked: [] as ToWorker[],
      isEnded: false,
      onmessage: null as PoolWorker['onmessage'],
      onerror: null as PoolWorker['onerror'],
      postMessage(message: ToWorker) {
        worker.asked.push(message);
      },
      terminate() {
        worker.isEnded = true;
      },
      answer(what: Partial<FromWorker> = { result: null }) {
        worker.onmessage?.({ data: { id: worker.asked.at(-1)!.id, ...what } } as MessageEvent<FromWorker>);
      },
    };
    spawned.push(worker);
    return worker;
  };
  return { spawned, spawn };
}

test('all cores but one work, one at least', () => {
  assert.equal([1, 2, 4, 64].map(poolSize), [1, 1, 3, 8]);
});

test('tasks wait for a free worker, and workers are used again', async () => {
  const { spawned, spawn } = workers();
  const pool = createWorkerPool(2, spawn);
  const { signal } = new AbortController();
  const results = [1, 2, 3].map(() => pool.run(TASK, signal));
  assert.is(spawned.length, 2);
  spawned[0]!.answer();
  await results[0];
  assert.is(spawned[0]!.asked.length, 2);
  spawned[0]!.answer();
  spawned[1]!.answer();
  await Promise.all(results);
  assert.is(spawned.length, 2);
});

test('workers are ended for the next person, a busy one after its task, and the next task starts another', async () => {
  const { spawned, spawn } = workers();
  const pool = createWorkerPool(2, spawn);
  const { signal } = new AbortController();
  const done = pool.run(TASK, signal);
  const running = pool.run(TASK, signal);
  spawned[0]!.answer();
  await done;
  pool.renew();
  assert.equal(valuesOf(spawned, 'isEnded'), [true, false]);
  const next = pool.run(TASK, signal);
  assert.is(spawned.length, 3);
  for (const worker of spawned.slice(1)) worker.answer();
  await Promise.all([running, next]);
  assert.equal(valuesOf(spawned, 'isEnded'), [true, true, false]);
});

test('a task that is cancelled ends its worker: a hostile file cannot keep a core', async () => {
  const { spawned, spawn } = workers();
  const pool = createWorkerPool(1, spawn);
  const abort = new AbortController();
  const hanging = pool.run(TASK, abort.signal);
  const waiting = pool.run(TASK, abort.signal);
  abort.abort(new Error('cancelled'));
  for (const each of [hanging, waiting]) assert.is((await failureOf(each)).message, 'cancelled');
  assert.ok(spawned[0]!.isEnded);
  const next = pool.run(TASK, new AbortController().signal);
  spawned[1]!.answer();
  assert.is(await next, null);
});

test('a picture that takes too long ends its worker, and its waiting time does not count', async () => {
  const { spawned, spawn } = workers();
  const limits: (AbortController & { ms?: number })[] = [];
  const timeout = (ms: number) => {
    limits.push(Object.assign(new AbortController(), { ms }));
    return limits.at(-1)!.signal;
  };
  const pool = createWorkerPool(1, spawn, timeout);
  const { signal } = new AbortController();
  const slow = pool.run(TASK, signal);
  const next = pool.run(TASK, signal);
  assert.equal(valuesOf(limits, 'ms'), [PICTURE_MS]);
  limits[0]!.abort(new DOMException('', 'TimeoutError'));
  assert.is((await failureOf(slow)).name, 'TimeoutError');
  assert.ok(spawned[0]!.isEnded);
  spawned[1]!.answer();
  assert.is(await next, null);
});

test('a worker that dies or reports a fault fails its task alone', async () => {
  const { spawned, spawn } = workers();
  const pool = createWorkerPool(1, spawn);
  const { signal } = new AbortController();
  const first = pool.run(TASK, signal);
  const second = pool.run(TASK, signal);
  spawned[0]!.onerror?.({ message: 'out of memory' } as ErrorEvent);
  const died = await failureOf(first);
  assert.equal([died instanceof TaskFault, died.name], [true, 'WorkerEnded']);
  spawned[1]!.answer({ fault: 'QuotaExceededError' });
  assert.is((await failureOf(second)).name, 'QuotaExceededError');
  assert.not(spawned[1]!.isEnded);
});

test('a worker whose script can no longer be fetched says nothing about the file', async () => {
  const { spawned, spawn } = workers();
  const task = createWorkerPool(1, spawn).run(TASK, new AbortController().signal);
  spawned[0]!.onerror?.(new Event('error') as ErrorEvent);
  assert.is((await failureOf(task)).name, 'WorkerMissing');
});

test.run();
