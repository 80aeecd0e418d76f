/** Several cases at once, chosen and changed by keyboard, in a real Chromium against the running system. */
import { suite } from 'uvu';
import { expect } from '#testing/expect.ts';
import { focusAndPress, pressOn } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { press } from '../testing/open-review.ts';
import { looksRight } from '../testing/looks-right.ts';
import { openFilters } from '../testing/open-filters.ts';

const test = suite('several cases at once');
const walk = await walkScreens(test, {
  name: 'cases-bulk',
  roles: ['technician', 'radiologist'],
  open: openWorld,
});

walk('cases are chosen, changed, closed and put back by keyboard', async (stage) => {
  const { page, enter, account } = stage;
  await enter();
  await focusAndPress(page.getByRole('navigation').getByRole('link', { name: 'Cases' }), 'Enter');
  await press(page, 'Import a file');
  const dialog = page.getByRole('dialog');
  const rows = ['first', 'second'].map(
    (name) => `The ${name} Doe Jane of ${account.username},NOT-THERE-8,${account.username}`,
  );
  const buffer = Buffer.from(['title,accessionNumber,assignee', ...rows].join('\r\n'));
  await dialog.getByLabel('CSV file').setInputFiles({ name: 'cases.csv', mimeType: 'text/csv', buffer });
  await press(page, 'Import 2 rows');
  await press(page, 'Close');
  await openFilters(page);
  await page.getByRole('combobox', { name: /^Assigned to/ }).selectOption('me');
  const shown = page.locator('a.list-link');
  await expect(shown).toHaveCount(2);
  const row = page.getByRole('link', { name: `The first Doe Jane of ${account.username}` });
  await focusAndPress(row, 'x');
  await page.getByText('1 case selected').waitFor();
  await focusAndPress(row, 'Shift+X');
  await page.getByText('2 cases selected').waitFor();
  await looksRight(page, 'cases-chosen');
  await press(page, 'Columns');
  await dialog.getByLabel('Tags').check();
  await press(page, 'Done');
  await press(page, 'Edit…');
  await focusAndPress(dialog.getByLabel('Add a tag'), 'Enter');
  await dialog.getByText('Choose at least one change.').waitFor();
  await dialog.getByLabel('Add a tag').fill('Roe Richard');
  await looksRight(page, 'cases-change');
  await dialog.getByLabel('Priority').selectOption('urgent');
  await dialog.getByLabel('Add a tag').fill('ward round');
  await pressOn(dialog.getByLabel('Add a tag'), 'Enter');
  await page.locator(':focus', { hasText: 'Changed 2 cases.' }).waitFor();
  await page
    .getByRole('row', { name: /ward round/ })
    .nth(1)
    .waitFor();
  await press(page, 'Undo');
  await page.locator(':focus', { hasText: 'Undone for 2 cases.' }).waitFor();
  await page
    .getByRole('row', { name: /ward round/ })
    .first()
    .waitFor({ state: 'detached' });
  await press(page, 'Select all shown');
  await press(page, 'Close…');
  await focusAndPress(dialog.getByRole('button', { name: 'Close 2 cases' }), 'Enter');
  await page.getByText('Closed 2 cases.').waitFor();
  await expect(shown).toHaveCount(0);
  await press(page, 'Undo');
  await expect(shown).toHaveCount(2);
  await expect(page.getByRole('row').filter({ hasText: 'Closed' })).toHaveCount(0);
});

test.run();
