// test:all: forms and their mistakes; destinations.e2e.ts, destination-form.test and viewer.test guard by day
/**
 * The forms of a destination in an administrator's hands, in a real Chromium against the running system: mistakes are
 * told at their fields, a viewer opens a study, and lists of orders come from a file.
 */
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesOf, sendStudy } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openOwnWorld } from '#testing/world.ts';
import { HIDE_NAMES_KEY } from '../kit/identities.ts';
import { openDestinations, showDestination } from '../testing/open-destinations.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('forms of a destination');
const walk = await walkScreens(test, {
  name: 'forms of a destination',
  roles: ['admin'],
  // The PACS of the tests knows images only as they are in their files. A refusal is believed at once.
  open: () => openOwnWorld({ env: { RELAY_POLICY: 'identified', RELAY_PACS_LAG_MINUTES: '0' } }),
});

/** The address of the first one is typed for another one. */
async function warnsOfTwin(page: Page, first: Locator): Promise<void> {
  await page.getByLabel('Address').fill(`${await first.locator('.code').first().innerText()}/`);
  await page.getByText('default already uses this address.').waitFor();
  await looksRight(page, 'destination-twin');
}

/** A folder where the environment allows none. */
async function tryFolder(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Add a destination' }).click();
  await page.getByRole('combobox', { name: 'Type' }).selectOption('folder');
  await page.getByText('Folders cannot be used as destinations yet').waitFor();
  await page.getByLabel('Name', { exact: true }).fill('default');
  await page.getByLabel('Folder', { exact: true }).fill('/etc');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Enter a path of letters, digits').waitFor();
  await page.getByLabel('Folder', { exact: true }).fill('archive/night');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  // A name that is taken is told at its field, which has the focus, with one that is free.
  await page.getByText('This name is taken. Enter another name, for example default-2.').waitFor();
  await page.locator('input[name=name]:focus').fill('third');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page
    .getByRole('article', { name: 'third' })
    .locator('.destination-finding')
    .getByText('The gateway is not allowed to write there.')
    .waitFor();
  await page.getByRole('button', { name: 'Delete third' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('article', { name: 'third' }).waitFor({ state: 'detached' });
}

walk('mistakes in the form of a destination are told at their fields', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await openDestinations(page);
  const first = await showDestination(page, 'default');
  await page.getByRole('button', { name: 'Add a destination' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Second PACS');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Enter a name of lower-case letters, digits and hyphens.').waitFor();
  await looksRight(page, 'destination-form');
  await page.getByLabel('Name', { exact: true }).fill('second');
  await warnsOfTwin(page, first);
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await tryFolder(page);
});

walk('a viewer is set for the PACS, and opens a study with one press', async (stage) => {
  const { page, seed } = stage;
  await stage.enter();
  await sendStudy(page, filesOf({ seed: seed(1), series: 1, instancesPerSeries: 1 }));
  await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
  await openDestinations(page);
  await showDestination(page, 'default');
  await page.getByRole('button', { name: 'Viewers of default' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Stone');
  await page.getByLabel('Address').fill('https://stone.test/?study=all');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Viewer 1 needs a name, and an address with {StudyInstanceUID} in it.').waitFor();
  await looksRight(page, 'destination-viewers');
  await page.getByLabel('Address').fill(`${new URL(page.url()).origin}/?study={StudyInstanceUID}`);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Studies' }).click();
  await page.locator('.study-open').click();
  const opened = page.context().waitForEvent('page');
  await page.getByRole('button', { name: 'Open in viewer' }).click();
  const viewer = await opened;
  await expect(viewer).toHaveURL(/\/\?study=[\d.]+/);
  assert.is(await viewer.evaluate(() => opener), null);
  await viewer.close();
  await asksWhileNamesAreHidden(page);
  await page.getByRole('link', { name: /^Open the study: / }).click();
  await page.locator('.arrived').getByRole('button', { name: 'Open in viewer' }).waitFor();
});

/** *Cancel* opens nothing, *Open anyway* does. */
async function asksWhileNamesAreHidden(page: Page): Promise<void> {
  const button = page.getByRole('button', { name: 'Open in viewer' });
  const offered = page.getByRole('list', { name: 'Viewers of this study' });
  await offered.waitFor();
  await page.evaluate((key) => {
    localStorage.setItem(key, '1');
    dispatchEvent(new StorageEvent('storage', { key }));
  }, HIDE_NAMES_KEY);
  await offered.waitFor({ state: 'detached' });
  let asked = 0;
  page.on('request', (request) => (asked += Number(request.url().endsWith('/viewer-link'))));
  await button.click();
  const sheet = page.getByRole('dialog', { name: 'Open the viewer even though names are hidden?' });
  await sheet.getByText('The viewer shows the patient’s name and birth date').waitFor();
  await looksRight(page, 'viewer-names-hidden');
  await sheet.getByRole('button', { name: 'Cancel' }).click();
  await sheet.waitFor({ state: 'detached' });
  assert.equal([asked, page.context().pages().length], [0, 1]);
  await button.click();
  const opened = page.context().waitForEvent('page');
  await sheet.getByRole('button', { name: 'Open anyway' }).click();
  await (await opened).close();
}

walk(
  'a worklist without an address is no worklist, and a list with a fault is not imported',
  async (stage) => {
    const { page, seed } = stage;
    await stage.enter();
    await openDestinations(page);
    await showDestination(page, 'default');
    await page.getByRole('button', { name: 'Worklist of default' }).click();
    await page.getByLabel('Address of the modality worklist').fill('ris.example.org:104');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('This is not a valid worklist address.').waitFor();
    await looksRight(page, 'destination-worklist');
    await page.getByLabel('Address of the modality worklist').fill('');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Import orders' }).click();
    const choose = (day: string): Promise<void> =>
      page.getByLabel('CSV file').setInputFiles({
        name: 'orders.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from(`patientName,patientId,scheduledOn\r\nDoe^Jane,I${seed(1)},${day}\r\n`),
      });
    await choose('yesterday');
    await page.getByText('Row 2: scheduledOn is not valid.').waitFor();
    await looksRight(page, 'orders-import');
    await choose('2024-03-01');
    await page.getByRole('button', { name: 'Import 1 order' }).click();
    await page.getByText('1 order was imported.').waitFor();
  },
);

test.run();
