/** The meter of the lab sees the work of a thread, and nothing but its work. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { measureTurns, type Collection, type Turn } from './measure-turns.ts';

const threadCpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

function workFor(ms: number): void {
  for (const end = threadCpuMs() + ms; threadCpuMs() < end; );
}

const kindOf = (entry: PerformanceEntry): number =>
  (entry as PerformanceEntry & { readonly detail: { readonly kind: number } }).detail.kind;

/** The turns during `work`, which happens in one of them. */
async function turnsOf(work: () => void): Promise<readonly Turn[]> {
  const said: (Turn | Collection)[] = [];
  const stop = measureTurns((measured) => said.push(measured));
  await setImmediate();
  work();
  await setImmediate();
  await setImmediate();
  stop();
  return said.filter((one) => one.event === 'turn');
}

test('a turn that works for 80 ms is told with these milliseconds', async () => {
  const [longest] = (await turnsOf(() => workFor(80))).toSorted((a, b) => b.cpuMs - a.cpuMs);
  assert.ok(longest!.cpuMs >= 80, `${longest!.cpuMs} ms`);
});

test('work that leaves the thread to others in between is told as several turns', async () => {
  const said: (Turn | Collection)[] = [];
  const stop = measureTurns((measured) => said.push(measured));
  for (let count = 0; count < 4; count += 1) {
    await setImmediate();
    workFor(20);
  }
  await setImmediate();
  await setImmediate();
  stop();
  const long = said.filter((one) => one.event === 'turn' && one.cpuMs >= 20);
  assert.is(long.length, 4, JSON.stringify(said));
});

test('a thread that waits for two seconds, as one does whose core is taken, is not told to have worked', async () => {
  const turns = await turnsOf(() => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000));
  const worked = turns.map(({ cpuMs }) => cpuMs);
  assert.ok(Math.max(0, ...worked) < 80, `${worked}`);
});

test('garbage collection is told apart', async () => {
  const said: (Turn | Collection)[] = [];
  const stop = measureTurns((measured) => said.push(measured));
  let held: unknown[] = [];
  while (!said.some(({ event }) => event === 'collection')) {
    held = Array.from({ length: 100_000 }, (_, at) => [at, held.length]);
    await setImmediate();
  }
  stop();
  assert.ok(said.some(({ event, fromMs, toMs }) => event === 'collection' && toMs > fromMs));
});

test('garbage of young objects is a part of the work that makes it', async () => {
  const young: PerformanceEntry[] = [];
  const own = new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      if (kindOf(entry) === constants.NODE_PERFORMANCE_GC_MINOR && entry.duration >= 1) young.push(entry);
  });
  const said: (Turn | Collection)[] = [];
  const stop = measureTurns((measured) => said.push(measured));
  own.observe({ entryTypes: ['gc'] });
  const kept: unknown[] = [];
  while (young.length === 0) {
    for (let at = 0; at < 20_000; at += 1) kept.push([at]);
    await setImmediate();
  }
  await setImmediate();
  own.disconnect();
  stop();
  const told = said.filter(({ event }) => event === 'collection').map(({ fromMs }) => fromMs);
  assert.equal(
    young.filter(({ startTime }) => told.includes(startTime)),
    [],
  );
});

test('the meter keeps nothing awake', async () => {
  const source = `import { measureTurns } from ${JSON.stringify(new URL('./measure-turns.ts', import.meta.url))}; measureTurns(() => {});`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  assert.is(code, 0);
});

test.run();
