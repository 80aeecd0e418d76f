// test:all: what the queue says of rare events takes a minute of walks; screens-queue.e2e.ts guards by day
/**
 * The queue explains itself, in a real Chromium against the running system: what came too late or was refused, what is
 * in the PACS already, what has to be chosen again, a proxy in the way, and what a screen reader hears of it. Every
 * state is inspected as in screens.e2e.ts.
 */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  choose,
  filesOf,
  goOffline,
  instancesSentBy,
  largeFilesOf,
  pressSend,
  sendStudy,
  untilChoiceKept,
} from '#testing/app-page.ts';
import { PATIENCE_MS } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { openLiveRegions } from '#testing/live-regions.ts';
import { focusAndPress } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { changeStudies } from './testing/change-studies.ts';
import { looksRight } from './testing/looks-right.ts';
import { enterAndHold, leave, named, toUpload, untilInPacs } from './testing/walk-queue.ts';

const test = suite('the queue explains itself');
const walk = await walkScreens(test, {
  name: 'the queue explains itself',
  roles: ['admin'],
  open: openWorld,
});

walk('a question that is open while the study arrives says that it was too late', async (stage) => {
  const { page, seed } = stage;
  const inTheMiddle = await enterAndHold(stage);
  await sendStudy(page, largeFilesOf(seed(4), 8));
  await inTheMiddle.reached;
  await page.getByRole('button', { name: `Cancel sending: ${named(stage, 4)}` }).click();
  await page.getByRole('dialog').waitFor();
  inTheMiddle.resume();
  await page.getByText(/^Too late to cancel the study of .*. It is in the PACS/).waitFor();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
  await looksRight(page, 'cancel-too-late');
  await page.getByRole('button', { name: 'Close this message' }).click();
  await page.getByText('Too late to cancel the study of').waitFor({ state: 'detached' });
});

walk(
  'cancelling midway lists what will be lost, and says that the gateway refused, or is silent',
  async (stage) => {
    const { page, seed, visitor } = stage;
    const inTheMiddle = await enterAndHold(stage);
    await sendStudy(page, largeFilesOf(seed(7), 8));
    await inTheMiddle.reached;
    const cancel = page.getByRole('button', { name: `Cancel sending: ${named(stage, 7)}` });
    const confirm = page.getByRole('dialog').getByRole('button', { name: 'Cancel sending' });
    const title = 'Your role does not allow this.';
    const refusal = { type: 'x', title, status: 403, code: 'not-allowed', correlationId: 'c' };
    await visitor.route('**/decisions', (route) => route.fulfill({ status: 403, json: refusal }));
    await cancel.click();
    await page.getByText('Images not yet in the PACS will not be sent.', { exact: false }).waitFor();
    await looksRight(page, 'cancel');
    await confirm.click();
    await page.getByText(title, { exact: false }).waitFor();
    await page.locator('.queue-part[data-part=under-way]').waitFor();
    await visitor.unroute('**/decisions');
    const answer = Promise.withResolvers<void>();
    await visitor.route('**/decisions', async (route) => {
      await answer.promise;
      await route.fallback();
    });
    await cancel.click();
    await confirm.click();
    await page.locator('[data-part=taken-back] .study-where').getByText('Cancelling').waitFor();
    await expect(cancel).toHaveCount(0);
    inTheMiddle.resume();
    answer.resolve();
    await page.locator('[data-part=taken-back] .study-where').getByText('Cancelled').waitFor();
    await page.locator('[data-part=taken-back] .study-open').click();
    await page.getByText('This study was cancelled while it was being sent.', { exact: false }).waitFor();
    await page.getByText('Nothing is waiting on this device').waitFor();
  },
);

walk('something else answering in the gateway’s place is reported', async (stage) => {
  const { page, visitor, seed } = stage;
  await stage.enter();
  await visitor.route('**/api/upload/**', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<h1>Room number?</h1>' }),
  );
  await sendStudy(page, filesOf({ seed: seed(5) }));
  await page
    .getByText('A sign-in page or proxy on this network is responding instead of the gateway', {
      exact: false,
    })
    .waitFor();
  await looksRight(page, 'queue-proxy');
  await visitor.unroute('**/api/upload/**');
  await untilInPacs(stage, 12);
  await page
    .getByText('A sign-in page or proxy on this network', { exact: false })
    .waitFor({ state: 'detached' });
  await page.getByRole('heading', { name: 'In the PACS 1' }).waitFor();
});

