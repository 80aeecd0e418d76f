/**
 * The device's state machine: two tabs name, pack, send and decide over one database, in any order, late and
 * twice, while pages die between any two writes, the disk is full at any of them, and the browser clears it
 * all. After each step: what was called safe is here until its receipt, nothing belongs to nobody, the
 * numbers are those of the rows. In the end whatever can go on by itself has come to its end.
 *
 * Slow for a unit test (some 30 s): thousands of days of a device pass in it.
 */
import { test } from 'uvu';
import { runSequences, SEED } from '#testing/run-sequences.ts';
import { ModelDevice } from './simulated-device.ts';
import { check, checkEnd, look } from './device-invariants.ts';
import { sequence, type Step } from './device-steps.ts';
import { makeSealingKeys, type TestKeys } from '../testing/open-queue.ts';

async function live(keys: TestKeys, steps: readonly Step[]): Promise<void> {
  const device = new ModelDevice(keys);
  await device.openTab();
  await device.openTab();
  try {
    let before = await look(device);
    for (const step of steps) {
      await device.take(step);
      const now = await look(device);
      check(device, before, now, step.do === 'evict');
      before = now;
    }
    await device.settle();
    const end = await look(device);
    check(device, before, end, false);
    checkEnd(device, end);
  } finally {
    await device.close();
  }
}

test(`whatever happens on a device, what it called safe is there until its receipt: I15 (RELAY_SEED=${SEED})`, async () => {
  const keys = await makeSealingKeys();
  await runSequences(sequence, (steps) => live(keys, steps));
});

test.run();
