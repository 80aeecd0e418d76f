/**
 * A real Chromium whose profile outlives it, with two tabs of the app that stay open while they are wanted.
 * From outside, tabs and renderers end, the whole browser is killed, its service workers are stopped and
 * called, and its clock and its storage limit change.
 */
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { DAY_MS } from '#shared/day.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { signIn, untilInstalled } from '#testing/app-page.ts';
import { openProfile } from '#testing/inspect-page.ts';
import { shiftClock, type ShiftedClock } from '#testing/shift-clock.ts';
import { PATIENCE_MS, within } from './device-now.ts';

const TABS = 2;
const TAG = 'relaypacs-queue';
const LOOK_AGAIN_MS = 400;
const CONSOLE_LINES = 20;

export type BrowserFaults = {
  reload(random: () => number): Promise<boolean>;
  /** A tab's renderer dies, or the tab is closed. */
  killTab(random: () => number): Promise<boolean>;
  closeTabs(): Promise<void>;
  killBrowser(): Promise<void>;
  stopWorkers(): Promise<boolean>;
  /** The browser gives the service worker its time. */
  sync(): Promise<void>;
  /**
   * Moves the clock of the pages and their workers this many days from the true one, also in later tabs.
   */
  setClock(days: number): Promise<void>;
  /** Limits the app to this many bytes more than it uses now; null: no limit. */
  limit(bytes: number | null): Promise<boolean>;
  /** From now on two tabs are kept open. */
  want(): void;
};

export type ChaosBrowser = BrowserFaults & {
  readonly tabs: readonly Page[];
  /** The last lines that its pages wrote, of every life. */
  readonly consoleTail: readonly string[];
  close(): Promise<void>;
};

export type BrowserPlace = {
  readonly chromium: string;
  readonly profile: string;
  readonly address: string;
  readonly clockDays: number;
};

/** The browser's own process of this profile, by the lock that it holds: `HOST-PID`. */
async function pidOf(profile: string): Promise<number | null> {
  const holder = await readlink(join(profile, 'SingletonLock')).catch(() => null);
  const pid = Number(holder?.split('-').at(-1));
  if (!Number.isInteger(pid) || pid <= 0) return null;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes(profile) ? pid : null;
}

/** A life of the browser. `outside` debugs it from a window that is not the app's. */
type Life = { readonly context: BrowserContext; readonly outside: CDPSession; registrationId: string | null };

async function openLife({ chromium, profile, address }: BrowserPlace): Promise<Life> {
  const context = await openProfile(chromium, profile);
  context.setDefaultTimeout(PATIENCE_MS);
  const outside = await context.newCDPSession(context.pages()[0] ?? (await context.newPage()));
  const life: Life = { context, outside, registrationId: null };
  outside.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    const ours = registrations.find(({ scopeURL, isDeleted }) => scopeURL.startsWith(address) && !isDeleted);
    life.registrationId = ours?.registrationId ?? life.registrationId;
  });
  await outside.send('ServiceWorker.enable');
  return life;
}

/** A tab in which files can be chosen. Throws if it does not get there: no session, no network, a dead browser. */
async function openTab(
  { context }: Life,
  address: string,
  clockMs: number,
): Promise<readonly [Page, ShiftedClock]> {
  const tab = await context.newPage();
  tab.on('crash', () => void ignoreFailure(tab.close(), 'the tab may be gone'));
  try {
    const clock = await shiftClock(tab, clockMs);
    await tab.goto(address);
    const choosing = tab.getByRole('button', { name: 'Choose files' });
    const asking = tab.getByLabel('User name');
    await choosing.or(asking).first().waitFor();
    if (await asking.isVisible()) await signIn(tab);
    await within(untilInstalled(tab));
    return [tab, clock];
  } catch (error) {
    await ignoreFailure(tab.close(), 'the first failure is the one to tell');
    throw error;
  }
}

const pick = <T>(of: readonly T[], random: () => number): T | undefined =>
  of[Math.floor(random() * of.length)];

/** Opens it with a first tab; the second one follows. */
export async function openChaosBrowser(place: BrowserPlace): Promise<ChaosBrowser> {
  const browser = new KeptBrowser(place);
  await browser.open();
  return browser;
}

/** Keeps two tabs open for as long as they are wanted. */
class KeptBrowser implements ChaosBrowser {
  readonly #place: BrowserPlace;
  readonly #clocks = new WeakMap<Page, ShiftedClock>();
  #life: Life | null = null;
  #tabs: Page[] = [];
  #console: readonly string[] = [];
  #isWanted = true;
  #isClosed = false;
  #clockMs: number;
  #keeping: Promise<void> = Promise.resolve();

