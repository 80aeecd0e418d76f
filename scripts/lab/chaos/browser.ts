/**
 * A real Chromium whose profile outlives it, with two tabs of the app that are kept open as long as they are
 * wanted, and what can be done to it from outside: tabs and renderers end, the whole of it is killed, its
 * service workers are stopped and called, its clock and its room change.
 */
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { signIn, untilInstalled } from '#testing/app-page.ts';
import { openProfile } from '#testing/inspect-page.ts';
import { shiftClock, type ShiftedClock } from '#testing/shift-clock.ts';
import { PATIENCE_MS, within } from './device-now.ts';

const TABS = 2;
const TAG = 'relaypacs-queue';
const LOOK_AGAIN_MS = 400;
const DAY_MS = 86_400_000;

export type BrowserFaults = {
  reload(random: () => number): Promise<boolean>;
  /** Its renderer dies, or it is closed. */
  killTab(random: () => number): Promise<boolean>;
  closeTabs(): Promise<void>;
  killBrowser(): Promise<void>;
  stopWorkers(): Promise<boolean>;
  /** The browser gives the service worker its time. */
  sync(): Promise<void>;
  /**
   * The clock of the pages and their workers is so many days beside the true one, also in tabs that are
   * opened later.
   */
  setClock(days: number): Promise<void>;
  /** The browser gives the app only so many bytes more than it has; null: as many as there are. */
  limit(bytes: number | null): Promise<boolean>;
  /** From now on two tabs are kept open. */
  want(): void;
};

export type ChaosBrowser = BrowserFaults & { readonly tabs: readonly Page[]; close(): Promise<void> };

export type BrowserPlace = {
  readonly chromium: string;
  readonly profile: string;
  readonly address: string;
  readonly clockDays: number;
  readonly onSpawn: (pid: number) => Promise<void>;
};

/** The browser's own process of this profile, by the lock that it holds: `HOST-PID`. */
async function pidOf(profile: string): Promise<number | null> {
  const holder = await readlink(join(profile, 'SingletonLock')).catch(() => null);
  const pid = Number(holder?.split('-').at(-1));
  if (!Number.isInteger(pid) || pid <= 0) return null;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes(profile) ? pid : null;
}

/** One life of the browser. `outside` looks at it from a window that is not the app's. */
type Life = { readonly context: BrowserContext; readonly outside: CDPSession; registrationId: string | null };

async function openLife({ chromium, profile, address, onSpawn }: BrowserPlace): Promise<Life> {
  const context = await openProfile(chromium, profile);
  context.setDefaultTimeout(PATIENCE_MS);
  const pid = await pidOf(profile);
  if (pid !== null) await onSpawn(pid);
  const outside = await context.newCDPSession(context.pages()[0] ?? (await context.newPage()));
  const life: Life = { context, outside, registrationId: null };
  outside.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    const ours = registrations.find(({ scopeURL, isDeleted }) => scopeURL.startsWith(address) && !isDeleted);
    life.registrationId = ours?.registrationId ?? life.registrationId;
  });
  await outside.send('ServiceWorker.enable');
  return life;
}

/**
 * A tab in which files can be chosen. Throws where it cannot come so far now: no session and no network, a
 * browser that dies.
 */
async function openTab(
  { context }: Life,
  address: string,
  clockMs: number,
): Promise<readonly [Page, ShiftedClock]> {
  const tab = await context.newPage();
  tab.on('crash', () => void tab.close().catch(() => undefined));
  try {
    const clock = await shiftClock(tab, clockMs);
    await tab.goto(address);
    const [choosing, asking] = [
      tab.getByRole('button', { name: 'Choose files' }),
      tab.getByLabel('User name'),
    ];
    await choosing.or(asking).first().waitFor();
    if (await asking.isVisible()) await signIn(tab);
    await within(untilInstalled(tab));
    return [tab, clock];
  } catch (error) {
    await tab.close().catch(() => undefined);
    throw error;
  }
}

const pick = <T>(of: readonly T[], random: () => number): T | undefined =>
  of[Math.floor(random() * of.length)];

/** Opens it with a first tab; the second one follows. */
export async function openChaosBrowser(place: BrowserPlace): Promise<ChaosBrowser> {
  const { profile, address } = place;
  let life: Life | null = null;
  let tabs: Page[] = [];
  const clocks = new WeakMap<Page, ShiftedClock>();
  let [isWanted, isClosed, clockMs] = [true, false, place.clockDays * DAY_MS];

  async function openAnother(): Promise<void> {
    if (life === null) {
      const opened = await openLife(place);
      opened.context.on('close', () => life === opened && ((life = null), (tabs = [])));
      life = opened;
    }
    const [tab, clock] = await openTab(life, address, clockMs);
    clocks.set(tab, clock);
    tab.on('close', () => (tabs = tabs.filter((other) => other !== tab)));
    tabs.push(tab);
  }

  /** What cannot be opened now is tried again. */
  async function keepOpen(): Promise<void> {
    while (!isClosed) {
      if (isWanted && tabs.length < TABS) await openAnother().catch(() => undefined);
      await after(LOOK_AGAIN_MS);
    }
  }

  await openAnother();
  const keeping = keepOpen();

  return {
    get tabs() {
      return tabs;
    },
    async reload(random) {
      const tab = pick(tabs, random);
      void tab?.reload({ waitUntil: 'commit' }).catch(() => undefined);
      return tab !== undefined;
    },
    async killTab(random) {
      const tab = pick(tabs, random);
      // The renderer's crash is never answered.
      if (random() < 0.5)
        void tab
          ?.context()
          .newCDPSession(tab)
          .then((debug) => debug.send('Page.crash'))
          .catch(() => undefined);
      else void tab?.close().catch(() => undefined);
      return tab !== undefined;
    },
    async closeTabs() {
      isWanted = false;
      await Promise.all(tabs.map((tab) => tab.close().catch(() => undefined)));
    },
    async killBrowser() {
      isWanted = false;
      const pid = await pidOf(profile);
      if (pid !== null) process.kill(pid, 'SIGKILL');
      while (life !== null) await after(LOOK_AGAIN_MS);
    },
    stopWorkers: async () =>
      (await life?.outside.send('ServiceWorker.stopAllWorkers').then(
        () => true,
        () => false,
      )) ?? false,
    async sync() {
      const registrationId = life?.registrationId ?? null;
      if (registrationId === null) return;
      await life?.outside
        .send('ServiceWorker.dispatchSyncEvent', {
          origin: address,
          registrationId,
          tag: TAG,
          lastChance: false,
        })
        .catch(() => undefined);
    },
    async setClock(days) {
      clockMs = days * DAY_MS;
      await Promise.all(tabs.map((tab) => clocks.get(tab)?.set(clockMs)));
    },
    async limit(bytes) {
      const [tab] = tabs;
      const usage = await tab
        ?.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0)
        .catch(() => undefined);
      if (usage === undefined || life === null) return false;
      const size = bytes === null ? {} : { quotaSize: usage + bytes };
      return life.outside.send('Storage.overrideQuotaForOrigin', { origin: address, ...size }).then(
        () => true,
        () => false,
      );
    },
    want: () => void (isWanted = true),
    async close() {
      isClosed = true;
      await life?.context.close().catch(() => undefined);
      await keeping;
    },
  };
}
