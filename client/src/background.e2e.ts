/**
 * The queue goes on when no page is open: in a real Chromium a study is queued while the link is cut, all
 * windows are closed, the link is mended, and the browser gives the service worker its time. A page that
 * opens in the middle takes the lead, and nothing is sent twice.
 *
 * When a browser gives that time is its own affair; here the debugger gives it (CDP,
 * ServiceWorker.dispatchSyncEvent).
 */
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  filesOf,
  instancesInPacs,
  openApp,
  openInstalled,
  queueStudy,
  type AppUnderTest,
} from '#testing/app-under-test.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { findOrthanc } from '../../scripts/system/orthanc.ts';

const TAG = 'relaypacs-queue';
/** Of what is sent when a page takes over in the middle. */
const AGAIN_LIMIT = 0.1;
type Kind = 'sync' | 'periodic-sync';

const { chromium } = testEnvironment();
const test = suite('the queue without a page');
const why =
  chromium === null
    ? 'there is no Chromium'
    : (await findOrthanc()) === null
      ? 'Orthanc is not installed'
      : null;

/**
 * A window on another site of this machine, so that the browser lives on and none of its windows is the
 * app's.
 */
async function elsewhere(
  browser: BrowserContext,
): Promise<{ page: Page; sync: (kind: Kind) => Promise<void> }> {
  const page = await browser.newPage();
  const debug = await browser.newCDPSession(page);
  const registration = Promise.withResolvers<string>();
  const of = (origin: string) => (registrations: readonly { scopeURL: string; registrationId: string }[]) => {
    const ours = registrations.find(({ scopeURL }) => scopeURL.startsWith(origin));
    if (ours) registration.resolve(ours.registrationId);
  };
  debug.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => of(app.address)(registrations));
  await debug.send('ServiceWorker.enable');
  return { page, sync: async (kind) => dispatch(debug, await registration.promise, kind) };
}

async function dispatch(debug: CDPSession, registrationId: string, kind: Kind): Promise<void> {
  const event = { origin: app.address, registrationId, tag: TAG };
  if (kind === 'sync') await debug.send('ServiceWorker.dispatchSyncEvent', { ...event, lastChance: false });
  else await debug.send('ServiceWorker.dispatchPeriodicSyncEvent', event);
}

let app: AppUnderTest;

if (why !== null || chromium === null) {
  skipped('the queue without a page', why ?? 'there is no Chromium');
} else {
  let browser: BrowserContext;
  let page: Page;
  let sync: (kind: Kind) => Promise<void>;
  test.before(async () => {
    app = await openApp(chromium);
    browser = await app.openBrowser();
    ({ sync } = await elsewhere(browser));
    page = await openInstalled(browser, app);
  });
  test.after(async () => app.close());

  test('a study that was queued while the link was cut arrives after all windows were closed', async () => {
    app.link.cut();
    await queueStudy(page, filesOf(1, { rows: 256 }));
    await page.getByText('You can close this page: 12 instances are safe here').waitFor();
    await page.getByText('Waiting for the gateway. Sending resumes automatically.').first().waitFor();
    const tags = await page.evaluate(async () => {
      const registration = (await navigator.serviceWorker.ready) as ServiceWorkerRegistration & {
        sync: { getTags(): Promise<string[]> };
      };
      return registration.sync.getTags();
    });
    assert.equal(tags, [TAG], 'the browser was asked for its time');
    await page.close();
    app.link.mend();
    await sync('sync');
    await until('the study to be in the PACS', async () => (await instancesInPacs(app.orthanc)) === 12);
    page = await browser.newPage();
    await page.goto(app.address);
    await page.getByText('Nothing waits on this device').waitFor();
    await page.getByRole('link', { name: /^Queue/ }).click();
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
  });

  test('a page that opens while the worker sends takes over in the middle, and the study does not begin anew', async () => {
    const files = filesOf(2, { instances: 16, rows: 512 });
    app.link.cut();
    await page.getByRole('link', { name: 'Upload' }).click();
    await queueStudy(page, files);
    await page.getByText('You can close this page: 16 instances are safe here').waitFor();
    await page.close();
    app.link.mend();
    const before = app.bytes.counts();
    const inTheMiddle = app.link.pauseAfter(1_500_000);
    await sync('sync');
    await inTheMiddle.reached;
    page = await browser.newPage();
    // The paused link holds what is under way; the page comes from its own cache.
    await page.goto(app.address);
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    inTheMiddle.resume();
    await page.getByText('Nothing waits on this device').waitFor();
    await until('the study to be in the PACS', async () => (await instancesInPacs(app.orthanc)) === 28);
    const { unique, inParcels } = app.bytes.counts();
    const [sent, again] = [unique - before.unique, inParcels - unique - (before.inParcels - before.unique)];
    process.stdout.write(
      `\n${sent} bytes of parcels went up, and ${again} of them again: ${JSON.stringify(app.bytes.sentAgain())}\n`,
    );
    // What stood in the buffers of the paused link arrives when it goes on, and the page's question waits for
    // it.
    assert.ok(again < AGAIN_LIMIT * sent, `${again} of ${sent}`);
  });

  test('after signing out what was queued still goes under its owner’s name', async () => {
    app.link.cut();
    await page.getByRole('link', { name: 'Upload' }).click();
    await queueStudy(page, filesOf(3));
    await page.getByText('You can close this page: 12 instances are safe here').waitFor();
    await page.getByRole('button', { name: 'Account of admin' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.close();
    app.link.mend();
    await sync('periodic-sync');
    await until('the study to be in the PACS', async () => (await instancesInPacs(app.orthanc)) === 40);
  });
}

test.run();
