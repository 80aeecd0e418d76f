/**
 * The whole product around one browser, for tests of the installed app: a real Orthanc, a gateway of its own
 * behind a link that can be cut, and a browser profile that outlives the browser. The app's address stays the
 * same over restarts of everything.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { buildWebApp, isWebAppCurrent } from '../../scripts/build.ts';
import { startOrthanc, type RunningOrthanc } from '../../scripts/system/orthanc.ts';
import { freePort } from '../../scripts/system/ports.ts';
import { PATIENCE_MS } from './environment.ts';
import { createGatewayUnderTest, type GatewayUnderTest } from './gateway-under-test.ts';
import { openProfile } from './inspect-page.ts';
import { startLink, type Link } from './link.ts';
import { createUploadBytes, type UploadBytes } from './upload-bytes.ts';
import { syntheticStudy } from './synthetic-study.ts';

export const PASSWORD = 'only for this test';

export type AppUnderTest = {
  readonly folder: string;
  readonly orthanc: RunningOrthanc;
  readonly gateway: GatewayUnderTest;
  readonly link: Link;
  /** What passed on the link of parcels. */
  readonly bytes: UploadBytes;
  /** Where the app is, behind the link. */
  readonly address: string;
  /** Ends the browser, if one is open, and starts it again with the profile of last time. */
  openBrowser(): Promise<BrowserContext>;
  close(): Promise<void>;
};

/** `root`: the sources to run the gateway from, with a web app of their own. */
export async function openApp(chromium: string, root?: string): Promise<AppUnderTest> {
  if (root === undefined && !(await isWebAppCurrent())) await buildWebApp();
  const folder = await mkdtemp(join(tmpdir(), 'relay-app-'));
  const orthanc = await startOrthanc({ folder: join(folder, 'orthanc') });
  const [port, webPort] = [await freePort(), await freePort()];
  const bytes = createUploadBytes();
  const link = await startLink(webPort, 0, () => bytes.listen());
  const gateway = createGatewayUnderTest({
    port,
    webPort,
    dataDir: join(folder, 'data'),
    pacs: orthanc,
    adminPassword: PASSWORD,
    ...(root === undefined ? {} : { root }),
  });
  await gateway.start();
  let browser: BrowserContext | null = null;
  return {
    folder,
    orthanc,
    gateway,
    link,
    bytes,
    address: `http://127.0.0.1:${link.port}`,
    async openBrowser() {
      await browser?.close();
      browser = await openProfile(chromium, join(folder, 'profile'));
      browser.setDefaultTimeout(PATIENCE_MS);
      return browser;
    },
    async close() {
      await browser?.close();
      await link.stop();
      await gateway.stop();
      await orthanc.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function signIn(page: Page, username = 'admin'): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Choose files' }).waitFor();
}

/** Until the service worker serves this page and has every part of the app. */
export async function untilInstalled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    while (!navigator.serviceWorker.controller)
      await new Promise((resolve) =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      );
  });
}

/** Until the page knows under which policy it sends: without a network it goes on with what it knows. */
export function untilPolicyKnown(page: Page): Promise<void> {
  return page
    .getByText(/^(Names are removed on this device|Unchanged: names are kept)$/)
    .first()
    .waitFor();
}

/**
 * A page of the app, installed, with somebody signed in who knows under which policy it sends: where most
 * walks begin.
 */
export async function openInstalled(
  browser: BrowserContext,
  { address }: Pick<AppUnderTest, 'address'>,
): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(address);
  await signIn(page);
  await untilInstalled(page);
  await untilPolicyKnown(page);
  return page;
}

/**
 * What the gateway answers to this user, beside the browser; with `put` it is told something. Throws Error
 * where it refuses.
 */
export async function askAs<T>(
  { api }: Pick<GatewayUnderTest, 'api'>,
  username: string,
  path: string,
  put?: object,
): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const login = await fetch(`${api}/auth/login`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ username, password: PASSWORD }),
  });
  const { accessToken } = (await login.json()) as { accessToken: string };
  const answer = await fetch(`${api}${path}`, {
    headers: { ...headers, authorization: `Bearer ${accessToken}` },
    ...(put && { method: 'PUT', body: JSON.stringify(put) }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as T;
}

export type StudyOnDisk = { readonly name: string; readonly mimeType: string; readonly buffer: Buffer };

/** The files of a synthetic study as the picker gives them. */
export function filesOf(seed: number, { instances = 12, rows = 64 } = {}): StudyOnDisk[] {
  const study = syntheticStudy({
    seed,
    modality: 'CT',
    series: 2,
    instancesPerSeries: instances / 2,
    rows,
    columns: rows,
  });
  return study.instances.map(({ fileName, bytes }) => ({
    name: `${seed}-${fileName}`,
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(bytes),
  }));
}

export async function choose(page: Page, files: readonly StudyOnDisk[]): Promise<void> {
  await page
    .locator('input[data-picks=files]')
    .first()
    .setInputFiles([...files]);
  await page.getByRole('button', { name: /^Send \d/ }).waitFor();
}

/** Chooses, presses Send and waits until the queue is there. */
export async function queueStudy(page: Page, files: readonly StudyOnDisk[]): Promise<void> {
  await choose(page, files);
  await page.getByRole('button', { name: /^Send \d/ }).click();
  await page.getByRole('heading', { name: 'Queue', level: 1 }).waitFor();
}

export async function instancesInPacs({ restUrl, authorization }: RunningOrthanc): Promise<number> {
  return ((await (await fetch(`${restUrl}/instances`, { headers: { authorization } })).json()) as string[])
    .length;
}
