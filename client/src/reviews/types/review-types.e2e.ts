/** Making a review type in a radiologist's hands, in a real Chromium against the running system. */
import type { Locator } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReviewTypes } from '#shared/protocol/reviews.ts';
import { askAs } from '#testing/accounts.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../../testing/looks-right.ts';

/** Key by key: what is drawn again after each of them must not move the next one. */
async function typesDecimals(field: Locator): Promise<void> {
  await field.pressSequentially('7.25');
  await expect(field).toHaveValue('7.25');
  await field.fill('');
  await field.pressSequentially('12,5');
  await field.blur();
  await expect(field).toHaveValue('12.5');
}

const test = suite('review types');
const walk = await walkScreens(test, {
  name: 'review types',
  roles: ['radiologist', 'technician'],
  open: openWorld,
});

walk('a radiologist adds a review type, tries its questions, and changes it', async (stage) => {
  const { page, enter, account } = stage;
  await enter();
  await page.evaluate(() => {
    location.hash = '#/reviews/';
  });
  await page.getByRole('link', { name: 'Review types' }).click();
  await page.getByRole('list', { name: 'Review types' }).getByText('Chest film', { exact: true }).waitFor();
  await looksRight(page, 'review-types');
  await focusAndPress(page.getByRole('button', { name: 'Add a review type' }), 'Enter');
  const form = page.getByRole('dialog', { name: 'Add a review type' });
  await form.getByLabel('Name').fill(`Knee ${account.username}`);
  await form.getByRole('group', { name: 'For these modalities' }).getByLabel('MR', { exact: true }).check();
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByText('Question 1: Enter the question').waitFor();
  const first = form.getByRole('listitem', { name: 'Question 1' });
  await first.getByLabel('Question', { exact: true }).fill('Is the meniscus torn?');
  await first.getByLabel('Answer 1', { exact: true }).fill('Yes');
  await first.getByLabel('Means: abnormality (answer 1)').check();
  await first.getByLabel('Answer 2', { exact: true }).fill('No');
  await first.getByRole('group', { name: 'What readers see' }).getByLabel('No', { exact: true }).check();
  await form.getByRole('button', { name: 'Add a question' }).click();
  const second = form.getByRole('listitem', { name: 'Question 2' });
  await second.getByLabel('Question', { exact: true }).fill('Width of the gap');
  await second.getByLabel('Answer type').selectOption('measurement');
  await second.getByLabel('Smallest value').fill('1');
  await second.getByLabel('Largest value').fill('5');
  await typesDecimals(second.getByRole('group', { name: 'What readers see' }).getByRole('textbox'));
  await looksRight(page, 'review-type-form');
  await focusAndPress(form.getByRole('button', { name: 'Move question 2 up' }), 'Enter');
  await form.getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('listitem').filter({ hasText: `Knee ${account.username}` });
  await row.getByText('Version 1').waitFor();
  await row.getByText('2 questions · MR').waitFor();
  await row.getByRole('button', { name: `Edit Knee ${account.username}` }).click();
  const change = page.getByRole('dialog', { name: `Edit Knee ${account.username}` });
  await change.getByLabel('Hide findings of models from readers until they have signed').check();
  await change.getByRole('button', { name: 'Save' }).click();
  await row.getByText('Version 2').waitFor();
  const { types } = await askAs<ReviewTypes>(stage.gateway, account.username, '/review-types');
  const made = types.find(({ definition }) => definition.title === `Knee ${account.username}`)!;
  assert.equal([made.version, made.definition.hidesFinding], [2, true]);
  assert.equal([made.definition.modalities, made.definition.bodyParts], [['MR'], undefined]);
  assert.equal(Object.keys(made.definition.form.properties), ['widthOfTheGap', 'isTheMeniscusTorn']);
});

test.run();
