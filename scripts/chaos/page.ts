/**
 * The first device: a real Chromium with a profile that outlives it, two tabs of the app and its service worker. Files are chosen one study
 * after the other, as a person does; a study counts as safe when the device's own database says so, and only then may the page die without
 * the same files being chosen again.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { signIn, untilInstalled } from '#testing/app-under-test.ts';
import { openProfile } from '#testing/inspect-page.ts';
import type { Queued, State, StateWriter } from './state.ts';
import type { World } from './world.ts';

const TABS = 2;
const TAG = 'relaypacs-queue';
/** What a loaded machine needs for a step of a person; a tab that takes longer is opened anew. */
const PATIENCE_MS = 45_000;
const LOOK_AGAIN_MS = 400;
const DAY_MS = 86_400_000;

/** A row of the device's own list of studies (client/src/pipeline/queue/local-database.ts). */
export type Row = {
  readonly id: string; readonly state: string; readonly packing: boolean; readonly waiting: string | null; readonly problem: string | null;
  readonly uploadId: string | null; readonly receiptId: string | null;
};
export type DeviceNow = { readonly studies: readonly Row[]; readonly records: number; readonly parcels: number };

export type PageDevice = {
  /** Chooses it as soon as it is its turn, and again until it is safe. */
  begin(study: Queued): void;
  reload(random: () => number): Promise<boolean>;
  /** Its renderer dies, or it is closed. */
  killTab(random: () => number): Promise<boolean>;
  closeTabs(): Promise<void>;
  killBrowser(): Promise<void>;
  stopWorkers(): Promise<boolean>;
  /** The browser gives the service worker its time. */
  sync(): Promise<void>;
  /** The page's clock is so many days beside the true one, also in tabs that are opened later. */
  setClock(days: number): Promise<void>;
  /** The browser gives the app only so many bytes more than it has; null: as many as there are. */
  limit(bytes: number | null): Promise<boolean>;
  /** From now on two tabs are kept open. */
  want(): void;
  /** Brings the state up to date with the device's own list. */
  look(): Promise<DeviceNow | null>;
  close(): Promise<void>;
};

/** A page that hangs answers nothing, not even that it hangs. */
async function within<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('the page does not answer')), PATIENCE_MS);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

/** Runs in the page: it sees nothing of this file. `Date` goes by a clock that is wrong; timers and durations do not. */
function shiftDate(ms: number): void {
  const scope = globalThis as unknown as { shiftedBy?: number };
  const wasShifted = scope.shiftedBy !== undefined;
  scope.shiftedBy = ms;
  if (wasShifted) return;
  const RealDate = Date;
  const now = (): number => RealDate.now() + (scope.shiftedBy ?? 0);
  class ShiftedDate extends RealDate {
    constructor(...of: readonly unknown[]) {
      super(...((of.length === 0 ? [now()] : of) as [number]));
    }
    static override now(): number {
      return now();
    }
  }
  globalThis.Date = ShiftedDate as DateConstructor;
}

/** Runs in the page. */
async function readDevice(): Promise<DeviceNow | null> {
  const done = <T>(request: IDBRequest<T>): Promise<T> => new Promise((resolve, reject) => ((request.onsuccess = () => resolve(request.result)), (request.onerror = () => reject(request.error))));
  if (!(await indexedDB.databases()).some(({ name }) => name === 'relaypacs')) return null;
  const database = await done(indexedDB.open('relaypacs'));
  try {
    const stores = database.transaction(['studies', 'records', 'parcels']);
    const rows = (await done(stores.objectStore('studies').getAll())) as Row[];
    const studies = rows.map(({ id, state, packing, waiting, problem, uploadId, receiptId }) => ({ id, state, packing, waiting, problem, uploadId, receiptId }));
    return { studies, records: await done(stores.objectStore('records').count()), parcels: await done(stores.objectStore('parcels').count()) };
  } finally {
    database.close();
  }
}

