/**
 * 10 000 instances chosen, parsed, queued and listed in Chromium, on a tablet's window with the processor
 * slowed four times: how long the tasks of the page's thread were, how large its heap grew, and how evenly
 * the list scrolled. The ratio is the worst of the four figures ÷ its budget: up to 1 all of them hold.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { chooseRows } from './choose.ts';
import { mainThreadTasks } from './main-thread-tasks.ts';
import type { BenchOptions, BenchRow } from './row.ts';
import { drop, openTablet, tracing, untilShown, watchingHeap } from './tablet.ts';

const INSTANCES = 10_000;
const SERIES = 20;
const SIDE = 64;
const SLOWED = 4;
const BUDGET = { taskMs: 50, longestMs: 150, heapMB: 300, frameMs: 33 } as const;
const formatCount = (count: number): string => new Intl.NumberFormat('en-GB').format(count);
const SCROLL_MS = 6_000;

async function writeStudy(folder: string): Promise<void> {
  await mkdir(folder);
  const study = syntheticStudy({
    seed: 99,
    modality: 'CT',
    series: SERIES,
    instancesPerSeries: INSTANCES / SERIES,
    rows: SIDE,
    columns: SIDE,
  });
  for (const { fileName, bytes } of study.instances) await writeFile(join(folder, fileName), bytes);
}

/** The time between frames while a finger scrolls the list from its top, in milliseconds. */
export async function scrollFrames(page: Page, session: CDPSession): Promise<number[]> {
  await page.evaluate(() => {
    const frames: number[] = [];
    let last = performance.now();
    const note = (now: number) => {
      frames.push(now - last);
      last = now;
      requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
    Object.assign(globalThis, { benchFrames: frames });
  });
  const x = 400;
  const y = 800;
  const until = performance.now() + SCROLL_MS;
  while (performance.now() < until)
    await session.send('Input.synthesizeScrollGesture', {
      x,
      y,
      yDistance: -3_000,
      speed: 2_500,
      gestureSourceType: 'touch',
    });
  // The first one holds the time before anything moved.
  return page.evaluate(() => (globalThis as unknown as { benchFrames: number[] }).benchFrames.slice(1));
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

const round = (value: number): number => Math.round(value * 10) / 10;

type Walk = { readonly readMs: number; readonly queueMs: number; readonly frames: readonly number[] };

/** Acts as a person: brings the folder, presses Send, opens the study and scrolls through its instances. */
async function walk(
  page: Page,
  session: CDPSession,
  folder: string,
  say: (line: string) => void,
): Promise<Walk> {
  say('choosing and reading …');
  const startedAt = await drop(page, session, folder);
  await untilShown(page, 'main.upload .reading, .send-bar');
  await untilShown(page, '.send-button:not(:disabled)', formatCount(INSTANCES));
  const readAt = performance.now();
  say('queueing …');
  await page.locator('.send-button').click();
  await untilShown(page, 'main.queue h1');
  await untilShown(page, '.status-standing', 'You can close this page');
  const queuedAt = performance.now();
  say('listing and scrolling …');
  await page.locator('.queue-name a').first().click();
  await page.locator('details.instances summary').click();
  await untilShown(page, 'details.instances li');
  await page.locator('details.instances').scrollIntoViewIfNeeded();
  return {
    readMs: readAt - startedAt,
    queueMs: queuedAt - readAt,
    frames: await scrollFrames(page, session),
  };
}

function toRow(lengths: readonly number[], heapMB: number, { readMs, queueMs, frames }: Walk): BenchRow {
  const p999 = percentile(lengths, 0.999);
  const longest = percentile(lengths, 1);
  const p95 = percentile(frames, 0.95);
  const ratio = Math.max(
    p999 / BUDGET.taskMs,
    longest / BUDGET.longestMs,
    heapMB / BUDGET.heapMB,
    p95 / BUDGET.frameMs,
  );
  return {
    name: 'browser',
    ratio,
    tasks: lengths.length,
    task999Ms: round(p999),
    longestTaskMs: round(longest),
    tasksOver50: lengths.filter((ms) => ms > BUDGET.taskMs).length,
    heapMB: round(heapMB),
    frames: frames.length,
    frame95Ms: round(p95),
    readMs: Math.round(readMs),
    queueMs: Math.round(queueMs),
  };
}

export async function benchBrowser(
  say: (line: string) => void,
  { rows }: Pick<BenchOptions, 'rows'>,
): Promise<readonly BenchRow[]> {
  const isWanted = (name: string): boolean => rows.length === 0 || rows.includes(name);
  const measured = isWanted('browser') ? [await tenThousand(say)] : [];
  return [...measured, ...(await chooseRows(say, isWanted))];
}

async function tenThousand(say: (line: string) => void): Promise<BenchRow> {
  const { app, page, session } = await openTablet();
  try {
    const folder = join(app.folder, 'study');
    say(`writing ${INSTANCES} instances …`);
    await writeStudy(folder);
    await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
    let seen: Walk | null = null;
    let heapMB = 0;
    const events = await tracing(session, async () => {
      heapMB = await watchingHeap(session, async () => {
        seen = await walk(page, session, folder, say);
      });
    });
    return toRow(mainThreadTasks(events), heapMB, seen!);
  } finally {
    await app.close();
  }
}
