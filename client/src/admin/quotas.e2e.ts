/** Quotas in an administrator's hands, in a real Chromium against the running system. */
import { suite } from 'uvu';
import { expect } from '#testing/expect.ts';
import { createAccount } from '#testing/accounts.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('quotas');
const walk = await walkScreens(test, { name: 'quotas', roles: ['admin'], open: openWorld });

walk('an administrator gives an account a quota of its own, and takes it back', async (stage) => {
  const { page, gateway } = stage;
  const { username } = await createAccount(gateway, 'sender', ['technician']);
  await stage.enter();
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('link', { name: 'Quotas' }).click();
  const row = page.getByRole('listitem').filter({ hasText: username });
  await page.getByRole('button', { name: `Edit the quota of ${username}` }).click();
  const sheet = page.getByRole('dialog');
  const follows = sheet.getByLabel('Use the default quota');
  await follows.uncheck();
  await sheet.getByLabel('Gigabytes being sent').fill('a lot');
  await sheet.getByRole('button', { name: 'Save' }).click();
  await sheet.getByText('Enter a number using digits only. It must not be too large.').waitFor();
  await expect(sheet.getByLabel('Gigabytes being sent')).toBeFocused();
  await looksRight(page, 'quota-form');
  await sheet.getByLabel('Gigabytes being sent').fill('2.5');
  await sheet.getByLabel('Studies being sent').fill('7');
  await sheet.getByRole('button', { name: 'Save' }).click();
  await row.getByText('Studies being sent: 0 of 7').waitFor();
  await row.getByText('of 2.5 GB').waitFor();
  await looksRight(page, 'quotas');
  await page.getByRole('button', { name: `Edit the quota of ${username}` }).click();
  await follows.check();
  await sheet.getByRole('button', { name: 'Save' }).click();
  await row.getByText('0 of 7').waitFor({ state: 'detached' });
});

test.run();