/** The browser's own process of this profile, by the lock that it holds: `HOST-PID`. */
async function pidOf(profile: string): Promise<number | null> {
  const holder = await readlink(join(profile, 'SingletonLock')).catch(() => null);
  const pid = Number(holder?.split('-').at(-1));
  if (!Number.isInteger(pid) || pid <= 0) return null;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes(profile) ? pid : null;
}

const pick = <T>(of: readonly T[], random: () => number): T | undefined => of[Math.floor(random() * of.length)];

const isSafe = (row: Row | undefined): boolean => row !== undefined && !row.packing && row.waiting !== 'interrupted' && row.state !== 'taken-back';

/** Unless it has arrived meanwhile. */
function noteSafe(study: Queued): void {
  if (study.state === 'chosen') study.state = 'safe';
}

export async function openPageDevice(chromium: string, world: World, state: State, writer: StateWriter): Promise<PageDevice> {
  const profile = join(world.folder, 'profile');
  let browser: BrowserContext | null = null;
  let outside: CDPSession | null = null;
  let registrationId: string | null = null;
  let tabs: Page[] = [];
  let [isWanted, isClosed, clockMs] = [true, false, state.pageClockDays * DAY_MS];

  async function openBrowser(): Promise<BrowserContext> {
    const opened = await openProfile(chromium, profile);
    opened.setDefaultTimeout(PATIENCE_MS);
    const pid = await pidOf(profile);
    if (pid !== null) await writer.note('browser', pid);
    const elsewhere = opened.pages()[0] ?? (await opened.newPage());
    outside = await opened.newCDPSession(elsewhere);
    outside.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      registrationId = registrations.find(({ scopeURL, isDeleted }) => scopeURL.startsWith(world.address) && !isDeleted)?.registrationId ?? registrationId;
    });
    await outside.send('ServiceWorker.enable');
    opened.on('close', () => browser === opened && ((browser = null), (tabs = [])));
    return opened;
  }

  async function openTab(): Promise<void> {
    browser ??= await openBrowser();
    const tab = await browser.newPage();
    tab.on('crash', () => void tab.close().catch(() => undefined));
    tab.on('close', () => (tabs = tabs.filter((other) => other !== tab)));
    try {
      await tab.addInitScript(shiftDate, clockMs);
      await tab.goto(world.address);
      const [choosing, asking] = [tab.getByRole('button', { name: 'Choose files' }), tab.getByLabel('User name')];
      await choosing.or(asking).first().waitFor();
      if (await asking.isVisible()) await signIn(tab);
      await within(untilInstalled(tab));
      tabs.push(tab);
    } catch (error) {
      await tab.close().catch(() => undefined);
      throw error;
    }
  }

  /** Keeps two tabs open, as long as they are wanted: what cannot be opened now (no session, no network) is tried again. */
  async function keepOpen(): Promise<void> {
    while (!isClosed) {
      if (isWanted && tabs.length < TABS) await openTab().catch(() => undefined);
      await after(LOOK_AGAIN_MS);
    }
  }

  async function deviceNow(): Promise<DeviceNow | null> {
    for (const tab of tabs) {
      const now = await within(tab.evaluate(readDevice)).catch(() => null);
      if (now !== null) return now;
    }
    return null;
  }

  async function setPolicy(tab: Page, policy: Queued['policy']): Promise<void> {
    const shown = tab.locator('button.policy');
    await shown.waitFor();
    const [said, choice] = policy === 'deidentified' ? ['Names are removed on this device', 'Remove names on this device'] : ['Unchanged: names are kept', 'Keep everything unchanged'];
    if ((await shown.innerText()).includes(said)) return;
    await shown.click();
    await tab.getByText(choice).click();
    await tab.getByRole('button', { name: 'Done' }).click();
  }

  /** As a person does it, up to the moment when the device has it in its list. Throws when the tab dies, or says that it cannot. */
  async function choose(study: Queued): Promise<void> {
    const tab = pick(tabs, () => ((study.number * 7 + study.chosen * 3) % 10) / 10);
    if (tab === undefined) throw new Error('no tab is open');
    await tab.evaluate(() => void (location.hash = '#/'));
    if (!(await tab.getByRole('button', { name: 'Choose files' }).isVisible())) await tab.reload();
    const folder = join(world.folder, 'studies', String(study.number));
    const files = (await readdir(folder)).map((name) => join(folder, name));
    const before = await within(tab.evaluate(readDevice));
    study.chosen += 1;
    await tab.locator('input[data-picks=files]').first().setInputFiles(files);
    const send = tab.getByRole('button', { name: /^Send \d/ });
    await send.waitFor();
    await setPolicy(tab, study.policy);
    await send.click();
    const known = new Set(before?.studies.map(({ id }) => id));
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await after(LOOK_AGAIN_MS)) {
      const now = await within(tab.evaluate(readDevice));
      const row = now?.studies.find(({ id }) => !known.has(id));
      if (row) study.row = row.id;
      if (isSafe(row)) return noteSafe(study);
      if (await tab.getByText('not enough room').isVisible()) break;
    }
    throw new Error('it did not become safe');
  }

  async function untilSafe(study: Queued): Promise<void> {
    while (!isClosed && study.state === 'chosen') {
      const row = study.row === null ? undefined : (await deviceNow())?.studies.find(({ id }) => id === study.row);
      // The tab died after its last byte was written: it is safe all the same.
      if (isSafe(row)) noteSafe(study);
      else await choose(study).catch(() => after(LOOK_AGAIN_MS));
    }
    await writer.write();
  }

  let turn: Promise<void> = Promise.resolve();
  await openTab();
  const keeping = keepOpen();

  return {
    begin(study) {
      if (study.state === 'chosen') turn = turn.then(() => untilSafe(study));
    },
    async reload(random) {
      const tab = pick(tabs, random);
      void tab?.reload({ waitUntil: 'commit' }).catch(() => undefined);
      return tab !== undefined;
    },
    async killTab(random) {
      const tab = pick(tabs, random);
      if (tab === undefined) return false;
      // The renderer's crash is never answered.
      if (random() < 0.5) void browser?.newCDPSession(tab).then((debug) => debug.send('Page.crash')).catch(() => undefined);
      else void tab.close().catch(() => undefined);
      return true;
    },
    async closeTabs() {
      isWanted = false;
      await Promise.all(tabs.map((tab) => tab.close().catch(() => undefined)));
    },
    async killBrowser() {
      isWanted = false;
      const pid = await pidOf(profile);
      if (pid !== null) process.kill(pid, 'SIGKILL');
      while (browser !== null) await after(LOOK_AGAIN_MS);
    },
    stopWorkers: async () => (await outside?.send('ServiceWorker.stopAllWorkers').then(() => true, () => false)) ?? false,
    async sync() {
      if (registrationId === null) return;
      await outside?.send('ServiceWorker.dispatchSyncEvent', { origin: world.address, registrationId, tag: TAG, lastChance: false }).catch(() => undefined);
    },
    async setClock(days) {
      [state.pageClockDays, clockMs] = [days, days * DAY_MS];
      await Promise.all(tabs.map((tab) => tab.evaluate(shiftDate, clockMs).catch(() => undefined)));
    },
    async limit(bytes) {
      const [tab] = tabs;
      if (tab === undefined || outside === null) return false;
      const usage = await tab.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0).catch(() => null);
      if (usage === null) return false;
      const size = bytes === null ? {} : { quotaSize: usage + bytes };
      return outside.send('Storage.overrideQuotaForOrigin', { origin: world.address, ...size }).then(() => true, () => false);
    },
    want: () => void (isWanted = true),
    async look() {
      const now = await deviceNow();
      for (const study of state.queued) {
        const row = study.row === null ? undefined : now?.studies.find(({ id }) => id === study.row);
        if (row?.state === 'done' && study.state !== 'ended') Object.assign(study, { state: 'ended', uploadId: row.uploadId, receiptId: row.receiptId });
      }
      return now;
    },
    async close() {
      isClosed = true;
      await browser?.close().catch(() => undefined);
      await keeping;
      await turn;
    },
  };
}
