/**
 * A page that dies while the models are at work is remembered by the next one; after three of them the models
 * rest, and only for a week.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createCautiousWorker, DEATHS_LIMIT, REST_MS } from './cautious-worker.ts';
import type { Examination } from './examination.ts';
import type { ModelWorker } from './model-worker.ts';
import { ownStorage } from '../../testing/own-storage.ts';

const EXAMINED = {} as Examination;
const REF = { kind: 'file', file: new Blob([]) } as const;
const never = new AbortController().signal;
const answers = async (): Promise<Examination> => EXAMINED;

/** A device: its storage and its clock outlive the pages. */
function openDevice() {
  const kept = new Map<string, string>();
  const device = { now: 1_000_000_000_000, isTaken: false };
  function openPage(examine: ModelWorker['examine']) {
    const leaving: (() => void)[] = [];
    const worker = createCautiousWorker(
      { examine, keep: async () => undefined, rest: () => undefined },
      {
        place: ownStorage(kept),
        locks: {
          request: async (_: string, __: unknown, work: (lock: unknown) => unknown) =>
            work(device.isTaken ? null : {}),
        } as unknown as LockManager,
        now: () => device.now,
        onLeaving: (work) => void leaving.push(work),
      },
    );
    return {
      look: () =>
        worker.examine(REF, never).then(
          () => 'looked',
          (error: Error) => error.name,
        ),
      leave() {
        for (const work of leaving) work();
      },
    };
  }
  /** The page begins to look and is gone before it is answered. */
  const die = async (): Promise<void> => {
    void openPage(() => new Promise(() => undefined)).look();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { kept, device, openPage, die };
}

test('after three pages have died in a week the models rest on this device, and are tried again a week later', async () => {
  const { device, openPage, die, kept } = openDevice();
  for (let death = 1; death < DEATHS_LIMIT; death += 1) await die();
  assert.is(await openPage(answers).look(), 'looked', 'two deaths are no reason');
  await die();
  for (let time = 0; time < 2; time += 1) assert.is(await openPage(answers).look(), 'PageDied');
  device.now += REST_MS - 1;
  assert.is(await openPage(answers).look(), 'PageDied');
  device.now += 1;
  assert.is(await openPage(answers).look(), 'looked');
  assert.is(kept.size, 0, 'nothing is left of it');
});

test('neither a fault of the models nor leaving the page counts as a death', async () => {
  const { openPage, kept } = openDevice();
  for (let time = 0; time < 2 * DEATHS_LIMIT; time += 1) {
    assert.is(await openPage(() => Promise.reject(new RangeError('a fault'))).look(), 'RangeError');
    const page = openPage(() => new Promise(() => undefined));
    void page.look();
    await new Promise((resolve) => setImmediate(resolve));
    assert.is(kept.size, 1);
    page.leave();
    page.leave();
  }
  assert.is(await openPage(answers).look(), 'looked');
});

test('while another tab is at work, the note belongs to that tab', async () => {
  const { device, openPage, die, kept } = openDevice();
  await die();
  const before = [...kept];
  device.isTaken = true;
  const page = openPage(answers);
  for (let time = 0; time < 2 * DEATHS_LIMIT; time += 1) assert.is(await page.look(), 'looked');
  page.leave();
  assert.equal([...kept], before);
});

test('neither a malformed note in storage nor forbidden storage keeps a model from running', async () => {
  const { openPage, kept, die } = openDevice();
  await die();
  const [key] = kept.keys();
  for (const text of ['', 'null', '7', '{"deaths":"many","since":"now"}', '{"deaths":[null,"x"]}']) {
    kept.set(key!, text);
    assert.is(await openPage(answers).look(), 'looked', text);
  }
  const forbidden = createCautiousWorker(
    { examine: answers, keep: async () => undefined, rest: () => undefined },
    {
      place: {
        getItem: () => null,
        setItem: () => {
          throw new DOMException('no', 'SecurityError');
        },
        removeItem: () => undefined,
      },
      locks: {
        request: async (_: string, __: unknown, work: (lock: unknown) => unknown) => work({}),
      } as unknown as LockManager,
      now: () => 0,
      onLeaving: () => undefined,
    },
  );
  assert.is(await forbidden.examine(REF, never), EXAMINED);
});

test.run();
