/**
 * The first device: the app in a real browser. Files are chosen one study after the other, as a person does.
 * A study counts as safe when the device's own database says so; only then may the page die without the same
 * files being chosen again.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { openChaosBrowser, type BrowserFaults, type ChaosBrowser } from './browser.ts';
import { isSafe, PATIENCE_MS, readDevice, type DeviceNow } from './device-now.ts';
import type { Queued, State } from './state.ts';
import type { World } from './world.ts';

const LOOK_AGAIN_MS = 400;

export type PageDevice = BrowserFaults & {
  /** Chooses it when it is its turn, and repeats that until it is safe. */
  begin(study: Queued): void;
  /** Brings the state up to date with the device's own list; null where no tab can be asked. */
  look(): Promise<DeviceNow | null>;
  /** Where it stands, and the last lines of its console. */
  describe(): readonly string[];
  close(): Promise<void>;
};

async function setPolicy(tab: Page, policy: Queued['policy']): Promise<void> {
  const shown = tab.locator('button.policy');
  await shown.waitFor();
  const [said, choice] =
    policy === 'deidentified'
      ? (['Names are removed before sending', 'Remove names before sending'] as const)
      : (['Unchanged: names are kept', 'Keep everything unchanged'] as const);
  if ((await shown.textContent())?.includes(said)) return;
  await shown.click();
  await tab.getByText(choice).click();
  await tab.getByRole('button', { name: /^(Keep names|Done)$/ }).click();
}

/** Says what the page is doing, for a person who wonders why it does not go on. */
type Note = (what: string) => void;

/** Chooses the files and presses Send. */
async function sendFiles(tab: Page, files: string[], policy: Queued['policy'], note: Note): Promise<void> {
  note('opens the upload page');
  await tab.evaluate(() => {
    location.hash = '#/';
  });
  // An earlier attempt may have left something on the page.
  if (!(await tab.getByRole('button', { name: 'Choose files' }).isVisible())) await tab.reload();
  note(`chooses ${files.length} files`);
  await tab.locator('input[data-picks=files]').first().setInputFiles(files);
  const send = tab.getByRole('button', { name: /^Send \d/ });
  await send.waitFor();
  note('chooses the policy');
  await setPolicy(tab, policy);
  note('presses Send');
  await send.click();
}

/** Unless it has arrived meanwhile. */
function noteSafe(study: Queued): void {
  if (study.state === 'chosen') study.state = 'safe';
}

/**
 * Chooses a study as a person does, up to the moment when the device says that it is safe. Throws when the tab dies,
 * or says that it cannot.
 */
async function choose(study: Queued, folder: string, tabs: readonly Page[], note: Note): Promise<void> {
  note('looks for a tab');
  const tab = tabs[(study.number + study.chosen) % Math.max(1, tabs.length)];
  if (tab === undefined) throw new Error('no tab is open');
  const before = await readDevice(tab);
  const known = new Set(before?.studies.map(({ id }) => id));
  study.chosen += 1;
  await sendFiles(
    tab,
    (await readdir(folder)).map((name) => join(folder, name)),
    study.policy,
    note,
  );
  note('waits until it is safe on the device');
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await after(LOOK_AGAIN_MS)) {
    const row = (await readDevice(tab))?.studies.find(({ id }) => !known.has(id));
    if (row) study.row = row.id;
    if (isSafe(row)) return noteSafe(study);
    if (await tab.getByText('not enough space').isVisible()) break;
  }
  throw new Error('it did not become safe');
}

async function deviceNow(browser: ChaosBrowser): Promise<DeviceNow | null> {
  for (const tab of browser.tabs) {
    const now = await readDevice(tab).catch(() => null);
    if (now !== null) return now;
  }
  return null;
}

export async function openPageDevice(chromium: string, world: World, state: State): Promise<PageDevice> {
  const browser = await openChaosBrowser({
    chromium,
    profile: join(world.folder, 'profile'),
    address: world.address,
    clockDays: state.pageClockDays,
  });
  const closed = new AbortController();
  let turn: Promise<void> = Promise.resolve();
  let place = 'nothing was chosen yet';
  const chooseNext = async (study: Queued): Promise<void> => {
    await untilSafe(study, { browser, world, closed: closed.signal }, (what) => {
      place = `study ${study.number}, chosen ${study.chosen} times: ${what}`;
    });
    place = `study ${study.number} is ${study.state}`;
  };
  return {
    reload: (random) => browser.reload(random),
    killTab: (random) => browser.killTab(random),
    closeTabs: () => browser.closeTabs(),
    killBrowser: () => browser.killBrowser(),
    stopWorkers: () => browser.stopWorkers(),
    sync: () => browser.sync(),
    limit: (bytes) => browser.limit(bytes),
    want: () => browser.want(),
    begin(study) {
      if (study.state !== 'chosen') return;
      turn = turn.then(() => chooseNext(study));
    },
    async setClock(days) {
      state.pageClockDays = days;
      await browser.setClock(days);
    },
    async look() {
      const now = await deviceNow(browser);
      for (const study of state.queued) noteEnd(study, now);
      return now;
    },
    describe: () => [
      `the page, with ${browser.tabs.length} tabs: ${place}`,
      ...browser.consoleTail.map((line) => `its console: ${line}`),
    ],
    async close() {
      closed.abort();
      await browser.close();
      await turn;
    },
  };
}

type Choosing = { readonly browser: ChaosBrowser; readonly world: World; readonly closed: AbortSignal };

/** Chooses it again and again, until it is safe or the device is closed. */
async function untilSafe(study: Queued, { browser, world, closed }: Choosing, note: Note): Promise<void> {
  while (!closed.aborted && study.state === 'chosen') {
    const now = study.row === null ? null : await deviceNow(browser);
    // The tab died after the last byte was written: nothing is lost.
    if (isSafe(rowOf(study, now))) noteSafe(study);
    else
      await choose(study, join(world.folder, 'studies', String(study.number)), browser.tabs, note).catch(() =>
        after(LOOK_AGAIN_MS),
      );
  }
}

function noteEnd(study: Queued, now: DeviceNow | null): void {
  const row = rowOf(study, now);
  if (row?.state === 'done' && study.state !== 'ended')
    Object.assign(study, { state: 'ended', uploadId: row.uploadId, receiptId: row.receiptId });
}

const rowOf = (study: Queued, now: DeviceNow | null): DeviceNow['studies'][number] | undefined =>
  study.row === null ? undefined : now?.studies.find(({ id }) => id === study.row);
