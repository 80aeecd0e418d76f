/**
 * The requirements for every page of the app, checked in a real browser: axe finds nothing (WCAG 2.2 AA and
 * its good practice), every control is as large as a gloved finger, nothing is wider than the window, no word is
 * broken in two; on demand in other languages too. Changes nothing on the page but its size and theme.
 */
import { createRequire } from 'node:module';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserServer, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { createBrowserCoverage } from './browser-coverage.ts';
import { inOtherLanguages } from './other-languages.ts';

/**
 * For a Chromium that runs as root and has no screen, and does not call home. The last two spare each new visitor
 * work that no test looks at: compiling every script that the service worker stores, and a process in reserve.
 */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--v8-cache-options=none',
  '--disable-site-isolation-trials',
];
/** WCAG 2.2 2.5.5 asks for 44 px. */
const TARGET_PX = 44;
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** A laptop, a tablet, a phone, and the narrowest that is promised. */
export const WINDOWS = {
  laptop: { width: 1024, height: 768 },
  tablet: { width: 820, height: 1180 },
  phone: { width: 390, height: 844 },
  narrow: { width: 360, height: 740 },
} as const;
export const THEMES = ['light', 'dark'] as const;

export type Window = keyof typeof WINDOWS;
type Theme = (typeof THEMES)[number];
export type Fault = {
  readonly page: string;
  readonly window: string;
  readonly theme: string;
  readonly fault: string;
};

/** Starts a Chromium; where its coverage is asked for, it is collected until the browser is closed. */
async function withCoverage<T extends { close(): Promise<void> }>(
  launch: (args: string[]) => Promise<T>,
): Promise<T> {
  const coverage = await createBrowserCoverage();
  if (coverage === null) return launch(FLAGS);
  const browser = await launch([...FLAGS, coverage.flag]);
  await coverage.begin();
  const close = browser.close.bind(browser);
  browser.close = async () => {
    await coverage.collect();
    await close();
  };
  return browser;
}

export function openBrowser(executablePath: string): Promise<Browser> {
  return withCoverage((args) => chromium.launch({ executablePath, args }));
}

/** A browser that several processes use at once, each with contexts of its own. */
export function serveBrowser(executablePath: string): Promise<BrowserServer> {
  return withCoverage((args) => chromium.launchServer({ executablePath, args, host: '127.0.0.1' }));
}

/**
 * A browser whose profile lies in `folder` and outlives it: what an installed app keeps over days and
 * restarts.
 */
export function openProfile(executablePath: string, folder: string): Promise<BrowserContext> {
  return withCoverage((args) =>
    chromium.launchPersistentContext(folder, {
      executablePath,
      args,
      viewport: WINDOWS.tablet,
      locale: 'en-GB',
      reducedMotion: 'reduce',
      hasTouch: true,
    }),
  );
}

/** A visitor whose device asks for less motion, so that nothing is measured while it moves. */
export function openVisitor(browser: Browser): Promise<BrowserContext> {
  return browser.newContext({
    viewport: WINDOWS.tablet,
    locale: 'en-GB',
    reducedMotion: 'reduce',
    hasTouch: true,
    acceptDownloads: true,
  });
}

type AxeResult = { violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] };

/** Runs in the page. At its top: elsewhere some row or other lies beneath the header, which stays in sight. */
async function runAxe(values: readonly string[]): Promise<AxeResult['violations']> {
  const { axe } = globalThis as unknown as {
    axe: { run(root: Document, options: unknown): Promise<AxeResult> };
  };
  const top = scrollY;
  scrollTo({ top: 0, behavior: 'instant' });
  try {
    const options = { runOnly: values, resultTypes: ['violations'], selectors: false, preload: false };
    return (await axe.run(document, options)).violations;
  } finally {
    scrollTo({ top, behavior: 'instant' });
  }
}

async function axeFaults(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) {
    const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
    // Through the debugger: the page's own policy lets no foreign script in.
    await page.evaluate(await readFile(path, 'utf8'));
  }
  const violations = await page.evaluate(runAxe, RULES);
  return violations.map(
    ({ id, nodes }) =>
      `axe ${id} (${nodes.length}): ${nodes[0]?.html.slice(0, 160)} ${nodes[0]?.failureSummary ?? ''}`,
  );
}

/** Runs in the page: it sees nothing of this file. A label carries its control's target. */
function smallTargets(least: number): string[] {
  const controls = [
    ...document.querySelectorAll<HTMLElement>(
      'a[href], button, input:not([type=file]), summary, [role=button]',
    ),
  ];
  return controls
    .filter((control) => control.checkVisibility() && !control.closest('.skip'))
    .map((control) => [control, (control.closest('label') ?? control).getBoundingClientRect()] as const)
    .filter(([, box]) => box.width < least - 0.5 || box.height < least - 0.5)
    .map(
      ([control, box]) =>
        `target ${Math.round(box.width)} × ${Math.round(box.height)}: ${control.outerHTML.slice(0, 120)}`,
    );
}

/**
 * Chooses the checks for a window and theme. Widths do not depend on the theme, and structure and contrast do
 * not depend on a few pixels. So every window is measured in the light theme, and axe checks the narrowest in
 * the light and the widest in the dark theme.
 */
function isJudged(window: Window, theme: Theme): { readonly size: boolean; readonly axe: boolean } {
  return { size: theme === 'light', axe: theme === 'light' ? window === 'narrow' : window === 'laptop' };
}

type Inspection = {
  /** Takes a picture of each window and theme into it. */
  readonly folder: string | undefined;
  /** Measures longer words in both directions of writing as well (other-languages.ts). */
  readonly otherLanguages: boolean;
};

/** Looks at the page in every window and both themes. Ends in the tablet's window, light. */
export async function inspectPage(
  page: Page,
  name: string,
  { folder, otherLanguages }: Inspection,
): Promise<Fault[]> {
  const faults: Fault[] = [];
  if (folder) await mkdir(folder, { recursive: true });
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme });
    for (const [window, size] of Object.entries(WINDOWS) as [Window, (typeof WINDOWS)[Window]][]) {
      const judged = isJudged(window, theme);
      if (!judged.size && !judged.axe && folder === undefined) continue;
      await page.setViewportSize(size);
      const found = judged.size ? await sizeFaults(page) : [];
      if (judged.size && otherLanguages) found.push(...(await inOtherLanguages(page)));
      if (judged.axe) found.push(...(await axeFaults(page)));
      faults.push(...found.map((fault) => ({ page: name, window, theme, fault })));
      if (folder) await page.screenshot({ path: join(folder, `${name}-${window}-${theme}.png`) });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(WINDOWS.tablet);
  return faults;
}

/** Runs in the page. Codes, and names and texts from a study, may be longer than a line. */
function brokenWords(): string[] {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const broken: string[] = [];
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    const element = text.parentElement!;
    if (!element.checkVisibility() || element.closest('bdi, .code, code, pre, .skip')) continue;
    // For screen readers alone: its box is a single pixel.
    if (element.getBoundingClientRect().width < 2) continue;
    for (const { 0: word, index } of text.data.matchAll(/(?<!\S)\p{L}{2,14}(?=[.,:;?]?(\s|$))/gu)) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (lines.size > 1) broken.push(`“${word}” is broken in two: ${element.outerHTML.slice(0, 120)}`);
    }
  }
  return broken;
}

async function sizeFaults(page: Page): Promise<string[]> {
  const tooWide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  return [
    ...(tooWide > 0 ? [`${tooWide} px wider than the window`] : []),
    ...(await page.evaluate(smallTargets, TARGET_PX)),
    ...(await page.evaluate(brokenWords)),
  ];
}
