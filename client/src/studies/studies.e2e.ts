/**
 * The day's list in a real Chromium against the running system: two patients of one name are told apart, and nothing
 * goes by one touch that cannot be taken back. pause-select-remove.e2e.ts has the rest.
 */
import { suite } from 'uvu';
import { expect } from '#testing/expect.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import {
  holdUploads,
  PATIENTS,
  queue,
  search,
  untilInPacs,
  untilRows,
  UPLOADS,
} from '../testing/day-list.ts';
import { looksRight } from '../testing/looks-right.ts';
import { chooseNames } from '../testing/names-hidden.ts';

const test = suite('the day’s list in a browser');
const walk = await walkScreens(test, {
  name: 'the day’s list in a browser',
  roles: ['technician'],
  open: openWorld,
});

walk('two patients of one name are two lines, and a search finds either', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await holdUploads(stage);
  await queue(stage, PATIENTS);
  await untilRows(page, 4);
  await search(page, 'meier');
  await untilRows(page, 2);
  await expect(page.locator('.study-count').first()).toHaveText('2 images');
  const told = async () => new Set(await page.locator('.study-who').allInnerTexts()).size;
  await expect.poll(told, 'two different lines').toBe(2);
  await looksRight(page, 'studies-found');
  await search(page, 'anna 2002');
  await untilRows(page, 1);
  await search(page, 'nobody of this name');
  await page.getByText('No study matches').waitFor();
  await looksRight(page, 'studies-none');
  await page.getByRole('button', { name: 'Show all studies' }).click();
  await untilRows(page, 4);
  await chooseNames(page, true);
  await search(page, 'kurz');
  await page.getByText('You can’t search for patients while names are hidden.').waitFor();
  await untilRows(page, 0);
  await search(page, 'ct');
  await untilRows(page, 4);
  await expect(
    page.getByText('You can’t search for patients while names are hidden'),
    'the rows are what was searched for',
  ).toHaveCount(0);
  await search(page, 'kurz');
  await untilRows(page, 0);
  await page.locator('main').getByRole('button', { name: 'Show names' }).click();
  await untilRows(page, 1);
});

walk('all selected studies are cancelled after one question, and the others are sent', async (stage) => {
  const { page, visitor } = stage;
  await stage.enter();
  await holdUploads(stage);
  await queue(stage, PATIENTS);
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  await page.getByLabel('Select: Kurz, Bo').check();
  await page.getByLabel('Select: Lang, Cem').check();
  const selection = page.getByRole('region', { name: 'Selected studies' });
  await selection.getByRole('button', { name: 'Cancel sending 2 studies' }).click();
  const question = page.getByRole('dialog', { name: 'Cancel sending 2 studies?' });
  await question.getByText('Kurz, Bo; Lang, Cem').waitFor();
  await looksRight(page, 'studies-cancel');
  await question.getByRole('button', { name: 'Keep sending' }).click();
  await question.waitFor({ state: 'detached' });
  await expect(page.locator('[data-part=taken-back]')).toHaveCount(0);
  await selection.getByRole('button', { name: 'Cancel sending 2 studies' }).click();
  await question.getByRole('button', { name: 'Cancel sending' }).click();
  await expect(page.locator('.queue-row[data-part=taken-back]'), 'both to be cancelled').toHaveCount(2);
  await selection.waitFor({ state: 'detached' });
  await visitor.unroute(UPLOADS);
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await untilInPacs(stage, 4);
});

test.run();
