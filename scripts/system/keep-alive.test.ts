/** Promises to an operator when a part of the system dies. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keepAlive } from './keep-alive.ts';
import type { Child } from './keep-alive.ts';

type Fake = Child & { die: (how: string) => void };

/** A child that lives until it is told to die. */
function createChild(pid: number): Fake {
  let die: (how: string) => void = () => undefined;
  const exited = new Promise<string>((resolve) => (die = resolve));
  return { pid, exited, die, stop: async () => die('SIGTERM') };
}

/** Time that passes only when someone sleeps. */
function createTime() {
  const pauses: number[] = [];
  let now = 0;
  return {
    pauses,
    pass: (ms: number) => (now += ms),
    now: () => now,
    sleep: async (ms: number) => {
      pauses.push(ms);
      now += ms;
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a part that dies is started again', async () => {
  const time = createTime();
  const children: Fake[] = [];
  const said: string[] = [];
  const start = async (): Promise<Child> => {
    children.push(createChild(children.length));
    return children.at(-1)!;
  };
  const kept = await keepAlive({ name: 'The part', start, say: (line) => said.push(line), ...time });
  children[0]!.die('SIGKILL');
  await turn();
  assert.is(children.length, 2);
  assert.equal(said, ['The part ended (SIGKILL); starting it again.', 'The part runs again.']);
  await kept.stop();
});

test('a part that keeps dying is started less and less often, and at once again after it was healthy', async () => {
  const time = createTime();
  const children: Fake[] = [];
  const start = async (): Promise<Child> => {
    children.push(createChild(children.length));
    return children.at(-1)!;
  };
  const kept = await keepAlive({ name: 'The part', start, say: () => undefined, ...time });
  for (let death = 0; death < 8; death += 1) {
    children.at(-1)!.die('code 1');
    await turn();
  }
  assert.equal(time.pauses, [250, 1_000, 2_000, 5_000, 10_000, 30_000, 30_000, 30_000]);
  time.pass(60_000);
  children.at(-1)!.die('code 1');
  await turn();
  assert.is(time.pauses.at(-1), 250);
  await kept.stop();
});

test('a part that cannot be started at all is told at once', async () => {
  const start = async (): Promise<Child> => {
    throw new Error('the setting is wrong');
  };
  try {
    await keepAlive({ name: 'The part', start, say: () => undefined });
    assert.unreachable('it was kept');
  } catch (error) {
    assert.is((error as Error).message, 'the setting is wrong');
  }
});

test('ending it ends the part and starts no other', async () => {
  const children: Fake[] = [];
  const start = async (): Promise<Child> => {
    children.push(createChild(children.length));
    return children.at(-1)!;
  };
  const kept = await keepAlive({ name: 'The part', start, say: () => undefined, ...createTime() });
  await kept.stop();
  assert.is(await children[0]!.exited, 'SIGTERM');
  assert.is(children.length, 1);
});

test.run();
