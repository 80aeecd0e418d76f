// test:all: Whole browsers and large studies take minutes; by day upload-right.e2e.ts sends without a login.
/**
 * The queue is sent while no page is open: in a real Chromium a study is queued while the link is down, all
 * windows are closed, the link comes back, and the browser runs the service worker. A page that opens midway
 * takes over, and nothing is sent twice.
 *
 * A browser decides itself when to run the worker; here the debugger does it (CDP,
 * ServiceWorker.dispatchSyncEvent).
 */
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAccount, type Account } from '#testing/accounts.ts';
import {
  filesOf,
  instancesSentBy,
  largeFilesOf,
  openInstalled,
  seedsOf,
  sendStudy,
  untilPolicyKnown,
} from '#testing/app-page.ts';
import { skipped } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { noWorldBecause, openWorld, type World } from '#testing/world.ts';
import { looksRight } from './testing/looks-right.ts';
import { deviceNow } from './testing/send-half.ts';

const TAG = 'relaypacs-queue';
/**
 * Up to three pieces of 2 MiB are under way before the rate is known. On a busy machine the gateway may give up
 * each before its last bytes come through; `npm run bench -- resent` measures what an ordinary one loses.
 */
const AGAIN_LIMIT_BYTES = 3 * 2 * 1024 * 1024;
/** A study of `largeFilesOf` is under way. */
const HALF_BYTES = 1_500_000;
const INSTANCES = 32;
type Kind = 'sync' | 'periodic-sync';

/** How often the browser of these tests runs the worker again while something waits. */
const RUN_AGAIN_MS = 1_000;

const test = suite('the queue without a page');
const why = await noWorldBecause();
const seed = seedsOf('the queue without a page');

/** Runs in the page: a browser without Background Sync, as Safari and Firefox are, whose wake locks are counted. */
function withoutBackgroundSync(): void {
  delete (ServiceWorkerRegistration.prototype as { sync?: unknown }).sync;
  const held: WakeLockSentinel[] = [];
  const request = WakeLock.prototype.request;
  WakeLock.prototype.request = async function (type) {
    const sentinel = await request.call(this, type);
    held.push(sentinel);
    return sentinel;
  };
  Object.assign(window, { isAwake: () => held.some((sentinel) => !sentinel.released) });
}

/** Runs in the page: nobody has decided about notifications yet. */
function undecidedAboutNews(): void {
  Object.defineProperty(Notification, 'permission', { get: () => 'default' });
}

/** The notifications of the app that the system shows, read by a page that is not the app. */
function notificationsOf(other: Page): Promise<{ title: string; body: string }[]> {
  return other.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration('/');
    const shown = (await registration?.getNotifications()) ?? [];
    return shown.map(({ title, body }) => ({ title, body }));
  });
}

/** Whether a page or the worker of the app sends, asked by a page that is not the app. */
function isSending(other: Page): Promise<boolean> {
  return other.evaluate(async () => {
    const { held = [] } = await navigator.locks.query();
    return held.some(({ name }) => name === 'relaypacs-uploader');
  });
}

/** Runs the service worker of this address, as the browser would. */
type Sync = (kind: Kind) => Promise<void>;

/**
 * A window on another site of this machine, so that the browser stays open after all the app's windows are
 * closed.
 */
async function openElsewhere(browser: BrowserContext, origin: string): Promise<Sync> {
  const debug = await browser.newCDPSession(await browser.newPage());
  const registration = Promise.withResolvers<string>();
  debug.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    const ours = registrations.find(({ scopeURL }) => scopeURL.startsWith(origin));
    if (ours) registration.resolve(ours.registrationId);
  });
  await debug.send('ServiceWorker.enable');
  return async (kind) =>
    dispatch(debug, { origin, registrationId: await registration.promise, tag: TAG }, kind);
}

async function dispatch(
  debug: CDPSession,
  event: { origin: string; registrationId: string; tag: string },
  kind: Kind,
): Promise<void> {
  if (kind === 'sync') await debug.send('ServiceWorker.dispatchSyncEvent', { ...event, lastChance: false });
  else await debug.send('ServiceWorker.dispatchPeriodicSyncEvent', event);
}

