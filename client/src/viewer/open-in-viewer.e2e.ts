// test:all: viewers of the site; gateway/src/viewer/viewer.test.ts guards by day
/**
 * *Open in viewer* on devices that knew the app before the gateway had a viewer, in a real Chromium: the page that the
 * service worker keeps forbids the form that opens it. The app says so, and a reload mends it. Then it opens from the
 * page of a result too. The viewer is a small package in the place of OHIF's.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADMIN, ask, askAs } from '#testing/accounts.ts';
import { filesOf, instancesInPacs, openInstalled, sendStudy } from '#testing/app-page.ts';
import { skipped } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { copyWith, type MutatedCopy } from '#testing/mutated-copy.ts';
import { noWorldBecause, openOwnWorld, type OwnWorld } from '#testing/world.ts';
import type { Job } from '#shared/protocol/inference.ts';
import type { SentStudy } from '#shared/protocol/studies.ts';
import type { BuiltInViewer } from '#shared/protocol/viewer.ts';
import { packageOf, SMALL_VIEWER, tarball } from '../../../gateway/src/testing/viewer-tarball.ts';
import { bringWebApp } from '../../../scripts/build.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { RENEW_PAGE } from '../net/renew-page.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('Open in viewer');
const why = await noWorldBecause();

const ARCHIVE = tarball(SMALL_VIEWER);
const PACKAGE_FILE = 'gateway/src/viewer/viewer-package.ts';

/** The project with the small viewer in the place of OHIF. */
function copyWithSmallViewer(): Promise<MutatedCopy> {
  const { sha512, bytes } = packageOf(ARCHIVE, '');
  return copyWith([
    {
      what: 'the digest of OHIF',
      file: PACKAGE_FILE,
      from: 'WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA==',
      to: sha512,
    },
    { what: 'the size of OHIF', file: PACKAGE_FILE, from: '49_906_651', to: String(bytes) },
  ]);
}

/** Restarts the gateway with a port for the viewer, and turns the viewer on. */
async function setUpViewer({ gateway, folder }: OwnWorld): Promise<void> {
  const archive = join(folder, 'viewer.tgz');
  await writeFile(archive, ARCHIVE);
  await gateway.stop();
  await gateway.start({
    RELAY_VIEWER_PORT: String(await freePort()),
    RELAY_VIEWER_PACKAGE: `file:${archive}`,
  });
  await askAs(gateway, ADMIN, '/admin/viewer', { on: true });
  await until('the viewer to be on', async () => {
    const { state } = await askAs<BuiltInViewer>(gateway, ADMIN, '/admin/viewer');
    return state === 'on';
  });
}

/** Opens the study in the list, which stands there alone. */
async function openStudy(page: Page, address: string): Promise<void> {
  await page.goto(`${address}/#/studies`);
  await page.locator('[data-part=arrived] .study-open').click();
}

const pressOpen = (page: Page) => page.getByRole('button', { name: 'Open in viewer' }).click();

/** Presses *Open in viewer*, which opens this study: its address names it, and the token goes in a form. */
async function opens(page: Page, study: string): Promise<void> {
  const context = page.context();
  const [asked, viewer] = await Promise.all([
    context.waitForEvent('request', (request) => request.url().endsWith('/relay/open')),
    context.waitForEvent('page'),
    pressOpen(page),
  ]);
  assert.is(asked.method(), 'POST');
  const token = new URLSearchParams(asked.postData() ?? '').get('token') ?? '';
  assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
  await viewer.waitForURL(/\/viewer\?StudyInstanceUIDs=/);
  assert.is(new URL(viewer.url()).searchParams.get('StudyInstanceUIDs'), study);
  assert.not.ok(viewer.url().includes(token));
  await expect(viewer).toHaveTitle('OHIF');
  await viewer.close();
}

/** A model looks at the study; the id of a result. */
async function runModel({ gateway }: OwnWorld, studyInstanceUID: string): Promise<string> {
  const body = { model: 'image-kind', studyInstanceUID };
  const started = await ask(gateway, ADMIN, { method: 'POST', path: '/infer', body });
  assert.ok(started.ok, await started.clone().text());
  const { id } = (await started.json()) as Job;
  return until('a result', async () => {
    const { state, results } = await askAs<Job>(gateway, ADMIN, `/jobs/${id}`);
    assert.is.not(state, 'failed');
    return state === 'done' && results[0];
  });
}

/** Presses it on a page that is too old for it. */
async function saysReload(page: Page): Promise<void> {
  await pressOpen(page);
  await page.getByText('this page was loaded before the viewer was set up').waitFor();
  assert.is(page.context().pages().length, 1, 'nothing was opened');
}

