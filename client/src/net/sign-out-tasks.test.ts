import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSignOutTasks } from './sign-out-tasks.ts';

test('tasks are finished before sign-out; those that fail or do not answer in time are counted', async () => {
  const due: (() => void)[] = [];
  const tasks = createSignOutTasks((work) => {
    due.push(work);
  });
  assert.is(await tasks.finishAll(), 0, 'nothing waits, so nobody is held up');
  let kept = 0;
  const remove = tasks.add(async () => {
    kept += 1;
    return true;
  });
  assert.is(await tasks.finishAll(), 0);
  tasks.add(async () => false);
  tasks.add(() => Promise.reject(new Error('away')));
  tasks.add(() => new Promise(() => undefined));
  const all = tasks.finishAll();
  await turn();
  for (const isDue of due) isDue();
  assert.equal([await all, kept], [3, 2]);
  remove();
  const rest = tasks.finishAll();
  await turn();
  for (const isDue of due) isDue();
  assert.equal([await rest, kept], [3, 2], 'a task that was removed does not run');
});

test('a sign-out that is held up is no leave: what the page keeps of its person stays as it is', async () => {
  const tasks = createSignOutTasks(() => undefined);
  let left = 0;
  tasks.onLeave(() => {
    left += 1;
  });
  tasks.add(async () => false);
  assert.equal([await tasks.finishAll(), left], [1, 0]);
  tasks.leave();
  assert.is(left, 1);
});

test.run();
