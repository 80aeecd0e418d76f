/**
 * The main job, in a real Chromium against the running system: a real study is dropped on the page, the page
 * is reloaded and the link cut during the upload, another study uses a link that goes silent, and in the end
 * the PACS holds every byte and the receipt proves it.
 */
import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAccount, type Account } from '#testing/accounts.ts';
import {
  filesOf,
  instancesSentBy,
  onDisk,
  openInstalled,
  pressSend,
  seedsOf,
  studiesSentBy,
  type StudyOnDisk,
} from '#testing/app-page.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { filesOfStudy } from '#testing/ask-orthanc.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { noWorldBecause, openWorld, type World } from '#testing/world.ts';
import { sha256 } from '#testing/sha256.ts';
import { verifyReceipt, type JSONWebKeySet } from './pipeline/upload/accept-receipt.ts';

const RELAY = fileURLToPath(new URL('../../scripts/relay.ts', import.meta.url));
/** Real studies of several series, one of them large enough to be interrupted midway. */
const REAL_STUDIES = ['ct-3slice-seg', 'mr-t1-siemens'];

const { corpus } = testEnvironment();
const test = suite('the main job');
const why = await noWorldBecause();
const seed = seedsOf('the main job');

/** A study of one modality with this many instances. */
const syntheticFiles = (nth: number, series: number): StudyOnDisk[] =>
  filesOf({ seed: seed(nth), modality: 'MR', series, instancesPerSeries: 12, rows: 512, columns: 512 });

async function filesToDrop(): Promise<StudyOnDisk[]> {
  if (corpus === null) {
    skipped('the main job with a real study', 'the corpus is not here; a synthetic one is sent');
    return syntheticFiles(7, 3);
  }
  const files: StudyOnDisk[] = [];
  for (const study of REAL_STUDIES) {
    for (const name of (await readdir(join(corpus, 'dev', study))).sort())
      files.push(onDisk(name, await readFile(join(corpus, 'dev', study, name))));
  }
  return files;
}

/** Drops files on the page like a person: with a drop event whose DataTransfer holds them. */
async function drop(page: Page, files: readonly StudyOnDisk[]): Promise<void> {
  const transfer = await page.evaluateHandle(() => new DataTransfer());
  for (const { name, buffer } of files) {
    await transfer.evaluate(
      (target, file) => {
        const content = Uint8Array.from(atob(file.base64), (character) => character.charCodeAt(0));
        target.items.add(new File([content], file.name));
      },
      { name, base64: buffer.toString('base64') },
    );
  }
  for (const type of ['dragenter', 'dragover', 'drop'])
    await page.dispatchEvent('main', type, { dataTransfer: transfer });
}

/** The SHA-256 of every file in the PACS that belongs to studies sent by this account. */
async function digestsInPacs(world: World, { username }: Account): Promise<Set<string>> {
  const digests = new Set<string>();
  for (const uid of await studiesSentBy(world, username)) {
    for (const file of await filesOfStudy(world.orthanc, uid)) digests.add(sha256(file));
  }
  return digests;
}

/** Rows of the local database that hold parcels. */
async function parcelsOnDevice(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('relaypacs');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const counted = database.transaction('records').objectStore('records').count();
    return new Promise<number>((resolve) => {
      counted.onsuccess = () => {
        database.close();
        resolve(counted.result);
      };
    });
  });
}

/** Runs in the sending worker: shortens the minute that it gives a silent link to a few seconds. */
function hurry(): void {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((work: () => void, ms = 0) =>
    setTimeout(work, ms >= 60_000 ? ms / 20 : ms)) as typeof setTimeout;
}

