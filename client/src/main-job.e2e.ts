/**
 * The main job, in a real Chromium against the running system: a real study is dropped on the page, the page
 * is reloaded and the link cut during the upload, another study uses a link that goes silent, and in the end
 * the PACS holds every byte and the receipt proves it.
 */
import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  filesOf,
  instancesSentBy,
  keepScripts,
  onDisk,
  pressSend,
  studiesSentBy,
  type StudyOnDisk,
} from '#testing/app-page.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { filesOfStudy } from '#testing/ask-orthanc.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { sha256 } from '#testing/sha256.ts';
import { openWorld } from '#testing/world.ts';
import { verifyReceipt, type JSONWebKeySet } from './pipeline/upload/accept-receipt.ts';

const RELAY = fileURLToPath(new URL('../../scripts/relay.ts', import.meta.url));
/** Real studies of several series, one of them large enough to be interrupted midway. */
const REAL_STUDIES = ['ct-3slice-seg', 'mr-t1-siemens'];

const { corpus } = testEnvironment();
const test = suite('the main job');
const walk = await walkScreens(test, { name: 'the main job', roles: ['technician'], open: openWorld });

/** A study of one modality with this many instances. */
const syntheticFiles = ({ seed }: Stage, series: number): StudyOnDisk[] =>
  filesOf({ seed: seed(1), modality: 'MR', series, instancesPerSeries: 12, rows: 512, columns: 512 });

async function filesToDrop(stage: Stage): Promise<StudyOnDisk[]> {
  if (corpus === null) {
    skipped('the main job with a real study', 'the corpus is not here; a synthetic one is sent');
    return syntheticFiles(stage, 3);
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
async function digestsInPacs(stage: Stage): Promise<Set<string>> {
  const digests = new Set<string>();
  for (const uid of await studiesSentBy(stage, stage.account.username)) {
    for (const file of await filesOfStudy(stage.orthanc, uid)) digests.add(sha256(file));
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
async function sendOverBrokenLink({ page, link }: Stage): Promise<void> {
  const send = page.getByRole('button', { name: /^Send \d/ });
  await send.waitFor();
  await expect(page.locator('progress'), 'every file is read').toHaveCount(0);
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
const verifyByCommand = ({ gateway }: Stage, file: string) =>
  spawnSync(process.execPath, [
    RELAY,
    'receipt',
    'verify',
    file,
    '--jwks',
    `${gateway.api}/.well-known/jwks.json`,
  ]).status;

walk.installed(
  'a dropped study survives a reload and an interruption midway, and arrives bit for bit',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    const files = await filesToDrop(stage);
    await drop(page, files);
    await sendOverBrokenLink(stage);
    await page.getByRole('link', { name: /^Studies/ }).click();
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    await until('every study to be in the PACS', async () => (await parcelsOnDevice(page)) === 0);
    const held = await digestsInPacs(stage);
    for (const { name, buffer } of files)
      assert.ok(held.has(sha256(buffer)), `${name} is in the PACS as it was on the disk`);
    assert.is(held.size, files.length, 'and nothing else');
    const total = files.reduce((sum, { buffer }) => sum + buffer.length, 0);
    process.stdout.write(`\n${stage.link.bytesUp} bytes went up for ${total} bytes of study\n`);
  },
);

walk(
  'the receipt can be saved and verified with the published keys, and any changed byte is detected',
  async (stage) => {
    const { page, folder, gateway } = stage;
    await stage.enter();
    await drop(page, filesOf({ seed: stage.seed(1) }));
    await pressSend(page);
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    const receiptFile = join(folder, 'receipt.jws');
    await saveReceipt(page, receiptFile);
    assert.is(verifyByCommand(stage, receiptFile), 0, 'it holds');
    const changed = await readFile(receiptFile);
    changed[changed.length >> 1]! ^= 1;
    const changedFile = join(folder, 'changed.jws');
    await writeFile(changedFile, changed);
    assert.is(verifyByCommand(stage, changedFile), 1, 'a changed one does not');

    const keys = (await (await fetch(`${gateway.api}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    const receipt = (await readFile(receiptFile)).toString('latin1');
    assert.is((await verifyReceipt(receipt, keys)).kind, 'holds');
    for (let at = 0; at < receipt.length; at += 1) {
      const other = String.fromCharCode(receipt.charCodeAt(at) ^ (1 << (at % 6)));
      const forged = receipt.slice(0, at) + other + receipt.slice(at + 1);
      assert.is((await verifyReceipt(forged, keys)).kind, 'fault', `byte ${at}`);
    }
    for (const more of [`${receipt}\n`, ` ${receipt}`, `${receipt}=`, receipt.slice(0, -1)])
      assert.is((await verifyReceipt(more, keys)).kind, 'fault');
  },
);

walk(
  'a link that silently drops packets is given up after a minute, and the study continues where it was',
  async (stage) => {
    const { page, link } = stage;
    page.on('worker', (worker) => {
      void ignoreFailure(worker.evaluate(hurry), 'a worker that is gone needs no hurry');
    });
    await stage.enter();
    await drop(page, syntheticFiles(stage, 1));
    const send = page.getByRole('button', { name: 'Send 1 study' });
    await send.waitFor();
    await keepScripts(page);
    const silence = link.pauseAfter(700_000);
    await send.click();
    await silence.reached;
    const waiting = page.getByText('Waiting for the gateway.', { exact: false }).first();
    await waiting.waitFor();
    silence.resume();
    await waiting.waitFor({ state: 'detached' });
    await until('the study to be in the PACS', async () => (await parcelsOnDevice(page)) === 0);
    assert.is(await instancesSentBy(stage, stage.account.username), 12);
  },
);

test.run();