/** Presses *Reload*, after which the page loads itself: the driver must not take that for a navigation of its own. */
async function pressReload(page: Page): Promise<void> {
  const loaded = page.waitForEvent('load');
  await page.getByRole('button', { name: 'Reload' }).click({ noWaitAfter: true });
  await loaded;
}

/** The page that the service worker keeps: its text, its policy, and whether the scripts that it names are kept. */
const keptPage = (page: Page) =>
  page.evaluate(async () => {
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        if (!new URL(request.url).pathname.endsWith('/index.html')) continue;
        const answer = (await cache.match(request))!;
        const text = await answer.text();
        const scripts = [...text.matchAll(/ src="([^"]+)"/g)].map(([, path]) => path!);
        const kept = await Promise.all(scripts.map((path) => cache.match(path, { ignoreSearch: true })));
        const policy = answer.headers.get('content-security-policy');
        return { text, policy, hasScripts: scripts.length > 0 && kept.every(Boolean) };
      }
    }
    throw new Error('no page is kept');
  });

/** Asks the service worker as the page does; whether it has reached the gateway. */
const askToRenew = (page: Page) =>
  page.evaluate(
    (message) =>
      new Promise<boolean>((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(data === true);
        navigator.serviceWorker.controller!.postMessage(message, [port2]);
      }),
    RENEW_PAGE,
  );

if (why !== null) {
  skipped('Open in viewer', why);
} else {
  let copy: MutatedCopy;
  let app: OwnWorld;
  /** Two that knew the app before the viewer was set up: on one it stays open, on the other it was closed. */
  let open: Page;
  let closed: BrowserContext;
  let study: string;
  test.before(async () => {
    copy = await copyWithSmallViewer();
    await bringWebApp();
    await copy.build();
    app = await openOwnWorld({ root: copy.root });
    open = await openInstalled(await app.openVisitor({ isInstalled: true }), app);
    await sendStudy(open, filesOf({ seed: 1 }));
    await until('the study to be in the PACS', async () => (await instancesInPacs(app)) === 12);
    const { studies } = await askAs<{ studies: SentStudy[] }>(app.gateway, ADMIN, '/studies');
    study = studies[0]!.studyInstanceUID;
    await openStudy(open, app.address);
    await open.getByText('No viewer is set up for this study’s PACS').waitFor();
    await expect(open.getByRole('button', { name: 'Open in viewer' })).toHaveCount(0);
    await looksRight(open, 'viewer-not-set');
    closed = await app.openVisitor({ isInstalled: true });
    await (await openInstalled(closed, app)).close();
    await setUpViewer(app);
  });
  test.after(async () => {
    await app.close();
    await copy.remove();
  });

  test('on a page that stayed open says to reload, also without a network, and opens it afterwards', async () => {
    // The study's row asks when it is opened.
    const row = open.locator('[data-part=arrived] .study-open');
    await row.click();
    await row.click();
    await saysReload(open);
    await looksRight(open, 'viewer-too-old');
    app.link.cut();
    await open.getByRole('button', { name: 'Reload' }).click();
    await open.getByText('so the page was not reloaded').waitFor();
    app.link.mend();
    await pressReload(open);
    await openStudy(open, app.address);
    await opens(open, study);
  });

  test('on a device that was off says to reload, unless the app is opened a second time', async () => {
    const page = await closed.newPage();
    await openStudy(page, app.address);
    await saysReload(page);
    await pressReload(page);
    await openStudy(page, app.address);
    await opens(page, study);
    await page.close();
  });

  test('on the page of a result opens the study of that result', async () => {
    const result = await runModel(app, study);
    await open.goto(`${app.address}/#/results/${result}`);
    await open.getByText('Not for diagnostic use').waitFor();
    await opens(open, study);
  });

  test('the kept page has the gateway’s policy, and opens without a network', async () => {
    const page = await closed.newPage();
    await page.goto(app.address);
    const { headers } = await fetch(app.address);
    assert.is((await keptPage(page)).policy, headers.get('content-security-policy'));
    app.link.cut();
    await page.reload();
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    app.link.mend();
    await page.close();
  });

  test('the page of a newer version is never put beside the parts of the kept one', async () => {
    const page = await closed.newPage();
    await page.goto(app.address);
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    const before = await keptPage(page);
    await copy.buildVersion('second');
    assert.is.not(await (await fetch(app.address)).text(), before.text);
    assert.is(await askToRenew(page), true);
    assert.equal(await keptPage(page), before);
    assert.ok(before.hasScripts);
    await page.close();
  });
}

test.run();
