/**
 * A full disk under the gateway's data: a small tmpfs, filled while studies are announced. Refusals must be
 * problems with words, nothing acknowledged may be lost, and work resumes once there is room.
 */
import { execFile } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { until } from '#testing/gateway-under-test.ts';
import { findFaults, openGateway, startLoad } from './kill.ts';

const MAIN = fileURLToPath(new URL('../../../gateway/src/main.ts', import.meta.url));

/** The database, its reserve, and room above the floor under which nothing new is taken. */
const SIZE = '420m';

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
  /** The answers of `/health/ready` then, and once there was room again. */
  readonly ready: readonly number[];
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
    await until('many refusals', () => sum(load.refusals) > 200);
    const refusals = new Map(load.refusals);
    const full = await readyOf(gateway.api);
    await rm(filler);
    await until('work to resume', moreThan(load.acknowledged.size + 20));
    await load.stop();
    return {
      acknowledged: load.acknowledged.size,
      refusals,
      ready: [full, await readyOf(gateway.api)],
      unexpected: gateway.lines.filter(({ event }) => event === 'unexpected-error'),
      faults: await findFaults(data, load.acknowledged),
    };
  } finally {
    await load.stop();
    await gateway.stop();
  }
}

/** The first start on a disk without room: how it ends, and what it says to the person who started it. */
export async function startOnFullDisk(folder: string): Promise<{ code: number; words: string }> {
  await fill(join(folder, 'filler'), folder);
  const run = promisify(execFile)(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, RELAY_DATA_DIR: join(folder, 'first'), PACS_URL: 'http://127.0.0.1:9/' },
  });
  const ended: { code?: unknown; stderr?: unknown } = await run.catch((error: object) => error);
  await rm(join(folder, 'filler'));
  return { code: Number(ended.code ?? 0), words: String(ended.stderr) };
}

const sum = (counts: ReadonlyMap<number, number>): number =>
  [...counts.values()].reduce((all, count) => all + count, 0);

async function readyOf(api: string): Promise<number> {
  const answer = await fetch(`${api}/health/ready`);
  await answer.body?.cancel();
  return answer.status;
}

/** To the last byte. */
async function fill(filler: string, folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  // Fails for want of room, which is what it is for.
  await ignoreFailure(writeFile(filler, Buffer.alloc(bavail * bsize + 1)), 'then the disk is full');
}
