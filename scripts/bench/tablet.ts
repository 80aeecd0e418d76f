/** A tablet's window on the app whose link is cut, and what is seen of it from outside. */
import type { CDPSession, Page } from 'playwright-core';
import { signIn, untilInstalled, untilPolicyKnown } from '#testing/app-page.ts';
import { testEnvironment } from '#testing/environment.ts';
import { openOwnWorld, type OwnWorld } from '#testing/world.ts';
import type { TraceEvent } from './main-thread-tasks.ts';

const HEAP_EVERY_MS = 250;
const LOOK_EVERY_MS = 500;
const MIDDLE = { x: 400, y: 600 } as const;
/** Minutes, because the processor is slowed; reached only when something hangs. */
const PATIENCE_MS = 480_000;

export type Tablet = { readonly app: OwnWorld; readonly page: Page; readonly session: CDPSession };

/** Signed in, on the page that takes files. Only the device is measured: the link would add work at the same time. */
export async function openTablet(): Promise<Tablet> {
  const { chromium } = testEnvironment();
  if (chromium === null) throw new Error('there is no Chromium');
  const app = await openOwnWorld();
  try {
    const context = await app.openBrowser();
    const page = context.pages()[0]!;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(app.address);
    await signIn(page);
    await untilInstalled(page);
    await untilPolicyKnown(page);
    app.link.cut();
    return { app, page, session: await context.newCDPSession(page) };
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** The browser's tasks while `work` ran. */
export async function tracing(session: CDPSession, work: () => Promise<void>): Promise<TraceEvent[]> {
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
export async function watchingHeap(session: CDPSession, work: () => Promise<void>): Promise<number> {
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

/** Looked for now and then, by the simplest means: the cost of measuring counts as the page's own. */
export async function untilShown(page: Page, selector: string, text = ''): Promise<void> {
  const isShown = (wanted: readonly [string, string]): boolean =>
    document.querySelector(wanted[0])?.textContent?.includes(wanted[1]) ?? false;
  await page.waitForFunction(isShown, [selector, text] as const, { polling: LOOK_EVERY_MS });
}

/**
 * Drops a folder or a file as a file manager does: the page gets a handle, the same that the picker of folders gives
 * which the app opens in this browser, and which no tool can answer. An `<input>` that takes a folder has Chromium
 * make ten thousand files in one task of seconds before the page sees the first. Returns the moment of the drop.
 */
export async function drop(page: Page, session: CDPSession, path: string): Promise<number> {
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  const drag = (type: 'dragEnter' | 'dragOver' | 'drop') =>
    session.send('Input.dispatchDragEvent', { type, ...MIDDLE, data });
  // Until the page says that it takes it.
  for (await drag('dragEnter'); (await page.locator('.drop-veil').count()) === 0; await drag('dragOver'))
    await page.waitForTimeout(LOOK_EVERY_MS);
  const at = performance.now();
  await drag('drop');
  return at;
}