/** Keeps everything unchanged, presses Send, reloads midway and cuts the link during the upload. */
async function sendOverBrokenLink(page: Page, { link }: World): Promise<void> {
  const send = page.getByRole('button', { name: /^Send \d/ });
  await send.waitFor();
  await until('every file to be read', async () => (await page.locator('progress').count()) === 0);
  await page.getByRole('button', { name: /Change$/ }).click();
  await page.getByLabel(/^Keep everything unchanged/).check();
  await page.getByRole('button', { name: 'Keep names' }).click();
  // Coded, the study takes less than half of its bytes.
  const inTheMiddle = link.pauseAfter(700_000);
  await send.click();
  await inTheMiddle.reached;
  // From now on the page promises that nothing is lost; before, it says that it must stay open.
  await page.getByText('You can close this page', { exact: false }).waitFor();
  await page.reload();
  inTheMiddle.resume();

  const again = link.pauseAfter(1_000_000);
  await again.reached;
  link.cut();
  again.resume();
  await page.getByText('Waiting for the', { exact: false }).first().waitFor();
  link.mend();
}

async function saveReceipt(page: Page, file: string): Promise<void> {
  await page.locator('[data-part=arrived] .queue-name a').last().click();
  await page.getByRole('button', { name: 'Receipt', exact: true }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save the signed file' }).click(),
  ]);
  await download.saveAs(file);
}

/** The exit code of the command line when it verifies the receipt with the gateway's published keys. */
const verifyByCommand = ({ gateway }: World, file: string) =>
  spawnSync(process.execPath, [
    RELAY,
    'receipt',
    'verify',
    file,
    '--jwks',
    `${gateway.api}/.well-known/jwks.json`,
  ]).status;

if (why !== null) {
  skipped('the main job', why);
} else {
  let world: World;
  let account: Account;
  let visitor: BrowserContext;
  let page: Page;
  test.before.each(async () => {
    world = await openWorld();
    account = await createAccount(world.gateway, 'tess', ['technician']);
    visitor = await world.openVisitor();
    // While the link is down, only the service worker answers a reload.
    page = await openInstalled(visitor, world, account.username);
  });
  test.after.each(async () => {
    await visitor.close();
    await world.close();
  });

  test('a dropped study survives a reload and an interruption midway, and arrives bit for bit', async () => {
    const files = await filesToDrop();
    await drop(page, files);
    await sendOverBrokenLink(page, world);
    await page.getByRole('link', { name: /^Studies/ }).click();
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    await until('every study to be in the PACS', async () => (await parcelsOnDevice(page)) === 0);
    const held = await digestsInPacs(world, account);
    for (const { name, buffer } of files)
      assert.ok(held.has(sha256(buffer)), `${name} is in the PACS as it was on the disk`);
    assert.is(held.size, files.length, 'and nothing else');
    const total = files.reduce((sum, { buffer }) => sum + buffer.length, 0);
    process.stdout.write(`\n${world.link.bytesUp} bytes went up for ${total} bytes of study\n`);
  });

  test('the receipt can be saved and verified with the published keys, and any changed byte is detected', async () => {
    await drop(page, filesOf({ seed: seed(9) }));
    await pressSend(page);
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    const receiptFile = join(world.folder, 'receipt.jws');
    await saveReceipt(page, receiptFile);
    assert.is(verifyByCommand(world, receiptFile), 0, 'it holds');
    const changed = await readFile(receiptFile);
    changed[changed.length >> 1]! ^= 1;
    const changedFile = join(world.folder, 'changed.jws');
    await writeFile(changedFile, changed);
    assert.is(verifyByCommand(world, changedFile), 1, 'a changed one does not');

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

  test('a link that silently drops packets is given up after a minute, and the study continues where it was', async () => {
    const { link } = world;
    page.on('worker', (worker) => {
      void ignoreFailure(worker.evaluate(hurry), 'a worker that is gone needs no hurry');
    });
    await page.reload();
    await page.getByRole('link', { name: 'Upload' }).click();
    await drop(page, syntheticFiles(8, 1));
    const send = page.getByRole('button', { name: 'Send 1 study' });
    await send.waitFor();
    const silence = link.pauseAfter(700_000);
    await send.click();
    try {
      await silence.reached;
      await page.getByText('Waiting for the gateway.', { exact: false }).first().waitFor();
    } finally {
      silence.resume();
    }
    await page.getByText('Waiting for the gateway.', { exact: false }).first().waitFor({ state: 'detached' });
    await until('the study to be in the PACS', async () => (await parcelsOnDevice(page)) === 0);
    assert.is(await instancesSentBy(world, account.username), 12);
  });
}

test.run();
