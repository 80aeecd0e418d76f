/** Ending what an earlier start left behind must never end a process of someone else. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { endProcess, isStillRunning, noteProcess } from './processes.ts';

const sleeper = (): ReturnType<typeof spawn> =>
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });

/** Says so once its program runs, and does not end when it is asked to. */
const speaker = (): ReturnType<typeof spawn> =>
  spawn(process.execPath, [
    '-e',
    "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)",
  ]);

test('a process that was noted is recognised and ended', async () => {
  const child = sleeper();
  const ended = once(child, 'exit');
  const noted = await noteProcess(child.pid!);
  assert.ok(noted && (await isStillRunning(noted)));
  assert.is(await endProcess(noted, 2_000), true);
  await ended;
  assert.is(await isStillRunning(noted), false);
  assert.is(await endProcess(noted, 2_000), false, 'once');
});

test('one that has only begun is the same when its program runs', async () => {
  const children = Array.from({ length: 20 }, speaker);
  const noted = await Promise.all(children.map(({ pid }) => noteProcess(pid!)));
  for (const [index, child] of children.entries()) {
    await once(child.stdout!, 'data');
    assert.ok(noted[index] && (await isStillRunning(noted[index])), String(index));
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});

test('another process that was given the same id is left alone', async () => {
  const child = sleeper();
  const noted = await noteProcess(child.pid!);
  const earlier = {
    pid: noted!.pid,
    mark: noted!.mark.replace(/^\d+/, (startedAt) => String(Number(startedAt) - 1)),
  };
  assert.is(await endProcess(earlier, 100), false);
  assert.ok(await isStillRunning(noted!));
  child.kill('SIGKILL');
  await once(child, 'exit');
});

test('one that will not end is killed', async () => {
  const child = speaker();
  await once(child.stdout!, 'data');
  const noted = await noteProcess(child.pid!);
  assert.is(await endProcess(noted!, 200), true);
  assert.is(child.signalCode ?? (await once(child, 'exit'))[1], 'SIGKILL');
});

test.run();
