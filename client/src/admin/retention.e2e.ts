/** Retention and storage in an administrator's hands, in a real Chromium against the running system. */
import { suite } from 'uvu';
import { expect } from '#testing/expect.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('retention and storage');
const walk = await walkScreens(test, { name: 'retention', roles: ['admin'], open: openWorld });

walk(
  'an administrator sees what times would delete before setting them, and holds a patient',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('link', { name: 'Retention' }).click();
    const cases = page.getByRole('listitem').filter({ hasText: 'Closed cases' });
    await cases.getByText('Kept for ever').waitFor();
    await page
      .getByRole('region', { name: 'How long data are kept' })
      .getByRole('button', { name: 'Edit' })
      .click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('Cases: days').fill('a year');
    await sheet.getByRole('button', { name: 'See what this deletes' }).click();
    await sheet.getByText('Enter a whole number of days').waitFor();
    await expect(sheet.getByLabel('Cases: days')).toBeFocused();
    await sheet.getByLabel('Cases: days').fill('365');
    await sheet.getByRole('button', { name: 'See what this deletes' }).click();
    await sheet.getByText('With these times, nothing is deleted now.').waitFor();
    await looksRight(page, 'retention-days');
    await sheet.getByRole('button', { name: 'Keep data for these times' }).click();
    await cases.getByText('Kept for 365 days').waitFor();
    await page.getByRole('button', { name: 'Put under hold' }).click();
    await sheet.getByLabel('What is held').selectOption('A patient');
    await sheet.getByLabel('Patient ID').fill('P-17');
    await sheet.getByRole('button', { name: 'Put under hold' }).click();
    await sheet.getByText('Say why').waitFor();
    await looksRight(page, 'hold-form');
    await sheet.getByLabel('Reason').fill('The court of Utrecht, 2026/17');
    await sheet.getByRole('button', { name: 'Put under hold' }).click();
    const hold = page.getByRole('listitem').filter({ hasText: 'Patient P-17' });
    await hold.getByText('The court of Utrecht').waitFor();
    await looksRight(page, 'retention');
    await hold.getByRole('button', { name: 'End the hold: Patient P-17' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End the hold' }).click();
    await hold.getByText(/ended/).waitFor();
  },
);

walk('an administrator sees what occupies the disk', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('link', { name: 'Storage' }).click();
  const parts = page.getByRole('region', { name: 'What occupies it' });
  await parts.getByText('Database', { exact: true }).waitFor();
  await parts.getByText('Room kept back for the database').waitFor();
  await page.getByText('None. They are looked for every ten minutes.').waitFor();
  await looksRight(page, 'storage');
});

test.run();
