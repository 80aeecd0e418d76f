import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { collectGarbage } from './collect-garbage.ts';

const test = suite('garbage of a thread');
const MUCH = 2_000_000;

test('is collected at once where a task has left much', async () => {
  const before = getHeapStatistics().used_heap_size;
  let left: readonly object[] = Array.from({ length: MUCH }, (_, at) => ({ at }));
  const first = new WeakRef(left[0]!);
  assert.ok(getHeapStatistics().used_heap_size > before + 48 * 1024 ** 2);
  left = [];
  // The target of a new weak reference stays until the job is over.
  await setImmediate();
  collectGarbage();
  assert.equal([left.length, first.deref()], [0, undefined]);
});

test.run();
