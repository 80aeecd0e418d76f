// test:all: every page of destinations; their stores and routes guard them by day
/**
 * Destinations in an administrator's hands, in a real Chromium against the running system: one is added with a wrong
 * password, the page says so, it is corrected and made primary. States are inspected as in
 * screens.e2e.ts.
 */
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesOf, sendStudy } from '#testing/app-page.ts';
import { startLink } from '#testing/link.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openOwnWorld } from '#testing/world.ts';
import { startLyingPacs } from '../../../gateway/src/testing/lying-dicomweb.ts';
import {
  addDestination,
  chooseNeed,
  credentialsOf,
  openDestinations,
  rowOf,
  showDestination,
} from '../testing/open-destinations.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('destinations in an administrator’s hands');
const walk = await walkScreens(test, {
  name: 'destinations in an administrator’s hands',
  roles: ['admin'],
  // The PACS of the tests knows images only as they are in their files. A refusal is believed at once.
  open: () => openOwnWorld({ env: { RELAY_POLICY: 'identified', RELAY_PACS_LAG_MINUTES: '0' } }),
});

/** The doctor’s findings at the destination called second. */
async function openChecks(second: Locator): Promise<void> {
  const found = second.getByRole('region', { name: 'Test result for second' });
  await found.getByText(/^All \d+ checks$/).click();
  await found.getByText('Search (QIDO-RS)').waitFor();
  await found
    .getByText('The PACS accepts these credentials and refuses requests without credentials')
    .waitFor();
}

/** New studies must arrive there too; then they do not go there any more. */
async function setNeed(page: Page, second: Locator): Promise<void> {
  const need = second.getByRole('combobox', { name: 'New studies second' });
  const saved = page.waitForResponse((answer) => answer.request().method() === 'PUT');
  await need.selectOption('required');
  assert.ok((await saved).ok());
  await page.reload();
  await expect(need).toHaveValue('required');
  await need.selectOption('none');
}

/** Nothing is sent to a destination that fails its test before somebody has said so. */
async function asksWhileItFails(page: Page, second: Locator): Promise<void> {
  const need = second.getByRole('combobox', { name: 'New studies second' });
  let set = 0;
  page.on('request', (request) => (set += Number(/\/(need|primary)$/.test(request.url()))));
  const sheet = page.getByRole('dialog', { name: 'second fails its test. Send new studies there anyway?' });
  await need.selectOption('required');
  await sheet.waitFor();
  await looksRight(page, 'destination-failing');
  await sheet.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Make primary second' }).click();
  await sheet.getByRole('button', { name: 'Cancel' }).click();
  await sheet.waitFor({ state: 'detached' });
  await expect(need).toHaveValue('none');
  assert.is(set, 0);
}