/** The page of what the browser may delete advises to install the app only once its button can do it. */
async function installIsAdvisedWithItsButton(page: Page): Promise<void> {
  if (await page.evaluate(() => navigator.storage.persisted())) return;
  await page.getByText('If this device runs out of space', { exact: false }).waitFor();
  const install = page.getByRole('button', { name: 'Install', exact: true });
  await expect(install.or(page.getByText('Install the app', { exact: false }))).toHaveCount(0);
  await page.evaluate(() =>
    dispatchEvent(
      Object.assign(new Event('beforeinstallprompt', { cancelable: true }), { prompt: async () => {} }),
    ),
  );
  await page.getByText('Install the app', { exact: false }).waitFor();
  await focusAndPress(install, 'Enter');
  await install.waitFor({ state: 'detached' });
}

walk(
  'an interrupted study is named by its button, which opens the chooser, and the page says whether it is that study',
  async (stage) => {
    const { page, visitor, seed } = stage;
    await stage.enter();
    await goOffline(page);
    const patient = { name: 'Meier^Anna', id: 'PAT-1001' };
    const files = filesOf({ seed: seed(21), series: 1, instancesPerSeries: 2, patient });
    await sendStudy(page, files);
    await page.getByText('2 images are safe here', { exact: false }).waitFor();
    await installIsAdvisedWithItsButton(page);
    // The tab that was writing the study is gone.
    await changeStudies(page, () => ({ packing: true, state: 'reading' }));
    await leave(page, () => visitor.setOffline(false));
    await page.getByText('Sending was interrupted.').waitFor();
    await page.getByRole('link', { name: 'Upload' }).click();
    await page.getByRole('heading', { name: 'Upload' }).waitFor();
    await page.getByRole('link', { name: '2 to decide', exact: true }).waitFor();
    await page.getByRole('link', { name: /^Studies/ }).click();
    const again = page.getByRole('button', { name: 'Choose it again: Meier, Anna' });
    const chooseAgain = async (chosen: typeof files) => {
      const chooser = page.waitForEvent('filechooser');
      await again.click();
      await (await chooser).setFiles([...chosen]);
    };
    const other = { name: 'Kurz^Bo', id: 'PAT-3003' };
    await chooseAgain(filesOf({ seed: seed(22), series: 1, instancesPerSeries: 2, patient: other }));
    await page.getByText('Your selection does not contain the study of Meier, Anna').waitFor();
    await looksRight(page, 'upload-other-again');
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await page.getByRole('link', { name: /^Studies/ }).click();
    await chooseAgain(files);
    await page.getByText('This is the study of Meier, Anna that you wanted to choose again').waitFor();
    await pressSend(page);
    await untilInPacs(stage, 2);
    await expect(page.locator('.queue-row')).toHaveCount(1);
  },
);

walk('a study that does not fit is refused before Send is pressed', async (stage) => {
  const { page, seed } = stage;
  await stage.enter();
  // Chromium reports 10 GiB more than a page uses, regardless of the disk, so the test supplies a realistic
  // answer.
  await page.evaluate(() => {
    navigator.storage.estimate = async () => ({ quota: 6_000_000, usage: 1_000_000 });
  });
  await choose(page, largeFilesOf(seed(7)));
  await page.getByText(/^Not enough space: needs .*, .* free\./).waitFor();
  await looksRight(page, 'upload-too-large');
});

