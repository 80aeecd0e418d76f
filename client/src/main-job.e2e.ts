/**
 * The main job, in a real Chromium against the running system: a real study is dropped on the page, the page
 * is reloaded and the link cut while it travels, another goes over a link that falls silent, and at the end
 * the PACS holds every byte and the receipt proves it.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { untilInstalled } from '#testing/app-under-test.ts';
import { allFiles } from '#testing/ask-orthanc.ts';
import { PATIENCE_MS, skipped, testEnvironment } from '#testing/environment.ts';
import { createGatewayUnderTest, until, type GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { openBrowser, openVisitor } from '#testing/inspect-page.ts';
import { startLink, type Link } from '#testing/link.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { buildWebApp, isWebAppCurrent } from '../../scripts/build.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../scripts/system/orthanc.ts';
import { freePort } from '../../scripts/system/ports.ts';
import { verifyReceipt, type JSONWebKeySet } from './pipeline/upload/accept-receipt.ts';

const RELAY = fileURLToPath(new URL('../../scripts/relay.ts', import.meta.url));
const PASSWORD = 'only for this test';
/** Real studies of several series; one of them large enough to be cut in the middle. */
const REAL_STUDIES = ['ct-3slice-seg', 'mr-t1-siemens'];

const { chromium, corpus } = testEnvironment();
const test = suite('the main job');
const why =
  chromium === null
    ? 'there is no Chromium'
    : (await findOrthanc()) === null
      ? 'Orthanc is not installed'
      : null;

type Dropped = { readonly name: string; readonly bytes: Buffer };

async function filesToDrop(): Promise<Dropped[]> {
  if (corpus === null) {
    skipped('the main job with a real study', 'the corpus is not here; a synthetic one is sent');
    const study = syntheticStudy({
      seed: 7,
      modality: 'MR',
      series: 3,
      instancesPerSeries: 12,
      rows: 512,
      columns: 512,
    });
    return study.instances.map(({ fileName, bytes }, index) => ({
      name: `${index}-${fileName}`,
      bytes: Buffer.from(bytes),
    }));
  }
  const files: Dropped[] = [];
  for (const study of REAL_STUDIES) {
    for (const name of (await readdir(join(corpus, 'dev', study))).sort())
      files.push({ name, bytes: await readFile(join(corpus, 'dev', study, name)) });
  }
  return files;
}

/** Drops files on the page as a hand does: a drop event whose DataTransfer holds them. */
async function drop(page: Page, files: readonly Dropped[]): Promise<void> {
  const transfer = await page.evaluateHandle(() => new DataTransfer());
  for (const { name, bytes } of files) {
    await transfer.evaluate(
      (target, file) => {
        const content = Uint8Array.from(atob(file.base64), (character) => character.charCodeAt(0));
        target.items.add(new File([content], file.name));
      },
      { name, base64: bytes.toString('base64') },
    );
  }
  for (const type of ['dragenter', 'dragover', 'drop'])
    await page.dispatchEvent('main', type, { dataTransfer: transfer });
}

async function signIn(page: Page): Promise<void> {
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Choose files' }).waitFor();
}

/** SHA-256 of every file that the PACS holds. */
async function digestsInPacs(orthanc: RunningOrthanc): Promise<Set<string>> {
  const digests = new Set<string>();
  for await (const file of allFiles(orthanc)) digests.add(sha256(file));
  return digests;
}
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Rows of the local database that hold parcels. */
async function parcelsOnDevice(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('relaypacs');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const counted = database.transaction('records').objectStore('records').count();
    return new Promise<number>(
      (resolve) => (counted.onsuccess = () => (database.close(), resolve(counted.result))),
    );
  });
}

/** Runs in the worker that sends: the minute that it gives a silent link passes in some seconds. */
function hurry(): void {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((work: () => void, ms = 0) =>
    setTimeout(work, ms >= 60_000 ? ms / 20 : ms)) as typeof setTimeout;
}

type World = {
  folder: string;
  orthanc: RunningOrthanc;
  gateway: GatewayUnderTest;
  link: Link;
  browser: Browser;
  page: Page;
  files: Dropped[];
};

async function openWorld(executable: string): Promise<World> {
  if (!(await isWebAppCurrent())) await buildWebApp();
  const folder = await mkdtemp(join(tmpdir(), 'relay-main-job-'));
  const orthanc = await startOrthanc({ folder: join(folder, 'orthanc') });
  const webPort = await freePort();
  const link = await startLink(webPort);
  const gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort,
    dataDir: join(folder, 'data'),
    pacs: orthanc,
    adminPassword: PASSWORD,
  });
  await gateway.start();
  const browser = await openBrowser(executable);
  const page = await (await openVisitor(browser)).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  return { folder, orthanc, gateway, link, browser, page, files: await filesToDrop() };
}

async function closeWorld({ folder, orthanc, gateway, link, browser }: World): Promise<void> {
  await browser.close();
  await link.stop();
  await gateway.stop();
  await orthanc.stop();
  await rm(folder, { recursive: true, force: true });
}

