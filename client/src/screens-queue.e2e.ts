/**
 * The queue as a person handles it, in a real Chromium against the running system: its order, setting aside,
 * cancelling, what a browser has cleared, what a proxy does, and a browser that goes on only while the page
 * is open. Every state is looked at as in screens.e2e.ts.
 */
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  choose,
  filesOf,
  instancesInPacs,
  openApp,
  openInstalled,
  queueStudy,
  type AppUnderTest,
} from '#testing/app-under-test.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { looksRight } from '#testing/screen-walk.ts';
import { findOrthanc } from '../../scripts/system/orthanc.ts';

const { chromium } = testEnvironment();
const test = suite('the queue in a person’s hands');
const why =
  chromium === null
    ? 'there is no Chromium'
    : (await findOrthanc()) === null
      ? 'Orthanc is not installed'
      : null;

const toUpload = (page: Page) => page.getByRole('link', { name: 'Upload' }).click();
const namesUnderWay = (page: Page) =>
  page.locator('.queue-row[data-part=under-way] .queue-name').allInnerTexts();
/** The studies of these seeds, as their names stand on the screen. */
const named = (...seeds: number[]) => seeds.map((seed) => `QzFamily${seed}Xq, QzGiven${seed}Xq`);
const inOrder = (page: Page, names: string[]) =>
  until(`${names.join(' before ')}`, async () => (await namesUnderWay(page)).join() === names.join());

/**
 * Runs in the page. Nothing outside can answer the browser's picker of folders: what it gives here lies in
 * the browser's own file system.
 */
