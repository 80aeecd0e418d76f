/**
 * 10 000 instances chosen, parsed, queued and listed in Chromium, on a tablet's window with the processor
 * slowed four times: how long the tasks of the page's thread were, how large its heap grew, and how evenly
 * the list scrolled. The ratio is the worst of the four figures ÷ its budget: up to 1 all of them hold.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { signIn, untilInstalled, untilPolicyKnown } from '#testing/app-page.ts';
import { testEnvironment } from '#testing/environment.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openOwnWorld } from '#testing/world.ts';
import { mainThreadTasks, type TraceEvent } from './main-thread-tasks.ts';
import type { BenchRow } from './row.ts';

const INSTANCES = 10_000;
const SERIES = 20;
const SIDE = 64;
const SLOWED = 4;
const BUDGET = { taskMs: 50, longestMs: 150, heapMB: 300, frameMs: 33 } as const;
const HEAP_EVERY_MS = 250;
const LOOK_EVERY_MS = 500;
const MIDDLE = { x: 400, y: 600 } as const;
const formatCount = (count: number): string => new Intl.NumberFormat('en-GB').format(count);
const SCROLL_MS = 6_000;
/** Minutes, because the processor is slowed; reached only when something hangs. */
const PATIENCE_MS = 480_000;

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

/** The browser's tasks while `work` ran. */
async function tracing(session: CDPSession, work: () => Promise<void>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      recordMode: 'recordAsMuchAsPossible',
      includedCategories: ['toplevel', '__metadata'],
      excludedCategories: ['*'],
    },
  });
  await work();
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
  await session.send('Tracing.end');
  await complete;
  return events;
}

/** The largest heap of the page's thread while `work` runs, in MB. */
async function watchingHeap(session: CDPSession, work: () => Promise<void>): Promise<number> {
  await session.send('Performance.enable');
  let largest = 0;
  let isOver = false;
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const { metrics } = await session.send('Performance.getMetrics');
      largest = Math.max(largest, metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0);
      await new Promise((resolve) => setTimeout(resolve, HEAP_EVERY_MS));
    }
  };
  const watching = watch();
  await work().finally(() => (isOver = true));
  await watching;
  return largest / 1e6;
}

/** The time between frames while a finger scrolls the list from its top, in milliseconds. */
async function scrollFrames(page: Page, session: CDPSession): Promise<number[]> {
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

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

const round = (value: number): number => Math.round(value * 10) / 10;

type Walk = { readonly readMs: number; readonly queueMs: number; readonly frames: readonly number[] };

/** Looked for now and then, by the simplest means: the cost of measuring counts as the page's own. */
async function untilShown(page: Page, selector: string, text = ''): Promise<void> {
  const isShown = (wanted: readonly [string, string]): boolean =>
    document.querySelector(wanted[0])?.textContent?.includes(wanted[1]) ?? false;
  await page.waitForFunction(isShown, [selector, text] as const, { polling: LOOK_EVERY_MS });
}

/**
 * As a file manager drops it: the page gets a handle, the same that the picker of folders gives which the app
 * opens in this browser, and which no tool can answer. An `<input>` that takes a folder has Chromium make ten
 * thousand files in one task of seconds before the page sees the first.
 */
async function dropFolder(page: Page, session: CDPSession, folder: string): Promise<void> {
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  const drag = (type: 'dragEnter' | 'dragOver' | 'drop') =>
    session.send('Input.dispatchDragEvent', { type, ...MIDDLE, data });
  // Until the page says that it takes it.
  for (await drag('dragEnter'); (await page.locator('.drop-veil').count()) === 0; await drag('dragOver'))
    await page.waitForTimeout(LOOK_EVERY_MS);
  await drag('drop');
  await untilShown(page, 'main.upload .reading, .send-bar');
}

/** Acts as a person: brings the folder, presses Send, opens the study and scrolls through its instances. */
async function walk(
  page: Page,
  session: CDPSession,
  folder: string,
  say: (line: string) => void,
): Promise<Walk> {
  say('choosing and reading …');
  const startedAt = performance.now();
  await dropFolder(page, session, folder);
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

export async function benchBrowser(say: (line: string) => void): Promise<readonly BenchRow[]> {
  const { chromium } = testEnvironment();
  if (chromium === null) throw new Error('there is no Chromium');
  const app = await openOwnWorld();
  try {
    const folder = join(app.folder, 'study');
    say(`writing ${INSTANCES} instances …`);
    await writeStudy(folder);
    const context = await app.openBrowser();
    const page = context.pages()[0]!;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(app.address);
    await signIn(page);
    await untilInstalled(page);
    await untilPolicyKnown(page);
    // Only the device is measured: the link would add work at the same time.
    app.link.cut();
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
    let seen: Walk | null = null;
    let heapMB = 0;
    const events = await tracing(session, async () => {
      heapMB = await watchingHeap(session, async () => {
        seen = await walk(page, session, folder, say);
      });
    });
    return [toRow(mainThreadTasks(events), heapMB, seen!)];
  } finally {
    await app.close();
  }
}
