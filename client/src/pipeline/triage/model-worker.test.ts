/**
 * The worker of the models: whatever it does, the page learns of it in time and the next image gets a new
 * one.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Examination } from './examination.ts';
import {
  createModelWorker,
  EXAMINE_MS,
  IMAGES_A_WORKER,
  KEEP_AGAIN_MS,
  type FromModelWorker,
  type ModelWorkerPort,
} from './model-worker.ts';
import { valuesOf } from '../../testing/values-of.ts';
import { failureOf } from '../../testing/failure-of.ts';

const EXAMINED = { triage: { runtime: 'a runtime' } } as unknown as Examination;
const REF = { kind: 'file', file: new Blob([]) } as const;
const never = new AbortController().signal;

/** `conduct`: a worker's reaction to a question; its answer comes in a later turn of the event loop. */
function open(conduct: (worker: ModelWorkerPort, nth: number) => FromModelWorker | 'silent' | 'dies') {
  const life = { spawned: 0, ended: 0 };
  const timers: { work: () => void; ms: number }[] = [];
  const clock = { now: 0 };
  const worker = createModelWorker({
    now: () => clock.now,
    spawn() {
      life.spawned += 1;
      const nth = life.spawned;
      const port: ModelWorkerPort = {
        onmessage: null,
        onerror: null,
        postMessage() {
          const said = conduct(port, nth);
          if (said === 'dies') queueMicrotask(() => port.onerror?.({} as ErrorEvent));
          else if (said !== 'silent')
            queueMicrotask(() => port.onmessage?.({ data: said } as MessageEvent<FromModelWorker>));
        },
        terminate() {
          life.ended += 1;
        },
      };
      return port;
    },
    later(work, ms) {
      const timer = { work, ms };
      timers.push(timer);
      return () => {
        timers.splice(timers.indexOf(timer), 1);
      };
    },
  });
  return { worker, life, timers, clock };
}

test('it is ended after some images, because the memory of the runtime only grows', async () => {
  const { worker, life, timers } = open(() => ({ kind: 'examined', examined: EXAMINED }));
  for (let image = 0; image < IMAGES_A_WORKER + 1; image += 1)
    assert.is(await worker.examine(REF, never), EXAMINED);
  assert.equal(life, { spawned: 2, ended: 1 });
  assert.is(timers.length, 0, 'no timer is left behind');
});

test('a worker that dies, or reports a fault, fails this image alone', async () => {
  for (const [said, name] of [
    ['dies', 'WorkerEnded'],
    [{ kind: 'fault', name: 'RangeError' }, 'RangeError'],
  ] as const) {
    const { worker, life } = open((_, nth) => (nth === 1 ? said : { kind: 'examined', examined: EXAMINED }));
    assert.is((await failureOf(worker.examine(REF, never))).name, name);
    assert.equal(life, { spawned: 1, ended: 1 });
    assert.is(await worker.examine(REF, never), EXAMINED);
  }
});

test('a silent worker is ended after its time', async () => {
  const { worker, life, timers } = open(() => 'silent');
  const asked = failureOf(worker.examine(REF, never));
  assert.equal(valuesOf(timers, 'ms'), [EXAMINE_MS]);
  timers[0]!.work();
  assert.is((await asked).name, 'TimedOut');
  assert.is(life.ended, 1);
});

test('models that could not be fetched are not requested again for some minutes', async () => {
  const { worker, life, clock } = open((_, nth) =>
    nth === 1 ? { kind: 'fault', name: 'PartMissing' } : { kind: 'kept' },
  );
  for (const now of [0, KEEP_AGAIN_MS - 1]) {
    clock.now = now;
    assert.is((await failureOf(worker.keep(never))).name, 'PartMissing');
  }
  assert.is(life.spawned, 1);
  clock.now = KEEP_AGAIN_MS;
  await worker.keep(never);
  assert.is(life.spawned, 2);
});

test('removing a study from the page ends its examination', async () => {
  const { worker, life } = open(() => 'silent');
  const abort = new AbortController();
  const asked = failureOf(worker.examine(REF, abort.signal));
  abort.abort();
  assert.is((await asked).name, 'AbortError');
  assert.is(life.ended, 1);
});

test.run();
