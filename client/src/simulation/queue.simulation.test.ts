/**
 * The device's state machine: two tabs name, pack, send and decide over one database, in any order, late and
 * twice, while pages die between any two writes, the disk is full at any of them, and the browser clears all
 * of it. After each step: every copy that was called safe is here until its receipt, no row is orphaned, and
 * the numbers agree with the rows. In the end each study that needs no person has come to its end.
 *
 * Slow for a unit test: hundreds of days of a device pass in it.
 */
import { test } from 'uvu';
import { IS_WHOLE_PROOF } from '#testing/environment.ts';
import { runSequences, SEED } from '#testing/run-sequences.ts';
import { SimulatedDevice } from './simulated-device.ts';
import { check, checkEnd, look } from './device-invariants.ts';
import { sequence, type Step } from './device-steps.ts';
import { makeSealingKeys, type TestKeys } from '../testing/open-queue.ts';

/** The whole proof takes about 20 s on one core; the gate plays a fifth of it. */
const FLOOR = IS_WHOLE_PROOF ? 750 : 150;

async function live(keys: TestKeys, steps: readonly Step[]): Promise<void> {
  const device = new SimulatedDevice(keys);
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

test(`whatever happens on a device, a copy that it called safe stays until its receipt: I15 (RELAY_SEED=${SEED})`, async () => {
  const keys = await makeSealingKeys();
  await runSequences({ sequences: sequence, live: (steps) => live(keys, steps), floor: FLOOR });
});

test.run();
