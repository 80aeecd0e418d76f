// test:all: studies nobody has read; gateway/src/cases/unread-studies.test.ts guards by day
/** The studies that wait to be read, which a radiologist meets first, in a real Chromium against the running system. */
import { suite } from 'uvu';
import type { ManyPatients } from '#shared/protocol/cases.ts';
import { ADMIN, ask, createAccount } from '#testing/accounts.ts';
import { fillSignIn, filesOf, sendStudy, studiesSentBy } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress, pressOn } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openOwnWorld } from '#testing/world.ts';
import { press } from '../testing/open-review.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('unread studies');
const walk = await walkScreens(test, { name: 'unread', roles: ['technician'], open: openOwnWorld });

/** Sends a study, and returns the Patient ID under which the PACS has it. */
async function sendOne({ page, gateway, account, seed }: Stage): Promise<string> {
  await sendStudy(page, filesOf({ seed: seed(0), instancesPerSeries: 1, rows: 64, columns: 64 }));
  await page.locator('[data-part=arrived] .queue-name a').first().waitFor();
  const studies = await studiesSentBy({ gateway } as Stage, account.username);
  const body = { cases: [], studies };
  const answer = await ask(gateway, ADMIN, { method: 'POST', path: '/cases/patients', body });
  return ((await answer.json()) as ManyPatients).studies[0]!.patientId!;
}

walk('a radiologist signs in, sees what waits to be read, and has it read from there', async (stage) => {
  await stage.enter();
  const patientId = await sendOne(stage);
  const radiologist = await createAccount(stage.gateway, 'rita', ['radiologist']);
  const device = await stage.openVisitor();
  const page = await device.newPage();
  await page.goto(stage.address);
  await fillSignIn(page, radiologist.username);
  const unread = page.getByRole('region', { name: 'New studies without a reading' });
  const row = unread.getByRole('listitem').filter({ hasText: patientId });
  await row.getByText('no case yet').waitFor();
  await unread.getByRole('heading').getByText(/^\d+$/).waitFor();
  await looksRight(page, 'read');
  await focusAndPress(row.getByRole('link').first(), 'Enter');
  const ofStudy = page.getByRole('main').filter({ hasText: /Sending began/ });
  await ofStudy.getByText(patientId).waitFor();
  await page.goBack();
  await focusAndPress(row.getByRole('button', { name: 'No reading needed' }), 'Enter');
  await pressOn(unread.getByRole('button', { name: 'Undo' }), 'Enter');
  await focusAndPress(row.getByRole('button', { name: 'Create case' }), 'Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('region', { name: 'Patient' }).getByText(patientId).waitFor();
  await dialog.getByLabel('Title').pressSequentially('Second opinion');
  await pressOn(dialog.getByLabel('Title'), 'Enter');
  await page.getByRole('heading', { name: 'Second opinion' }).waitFor();
  await page.goto(`${stage.address}/#/reviews`);
  await focusAndPress(row.getByRole('button', { name: 'Request a reading' }), 'Enter');
  await dialog.getByLabel(/^Review type/).selectOption('general-reading');
  await press(page, 'Request');
  await dialog.waitFor({ state: 'detached' });
  await page.goto(`${stage.address}/#/reviews`);
  await row.getByText('A review is in progress').waitFor();
  await focusAndPress(row.getByRole('link', { name: 'Go to the case' }), 'Enter');
  await page.getByRole('heading', { name: 'Second opinion' }).waitFor();
  await device.close();
});

walk(
  'where nothing waits to be read, a radiologist is told what appears there',
  async ({ gateway, ...stage }) => {
    const { username } = await createAccount(gateway, 'rita', ['radiologist']);
    const nothing = { studies: [], count: 0, next: null };
    await stage.visitor.route('**/cases/unread-studies**', (route) => route.fulfill({ json: nothing }));
    await stage.page.goto(stage.address);
    await fillSignIn(stage.page, username);
    const unread = stage.page.getByRole('region', { name: 'New studies without a reading' });
    await unread.getByText('There are no new studies without a reading.').waitFor();
    await expect(unread.locator('.tab-count')).toHaveCount(0);
    await looksRight(stage.page, 'read-none');
  },
);

test.run();
