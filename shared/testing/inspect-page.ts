/**
 * The requirements for every page of the app, checked in a real browser: axe finds nothing (WCAG 2.2 AA and
 * its good practice), every control is as large as a gloved finger, nothing is wider than the window, no word is
 * broken in two; on demand in other languages too. Changes nothing on the page but its size and theme.
 */
import { createRequire } from 'node:module';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { untilAtRest } from './at-rest.ts';
import { createBrowserCoverage } from './browser-coverage.ts';
import { ACTION_MS, IS_WHOLE_PROOF } from './environment.ts';
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

/** A desk, a wide laptop, a laptop, a tablet, a phone, and the narrowest that is promised. */
export const WINDOWS = {
  desk: { width: 1920, height: 1080 },
  wide: { width: 1440, height: 900 },
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

/** Traces a context: its actions, requests and console lines are kept where the test fails (failures.ts). */
async function traced(context: BrowserContext): Promise<BrowserContext> {
  context.setDefaultTimeout(ACTION_MS);
  await context.tracing.start({ screenshots: false, snapshots: false });
  return context;
}

/**
 * A browser whose profile lies in `folder` and outlives it: what an installed app keeps over days and
 * restarts.
 */
export async function openProfile(executablePath: string, folder: string): Promise<BrowserContext> {
  const profile = await withCoverage((args) =>
    chromium.launchPersistentContext(folder, {
      executablePath,
      args,
      viewport: WINDOWS.tablet,
      locale: 'en-GB',
      reducedMotion: 'reduce',
      hasTouch: true,
    }),
  );
  return traced(profile);
}

export type VisitorOptions = {
  /** With its service worker, which keeps the app for a time without a network; most tests need none. */
  readonly isInstalled?: boolean;
};

/** A visitor whose device asks for less motion, so that nothing is measured while it moves. */
export async function openVisitor(
  browser: Browser,
  { isInstalled = false }: VisitorOptions = {},
): Promise<BrowserContext> {
  const visitor = await browser.newContext({
    viewport: WINDOWS.tablet,
    locale: 'en-GB',
    reducedMotion: 'reduce',
    hasTouch: true,
    acceptDownloads: true,
    serviceWorkers: isInstalled ? 'allow' : 'block',
  });
  return traced(visitor);
}

/** A label carries its control's target. */
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

/** Codes, and names and texts from a study, may be longer than a line. */
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

type AxeResult = { violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] };

async function axeFaults(rules: readonly string[]): Promise<string[]> {
  const { axe } = globalThis as unknown as {
    axe: { run(root: Document, options: unknown): Promise<AxeResult> };
  };
  const options = { runOnly: rules, resultTypes: ['violations'], selectors: false, preload: false };
  // A bar that follows the window covers something else at each place that the page is scrolled to: it is measured
  // where it lies in the page, for its distance from the window's edge would push a relative one over what follows.
  const following = [...document.body.querySelectorAll<HTMLElement>('*')].filter(
    (element) => getComputedStyle(element).position === 'sticky',
  );
  for (const { style } of following) Object.assign(style, { position: 'relative', inset: 'auto' });
  const { violations } = await axe.run(document, options);
  for (const { style } of following) Object.assign(style, { position: '', inset: '' });
  return violations.map(
    ({ id, nodes }) =>
      `axe ${id} (${nodes.length}): ${nodes[0]?.html.slice(0, 160)} ${nodes[0]?.failureSummary ?? ''}`,
  );
}

type Judged = { readonly size: boolean; readonly axe: boolean };
type Look = { readonly least: number; readonly rules: readonly string[] } & Judged;

/**
 * Changes nothing, not even the place that the page is scrolled to. Null: the page changed while it was looked at, or
 * axe would not look from its top.
 */
async function look({ least, rules, size, axe }: Look): Promise<string[] | null> {
  if (axe && scrollY > 0) return null;
  let isChanged = false;
  const observer = new MutationObserver(() => {
    isChanged = true;
  });
  observer.observe(document.body, { subtree: true, childList: true, characterData: true });
  const { scrollWidth, clientWidth } = document.documentElement;
  const tooWide = scrollWidth - clientWidth;
  const faults = size
    ? [
        ...(tooWide > 0 ? [`${tooWide} px wider than the window`] : []),
        ...smallTargets(least),
        ...brokenWords(),
      ]
    : [];
  if (axe) faults.push(...(await axeFaults(rules)));
  observer.disconnect();
  return isChanged ? null : faults;
}