if (why !== null) {
  skipped('the queue without a page', why);
} else {
  let world: World;
  let browser: BrowserContext;
  let account: Account;
  let page: Page;
  let sync: Sync;
  test.before.each(async () => {
    world = await openWorld();
    account = await createAccount(world.gateway, 'tess', ['technician']);
    browser = await world.openBrowser();
    sync = await openElsewhere(browser, world.address);
    page = await openInstalled(browser, world, account.username);
  });
  test.after.each(async () => world.close());

  const isInPacs = async (instances: number) =>
    (await instancesSentBy(world, account.username)) === instances;
  const untilInPacs = async (instances: number) =>
    assert.ok(await until('the study to be in the PACS', () => isInPacs(instances)));
  /** On a busy machine the worker's time may end first: a browser runs it again while something waits. */
  const runUntil = async (what: string, kind: Kind, isSo: () => Promise<boolean> | boolean) => {
    const runAndLook = async () => {
      await sync(kind);
      return isSo();
    };
    assert.ok(await until(what, runAndLook, RUN_AGAIN_MS));
  };
  const untilSent = (kind: Kind, instances: number) =>
    runUntil('the worker to bring the study into the PACS', kind, () => isInPacs(instances));
  /** Queues a study while the link is down, and waits until it is safe on the device. */
  const queueBehindCut = async (files: ReturnType<typeof filesOf>) => {
    world.link.cut();
    await sendStudy(page, files);
    await page.getByText(`You can close this page: ${files.length} images are safe here`).waitFor();
  };

  test('a study queued while the link was down arrives after the app was closed, and a notification says so', async () => {
    await queueBehindCut(filesOf({ seed: seed(1), rows: 256, columns: 256 }));
    await page.getByText('Waiting for the gateway. Sending resumes automatically.').first().waitFor();
    const tags = () =>
      page.evaluate(async () => {
        const registration = (await navigator.serviceWorker.ready) as ServiceWorkerRegistration & {
          sync: { getTags(): Promise<string[]> };
        };
        return registration.sync.getTags();
      });
    await expect.poll(tags, 'a background sync was requested').toEqual([TAG]);
    await browser.grantPermissions(['notifications'], { origin: world.address });
    await page.goto(`${world.address}/icon.svg`);
    world.link.mend();
    await untilSent('sync', 12);
    await until('the person to be told', async () => {
      if (!(await isSending(page))) await sync('sync');
      return (await notificationsOf(page)).length > 0;
    });
    await expect
      .poll(() => notificationsOf(page))
      .toEqual([
        {
          title: 'CT study is in the PACS',
          body: 'All 12 images are in the PACS. Its receipt is ready.',
        },
      ]);
    await page.goto(world.address);
    await page.getByText('Nothing is waiting on this device').waitFor();
    await page.getByRole('link', { name: /^Studies/ }).click();
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
  });

  test('a page that opens while the worker sends takes over midway, and the study does not start again', async () => {
    await queueBehindCut(largeFilesOf(seed(2), INSTANCES));
    await page.close();
    world.link.mend();
    const inTheMiddle = world.link.pauseAfter(HALF_BYTES);
    let isInTheMiddle = false;
    void inTheMiddle.reached.then(() => (isInTheMiddle = true));
    await runUntil('the worker to send half of it', 'sync', () => isInTheMiddle);
    page = await browser.newPage();
    // The paused link holds all bytes on their way; the page loads from its own cache.
    await page.goto(world.address);
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    inTheMiddle.resume();
    await page.getByText('Nothing is waiting on this device').waitFor();
    await untilInPacs(INSTANCES);
    const { unique, inParcels } = world.bytes.counts();
    const again = inParcels - unique;
    process.stdout.write(
      `\n${unique} bytes of parcels went up, and ${again} of them again: ${JSON.stringify(world.bytes.sentAgain())}\n`,
    );
    assert.ok(unique > 2 * AGAIN_LIMIT_BYTES, 'the study is much larger than the pieces under way');
    assert.ok(again <= AGAIN_LIMIT_BYTES, `${again} of ${unique}`);
  });

  test('after signing out a queued study is still sent under its owner’s name', async () => {
    await until('the device to be enrolled', async () =>
      (await deviceNow(page)).rights.some(({ enrolled }) => enrolled),
    );
    await queueBehindCut(filesOf({ seed: seed(3) }));
    await page.getByRole('button', { name: `Account of ${account.username}` }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.close();
    world.link.mend();
    await untilSent('periodic-sync', 12);
  });

  test('notifications are offered once something waits, and not again to a person who wants none', async () => {
    await browser.addInitScript(undecidedAboutNews);
    await page.reload();
    await untilPolicyKnown(page);
    await queueBehindCut(filesOf({ seed: seed(5) }));
    await page.getByRole('button', { name: 'Turn on' }).waitFor();
    await looksRight(page, 'queue-news');
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.getByRole('button', { name: 'Turn on' }).waitFor({ state: 'detached' });
    await page.reload();
    await page.getByText('Waiting for the gateway. Sending resumes automatically.').first().waitFor();
    await expect(page.getByRole('button', { name: 'Turn on' })).toHaveCount(0);
  });

  test('a browser that sends only while the page is open says so, and keeps its screen on while sending', async () => {
    await browser.addInitScript(withoutBackgroundSync);
    await page.reload();
    await untilPolicyKnown(page);
    const isAwake = () => page.evaluate(() => (window as unknown as { isAwake(): boolean }).isAwake());
    const inTheMiddle = world.link.pauseAfter(HALF_BYTES);
    await sendStudy(page, largeFilesOf(seed(4)));
    await inTheMiddle.reached;
    await page
      .getByText(/^Keep this page open: \d+ images are safe here, but sending stops when you close it/)
      .waitFor();
    await expect.poll(isAwake).toBe(true);
    await looksRight(page, 'queue-goes-on-open');
    inTheMiddle.resume();
    await page.getByText('Nothing is waiting on this device').waitFor();
    await expect.poll(isAwake).toBe(false);
  });
}

test.run();
