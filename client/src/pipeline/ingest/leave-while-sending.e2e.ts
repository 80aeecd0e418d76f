// test:all: a press at a rare moment; main-job.e2e.ts sends by day
/** The page on which a person is while a study is written into the queue: the one they went to, or the track. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import { choose, filesOf, goOffline } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { openDestinations, showDestination } from '../../testing/open-destinations.ts';

const test = suite('leaving while a study is written into the queue');
const walk = await walkScreens(test, {
  name: 'leaving while a study is written into the queue',
  roles: ['admin'],
  open: openWorld,
});

/** Runs in the page: studies are written into its queue once `writes` is dispatched. */
function holdWriting(): void {
  const { locks } = navigator;
  const free = new Promise((resolve) => addEventListener('writes', resolve, { once: true }));
  const request = locks.request.bind(locks) as (...of: readonly unknown[]) => Promise<unknown>;
  const held = async (name: string, ...of: readonly unknown[]): Promise<unknown> => {
    if (name.startsWith('relaypacs-writing-')) await free;
    return request(name, ...of);
  };
  Object.assign(locks, { request: held });
}

/** Goes to the results, has the study written, and is still there once the PACS has it. */
async function staysAtResults(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Results', exact: true }).click();
  await page.getByRole('heading', { name: 'Results', level: 1 }).waitFor();
  // The study stays in the queue until it has been seen there.
  await goOffline(page);
  await page.evaluate(() => dispatchEvent(new Event('writes')));
  const pages = page.getByRole('navigation').first();
  await pages.getByRole('link', { name: /^Studies.*1 study in the queue$/ }).waitFor();
  await page.context().setOffline(false);
  await pages.getByRole('link', { name: 'Studies', exact: true }).waitFor();
  await expect(page).toHaveURL(/#\/results$/);
}

walk('Send does not move a person who has gone to another page', async ({ page, seed, enter }) => {
  await enter();
  await choose(page, filesOf({ seed: seed(1), series: 1, instancesPerSeries: 1 }));
  await page.evaluate(holdWriting);
  await page.getByRole('button', { name: /^Send \d/ }).click();
  await staysAtResults(page);
});

walk('a sample study does not move an administrator who has gone to another page', async (stage) => {
  const { page, enter } = stage;
  await enter();
  await openDestinations(page);
  await showDestination(page, 'default');
  const sends = page.getByRole('button', { name: 'Send a sample study default' });
  await sends.waitFor();
  await page.evaluate(holdWriting);
  await sends.click();
  await staysAtResults(page);
});

walk('Send leaves the page before and after for the track', async ({ page, seed, enter }) => {
  await enter();
  await choose(page, filesOf({ seed: seed(2), series: 1, instancesPerSeries: 1 }));
  await page.getByRole('link', { name: /^See what is removed/ }).click();
  await page.getByText('Nothing has been sent yet.', { exact: false }).waitFor();
  await page.evaluate(holdWriting);
  await page.getByRole('button', { name: /^Send \d/ }).click();
  await expect(page).toHaveURL(/#\/studies$/);
  await expect(page.getByText('Nothing has been sent yet.', { exact: false })).toHaveCount(0);
  await page.evaluate(() => dispatchEvent(new Event('writes')));
  await page.locator('.queue-row').first().waitFor();
  await expect(page.getByText('This study is no longer selected.')).toHaveCount(0);
  // Nothing is written any more then.
  await page.locator('.queue-row[data-part=arrived]').waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: 'Where this study is now' }).waitFor();
  await page.getByRole('link', { name: /^Open in Studies: / }).click();
  await expect(page).toHaveURL(/#\/study\//);
});

test.run();