/** Axe and the functions above, as a script: a page sees nothing of this file. */
async function lookingScript(): Promise<string> {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const functions = [smallTargets, brokenWords, axeFaults, look].map(String).join('\n');
  return `${axe}\n;globalThis.relayLook = (() => { ${functions}; return look; })();`;
}

type Looking = { readonly relayLook: typeof look };

/** Runs in the page. No look scrolls it: what a page draws where it is scrolled to would change beneath the look. */
const scrollToPlace = (top: number): void => scrollTo({ top, behavior: 'instant' });

/**
 * A page that changes meanwhile is looked at again. Axe looks from the top of the page: elsewhere some row or other
 * lies beneath the header. The page is scrolled there before it rests, as a long list draws other rows there.
 */
async function lookUnchanged(page: Page, judged: Judged): Promise<string[]> {
  for (const end = performance.now() + ACTION_MS; performance.now() < end; ) {
    const faults = await page.evaluate((what) => (globalThis as unknown as Looking).relayLook(what), {
      least: TARGET_PX,
      rules: RULES,
      ...judged,
    });
    if (faults !== null) return faults;
    if (judged.axe) await page.evaluate(scrollToPlace, 0);
    await untilAtRest(page);
  }
  return ['the page does not come to rest'];
}

/** The faults of a page at rest: in one look, or in two where it is scrolled; sizes are judged where it is. */
async function lookAtRest(page: Page, judged: Judged): Promise<string[]> {
  // Through the debugger: the page's own policy lets no foreign script in.
  if (!(await page.evaluate(() => 'relayLook' in globalThis))) await page.evaluate(await lookingScript());
  await untilAtRest(page);
  const top = await page.evaluate(() => scrollY);
  if (top === 0 || !judged.axe) return lookUnchanged(page, judged);
  const faults = judged.size ? await lookUnchanged(page, { size: true, axe: false }) : [];
  faults.push(...(await lookUnchanged(page, { size: false, axe: true })));
  await page.evaluate(scrollToPlace, top);
  await untilAtRest(page);
  return faults;
}

/**
 * Chooses the checks for a window and theme. Widths do not depend on the theme, and structure and contrast do
 * not depend on a few pixels. So every window is measured in the light theme, and axe checks the narrowest in
 * the light and a wide one in the dark theme.
 */
function isJudged(window: Window, theme: Theme): Judged {
  return { size: theme === 'light', axe: theme === 'light' ? window === 'narrow' : window === 'wide' };
}

type Inspection = {
  /** Takes a picture of each window and theme into it. */
  readonly folder: string | undefined;
  /** Measures longer words in both directions of writing as well (other-languages.ts). */
  readonly otherLanguages: boolean;
};

/**
 * Looks at the page once as it is; in the whole proof, or where pictures or other languages are asked for, in every
 * window and both themes. Ends in the tablet's window, light.
 */
export async function inspectPage(
  page: Page,
  name: string,
  { folder, otherLanguages }: Inspection,
): Promise<Fault[]> {
  if (!IS_WHOLE_PROOF && !otherLanguages && folder === undefined) {
    const found = await lookAtRest(page, { size: true, axe: true });
    return found.map((fault) => ({ page: name, window: 'as it is', theme: 'as it is', fault }));
  }
  const faults: Fault[] = [];
  if (folder) await mkdir(folder, { recursive: true });
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme });
    for (const [window, size] of Object.entries(WINDOWS) as [Window, (typeof WINDOWS)[Window]][]) {
      const judged = isJudged(window, theme);
      if (!judged.size && !judged.axe && folder === undefined) continue;
      await page.setViewportSize(size);
      const found = await lookAtRest(page, judged);
      if (judged.size && otherLanguages) found.push(...(await inOtherLanguages(page)));
      faults.push(...found.map((fault) => ({ page: name, window, theme, fault })));
      if (folder) await page.screenshot({ path: join(folder, `${name}-${window}-${theme}.png`) });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(WINDOWS.tablet);
  await untilAtRest(page);
  return faults;
}