walk('a PACS with a wrong password is told from a working one, corrected and made primary', async (stage) => {
  const { page, orthanc } = stage;
  await stage.enter();
  await openDestinations(page);
  await rowOf(page, 'default').getByText('Works').waitFor();
  await looksRight(page, 'destination-list');
  const first = await showDestination(page, 'default');
  await first.getByText('The destination responds and returns stored images.').waitFor();
  await first.getByText('Quick check. It does not test how large a request can be.').waitFor();
  await first.getByText(/^New studies are sent here/).waitFor();
  await first
    .getByText(
      'This destination cannot be deleted here, because PACS_URL or npm start sets it at every start.',
    )
    .waitFor();
  await expect(page.getByRole('button', { name: 'Delete default' })).toBeDisabled();
  await page.getByRole('button', { name: 'Add a destination' }).click();
  await page.getByLabel('Name', { exact: true }).fill('second');
  await page.getByLabel('Address').fill(orthanc.url);
  const [username, password] = credentialsOf(orthanc);
  await page.getByRole('combobox', { name: 'Sign in with' }).selectOption('basic');
  await page.getByRole('textbox', { name: 'User name' }).fill(username);
  await page.getByLabel('Password', { exact: true }).fill('a guess');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const second = page.getByRole('article', { name: 'second' });
  await second
    .locator('.destination-finding')
    .getByText(/^The PACS does not accept these credentials/)
    .waitFor();
  await looksRight(page, 'destinations');
  await asksWhileItFails(page, second);
  await page.getByRole('button', { name: 'Edit second' }).click();
  await expect(page.getByLabel('Password', { exact: true })).toHaveValue('');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await second.getByText('The destination responds and returns stored images.').waitFor();
  await openChecks(second);
  await page.getByRole('button', { name: 'Viewers of second' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/^second is not primary/).waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Delete second' }).click();
  await looksRight(page, 'destination-delete');
  await page.getByRole('button', { name: 'Keep' }).click();
  await setNeed(page, second);
  await page.getByRole('button', { name: 'Make primary second' }).click();
  await page.getByRole('button', { name: 'Make primary', exact: true }).last().click();
  await second.getByRole('heading', { name: /Primary/ }).waitFor();
  await second.getByText(/^This destination cannot be deleted while it is primary/).waitFor();
  await showDestination(page, 'default');
  await page.getByRole('button', { name: 'Make primary default' }).click();
  await page.getByRole('button', { name: 'Make primary', exact: true }).last().click();
  await first.getByRole('heading', { name: /Primary/ }).waitFor();
  await showDestination(page, 'second');
  await page.getByRole('button', { name: 'Delete second' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await second.waitFor({ state: 'detached' });
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
});

const WAITS_FOR_MIRROR =
  'Waiting for mirror, where the study is also required. The gateway resumes automatically.';
const DISC_MAY_GO = 'Your study is in the PACS. You can remove the disc or delete the files.';

/** The list of its destinations says what the one that is down has, and what it waits for. */
async function isAwaited(place: Locator): Promise<void> {
  const mirror = place
    .getByRole('list', { name: 'Destinations of this study' })
    .getByRole('listitem')
    .filter({ hasText: /mirror\s*Required/ });
  await mirror.getByText('0 of 3 images are there').waitFor();
  await mirror.getByText('Waiting for the PACS. The gateway resumes automatically.').waitFor();
}

/** The study's row and page say that it waits, for which destination, and nothing says that it is in the PACS. */
async function waitsForMirror(page: Page): Promise<void> {
  const row = page.locator('[data-part=under-way]');
  await row.getByText(WAITS_FOR_MIRROR).waitFor();
  const count = (place: string) => row.locator(`[data-place=${place}] .place-count`).innerText();
  assert.equal([await count('gateway'), await count('pacs')], ['3', '0 of 3']);
  await isAwaited(row);
  const isKept = await page.evaluate(() => navigator.storage.persisted());
  const disc = isKept ? 'You can remove the disc' : 'Keep your disc or files';
  await page.locator('.status-disc').getByText(disc, { exact: true }).waitFor();
  await expect(page.getByText(DISC_MAY_GO)).toHaveCount(0);
  await expect(page.locator('[data-part=arrived]')).toHaveCount(0);
  await row.locator('.queue-name a').click();
  const study = page.locator('main.study');
  await study.getByText(WAITS_FOR_MIRROR).waitFor();
  await isAwaited(study);
}

/** The printed receipt says what this destination has. */
async function isOnReceipt(page: Page, name: string, said: string): Promise<void> {
  await page.locator('button:enabled', { hasText: /^Print$/ }).waitFor();
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  const fact = page.locator('.printed dl > div').filter({ hasText: `Also in ${name}` });
  await expect(fact.locator('dd')).toHaveText(said);
  await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
  await page.emulateMedia({ media: null });
}

walk(
  'a study waits for a destination that must have it and is down, by name, and its receipt names it once it is there',
  async (stage) => {
    const { page, seed } = stage;
    const study = { seed: seed(1), series: 1, instancesPerSeries: 3 };
    const { instances } = syntheticStudy(study);
    const pacs = await startLyingPacs({ instances, now: Date.now });
    const { port, pathname } = new URL(pacs.url);
    const link = await startLink(Number(port));
    try {
      await stage.enter();
      await openDestinations(page);
      const mirror = await addDestination(page, 'mirror', `http://127.0.0.1:${link.port}${pathname}`);
      await mirror
        .getByText(/^The destination responds/)
        .first()
        .waitFor();
      await chooseNeed(page, mirror, 'required');
      link.cut();
      await page.getByRole('link', { name: 'Upload' }).click();
      await sendStudy(page, filesOf(study));
      await waitsForMirror(page);
      assert.is(pacs.held.size, 0);
      link.mend();
      await page.locator('.status-disc').getByText(DISC_MAY_GO, { exact: true }).waitFor();
      assert.is(pacs.held.size, 3);
      await page.getByRole('heading', { name: 'In the PACS', exact: true }).waitFor();
      await isOnReceipt(page, 'mirror', '3 of 3, 3 with the expected digest');
      await openDestinations(page);
      await showDestination(page, 'mirror');
      await chooseNeed(page, mirror, 'none');
    } finally {
      await link.stop();
      await pacs.close();
    }
  },
);

test.run();
