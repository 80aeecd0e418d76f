/** Reading a case in a radiologist's hands, by keyboard alone, in a real Chromium against the running system. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import { goOffline } from '#testing/app-page.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { ACTION_MS } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress, pressOn } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import {
  drawByKeyboard,
  openCase,
  openReview,
  press,
  saveElsewhere,
  storeCase,
} from '../testing/open-review.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('reviews');
const walk = await walkScreens(test, {
  name: 'reviews',
  roles: ['radiologist', 'technician'],
  open: openWorld,
});

/** An answer that is missing, and one that is too long. */
async function refusesFaults(page: Page): Promise<void> {
  const form = page.getByRole('region', { name: 'Your answers' });
  await focusAndPress(form.getByRole('button', { name: 'Save the answers' }), 'Enter');
  await form.getByText('Answer first: What does the film show?').waitFor();
  await form.getByText('At most 2,000 characters').waitFor();
  await form.getByLabel('Comment').fill('x'.repeat(2001));
  await focusAndPress(form.getByRole('button', { name: 'Save the answers' }), 'Enter');
  await form.getByText('Comment: 2,001 of at most 2,000 characters: shorten it by 1').waitFor();
  await expect(form.getByLabel('Comment')).toHaveAttribute('aria-invalid', 'true');
  await form.getByLabel('Comment').fill('');
}

async function namesThePatient(page: Page): Promise<void> {
  const name = page.getByRole('region', { name: 'Patient' }).getByText(/^RP-\w+$/);
  await name.waitFor();
  await focusAndPress(page.getByLabel('Hide names and titles'), 'Space');
  await name.waitFor({ state: 'detached' });
  await focusAndPress(page.getByLabel('Hide names and titles'), 'Space');
}

/** On a tablet and on a phone, where the head of the page has scrolled away. */
async function seesWhoseItSigns(page: Page): Promise<void> {
  const form = page.getByRole('region', { name: 'Your answers' });
  const whose = form.getByText(/^For RP-\w+ · CT/);
  const before = page.viewportSize()!;
  for (const size of [
    { width: 1024, height: 768 },
    { width: 390, height: 844 },
  ]) {
    await page.setViewportSize(size);
    await untilAtRest(page);
    // The images above take their new height when they are drawn: the button may have to be sought again.
    await expect(async () => {
      await form.getByRole('button', { name: 'Sign', exact: true }).scrollIntoViewIfNeeded();
      await expect(whose, `${size.width} px wide`).toBeInViewport({ ratio: 1, timeout: 1_000 });
    }).toPass({ timeout: ACTION_MS });
  }
  await page.setViewportSize(before);
  await focusAndPress(page.getByLabel('Hide names and titles'), 'Space');
  await whose.waitFor({ state: 'detached' });
  await form.getByText(/^For \S/).waitFor();
  await focusAndPress(page.getByLabel('Hide names and titles'), 'Space');
  await whose.waitFor();
}

async function seesWhoseRow(page: Page): Promise<void> {
  const row = page.getByRole('row', { name: /Chest film/ });
  await row.getByText(/^RP-\w+/).waitFor();
  await row.getByRole('cell', { name: 'CT', exact: true }).waitFor();
}

