// test:all: Five builds of the app take minutes; by day offline.e2e.ts guards the installed app and its queue.
/**
 * New versions of the app during a waiting queue, in a real Chromium: the web app is rebuilt under another
 * version's name where the gateway serves it. Nothing queued or open on screen is lost, and a page
 * whose parts are gone recovers.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import { choose, filesOf, instancesInPacs, openInstalled, sendStudy } from '#testing/app-page.ts';
import { skipped } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { copyWith, type MutatedCopy } from '#testing/mutated-copy.ts';
import { pressKey } from '#testing/press.ts';
import { noWorldBecause, openOwnWorld, type OwnWorld } from '#testing/world.ts';
import project from '../../package.json' with { type: 'json' };
import { bringWebApp } from '../../scripts/build.ts';

const test = suite('a new version of the app');
const why = await noWorldBecause();

/**
 * A press after which the page reloads itself. The driver must not wait for that, because it would take it
 * for its own navigation.
 */
const press = (page: Page, name: string) => page.getByRole('button', { name }).click({ noWaitAfter: true });

const askForUpdate = (page: Page) =>
  page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()));

/** By the account menu, which is closed again. */
async function isVersion(page: Page, version: string): Promise<void> {
  await page.getByRole('button', { name: /^Account of/ }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText(/^Version /)).toHaveText(`Version ${version}`);
  await pressKey(page, 'Escape');
  await dialog.waitFor({ state: 'detached' });
}

if (why !== null) {
  skipped('a new version of the app', why);
} else {
  let copy: MutatedCopy;
  let app: OwnWorld;
  let browser: BrowserContext;
  let page: Page;
  test.before(async () => {
    copy = await copyWith([]);
    await bringWebApp();
    await copy.build();
    app = await openOwnWorld({ root: copy.root });
    browser = await app.openBrowser();
    page = await openInstalled(browser, app);
  });
  test.after(async () => {
    await app.close();
    await copy.remove();
  });

  test('is announced, is installed with one press, and the study queued offline is still there and arrives', async () => {
    app.link.cut();
    await sendStudy(page, filesOf({ seed: 1 }));
    await page.getByText('You can close this page: 12 images are safe here').waitFor();
    // The new version comes before the first byte of the study can go.
    await page.getByRole('button', { name: /^Pause/ }).click();
    await copy.buildVersion('second');
    app.link.mend();
    await askForUpdate(page);
    await page.getByText('A new version is ready.').waitFor();
    // Until a person presses.
    await isVersion(page, project.version);
    await press(page, 'Update now');
    await page.getByText('You are now using the new version.').waitFor();
    await page.getByText('12 images are safe here', { exact: false }).waitFor();
    await isVersion(page, 'second');
    await page.getByRole('button', { name: /^Resume/ }).click();
    await until('the study to be in the PACS', async () => (await instancesInPacs(app)) === 12);
    await page.getByRole('button', { name: 'Close' }).click();
  });

  test('waits while a person reads in another window, and says so', async () => {
    const other = await browser.newPage();
    await other.goto(app.address);
    await choose(other, filesOf({ seed: 2 }));
    await copy.buildVersion('third');
    await askForUpdate(page);
    await press(page, 'Update now');
    await page.getByText('Another window is still reading or saving a study', { exact: false }).waitFor();
    await expect(
      other.getByRole('button', { name: 'Send 1 study' }),
      'the text being read there is still there',
    ).toBeVisible();
    await other.getByRole('button', { name: 'Clear' }).click();
    await press(page, 'Update now');
    for (const each of [page, other]) {
      await each.getByText('You are now using the new version.').waitFor();
      await isVersion(each, 'third');
    }
    await other.close();
  });

  test('that took over midway strands no one: the open page stays, a missing part is reported, and the page recovers', async () => {
    await page.goto(`${app.address}/#/`);
    await page.reload();
    await choose(page, filesOf({ seed: 3 }));
    // Every file that an update changes gets a new name.
    const part = join(copy.root, 'client/src/analytics/plot.ts');
    await writeFile(
      part,
      (await readFile(part, 'utf8')).replace('const HEIGHT = 220;', 'const HEIGHT = 221;'),
    );
    await copy.buildVersion('fourth');
    await askForUpdate(page);
    await page.getByText('A new version is ready.').waitFor();
    await expect(
      page.getByRole('button', { name: 'Update now' }),
      'not while something is read here',
    ).toBeDisabled();
    // Takes the new version over, as another browser window without our rules could have done.
    await page.evaluate(async () => (await navigator.serviceWorker.ready).waiting?.postMessage('take-over'));
    await page.getByText('A new version was installed.').waitFor();
    // The browser's own cache may hold the old parts for a while, and need not.
    await (await browser.newCDPSession(page)).send('Network.clearBrowserCache');
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('link', { name: 'Insights' }).click();
    await page.getByText('Part of this page could not be loaded.').waitFor();
    await page.getByRole('link', { name: 'Upload', exact: true }).click();
    await page.getByRole('button', { name: 'Send 1 study' }).waitFor();
    await press(page, 'Clear');
    await page.getByText('You are now using the new version.').waitFor();
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('link', { name: 'Insights' }).click();
    await page.locator('.figure-plot canvas').first().waitFor();
    await isVersion(page, 'fourth');
  });

  test('is installed automatically at the next start, before a person touches the page', async () => {
    const before = await page.locator('script[type=module]').getAttribute('src');
    await page.close();
    await copy.buildVersion('fifth');
    page = await browser.newPage();
    await page.goto(app.address);
    await page.waitForFunction(
      (src) => document.querySelector('script[type=module]')?.getAttribute('src') !== src,
      before,
    );
    await isVersion(page, 'fifth');
  });
}

test.run();
