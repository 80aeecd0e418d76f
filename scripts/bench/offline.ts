/**
 * A browser that has never been here, over a link of 300 ms and 10 Mbit/s: from its first request until the app works
 * without a network. The ratio is that time ÷ its budget. With `--before=FOLDER` the built app of that checkout is
 * measured too.
 */
import { forkShapedLink } from '#testing/shaped-link-process.ts';
import { openOwnWorld, type OwnWorld } from '#testing/world.ts';
import { keptFiles } from '../../client/src/testing/kept-files.ts';
import type { BenchRow, BenchOptions } from './row.ts';

const LINK = { roundTripMs: 300, bitsPerSecond: 10_000_000 };
const BUDGET_MS = 8_000;

/** Runs in the page: milliseconds since its first request. */
async function untilOffline(): Promise<number> {
  await navigator.serviceWorker.ready;
  return Math.round(performance.now());
}

async function install(world: OwnWorld): Promise<{ ms: number; files: number; bytes: number }> {
  const link = await forkShapedLink({ ...LINK, targetPort: Number(new URL(world.gateway.web).port) });
  try {
    const page = await (await world.openBrowser()).newPage();
    await page.goto(`http://127.0.0.1:${link.port}/`);
    const ms = await page.evaluate(untilOffline);
    return { ms, files: await page.evaluate(keptFiles), bytes: (await link.counts()).down };
  } finally {
    await link.stop();
  }
}

async function measure(name: string, root: string | null): Promise<BenchRow> {
  const world = await openOwnWorld(root === null ? {} : { root });
  try {
    const { ms, files, bytes } = await install(world);
    return { name, ratio: ms / BUDGET_MS, 'ready (ms)': ms, 'files kept': files, 'bytes sent': bytes };
  } finally {
    await world.close();
  }
}

export async function benchOffline(
  _say: (line: string) => void,
  { before }: BenchOptions,
): Promise<readonly BenchRow[]> {
  const now = await measure('offline', null);
  return before === null ? [now] : [now, await measure('offline, before', before)];
}
