/** By keyboard, for walks of reviews: a case of a study that was just sent, and a review of it. */
import type { Locator, Page } from 'playwright-core';
import { filesOf, sendStudy } from '#testing/app-page.ts';
import { pressOn } from '#testing/press.ts';
import type { Stage } from '#testing/screen-walk.ts';

async function pressThere(control: Locator, key: string): Promise<void> {
  await control.focus();
  await pressOn(control, key);
}

/** A button that waits takes no key. */
export const press = (page: Page, name: string): Promise<void> =>
  pressThere(page.getByRole('button', { name, exact: true, disabled: false }), 'Enter');

/** Sends a study, opens a case of it, and returns the case's id. */
export async function openCase({ page, seed }: Stage, title: string): Promise<string> {
  await sendStudy(page, filesOf({ seed: seed(0), instancesPerSeries: 1, rows: 64, columns: 64 }));
  await page.locator('[data-part=arrived] .queue-name a').first().click();
  await press(page, 'Open a case');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Title').pressSequentially(title);
  await pressOn(dialog.getByLabel('Title'), 'Enter');
  await page.getByRole('heading', { name: title }).waitFor();
  return /cases\/([\w-]+)/.exec(page.url())![1]!;
}

/** Asks for a review of the case in sight, by the person who is signed in. */
export async function openReview({ page, account }: Stage): Promise<void> {
  await press(page, 'Have it read');
  const dialog = page.getByRole('dialog');
  const asked = dialog.getByLabel('What is asked');
  await asked.getByRole('option', { name: 'General reading', selected: true }).waitFor({ state: 'attached' });
  await asked.selectOption('chest-film-double');
  const decides = dialog.getByLabel('Who decides if they differ');
  await decides.waitFor();
  await asked.selectOption('chest-film');
  await decides.waitFor({ state: 'detached' });
  await pressThere(dialog.getByLabel(account.username, { exact: true }), 'Space');
  await press(page, 'Ask for the review');
}
