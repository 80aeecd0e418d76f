/**
 * A person's actions on the pages of the app, for tests in a browser: sign in, choose files, send a study,
 * and wait for the result.
 */
import { createHash } from 'node:crypto';
import type { BrowserContext, Page } from 'playwright-core';
import { ADMIN, askAs, PASSWORD } from './accounts.ts';
import { askOrthanc, instanceIdsOfStudy } from './ask-orthanc.ts';
import { pressKey, pressOn } from './press.ts';
import { syntheticStudy, type SyntheticOptions } from './synthetic-study.ts';
import type { World } from './world.ts';

/** Fills in the page that signs a person in, and sends it: for people who come to another page than that of sending. */
export async function fillSignIn(page: Page, username: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('User name').fill(username);
  const secret = page.getByLabel('Password', { exact: true });
  await secret.fill(password);
  await pressOn(secret, 'Enter');
}

export async function signIn(page: Page, username = ADMIN): Promise<void> {
  await fillSignIn(page, username);
  await page.getByRole('button', { name: 'Choose files' }).waitFor();
}

/** Runs in the page: resolves once its service worker, which holds every part of the app, controls it. */
export async function untilControlled(): Promise<void> {
  await navigator.serviceWorker.ready;
  while (!navigator.serviceWorker.controller)
    await new Promise((resolve) =>
      navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
    );
}

/** Until the service worker serves this page and has every part of the app. */
export function untilInstalled(page: Page): Promise<void> {
  return page.evaluate(untilControlled);
}

/** Runs in the page: has the browser's own cache take every script that the service worker would keep. */
async function fetchScripts(): Promise<void> {
  const list = await (await fetch('/service-worker.js')).text();
  const scripts = new Set(list.match(/assets\/[\w.-]+\.(?:js|css|wasm)/g));
  await Promise.all([...scripts].map(async (script) => (await fetch(`/${script}`)).arrayBuffer()));
}

/**
 * Until a page can open its other pages and workers without a network, or over a link that is held. It cannot be loaded
 * again so: that takes an installed app. Not where requests are routed: the browser keeps nothing then.
 */
export const keepScripts = (page: Page): Promise<void> => page.evaluate(fetchScripts);

/** Takes the network from the visitor of a page, which keeps its scripts. */
export async function goOffline(page: Page): Promise<void> {
  await keepScripts(page);
  await page.context().setOffline(true);
}

/** Until the page knows under which policy it sends; without a network it uses the one it last knew. */
export function untilPolicyKnown(page: Page): Promise<void> {
  return page
    .getByText(/^(Names are removed before sending|Names are kept)$/)
    .first()
    .waitFor();
}

/** A page of the app with a signed-in person: the start of most tests. */
export async function openApp(
  browser: BrowserContext,
  { address }: Pick<World, 'address'>,
  username = ADMIN,
): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(address);
  await signIn(page, username);
  await untilPolicyKnown(page);
  return page;
}

/** The same with the app installed: for a visitor whose service worker is let in. */
export async function openInstalled(
  browser: BrowserContext,
  world: Pick<World, 'address'>,
  username = ADMIN,
): Promise<Page> {
  const page = await openApp(browser, world, username);
  await untilInstalled(page);
  return page;
}

/**
 * Opens the large pictures of what is held back and goes from one to the next, as a person does, then closes them. Of a
 * film this shows one frame.
 */
export async function lookAtHeld(page: Page, count: number): Promise<void> {
  await page.locator('.held-instance button.look-box').first().click();
  const dialog = page.getByRole('dialog');
  for (let at = 1; at <= count; at += 1) {
    await dialog.locator('.look-box canvas').waitFor();
    if (count > 1) await dialog.getByText(`Picture ${at} of ${count}`).waitFor();
    const isSeen = dialog.getByText(new RegExp(`^(${at} of|All) \\d+ frames shown$`));
    await isSeen.or(dialog.locator('.tick:enabled')).first().waitFor();
    if (at < count) await dialog.getByRole('button', { name: 'Next picture' }).click();
  }
  await pressKey(page, 'Escape');
  await dialog.waitFor({ state: 'detached' });
}

/**
 * Opens the data set before and after of a study that waits for a decision: its card offers that decision first, and
 * this under *More*.
 */
export async function seeRemoved(page: Page): Promise<void> {
  await page.locator('.card-details > summary').first().click();
  await page.getByRole('link', { name: /^See what is removed/ }).click();
}

export type StudyOnDisk = { readonly name: string; readonly mimeType: string; readonly buffer: Buffer };

/**
 * Seeds of synthetic studies that no other suite uses: tests which share a PACS must not send the same instances.
 */
export function seedsOf(suite: string): (nth: number) => number {
  const round = process.env.RELAY_TEST_ROUND ?? '';
  const first = createHash('sha256').update(`${suite}${round}`).digest().readUInt32BE() % 1_000_000;
  return (nth) => first * 1_000 + nth;
}

