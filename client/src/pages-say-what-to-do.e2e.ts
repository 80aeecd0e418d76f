// test:all: every page but the main way in every window takes minutes; screens.e2e.ts guards the main way by day
/**
 * Every page says what to do, in a real Chromium against the real gateway and a real Orthanc: signing in, an empty
 * page, what was found and what cannot be sent, a device without a network, an image that contradicts the PACS; and all
 * of it with the keyboard. Every state is inspected as in screens.e2e.ts.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import { choose, chooseFromDisk, goOffline, onDisk, sendStudy, type StudyOnDisk } from '#testing/app-page.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress, pressKey, pressOn } from '#testing/press.ts';
import { syntheticDisc } from '#testing/synthetic-disc.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from './testing/looks-right.ts';
import { queueOffline, study } from './testing/walk-queue.ts';

const test = suite('every page says what to do');
const walk = await walkScreens(test, {
  name: 'every page says what to do',
  roles: ['admin'],
  open: openWorld,
});

/** The same study with another last byte in the pixels of its first instance. */
function alteredStudy(stage: Stage, nth: number): StudyOnDisk[] {
  const [first, ...rest] = study(stage, nth);
  const buffer = Buffer.from(first!.buffer);
  buffer[buffer.length - 1]! ^= 1;
  return [{ ...first!, buffer }, ...rest];
}

/** Signs in, sends a study and waits for its receipt. */
async function sendToPacs(stage: Stage): Promise<void> {
  await stage.enter();
  await sendStudy(stage.page, study(stage, 0));
  await stage.page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
}

walk('the first page is the sign-in, and a wrong password says what to do', async ({ page, address }) => {
  await page.goto(address);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await looksRight(page, 'sign-in');
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill('not this one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('User name or password is wrong.').waitFor();
  await looksRight(page, 'sign-in-refused');
});

walk(
  'the empty page explains how to start, the account menu what signing out means, and no other address is a page',
  async (stage) => {
    const { page, account } = stage;
    await stage.enter();
    await page.getByText('Names are removed before sending').first().waitFor();
    await looksRight(page, 'upload-empty');
    await page.getByRole('button', { name: `Account of ${account.username}` }).click();
    await page.getByText('Nothing is waiting on this device.').waitFor();
    await looksRight(page, 'account');
    await page.getByLabel('Dark').check();
    await expect(page.locator('body')).toHaveCSS('background-color', 'rgb(0, 0, 0)');
    await page.getByLabel('System').check();
    await pressKey(page, 'Escape');
    await page.evaluate(() => location.assign('#/nowhere'));
    await page
      .getByRole('heading', { name: 'This page does not exist, or you don’t have permission to open it' })
      .waitFor();
    await looksRight(page, 'not-found');
  },
);

walk(
  'found studies are shown with their warnings, and files that cannot be sent with the reason',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    const [{ buffer }] = study(stage, 1) as [StudyOnDisk];
    const cut = study(stage, 2).pop()!;
    await choose(page, [
      ...study(stage, 1),
      ...study(stage, 2).slice(0, -1),
      { ...cut, buffer: cut.buffer.subarray(0, -100) },
      onDisk('early.dcm', buffer.subarray(0, 400)),
      onDisk('twice.dcm', Buffer.concat([buffer, buffer])),
      onDisk('notes.dcm', Buffer.from('no image')),
      onDisk('empty.dcm', Buffer.alloc(0)),
    ]);
    await page.getByRole('heading', { name: '2 studies found' }).waitFor();
    await page.getByText('You selected 2 patients.', { exact: false }).waitFor();
    await page.getByText('The file is empty (0 bytes).').waitFor();
    await page.getByRole('button', { name: 'Send 2 studies of 2 patients' }).waitFor();
    await page.getByText('This file is damaged.').waitFor();
    await page.getByText('1 image of this study is damaged.', { exact: false }).waitFor();
    const leftOut = 'Damaged files were left out: early.dcm and 2 more.';
    await expect(page.getByText(leftOut, { exact: false })).toHaveCount(2);
    for (const summary of await page.locator('details > summary').all()) await summary.click();
    await page.getByText('The file has extra bytes after the end of the object.').waitFor();
    await page.locator('.series-line canvas').first().waitFor();
    // The last click may have scrolled anywhere: half of a button may be under the status line.
    await page.evaluate(() => window.scrollTo(0, 0));
    await looksRight(page, 'upload-found');
  },
);

walk(
  'the index of a disc is no alarm: it names the files that are missing, and both patients',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    const patients = [
      { name: 'Doe^Jane', id: 'D-1' },
      { name: 'Roe^Richard', id: 'R-2' },
    ];
    const disc = syntheticDisc(
      patients.map((patient, nth) => ({
        study: syntheticStudy({ seed: stage.seed(50 + nth), patient }),
        patient,
      })),
    );
    // All of Jane's files and one of Richard's; browsers name files chosen one by one without their folders.
    const chosen = disc.slice(0, -2);
    await choose(
      page,
      chosen.map(({ path, bytes }) => onDisk(path.split('/').at(-1)!, bytes)),
    );
    await page.getByRole('heading', { name: '2 studies found' }).waitFor();
    await page.getByText('2 files listed on the disc are missing').waitFor();
    await page.getByText('Wrong patient?').waitFor();
    await page.getByText('Doe, Jane (ID D-1)').waitFor();
    await expect(page.getByText('can’t be sent')).toHaveCount(0);
    await page.getByText('Show 2 files').click();
    await page.getByText('IM0010003').waitFor();
    await looksRight(page, 'upload-disc');
  },
);

