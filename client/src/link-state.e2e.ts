// test:all: words about a slow link; offline.e2e.ts guards by day
/**
 * The status line shows the state of the link correctly, in a real Chromium and with an empty queue: no
 * network, no gateway, a hotel's sign-in page in the gateway's place, no PACS. It also notices the end of
 * each automatically.
 */
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import { filesOf, instancesInPacs, openInstalled, sendStudy } from '#testing/app-page.ts';
import { skipped } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { noWorldBecause, openOwnWorld, type OwnWorld } from '#testing/world.ts';
import { startOrthanc } from '../../scripts/system/orthanc.ts';
import { untilPacsMissed } from './testing/status-line.ts';

const test = suite('the link, as the status line tells it');
const why = await noWorldBecause();

/** Answers everything with 200 and a page, like a hotel network before sign-in. */
async function startHotel(port: number): Promise<Server> {
  const hotel = createServer((_, response) =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><title>Welcome</title><h1>Room number?</h1>'),
  );
  await new Promise<void>((resolve) => hotel.listen(port, '127.0.0.1', resolve));
  return hotel;
}

/** Waits until the status line says exactly this; it may say something else a moment later. */
const says = (page: Page, words: string): Promise<void> =>
  expect(page.locator('.status').getByText(words, { exact: true })).toBeVisible();

if (why !== null) {
  skipped('the link, as the status line tells it', why);
} else {
  let app: OwnWorld;
  let page: Page;
  test.before(async () => {
    app = await openOwnWorld();
    page = await openInstalled(await app.openVisitor({ isInstalled: true }), app);
    await says(page, 'Online');
  });
  test.after(async () => app.close());

  test('without a network it says so, and that it is back', async () => {
    await page.context().setOffline(true);
    await says(page, 'Offline');
    await page.context().setOffline(false);
    await says(page, 'Online');
  });

  test('a gateway that does not answer is distinguished from a lost network', async () => {
    app.link.cut();
    await page.reload();
    await says(page, 'Gateway not reachable');
    await page.getByRole('button', { name: 'Account of admin' }).waitFor();
    app.link.mend();
    await says(page, 'Online');
  });

  test('a network’s sign-in page is not taken for the gateway: the study waits, the app stays as it is, and sending resumes afterwards', async () => {
    await app.gateway.stop();
    const hotel = await startHotel(Number(new URL(app.gateway.web).port));
    try {
      await page.reload();
      await says(page, 'Gateway not reachable');
      // The app also checks for a new version, and does not take the hotel's page for one.
      await page.evaluate(async () => (await navigator.serviceWorker.ready).update().catch(() => undefined));
      await sendStudy(page, filesOf({ seed: 1 }));
      await page.getByText('You can close this page: 12 images are safe here').waitFor();
      await page.getByText('Waiting for the gateway. Sending resumes automatically.').first().waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Studies', level: 1, exact: true }).waitFor();
      await says(page, 'Gateway not reachable');
    } finally {
      hotel.closeAllConnections();
      await new Promise((resolve) => hotel.close(resolve));
    }
    await app.gateway.start();
    await says(page, 'Online');
    await until('the study to be in the PACS', async () => (await instancesInPacs(app)) === 12);
  });

  test('an unreachable PACS is distinguished from an unreachable gateway, and the study waits at the gateway', async () => {
    await app.orthanc.stop();
    await untilPacsMissed(app);
    await page.reload();
    await says(page, 'PACS not reachable');
    await page.getByRole('link', { name: 'Upload' }).click();
    await sendStudy(page, filesOf({ seed: 2 }));
    await page.getByText('Waiting for the PACS. The gateway resumes automatically.').first().waitFor();
    await says(page, 'PACS not reachable');
    const again = await startOrthanc({
      folder: join(app.folder, 'orthanc'),
      port: Number(new URL(app.orthanc.restUrl).port),
    });
    try {
      await says(page, 'Online');
      await until(
        'the study to be in the PACS',
        async () => (await instancesInPacs({ orthanc: again })) === 24,
      );
    } finally {
      await again.stop();
    }
  });
}

test.run();