walk('a radiologist has a case read, answers without a link, and signs, by keyboard', async (stage) => {
  const { page, enter } = stage;
  await enter();
  await openCase(stage, 'For a second pair of eyes');
  const reviews = page.getByRole('region', { name: 'Reviews' });
  await reviews.getByText('This case has not been read yet.').waitFor();
  await openReview(stage);
  await namesThePatient(page);
  const form = page.getByRole('region', { name: 'Your answers' });
  const tab = page.getByRole('navigation').getByRole('link', { name: /^Read.*1 review assigned to you/ });
  await tab.waitFor();
  await refusesFaults(page);
  await page.getByRole('img', { name: /^Image 1 of/ }).waitFor();
  await looksRight(page, 'review');
  await focusAndPress(form.getByLabel('Pneumonia', { exact: true }), 'Space');
  await focusAndPress(form.getByLabel('5 Certain'), 'Space');
  await form.getByLabel('Comment').pressSequentially('Left lower lobe of Doe Jane');
  await focusAndPress(page.getByRole('link', { name: 'All reviews' }), 'Enter');
  await focusAndPress(page.getByRole('link', { name: 'Chest film' }), 'Enter');
  await form.getByText('These are your earlier answers.').waitFor();
  await looksRight(page, 'review-draft');
  await goOffline(page);
  await press(page, 'Save the answers');
  await page.getByText('Not sent yet:', { exact: true }).waitFor();
  await form.getByText('Stored on this device, not sent yet.').waitFor();
  const waits = page.getByRole('link', { name: '1 verdict is not sent yet' });
  await expect(waits, 'to the review, where it is seen').toHaveAttribute('href', new URL(page.url()).hash);
  await looksRight(page, 'review-kept');
  await focusAndPress(page.getByRole('link', { name: 'All reviews' }), 'Enter');
  await form.waitFor({ state: 'detached' });
  await focusAndPress(waits, 'Enter');
  await page.getByRole('link', { name: 'All reviews' }).waitFor();
  await page.context().setOffline(false);
  await form.getByText('You can change it until you sign.').waitFor();
  await waits.waitFor({ state: 'detached' });
  await focusAndPress(form.getByLabel('Nothing abnormal'), 'Space');
  await form.getByText('Save your changes before you sign.').waitFor();
  await press(page, 'Save the answers');
  await form.getByText('You can change it until you sign.').waitFor();
  await seesWhoseItSigns(page);
  await press(page, 'Sign');
  await form.getByText('Your reading will be signed in 5 seconds.').waitFor();
  await press(page, 'Undo');
  await form.getByText('You can change it until you sign.').waitFor();
  await pressOn(form.getByRole('button', { name: 'Sign', exact: true }), 'Enter');
  const sides = page.getByRole('region', { name: 'Answers of the readers' });
  await sides.getByText('Nothing abnormal').waitFor();
  await sides.getByText('Left lower lobe of Doe Jane').waitFor();
  await sides.getByText('Assessable').waitFor();
  const marks = page.getByRole('region', { name: 'Marks in the PACS' });
  await marks.getByText(`${stage.account.username} signed without marks.`).waitFor();
  await tab.waitFor({ state: 'detached' });
  await looksRight(page, 'review-settled');
  await focusAndPress(page.getByRole('link', { name: 'All reviews' }), 'Enter');
  await page.getByLabel('Filter reviews').selectOption('signed');
  await seesWhoseRow(page);
  await looksRight(page, 'reviews');
});

walk('a reader whose signature was refused sees the answers it was for, and can use them', async (stage) => {
  const { page, enter } = stage;
  await enter();
  await storeCase(stage, 'On two devices');
  await openReview(stage);
  const form = page.getByRole('region', { name: 'Your answers', exact: true });
  await page.getByRole('img', { name: /^Image 1 of/ }).waitFor();
  await page.getByRole('radio', { name: 'Freehand line' }).waitFor({ state: 'attached' });
  await drawByKeyboard(page);
  const marks = page.getByRole('region', { name: /^Marks \([1-9]/ });
  await marks.waitFor();
  await page.getByText('Saved', { exact: true }).waitFor();
  const count = await marks.getByRole('button', { name: /^Edit/ }).count();
  await focusAndPress(form.getByLabel('Pneumonia', { exact: true }), 'Space');
  await focusAndPress(form.getByLabel('5 Certain'), 'Space');
  await press(page, 'Save the answers');
  await form.getByText('You can change it until you sign.').waitFor();
  await saveElsewhere(stage, 2, { finding: 'normal', certainty: 2 });
  await press(page, 'Sign');
  const kept = page.getByRole('region', { name: 'Your stored answers' });
  for (const words of ['Pneumonia', 'Assessable', '5']) await kept.getByText(words).waitFor();
  const box = page.getByRole('alert').filter({ has: kept });
  await expect(box).not.toHaveText(/review-changed|pneumonia|Answered/, { useInnerText: true });
  await expect(page.getByRole('heading', { name: 'Marks of the readers' })).toHaveCount(0);
  await expect(marks.getByRole('button', { name: /^\d+ / }), 'each mark once').toHaveCount(count);
  await looksRight(page, 'review-refused');
  await page.reload();
  await kept.getByText('Pneumonia').waitFor();
  await press(page, 'Use these answers');
  await form.getByText('These are your earlier answers.').waitFor();
  await expect(form.getByLabel('Pneumonia', { exact: true })).toBeChecked();
  await press(page, 'Save the answers');
  await form.getByText('You can change it until you sign.').waitFor();
  await goOffline(page);
  await press(page, 'Sign');
  await page.getByText('Your signature is stored on this device.').waitFor();
  await expect(page.getByText('You have signed.')).toHaveCount(0);
  await page.context().setOffline(false);
  await page.getByRole('region', { name: 'Answers of the readers' }).getByText('Pneumonia').waitFor();
});

test.run();
