/**
 * The list of studies with a year's worth in it, on a tablet's window with the processor slowed four times: how
 * long a search takes from the key to the drawn answer, how long the list takes to open, and the longest task of the
 * page's thread meanwhile. The ratio is the
 * slowest search ÷ its budget.
 */
import type { Page } from 'playwright-core';
import { filesOf, sendStudy, signIn, untilInstalled } from '#testing/app-page.ts';
import { openOwnWorld } from '#testing/world.ts';
import type { BenchRow } from './row.ts';

const FINISHED = 1_000;
const QUEUED = 200;
const SLOWED = 4;
const SEARCH_BUDGET_MS = 100;
/** Letters as they are typed: most find many studies, some one, some none. */
const TYPED = ['1', '1.', '1.2', '1.2.9', '1.2.99', '1.2.999', 'c', 'ct', 'ct 1.2.7', 'nobody', ''];
const PATIENCE_MS = 120_000;

type Row = Readonly<Record<string, unknown>>;

/** Runs in the page: writes finished and paused studies beside the one that is here. */
async function fill([finished, queued]: readonly [number, number]): Promise<void> {
  const asked = indexedDB.open('relaypacs');
  await new Promise((resolve) => asked.addEventListener('success', resolve));
  const change = asked.result.transaction('studies', 'readwrite');
  const studies = change.objectStore('studies');
  const all = studies.getAll();
  all.addEventListener('success', () => {
    const { title: _, label: _label, ...study } = (all.result as Row[])[0]!;
    for (let nth = 0; nth < finished + queued; nth += 1) {
      const isDone = nth < finished;
      const at = Date.now() - nth * 600_000;
      const own = isDone
        ? { state: 'done', completedAt: at, receiptId: crypto.randomUUID() }
        : { state: 'safe', paused: true };
      const named = { id: crypto.randomUUID(), studyInstanceUID: `1.2.${nth}`, queuedAt: at, title: null };
      studies.put({ ...study, ...named, ...own });
    }
  });
  await new Promise((resolve) => change.addEventListener('complete', resolve));
  asked.result.close();
}

/** Runs in the page: the milliseconds from an input to the frame that shows its answer. */
async function search(text: string): Promise<number> {
  const field = document.querySelector<HTMLInputElement>('.finder-text input')!;
  const begun = performance.now();
  field.value = text;
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  await new Promise<void>((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - begun;
}

/** Runs in the page, before what is measured: the tasks of its thread that take more than 50 ms. */
function watchTasks(): void {
  const tasks: number[] = [];
  const note = (entries: readonly PerformanceEntry[]) =>
    tasks.push(...entries.map(({ duration }) => duration));
  const observer = new PerformanceObserver((list) => void note(list.getEntries()));
  observer.observe({ type: 'longtask' });
  Object.assign(globalThis, { benchTasks: tasks });
}

const longTasks = (page: Page): Promise<number[]> =>
  page.evaluate(() => (globalThis as unknown as { benchTasks: number[] }).benchTasks);

async function openList(page: Page): Promise<number> {
  const begun = performance.now();
  await page.getByRole('link', { name: /^Studies/ }).click();
  // Only rows in sight and near it are drawn.
  await page.locator('.queue-row').nth(10).waitFor();
  return performance.now() - begun;
}

export async function benchDayList(say: (line: string) => void): Promise<BenchRow> {
  const app = await openOwnWorld();
  try {
    const context = await app.openBrowser();
    const page = context.pages()[0]!;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(app.address);
    await signIn(page);
    await untilInstalled(page);
    app.link.cut();
    await sendStudy(page, filesOf({ seed: 98, series: 1, instancesPerSeries: 1 }));
    say(`listing ${FINISHED} finished and ${QUEUED} queued studies …`);
    await page.evaluate(fill, [FINISHED, QUEUED] as const);
    await page.goto(app.address);
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
    await page.evaluate(watchTasks);
    const openMs = await openList(page);
    const searches: number[] = [];
    for (const text of TYPED) searches.push(await page.evaluate(search, text));
    const slowest = Math.max(...searches);
    const tasks = await longTasks(page);
    return {
      name: 'browser, list of studies',
      ratio: slowest / SEARCH_BUDGET_MS,
      studies: FINISHED + QUEUED,
      searches: searches.length,
      slowestSearchMs: Math.round(slowest),
      openMs: Math.round(openMs),
      longestTaskMs: tasks.length === 0 ? 'below 50' : Math.round(Math.max(...tasks)),
      tasksOver50: tasks.length,
    };
  } finally {
    await app.close();
  }
}