walk(
  'several studies are cleared only after a question, and Send is two keys from the top',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await choose(page, [...study(stage, 3), ...study(stage, 4)]);
    await page.getByRole('heading', { name: '2 studies found' }).waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('heading', { name: 'Clear this list?' }).waitFor();
    await page.getByRole('button', { name: 'Keep them' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await focusAndPress(page.locator('#content h1'), 'Tab');
    await pressOn(page.getByText('Go to Send'), 'Enter');
    await expect(page.getByRole('button', { name: /^Send 2 studies/ })).toBeFocused();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
  },
);

walk(
  'a Send that left a file behind says so at the top of the page, with a link to the queue',
  async (stage) => {
    const { page, folder } = stage;
    await stage.enter();
    await goOffline(page);
    const paths = await Promise.all(
      study(stage, 0).map(async ({ name, buffer }) => {
        await writeFile(join(folder, name), buffer);
        return join(folder, name);
      }),
    );
    await chooseFromDisk(page, paths);
    await page.setViewportSize({ width: 360, height: 480 });
    await untilAtRest(page);
    await page.mouse.wheel(0, 400);
    await rm(paths[0]!);
    await page.getByRole('button', { name: 'Send 1 study' }).click();
    await page.getByText('11 images added to the queue').waitFor();
    await page.waitForFunction(() => window.scrollY === 0 && document.activeElement?.tagName === 'H1');
    await page.getByText('The device could not read the file.').waitFor();
    await page.getByRole('link', { name: 'Open your studies' }).click();
    await expect(page.getByText('11 images are safe here', { exact: false })).toHaveCount(1);
  },
);

walk.installed(
  'without a network the queue waits, says so, can be taken back, and is opened',
  async (stage) => {
    const { page } = stage;
    await queueOffline(stage, 2);
    await page.getByText('You can close this page: 24 images are safe here').waitFor();
    const isKept = await page.evaluate(() => navigator.storage.persisted());
    const disc = isKept ? 'You can remove the disc' : 'Keep your disc or files';
    await page.locator('.status-disc').getByText(disc, { exact: true }).waitFor();
    await page.getByText('Waiting for the network. Sending resumes automatically.').first().waitFor();
    await looksRight(page, 'queue-offline');
    await page
      .getByRole('button', { name: /^Cancel sending/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'Cancel sending this study?' }).waitFor();
    await looksRight(page, 'take-back');
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel sending' }).click();
    await page.getByText('12 images are safe here', { exact: false }).waitFor();
    await page.locator('[data-part=taken-back] .study-open').click();
    await page.getByRole('button', { name: /^Remove from list/ }).click();
    await page.getByText('1 study removed from the list.').waitFor();
    await page.reload();
    await page.getByText('12 images are safe here', { exact: false }).waitFor();
    await page.getByText('Waiting for the network. Sending resumes automatically.').first().waitFor();
    await page.getByText('Names are removed before sending').first().waitFor();
    await looksRight(page, 'queue-opened-offline');
  },
);

walk('an instance that contradicts the PACS waits for a decision, which is one button', async (stage) => {
  const { page } = stage;
  await sendToPacs(stage);
  await page.getByText('Nothing is waiting on this device').waitFor();
  await page.getByRole('link', { name: 'Upload' }).click();
  await sendStudy(page, alteredStudy(stage, 0));
  await page.getByRole('link', { name: /^Decide about/ }).click();
  const decision = page.getByRole('region', { name: /your decision$/ });
  await decision.getByText('A different image with this ID already exists').waitFor();
  await looksRight(page, 'study-decision');
  await page.getByRole('link', { name: 'Compare both images' }).click();
  await page.locator('.conflict canvas').nth(1).waitFor();
  await page.getByText('Image in the PACS: sent first').waitFor();
  await page.getByRole('button', { name: /^Try storing again/ }).waitFor();
  await looksRight(page, 'needs-conflict');
  await page.goBack();
  await page.getByRole('button', { name: 'Leave it out' }).click();
  await looksRight(page, 'leave-out');
  await page.getByRole('dialog').getByRole('button', { name: 'Leave it out' }).click();
  await expect(page.getByText(/^1 other image with the same ID/)).toBeVisible();
});

/** Presses Tab until it reaches the control, whose focus can be seen, and then Enter. */
async function pressByKeyboard(page: Page, control: Locator): Promise<void> {
  await control.waitFor();
  const hasFocus = () => control.evaluate((it) => it === document.activeElement);
  for (let pressed = 0; pressed < 40 && !(await hasFocus()); pressed += 1) await pressKey(page, 'Tab');
  await expect(control).toHaveCSS('outline-style', 'solid');
  await pressOn(control, 'Enter');
}

walk('everything can be done with the keyboard alone', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await pressByKeyboard(page, page.getByRole('button', { name: /Try it with a sample study/ }));
  await pressByKeyboard(page, page.getByRole('button', { name: 'Send 1 study' }));
  await expect(page.getByRole('heading', { name: 'Studies', level: 1, exact: true })).toBeVisible();
});

test.run();
