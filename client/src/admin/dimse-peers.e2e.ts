/** Modalities in an administrator's hands, in a real Chromium against the running system. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/screens.ts';

const test = suite('modalities');
const walk = await walkScreens(test, { name: 'modalities', roles: ['admin'], open: openWorld });

walk('an administrator adds a modality, corrects it, and deletes it', async (stage) => {
  const { page, account } = stage;
  await stage.enter();
  await page.getByRole('button', { name: `Account of ${account.username}` }).click();
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
  await sheet.getByText('Enter IP addresses, or blocks of them').waitFor();
  await looksRight(page, 'dimse-peer-form');
  await sheet.getByLabel('Its addresses').fill('10.1.4.20, 10.1.5.0/24');
  await sheet.getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('listitem').filter({ hasText: 'CT in room 2' });
  await row.getByText('It has not called yet.').waitFor();
  await looksRight(page, 'dimse-peers');
  await page.getByRole('button', { name: 'Change CT in room 2' }).click();
  assert.is(await sheet.getByLabel('Its addresses').inputValue(), '10.1.4.20, 10.1.5.0/24');
  await sheet.getByLabel('Its AE title').fill('CT_3');
  await sheet.getByRole('button', { name: 'Save' }).click();
  await row.getByText('CT_3').waitFor();
  await page.getByRole('button', { name: 'Delete CT in room 2' }).click();
  await page.getByRole('heading', { name: 'Delete this modality?' }).waitFor();
  await looksRight(page, 'dimse-peer-delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await row.waitFor({ state: 'detached' });
});

test.run();
