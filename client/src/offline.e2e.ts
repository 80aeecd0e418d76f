/**
 * The installed app without a network, in a real Chromium with a persistent profile: it opens, and every step
 * up to "safe on this device" works, even after the browser was closed.
 */
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { choose, filesOf, instancesInPacs, openInstalled, sendStudy } from '#testing/app-page.ts';
import { skipped } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { noWorldBecause, openOwnWorld, type OwnWorld } from '#testing/world.ts';
import { keptFiles } from './testing/kept-files.ts';
import { untilStatusSays } from './testing/status-line.ts';

const test = suite('the installed app without a network');
const why = await noWorldBecause();

/** Each file is a request, on a network where one may take a second. The worker and its sender are two more. */
const FILES_LIMIT = 28;

/** A new window of a browser that has just been started. */
async function coldStart(app: OwnWorld): Promise<{ browser: BrowserContext; page: Page }> {
  const browser = await app.openBrowser();
  await browser.setOffline(true);
  const page = await browser.newPage();
  await page.goto(app.address);
  await page.getByRole('button', { name: 'Choose files' }).waitFor();
  return { browser, page };
}

if (why !== null) {
  skipped('the installed app without a network', why);
} else {
  let app: OwnWorld;
  test.before(async () => {
    app = await openOwnWorld();
  });
  test.after(async () => app.close());

  test('with one file refused it does not say so, and the next visit fetches what is missing', async () => {
    const own = await openOwnWorld();
    try {
      const browser = await own.openBrowser();
      const fetched: string[] = [];
      browser.on('request', (request) => {
        if (request.serviceWorker() !== null) fetched.push(new URL(request.url()).pathname);
      });
      const refused = Promise.withResolvers<void>();
      await browser.route('**/assets/looking-*.js', async (route) => {
        await route.abort();
        refused.resolve();
      });
      const page = await browser.newPage();
      await page.goto(own.address);
      await refused.promise;
      // A worker that could not store every file is thrown away.
      const isRegistered = async () => (await navigator.serviceWorker.getRegistration()) !== undefined;
      await expect.poll(() => page.evaluate(isRegistered)).toBe(false);
      await expect(page.getByText('This device can work offline')).toBeHidden();
      const kept = await page.evaluate(keptFiles);
      assert.ok(kept > 5 && kept < FILES_LIMIT, `${kept} files`);

      await browser.unroute('**/assets/looking-*.js');
      fetched.length = 0;
      await page.reload();
      await untilStatusSays(page, 'This device can work offline');
      assert.ok(fetched.some((path) => path.startsWith('/assets/looking-')));
      assert.ok(fetched.length < FILES_LIMIT - 3, fetched.join(' '));
    } finally {
      await own.close();
    }
  });

  test('it opens after a restart of the browser, knows its user and the policy, and accepts studies', async () => {
    const installed = await openInstalled(await app.openBrowser(), app);
    await untilStatusSays(installed, 'This device can work offline');
    const files = await installed.evaluate(keptFiles);
    assert.ok(files > 10 && files <= FILES_LIMIT, `${files} files`);
    await app.gateway.stop();
    app.link.cut();

    const { page } = await coldStart(app);
    await untilStatusSays(page, 'Offline');
    await page.getByText('Names are removed before sending').first().waitFor();
    await page.getByRole('button', { name: 'Account of admin' }).waitFor();
    await choose(page, filesOf({ seed: 1 }));
    await page.getByRole('heading', { name: '1 study found' }).waitFor();
    await page.locator('canvas').first().waitFor();
    await page.getByRole('button', { name: 'Send 1 study' }).click();
    await page.getByText('You can close this page: 12 images are safe here').waitFor();
    await page.getByText('Waiting for the network. Sending resumes automatically.').first().waitFor();
    assert.is(await instancesInPacs(app), 0);
  });

  test('queued studies are still there after another restart, more can be queued, and all arrive when the network is back', async () => {
    const { browser, page } = await coldStart(app);
    await page.getByText('You can close this page: 12 images are safe here').waitFor();
    await page.getByRole('link', { name: /^Studies/ }).click();
    // The sender's name for the study, so that a person knows which one waits.
    await page.locator('.queue-name a').first().waitFor();
    await page.getByRole('link', { name: 'Upload' }).click();
    await sendStudy(page, filesOf({ seed: 2 }));
    await page.getByText('24 images are safe here', { exact: false }).waitFor();
    await expect(page.locator('[data-part=under-way] .queue-name').first()).toBeVisible();

    await app.gateway.start();
    app.link.mend();
    await browser.setOffline(false);
    await page.getByText('Nothing is waiting on this device').waitFor();
    await until('both studies to be in the PACS', async () => (await instancesInPacs(app)) === 24);
  });
}

test.run();
