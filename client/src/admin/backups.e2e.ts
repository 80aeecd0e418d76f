/** Backups in an administrator's hands, in a real Chromium against the running system: set up, made, saved, opened. */
import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkBackup } from '../../../gateway/src/backup/restore-backup.ts';
import { PASSWORD } from '#testing/accounts.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('backups');
const walk = await walkScreens(test, { name: 'backups', roles: ['admin'], open: openWorld });

walk(
  'an administrator sets up backups, makes one and saves it, and the key on the screen opens it',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByText('Nothing is backed up').waitFor();
    await page.getByRole('link', { name: 'Backups' }).click();
    await page.getByText('Nothing is backed up yet.').waitFor();
    await looksRight(page, 'backups-none');
    await page.getByRole('button', { name: 'Set up backups' }).click();
    const sheet = page.getByRole('dialog');
    const shown = await sheet.getByText(/^AGE-SECRET-KEY-1/).textContent();
    await sheet.getByRole('button', { name: 'Use this key' }).click();
    await sheet.getByText('Store the key first').waitFor();
    await looksRight(page, 'backup-key');
    await sheet.getByLabel('I have stored this key').check();
    await sheet.getByLabel('Your password').fill('not this one');
    await sheet.getByRole('button', { name: 'Use this key' }).click();
    await expect(sheet.getByLabel('Your password')).toBeFocused();
    await sheet.getByLabel('Your password').fill(PASSWORD);
    await sheet.getByRole('button', { name: 'Use this key' }).click();
    await page.getByText('No backup has been made yet.').waitFor();
    await page.getByText('Every day; the last 7 are kept.').waitFor();
    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.getByText(/^Last backup: /).waitFor();
    await looksRight(page, 'backups');
    await page.getByRole('button', { name: 'Edit' }).click();
    await sheet.getByLabel('How many are kept').fill('0');
    await sheet.getByRole('button', { name: 'Save' }).click();
    await sheet.getByText('Enter a number from 1 to 100.').waitFor();
    await looksRight(page, 'backup-plan');
    await sheet.getByLabel('How many are kept').fill('3');
    await sheet.getByLabel('How often').selectOption('Every week');
    await sheet.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Every week; the last 3 are kept.').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /^Save relaypacs-/ }).click(),
    ]);
    const path = await download.path();
    assert.ok((await readFile(path)).subarray(0, 21).toString() === 'age-encryption.org/v1');
    const { manifest } = await checkBackup(path, shown!);
    assert.ok(manifest.tables.some(({ name }) => name === 'audit'));
  },
);

test.run();
