/**
 * A full disk under the gateway's data: a small tmpfs, filled while studies are announced. Refusals must be
 * problems with words, nothing acknowledged may be lost, and work resumes once there is room.
 */
import { execFile } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { until } from '#testing/gateway-under-test.ts';
import { findFaults, openGateway, startLoad } from './kill.ts';

const SIZE = '160m';

/** Mounts a small disk; null where this user may not. */
export async function mountSmallDisk(folder: string): Promise<(() => Promise<void>) | null> {
  if (process.platform !== 'linux') return null;
  const mounted = await ignoreFailure(
    promisify(execFile)('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=0755`, 'tmpfs', folder]),
    'only root may',
  );
  if (mounted === undefined) return null;
  return async () => void (await promisify(execFile)('umount', ['-l', folder]));
}

export type FullDiskOutcome = {
  readonly acknowledged: number;
  /** How often each status was answered while the disk was full. */
  readonly refusals: ReadonlyMap<number, number>;
  /** Errors that the gateway did not expect. */
  readonly unexpected: readonly unknown[];
  readonly faults: readonly string[];
};

/** `folder` is the small disk. */
export async function fillDisk(folder: string): Promise<FullDiskOutcome> {
  const data = join(folder, 'data');
  const filler = join(folder, 'filler');
  const gateway = await openGateway(data);
  const load = await startLoad(gateway);
  const moreThan = (count: number) => () => load.acknowledged.size > count;
  try {
    await until('the load to begin', moreThan(20));
    load.refusals.clear();
    await fill(filler, folder);
    await until('a refusal', () => load.refusals.size > 0);
    const refusals = new Map(load.refusals);
    await rm(filler);
    await until('work to resume', moreThan(load.acknowledged.size + 20));
    await load.stop();
    return {
      acknowledged: load.acknowledged.size,
      refusals,
      unexpected: gateway.lines.filter(({ event }) => event === 'unexpected-error'),
      faults: await findFaults(data, load.acknowledged),
    };
  } finally {
    await load.stop();
    await gateway.stop();
  }
}

/** To the last byte. */
async function fill(filler: string, folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  // Fails for want of room, which is what it is for.
  await ignoreFailure(writeFile(filler, Buffer.alloc(bavail * bsize + 1)), 'then the disk is full');
}
