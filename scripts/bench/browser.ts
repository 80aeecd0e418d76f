/**
 * 10 000 instances chosen, parsed, queued and listed in Chromium, on a tablet's window with the processor slowed four times (DESIGN §6): how long
 * the tasks of the page's thread were, how large its heap grew, and how evenly the list scrolled. The ratio is the worst of the four figures ÷
 * its budget: up to 1 all of them hold.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { openApp, signIn, untilInstalled } from '#testing/app-under-test.ts';
import { testEnvironment } from '#testing/environment.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import type { BenchRow } from '../bench.ts';
import { mainThreadTasks, type TraceEvent } from './main-thread-tasks.ts';

const INSTANCES = 10_000;
const SERIES = 20;
const SIDE = 64;
const SLOWED = 4;
const BUDGET = { taskMs: 50, longestMs: 150, heapMB: 300, frameMs: 33 } as const;
const HEAP_EVERY_MS = 250;
const SCROLL_MS = 6_000;
/** Minutes, because the processor is slowed; reached only when something hangs. */
const PATIENCE_MS = 480_000;

async function writeStudy(folder: string): Promise<void> {
  await mkdir(folder);
  const study = syntheticStudy({ seed: 99, modality: 'CT', series: SERIES, instancesPerSeries: INSTANCES / SERIES, rows: SIDE, columns: SIDE });
  for (const { fileName, bytes } of study.instances) await writeFile(join(folder, fileName), bytes);
}

/** The tasks of the page's thread while `work` runs, in milliseconds. */
async function tracing(session: CDPSession, work: () => Promise<void>): Promise<number[]> {
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { recordMode: 'recordAsMuchAsPossible', includedCategories: ['toplevel', '__metadata'], excludedCategories: ['*'] },
  });
  await work();
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
  await session.send('Tracing.end');
  await complete;
  return mainThreadTasks(events);
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
  const [x, y] = [400, 800];
  const until = performance.now() + SCROLL_MS;
  while (performance.now() < until) await session.send('Input.synthesizeScrollGesture', { x, y, yDistance: -3_000, speed: 2_500, gestureSourceType: 'touch' });
  // The first one holds the time before anything moved.
  return page.evaluate(() => (globalThis as unknown as { benchFrames: number[] }).benchFrames.slice(1));
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

const round = (value: number): number => Math.round(value * 10) / 10;

export async function benchBrowser(say: (line: string) => void): Promise<readonly BenchRow[]> {
  const { chromium } = testEnvironment();
  if (chromium === null) throw new Error('there is no Chromium');
  const app = await openApp(chromium);
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
    // What is measured is the device: the link would only add to what it does at the same time.
    app.link.cut();
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
    const times = { readMs: 0, queueMs: 0 };
    let frames: number[] = [];
    let heapMB = 0;
    const tasks = await tracing(session, async () => {
      heapMB = await watchingHeap(session, async () => {
        say('choosing and reading …');
        let started = performance.now();
        await page.locator('input[data-picks=folder]').first().setInputFiles(folder);
        await page.getByRole('button', { name: /^Send \d/ }).waitFor();
        await page.waitForFunction(() => document.querySelector('progress') === null);
        times.readMs = performance.now() - started;
        say('queueing …');
        started = performance.now();
        await page.getByRole('button', { name: /^Send \d/ }).click();
        await page.getByRole('heading', { name: 'Queue', level: 1 }).waitFor();
        await page.getByText('You can close this page', { exact: false }).first().waitFor();
        times.queueMs = performance.now() - started;
        say('listing and scrolling …');
        await page.locator('.queue-name a').first().click();
        await page.locator('details.instances summary').click();
        await page.locator('details.instances [role=listitem], details.instances li').first().waitFor();
        await page.locator('details.instances').scrollIntoViewIfNeeded();
        frames = await scrollFrames(page, session);
      });
    });
    const [p999, longest, p95] = [percentile(tasks, 0.999), percentile(tasks, 1), percentile(frames, 0.95)];
    const ratio = Math.max(p999 / BUDGET.taskMs, longest / BUDGET.longestMs, heapMB / BUDGET.heapMB, p95 / BUDGET.frameMs);
    return [{
      name: 'browser', ratio, tasks: tasks.length, task999Ms: round(p999), longestTaskMs: round(longest), tasksOver50: tasks.filter((ms) => ms > BUDGET.taskMs).length,
      heapMB: round(heapMB), frames: frames.length, frame95Ms: round(p95), readMs: Math.round(times.readMs), queueMs: Math.round(times.queueMs),
    }];
  } finally {
    await app.close();
  }
}
