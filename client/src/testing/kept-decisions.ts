/** Decisions of before Send, as a device keeps them. */
import * as assert from 'uvu/assert';
import { PATIENCE_MS } from '#testing/environment.ts';
import type { TestDevice } from './open-queue.ts';

/** Their rows, sealed. */
export const keptOn = ({ database }: TestDevice) =>
  database.device.where('name').startsWith('decision/').toArray();

/** `old`: others were kept before, and go one by one until a new one is kept. */
export async function untilKept(device: TestDevice, count: number, old?: ReadonlySet<string>): Promise<void> {
  const isIt = async () => {
    const kept = await keptOn(device);
    return kept.length === count && (old === undefined || kept.some(({ name }) => !old.has(name)));
  };
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end && !(await isIt())) await new Promise((next) => setTimeout(next));
  assert.is((await keptOn(device)).length, count);
}