  constructor(place: BrowserPlace) {
    this.#place = place;
    this.#clockMs = place.clockDays * DAY_MS;
  }

  get tabs(): readonly Page[] {
    return this.#tabs;
  }

  get consoleTail(): readonly string[] {
    return this.#console;
  }

  async open(): Promise<void> {
    await this.#openAnother();
    this.#keeping = this.#keepOpen();
  }

  async reload(random: () => number): Promise<boolean> {
    const tab = pick(this.#tabs, random);
    if (tab) void ignoreFailure(tab.reload({ waitUntil: 'commit' }), 'the tab may end first');
    return tab !== undefined;
  }

  async killTab(random: () => number): Promise<boolean> {
    const tab = pick(this.#tabs, random);
    if (tab === undefined) return false;
    if (random() < 0.5) void ignoreFailure(crash(tab), 'a crash is never answered');
    else void ignoreFailure(tab.close(), 'the tab may be gone');
    return true;
  }

  async closeTabs(): Promise<void> {
    this.#isWanted = false;
    await Promise.all(this.#tabs.map((tab) => ignoreFailure(tab.close(), 'the tab may be gone')));
  }

  async killBrowser(): Promise<void> {
    this.#isWanted = false;
    const pid = await pidOf(this.#place.profile);
    if (pid !== null) process.kill(pid, 'SIGKILL');
    while (this.#life !== null) await after(LOOK_AGAIN_MS);
  }

  async stopWorkers(): Promise<boolean> {
    return this.#life !== null && succeeds(this.#life.outside.send('ServiceWorker.stopAllWorkers'));
  }

  async sync(): Promise<void> {
    const { outside, registrationId = null } = this.#life ?? {};
    if (!outside || registrationId === null) return;
    const event = { origin: this.#place.address, registrationId, tag: TAG, lastChance: false };
    await ignoreFailure(
      outside.send('ServiceWorker.dispatchSyncEvent', event),
      'the browser may end first; the next sync comes',
    );
  }

  async setClock(days: number): Promise<void> {
    this.#clockMs = days * DAY_MS;
    await Promise.all(this.#tabs.map((tab) => this.#clocks.get(tab)?.set(this.#clockMs)));
  }

  async limit(bytes: number | null): Promise<boolean> {
    const [tab] = this.#tabs;
    const usage = tab && (await usageOf(tab));
    if (usage === undefined || this.#life === null) return false;
    const size = bytes === null ? {} : { quotaSize: usage + bytes };
    const { address: origin } = this.#place;
    return succeeds(this.#life.outside.send('Storage.overrideQuotaForOrigin', { origin, ...size }));
  }

  want(): void {
    this.#isWanted = true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#life) await ignoreFailure(this.#life.context.close(), 'the browser may be gone');
    await this.#keeping;
  }

  async #openAnother(): Promise<void> {
    const life = this.#life ?? (await this.#begin());
    const [tab, clock] = await openTab(life, this.#place.address, this.#clockMs);
    this.#clocks.set(tab, clock);
    tab.on('close', () => {
      this.#tabs = this.#tabs.filter((other) => other !== tab);
    });
    this.#tabs.push(tab);
  }

  async #begin(): Promise<Life> {
    const life = await openLife(this.#place);
    this.#life = life;
    life.context.on('console', (message) => this.#note(`${message.type()}: ${message.text()}`));
    life.context.on('weberror', (error) => this.#note(`error: ${error.error().message}`));
    life.context.on('close', () => {
      if (this.#life !== life) return;
      this.#life = null;
      this.#tabs = [];
    });
    return life;
  }

  #note(line: string): void {
    this.#console = [...this.#console, `${new Date().toISOString()} ${line}`].slice(-CONSOLE_LINES);
  }

  /** A tab that cannot be opened now is tried again. */
  async #keepOpen(): Promise<void> {
    while (!this.#isClosed) {
      if (this.#isWanted && this.#tabs.length < TABS)
        await ignoreFailure(this.#openAnother(), 'it is tried again in a moment');
      await after(LOOK_AGAIN_MS);
    }
  }
}

async function crash(tab: Page): Promise<void> {
  const debug = await tab.context().newCDPSession(tab);
  await debug.send('Page.crash');
}

/** The bytes that the app uses; undefined if the tab does not answer. */
function usageOf(tab: Page): Promise<number | undefined> {
  return ignoreFailure(
    tab.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0),
    'the tab may be gone',
  );
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