/** A file as the browser's picker gives it. */
export const onDisk = (name: string, bytes: Uint8Array): StudyOnDisk => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(bytes),
});

/** The files of a synthetic study as the picker gives them: a CT of two series, unless it is told otherwise. */
export function filesOf({ seed, ...options }: SyntheticOptions): StudyOnDisk[] {
  const study = syntheticStudy({
    seed,
    modality: 'CT',
    series: 2,
    instancesPerSeries: 6,
    rows: 64,
    columns: 64,
    ...options,
  });
  return study.instances.map(({ fileName, bytes }) => onDisk(`${seed}-${fileName}`, bytes));
}

/** A study of two series that takes long enough on its way to be met in the middle: 0.5 MB an instance. */
export const largeFilesOf = (seed: number, instances = 16): StudyOnDisk[] =>
  filesOf({ seed, instancesPerSeries: instances / 2, rows: 512, columns: 512 });

/** The button of the bar; the second where everything of the choice is held back. */
const SENDS = /^(Send \d|Decide first)/;

export async function choose(page: Page, files: readonly StudyOnDisk[]): Promise<void> {
  await page
    .locator('input[data-picks=files]')
    .first()
    .setInputFiles([...files]);
  await page.getByRole('button', { name: SENDS }).waitFor();
}

/** Chooses the files of a study from the disk: the browser itself reads them, and finds out when one is gone. */
export async function chooseFromDisk(page: Page, paths: readonly string[]): Promise<void> {
  // A page that is only now drawn may show its frame before its place for files.
  await page.locator('input[data-picks=files]').first().waitFor({ state: 'attached' });
  const debug = await page.context().newCDPSession(page);
  const { result } = await debug.send('Runtime.evaluate', {
    expression: `document.querySelector('input[data-picks=files]')`,
  });
  if (result.objectId === undefined) throw new Error('the page has no place for files');
  await debug.send('DOM.setFileInputFiles', { objectId: result.objectId, files: [...paths] });
  await debug.detach();
  await page.getByRole('button', { name: SENDS }).waitFor();
}

/** Presses Send and waits for the queue. */
export async function pressSend(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Send \d/ }).click();
  await page.getByRole('heading', { name: 'Studies', level: 1, exact: true }).waitFor();
}

/** Chooses the files of a study, presses Send and waits for the queue. */
export async function sendStudy(page: Page, files: readonly StudyOnDisk[]): Promise<void> {
  await choose(page, files);
  await pressSend(page);
}

/** Studies that this account has sent, by their UIDs as they were sent, the newest first. */
export async function studiesSentBy(
  { gateway }: Pick<World, 'gateway'>,
  username: string,
): Promise<string[]> {
  const { uploads } = await askAs<{ uploads: { studyInstanceUID: string }[] }>(gateway, username, '/uploads');
  return [...new Set(uploads.map(({ studyInstanceUID }) => studyInstanceUID))];
}

/** How many instances the PACS holds of the studies that this account has sent. */
export async function instancesSentBy(
  world: Pick<World, 'gateway' | 'orthanc'>,
  username: string,
): Promise<number> {
  let instances = 0;
  for (const uid of await studiesSentBy(world, username))
    instances += (await instanceIdsOfStudy(world.orthanc, uid)).length;
  return instances;
}

/** How many instances the PACS holds, whoever sent them. */
export async function instancesInPacs({ orthanc }: Pick<World, 'orthanc'>): Promise<number> {
  return (JSON.parse((await askOrthanc(orthanc, '/instances')).toString()) as string[]).length;
}

/** Until the browser has kept so many decisions about images before Send. */
export async function untilDecisionsKept(page: Page, count: number): Promise<void> {
  await page.waitForFunction(async (wanted) => {
    const asked = indexedDB.open('relaypacs');
    await new Promise((resolve) => asked.addEventListener('success', resolve));
    const range = IDBKeyRange.bound('decision/', 'decision0');
    const counting = asked.result.transaction('device').objectStore('device').count(range);
    await new Promise((resolve) => counting.addEventListener('success', resolve));
    asked.result.close();
    return counting.result === wanted;
  }, count);
}

/** Until the browser has kept so many instances as chosen and not sent: a page that goes sooner tells nobody. */
export async function untilChoiceKept(page: Page, instances: number): Promise<void> {
  await page.waitForFunction(async (wanted) => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const asked = indexedDB.open('relaypacs');
      asked.addEventListener('success', () => resolve(asked.result));
      asked.addEventListener('error', () => reject(asked.error!));
    });
    const rows = await new Promise<{ name: string; value: { studies: { instances: number }[] } }[]>(
      (resolve) => {
        const asked = database.transaction('device').objectStore('device').getAll();
        asked.addEventListener('success', () => resolve(asked.result));
      },
    );
    database.close();
    const kept = rows.filter(({ name }) => name.startsWith('choice/')).flatMap(({ value }) => value.studies);
    return kept.reduce((sum, study) => sum + study.instances, 0) === wanted;
  }, instances);
}