if (why !== null || chromium === null) {
  skipped('the main job', why ?? 'there is no Chromium');
} else {
  let world: World;
  let receiptFile: string;
  test.before(async () => {
    world = await openWorld(chromium);
  });
  test.after(async () => closeWorld(world));

  test('a study that is dropped survives a reload and a cut in the middle, and arrives bit for bit', async () => {
    const { page, link, files, orthanc } = world;
    await page.goto(`http://127.0.0.1:${link.port}`);
    await signIn(page);
    // Where the link stands still, only the worker answers a reload.
    await untilInstalled(page);
    await drop(page, files);
    const send = page.getByRole('button', { name: /^Send \d/ });
    await send.waitFor();
    await until('every file to be read', async () => (await page.locator('progress').count()) === 0);

    await page.getByRole('button', { name: /Change$/ }).click();
    await page.getByLabel(/^Keep everything unchanged/).check();
    await page.keyboard.press('Escape');
    // Coded, it is less than half of its bytes.
    const inTheMiddle = link.pauseAfter(700_000);
    await send.click();
    await inTheMiddle.reached;
    // From here on the page promises that nothing is lost; before, it says that it must stay open.
    await page.getByText('You can close this page', { exact: false }).waitFor();
    await page.reload();
    inTheMiddle.resume();

    const again = link.pauseAfter(1_000_000);
    await again.reached;
    link.cut();
    again.resume();
    await page.getByText('Waiting for the', { exact: false }).first().waitFor();
    link.mend();

    await page.getByRole('link', { name: /Queue/ }).click();
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    await until('every study to be in the PACS', async () => (await parcelsOnDevice(page)) === 0);
    const held = await digestsInPacs(orthanc);
    for (const { name, bytes } of files)
      assert.ok(held.has(sha256(bytes)), `${name} is in the PACS as it was on the disk`);
    assert.is(held.size, files.length, 'and nothing else is');
    const total = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
    process.stdout.write(`\n${link.bytesUp} bytes went up for ${total} bytes of study\n`);
  });

  test('the receipt can be saved and is verified with the published keys', async () => {
    const { page, gateway, folder } = world;
    await page.locator('[data-part=arrived] .queue-name a').last().click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save receipt' }).click(),
    ]);
    receiptFile = join(folder, 'receipt.jws');
    await download.saveAs(receiptFile);
    const verify = (file: string) =>
      spawnSync(process.execPath, [
        RELAY,
        'receipt',
        'verify',
        file,
        '--jwks',
        `${gateway.api}/.well-known/jwks.json`,
      ]).status;
    assert.is(verify(receiptFile), 0, 'it holds');
    const changed = await readFile(receiptFile);
    changed[changed.length >> 1]! ^= 1;
    const changedFile = join(folder, 'changed.jws');
    await writeFile(changedFile, changed);
    assert.is(verify(changedFile), 1, 'a changed one does not');
  });

  test('no byte of the receipt can be changed unseen', async () => {
    const keys = (await (await fetch(`${world.gateway.api}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    const receipt = (await readFile(receiptFile)).toString('latin1');
    assert.is((await verifyReceipt(receipt, keys)).kind, 'holds');
    for (let at = 0; at < receipt.length; at += 1) {
      for (const bit of [1, 2, 32]) {
        const changed =
          receipt.slice(0, at) + String.fromCharCode(receipt.charCodeAt(at) ^ bit) + receipt.slice(at + 1);
        assert.is((await verifyReceipt(changed, keys)).kind, 'fault', `byte ${at}, bit ${bit}`);
      }
    }
    for (const more of [`${receipt}\n`, ` ${receipt}`, `${receipt}=`, receipt.slice(0, -1)])
      assert.is((await verifyReceipt(more, keys)).kind, 'fault');
  });

  test('a link that drops packets without a word is given up after a minute, and the study goes on from where it was', async () => {
    const { page, link } = world;
    page.on('worker', (worker) => void worker.evaluate(hurry).catch(() => undefined));
    await page.reload();
    await page.getByRole('link', { name: 'Upload' }).click();
    const study = syntheticStudy({
      seed: 8,
      modality: 'MR',
      series: 1,
      instancesPerSeries: 12,
      rows: 512,
      columns: 512,
    });
    await drop(
      page,
      study.instances.map(({ fileName, bytes }, index) => ({
        name: `${index}-${fileName}`,
        bytes: Buffer.from(bytes),
      })),
    );
    const send = page.getByRole('button', { name: 'Send 1 study' });
    await send.waitFor();
    const silence = link.pauseAfter(700_000);
    await send.click();
    let isSilent = false;
    void silence.reached.then(() => (isSilent = true));
    try {
      await until('the link to fall silent', () => isSilent);
      await page.getByText('Waiting for the gateway.', { exact: false }).first().waitFor();
    } finally {
      silence.resume();
    }
    await page.getByText('Waiting for the gateway.', { exact: false }).first().waitFor({ state: 'detached' });
    await until('the study to be in the PACS', async () => (await parcelsOnDevice(page)) === 0);
  });
}

test.run();
