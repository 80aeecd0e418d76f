/** Modalities in an administrator's hands, in a real Chromium against the running system. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expect } from '#testing/expect.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('modalities');
const walk = await walkScreens(test, { name: 'modalities', roles: ['admin'], open: openWorld });

walk('an administrator adds a modality, corrects it, and deletes it', async (stage) => {
  const { page, account } = stage;
  await stage.enter();
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('link', { name: /^Modalities/ }).click();
  await page.getByText('The gateway does not listen for DIMSE').waitFor();
  await page.getByRole('button', { name: 'Add a modality' }).click();
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('Name', { exact: true }).fill('CT in room 2');
  await sheet.getByLabel('Its AE title').fill('CT_2');
  await sheet.getByLabel('Its addresses').fill('ct.example.org');
  await sheet.getByRole('combobox', { name: 'Account' }).selectOption({ label: account.username });
  await sheet.getByRole('button', { name: 'Save' }).click();
  await sheet.getByText('Enter IP addresses or ranges, separated by commas').waitFor();
  await looksRight(page, 'dimse-peer-form');
  await sheet.getByLabel('Its addresses').fill('10.1.4.20, 10.1.5.0/24');
  await sheet.getByRole('button', { name: 'Save' }).click();
  await sheet.getByRole('alert').getByText('Choose a policy.').waitFor();
  await sheet.getByRole('combobox', { name: 'Policy' }).selectOption('identified');
  await sheet.getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('listitem').filter({ hasText: 'CT in room 2' });
  await row.getByText('It has not connected yet.').waitFor();
  await looksRight(page, 'dimse-peers');
  await page.getByRole('button', { name: 'Edit CT in room 2' }).click();
  await expect(sheet.getByLabel('Its addresses')).toHaveValue('10.1.4.20, 10.1.5.0/24');
  await sheet.getByLabel('Its AE title').fill('CT_3');
  await sheet.getByRole('button', { name: 'Save' }).click();
  await row.getByText('CT_3').waitFor();
  await page.getByRole('button', { name: 'Delete CT in room 2' }).click();
  await page.getByRole('heading', { name: 'Delete this modality?' }).waitFor();
  await looksRight(page, 'dimse-peer-delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await row.waitFor({ state: 'detached' });
});

const STUDY = { studyInstanceUID: '2.25.4711', uploadId: '6f1c2d3e-0000-4000-8000-000000000009' };
const TRANSFER = {
  ...{ id: '6f1c2d3e-0000-4000-8000-000000000001', aeTitle: 'CT_OLD', bytes: 52_428_800, triesAgain: false },
  ...{ cameAt: '2026-03-02T09:30:00.000Z', problem: null, studies: [STUDY] },
  missing: [
    { reason: 'pacs-refused', instances: 3 },
    { reason: 'conflicting-instance', instances: 1 },
  ],
};
const WAITING = {
  ...{ ...TRANSFER, id: '6f1c2d3e-0000-4000-8000-000000000002', aeTitle: 'MR_1', triesAgain: true },
  ...{ problem: 'policy-withdrawn', missing: [], studies: [] },
};

walk('an administrator gives up stored images that the PACS does not take, and says why', async (stage) => {
  const { page } = stage;
  // A PACS that refuses, and a policy that was withdrawn, would be in the way of the world's other tests.
  let waiting = [TRANSFER, WAITING];
  const answers: unknown[] = [];
  await page.route('**/api/admin/dimse-peers', async (route) => {
    const answer = await route.fetch();
    const transfers = { total: waiting.length, shown: waiting };
    await route.fulfill({ response: answer, json: { ...(await answer.json()), transfers } });
  });
  await page.route('**/api/admin/dimse-peers/transfers/*', (route) => {
    answers.push(route.request().postDataJSON());
    waiting = waiting.slice(1);
    return route.fulfill({ status: 204 });
  });
  await stage.enter();
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('link', { name: /^Modalities/ }).click();
  await page.getByRole('heading', { name: 'Stored, but not in the PACS' }).waitFor();
  await looksRight(page, 'dimse-transfers');
  const row = page.getByRole('listitem').filter({ hasText: 'CT_OLD' });
  await row.getByText('3 instances: The PACS refused the image.').waitFor();
  const study = row.getByRole('link', { name: 'Open the study: 2.25.4711' });
  await expect(study).toHaveAttribute('href', `#/sent/${STUDY.uploadId}`);
  await row.getByRole('button', { name: /^Give up/ }).click();
  const sheet = page.getByRole('dialog');
  await expect(sheet.getByRole('button', { name: 'Give up' })).toBeDisabled();
  await sheet.getByLabel('They are not needed, for example a test').check();
  await looksRight(page, 'dimse-transfer-give-up');
  await sheet.getByRole('button', { name: 'Give up' }).click();
  await row.waitFor({ state: 'detached' });
  const other = page.getByRole('listitem').filter({ hasText: 'MR_1' });
  await other.getByRole('button', { name: /^Try now/ }).click();
  await other.waitFor({ state: 'detached' });
  assert.equal(answers, [{ answer: 'give-up', because: 'not-needed' }, { answer: 'send-again' }]);
});

test.run();