/**
 * Runs in the page. No test can answer the browser's picker of folders: the folder it returns here lies in
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

walk('a folder that is chosen is read with all the folders in it', async (stage) => {
  const { page, seed } = stage;
  await stage.enter();
  const files = filesOf({ seed: seed(9) }).map(
    ({ name, buffer }) => [name, buffer.toString('base64')] as const,
  );
  await page.evaluate(fakePicker, files);
  await page.getByRole('button', { name: 'Choose a folder' }).click();
  await page
    .getByRole('button', { name: /^Send 1 study/ })
    .getByText('12 images', { exact: false })
    .waitFor();
  await expect(page.getByRole('heading', { name: '1 study found' })).toHaveCount(1);
});

walk(
  'a study that is chosen again with one image more says how many are new, one that differs, and stays one row',
  async (stage) => {
    const { page, seed } = stage;
    await stage.enter();
    const files = filesOf({ seed: seed(1), series: 1, instancesPerSeries: 6 });
    await sendStudy(page, files.slice(0, 5));
    await untilInPacs(stage, 5);
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    await toUpload(page);
    await choose(page, files);
    await page.getByText('5 of its 6 images are already in the PACS; 1 is new and will be sent.').waitFor();
    await page.getByText('1 image chosen, not saved yet. Press Send').waitFor();
    await looksRight(page, 'upload-sent-in-part');
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    const [first, ...others] = files.slice(0, 5);
    const other = Buffer.from(first!.buffer);
    other[other.length - 1]! ^= 1;
    await choose(page, [{ ...first!, buffer: other }, ...others]);
    await page
      .getByText(
        '4 of its 5 images are already in the PACS; 1 differs from the image with the same ID in the PACS.',
      )
      .waitFor();
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await choose(page, files.slice(5));
    await page.getByText('The PACS has other images of this study; 1 is new and will be sent.').waitFor();
    await expect(page.getByText('Sending again will not create duplicates')).toHaveCount(0);
    await page.getByRole('button', { name: /^Send 1 study/ }).click();
    const row = page.locator('.queue-row');
    await row.getByText('2 uploads of this study', { exact: false }).waitFor();
    await row.locator('.study-count').getByText('6 images').waitFor();
    await row.locator('.study-line').getByText('In the PACS').waitFor();
    await expect(row, 'two sends of one study are one row').toHaveCount(1);
    await row.locator('.study-open[aria-expanded=false]').click();
    await row.getByRole('link', { name: 'Upload 2 of 2' }).waitFor();
  },
);

walk('a study that is in the PACS says so before it is sent again, and stays one row', async (stage) => {
  const { page, seed } = stage;
  await stage.enter();
  await sendStudy(page, filesOf({ seed: seed(1) }));
  await untilInPacs(stage, 12);
  await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
  await toUpload(page);
  await choose(page, filesOf({ seed: seed(1) }));
  await page.getByText(/^Already in the PACS: 12 images of this study, sent /).waitFor();
  const status = page.locator('.status');
  await status.getByText('12 images chosen, all already in the PACS').waitFor();
  await page
    .getByRole('button', { name: 'Send 1 study' })
    .getByText('12 images, all already in the PACS')
    .waitFor();
  await looksRight(page, 'upload-sent-before');
  await page.getByRole('link', { name: 'Open that study and its receipt' }).click();
  await page.getByRole('main').getByRole('button', { name: 'Receipt', exact: true }).waitFor();
  await toUpload(page);
  await page.getByText(/^Already in the PACS: 12 images/).waitFor();
  await page.locator('button.policy').click();
  await page.getByLabel(/^Keep everything unchanged/).check();
  await page.getByRole('button', { name: 'Keep names' }).click();
  await page
    .getByText('Already in the PACS, without names. Sending it now creates a second copy with names.')
    .waitFor();
  await status.getByText('12 images chosen, not saved yet. Press Send').waitFor();
  await page.locator('button.policy').click();
  await page.getByLabel(/^Remove names before sending/).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  await page.getByText(/^Already in the PACS: 12 images/).waitFor();
  await page.getByRole('button', { name: /^Send 1 study/ }).click();
  await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
  await page.getByText('Nothing is waiting on this device').waitFor();
  await expect(page.locator('.queue-row')).toHaveCount(1);
  assert.is(await instancesSentBy(stage, stage.account.username), 12, 'and nothing is stored twice');
});

walk(
  'a page that was reloaded before Send says how many instances have to be chosen again',
  async (stage) => {
    const { page, seed } = stage;
    await stage.enter();
    await choose(page, filesOf({ seed: seed(1) }));
    await untilChoiceKept(page, 12);
    // The browser asks, and the person leaves all the same.
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    await page.getByText('12 images were not sent. Choose them again.').waitFor();
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    await looksRight(page, 'upload-choice-lost');
    await choose(page, filesOf({ seed: seed(1) }));
    await page.getByText('12 images chosen, not saved yet. Press Send').waitFor();
  },
);

walk(
  'a screen reader hears of the link and of each study, politely, and of no study after signing out',
  async (stage) => {
    const { page, visitor, seed, account } = stage;
    await stage.enter();
    const liveRegions = await openLiveRegions(page);
    const polite = async () => (await liveRegions()).filter(({ live }) => live === 'polite');
    const untilHeard = (words: RegExp) =>
      expect
        .poll(polite, { timeout: PATIENCE_MS })
        .toContainEqual(expect.objectContaining({ text: expect.stringMatching(words) }));
    await goOffline(page);
    await untilHeard(/^Offline$/);
    await sendStudy(page, filesOf({ seed: seed(1) }));
    await untilHeard(new RegExp(`^${named(stage, 1)}: Waiting for the network`));
    await visitor.setOffline(false);
    await untilHeard(/: All 12 images are in the PACS$/);
    await page.locator('[data-part=arrived]').getByRole('button', { name: 'Receipt' }).waitFor();
    await untilHeard(/^Q\. Q\..*: All 12 images are in the PACS$/);
    await page.getByRole('button', { name: `Account of ${account.username}` }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    const heard = async () => (await liveRegions()).map(({ text }) => text).join();
    await expect.poll(heard).not.toMatch(/QzFamily|Q\. Q\.|All 12/);
  },
);

test.run();
