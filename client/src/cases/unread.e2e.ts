/** The studies that wait to be read, which a radiologist meets first, in a real Chromium against the running system. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ManyPatients } from '#shared/protocol/cases.ts';
import { ADMIN, ask, createAccount, PASSWORD } from '#testing/accounts.ts';
import { filesOf, sendStudy, studiesSentBy } from '#testing/app-page.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { press } from '../testing/open-review.ts';
import { looksRight } from '../testing/screens.ts';

const test = suite('unread studies');
const walk = await walkScreens(test, { name: 'unread', roles: ['technician'], open: openWorld });

/** Sends a study, and returns the Patient ID under which the PACS has it. */
async function sendOne({ page, gateway, account, seed }: Stage): Promise<string> {
  await sendStudy(page, filesOf({ seed: seed(0), instancesPerSeries: 1, rows: 64, columns: 64 }));
  await page.locator('[data-part=arrived] .queue-name a').first().waitFor();
  const studies = await studiesSentBy({ gateway } as Stage, account.username);
  const body = { cases: [], studies };
  const answer = await ask(gateway, ADMIN, { method: 'POST', path: '/cases/patients', body });
  return ((await answer.json()) as ManyPatients).studies[0]!.patientId!;
}

/** Signs in on a device of their own. */
async function signInAs(page: Page, address: string, username: string): Promise<void> {
  await page.goto(address);
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
}

walk('a radiologist signs in, sees what waits to be read, and has it read from there', async (stage) => {
  await stage.enter();
  const patientId = await sendOne(stage);
  const radiologist = await createAccount(stage.gateway, 'rita', ['radiologist']);
  const device = await stage.openVisitor();
  const page = await device.newPage();
  await signInAs(page, stage.address, radiologist.username);
  const unread = page.getByRole('region', { name: 'Waiting to be read' });
  const row = unread.getByRole('listitem').filter({ hasText: patientId });
  await row.getByText('no case yet').waitFor();
  await unread.locator('summary').getByText(/^\d+$/).waitFor();
  await looksRight(page, 'results-unread');
  await row.getByRole('link').first().press('Enter');
  const ofStudy = page.getByRole('main').filter({ hasText: /Sending began/ });
  await ofStudy.getByText(patientId).waitFor();
  await page.goBack();
  await row.getByRole('button', { name: 'Needs no reading' }).press('Enter');
  await unread.getByRole('button', { name: 'Undo' }).and(page.locator(':focus')).press('Enter');
  await row.getByRole('button', { name: 'Open a case' }).press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('region', { name: 'Patient' }).getByText(patientId).waitFor();
  await dialog.getByLabel('Title').pressSequentially('Second opinion');
  await dialog.getByLabel('Title').press('Enter');
  await page.getByRole('heading', { name: 'Second opinion' }).waitFor();
  await page.goto(`${stage.address}/#/results`);
  await row.getByRole('button', { name: 'Have it read' }).press('Enter');
  await dialog.getByLabel('What is asked').selectOption('general-reading');
  await press(page, 'Ask for the review');
  await dialog.waitFor({ state: 'detached' });
  await page.goto(`${stage.address}/#/cases`);
  await unread.locator('summary').press('Enter');
  await row.getByText('A review is under way').waitFor();
  await row.getByRole('link', { name: 'Go to the case' }).press('Enter');
  await page.getByRole('heading', { name: 'Second opinion' }).waitFor();
  await device.close();
});

walk(
  'where nothing waits to be read, a radiologist is told what appears there',
  async ({ gateway, ...stage }) => {
    const { username } = await createAccount(gateway, 'rita', ['radiologist']);
    const nothing = { studies: [], count: 0, next: null };
    await stage.visitor.route('**/cases/unread-studies**', (route) => route.fulfill({ json: nothing }));
    await signInAs(stage.page, stage.address, username);
    const unread = stage.page.getByRole('region', { name: 'Waiting to be read' });
    await unread.getByText('No study waits to be read.').waitFor();
    assert.is(await unread.locator('.tab-count').count(), 0);
    await looksRight(stage.page, 'results-unread-none');
  },
);

test.run();
