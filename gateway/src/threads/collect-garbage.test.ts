import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { collectGarbage } from './collect-garbage.ts';

const test = suite('garbage of a thread');
/** Objects of some 30 bytes. */
const MUCH = 4_000_000;
const MUCH_BYTES = 96 * 1024 ** 2;

test('is collected at once where a task has left much', async () => {
  let left: readonly object[] = Array.from({ length: MUCH }, (_, at) => ({ at }));
  const first = new WeakRef(left[0]!);
  assert.ok(getHeapStatistics().used_heap_size > MUCH_BYTES);
  left = [];
  // The target of a new weak reference stays until the job is over.
  await setImmediate();
  collectGarbage();
  assert.equal([left.length, first.deref()], [0, undefined]);
});

test.run();