async function fakePicker(files: readonly (readonly [string, string])[]): Promise<void> {
  const disc = await (await navigator.storage.getDirectory()).getDirectoryHandle('disc', { create: true });
  const inner = await disc.getDirectoryHandle('inner', { create: true });
  for (const [at, [name, base64]] of files.entries()) {
    const file = await (at % 2 === 0 ? disc : inner).getFileHandle(name, { create: true });
    const writable = await file.createWritable();
    await writable.write(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
    await writable.close();
  }
  Object.assign(window, { showDirectoryPicker: async () => disc });
}

if (why !== null || chromium === null) {
  skipped('the queue in a person’s hands', why ?? 'there is no Chromium');
} else {
  let app: AppUnderTest;
  let browser: BrowserContext;
  let page: Page;
  test.before(async () => {
    app = await openApp(chromium);
    browser = await app.openBrowser();
    page = await openInstalled(browser, app);
    await page.getByText('Names are removed on this device').first().waitFor();
  });
  test.after(async () => app.close());

  test('the order is changed with buttons, also from the keyboard, and whoever pressed stays on the study', async () => {
    await browser.setOffline(true);
    for (const seed of [1, 2, 3]) {
      await toUpload(page);
      await queueStudy(page, filesOf(seed));
    }
    await inOrder(page, named(1, 2, 3));
    await looksRight(page, 'queue-order');
    await page.getByRole('button', { name: `Send first: ${named(3)}` }).click();
    await inOrder(page, named(3, 1, 2));
    await page.getByRole('button', { name: `Send later: ${named(3)}` }).focus();
    await page.keyboard.press('Enter');
    await inOrder(page, named(1, 3, 2));
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    assert.is(await focused(), `Send later: ${named(3)}`);
    await page.keyboard.press('Enter');
    await inOrder(page, named(1, 2, 3));
    assert.is(
      await focused(),
      `Send earlier: ${named(3)}`,
      'at the end of the list the other way is offered',
    );
  });

  test('what is set aside stays here while the rest goes, and goes on when a person says so', async () => {
    await page.getByRole('button', { name: `Pause: ${named(1)}` }).click();
    await page.getByText('Paused. Nothing is sent until you resume.', { exact: false }).waitFor();
    await browser.setOffline(false);
    await until('the other two to be in the PACS', async () => (await instancesInPacs(app.orthanc)) === 24);
    await inOrder(page, named(1));
    await page.getByRole('button', { name: `Resume: ${named(1)}` }).click();
    await until('the third to be in the PACS', async () => (await instancesInPacs(app.orthanc)) === 36);
  });

  test('cancelling in the middle asks what will be lost; what was not in the PACS is left out', async () => {
    await toUpload(page);
    const inTheMiddle = app.link.pauseAfter(1_500_000);
    await queueStudy(page, filesOf(4, { instances: 16, rows: 512 }));
    await inTheMiddle.reached;
    await page.getByRole('button', { name: `Cancel sending: ${named(4)}` }).click();
    await page.getByText('Instances that are not in the PACS yet are left out', { exact: false }).waitFor();
    await looksRight(page, 'cancel');
    inTheMiddle.resume();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel sending' }).click();
    await page.getByText('This study was cancelled while it was being sent.', { exact: false }).waitFor();
    await page.getByText('Nothing waits on this device').waitFor();
  });

  test('something else that answers in the gateway’s place is named', async () => {
    await browser.route('**/api/upload/**', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<h1>Room number?</h1>' }),
    );
    await toUpload(page);
    // Of the study that was cancelled some may have been there already.
    const before = await instancesInPacs(app.orthanc);
    await queueStudy(page, filesOf(5));
    await page
      .getByText('Something else on this network answers instead of the gateway', { exact: false })
      .waitFor();
    await looksRight(page, 'queue-proxy');
    await browser.unroute('**/api/upload/**');
    await until(
      'the study to be in the PACS',
      async () => (await instancesInPacs(app.orthanc)) === before + 12,
    );
    await page.getByText('Something else on this network', { exact: false }).waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'In the PACS 4' }).waitFor();
  });

  test('what the browser has cleared is named, and the same files go on with it', async () => {
    await browser.setOffline(true);
    await toUpload(page);
    const before = await instancesInPacs(app.orthanc);
    await queueStudy(page, filesOf(6));
    await page.getByText('12 instances are safe here', { exact: false }).waitFor();
    const debug = await browser.newCDPSession(page);
    await debug.send('Storage.clearDataForOrigin', { origin: app.address, storageTypes: 'indexeddb' });
    await browser.setOffline(false);
    await page.reload();
    await page.getByText('The browser deleted 1 study that waited on this device').waitFor();
    await looksRight(page, 'queue-lost');
    await page.getByRole('link', { name: 'Choose it again' }).click();
    await page.getByText('Names are removed on this device').first().waitFor();
    await queueStudy(page, filesOf(6));
    await until(
      'the study to be in the PACS',
      async () => (await instancesInPacs(app.orthanc)) === before + 12,
    );
    await page.getByText('The browser deleted', { exact: false }).waitFor({ state: 'detached' });
  });

  test('what does not fit is said before Send is pressed', async () => {
    // Chromium tells every page 10 GiB more than it uses, whatever the disk has; what the app makes of an
    // honest answer is looked at.
    await page.evaluate(
      () => (navigator.storage.estimate = async () => ({ quota: 6_000_000, usage: 1_000_000 })),
    );
    await toUpload(page);
    await choose(page, filesOf(7, { instances: 16, rows: 512 }));
    await page.getByText(/^Not enough space: needs .*, .* free\./).waitFor();
    await looksRight(page, 'upload-too-large');
    await page.getByRole('button', { name: 'Clear' }).click();
  });

  test('a folder that is chosen is read with all the folders in it', async () => {
    const files = filesOf(9).map(({ name, buffer }) => [name, buffer.toString('base64')] as const);
    await page.evaluate(fakePicker, files);
    await page.getByRole('button', { name: 'Choose a folder' }).click();
    await page
      .getByRole('button', { name: /^Send 1 study/ })
      .getByText('12 instances', { exact: false })
      .waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.evaluate(async () =>
      (await navigator.storage.getDirectory()).removeEntry('disc', { recursive: true }),
    );
  });

  test('a browser that goes on only while the page is open says so, and its screen stays on while something travels', async () => {
    await page.close();
    await browser.addInitScript(() => {
      // Safari's and Firefox's: no Background Sync.
      delete (ServiceWorkerRegistration.prototype as { sync?: unknown }).sync;
      const held: WakeLockSentinel[] = [];
      const request = WakeLock.prototype.request;
      WakeLock.prototype.request = async function (type) {
        const sentinel = await request.call(this, type);
        held.push(sentinel);
        return sentinel;
      };
      Object.assign(window, { isAwake: () => held.some((sentinel) => !sentinel.released) });
    });
    page = await browser.newPage();
    await page.goto(app.address);
    const isAwake = () => page.evaluate(() => (window as unknown as { isAwake(): boolean }).isAwake());
    const inTheMiddle = app.link.pauseAfter(1_500_000);
    await queueStudy(page, filesOf(8, { instances: 16, rows: 512 }));
    await inTheMiddle.reached;
    await page
      .getByText(/^Keep this page open: \d+ instances are safe here, but sent only while it is open/)
      .waitFor();
    await until('the screen to stay on', isAwake);
    await looksRight(page, 'queue-goes-on-open');
    inTheMiddle.resume();
    await page.getByText('Nothing waits on this device').waitFor();
    await until('the screen to go off again', async () => !(await isAwake()));
  });
}

test.run();
