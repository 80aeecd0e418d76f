/** Steps on the before-and-after page that several files of walks take: what is held back, looked at and released. */
import type { Page } from 'playwright-core';
import { choose, filesOf, lookAtHeld, seeRemoved, type StudyOnDisk } from '#testing/app-page.ts';
import type { Stage } from '#testing/screen-walk.ts';

/** Six instances, of which the second series says that text is burned into its pixels. */
export const burnedIn = ({ seed }: Stage, options = {}): StudyOnDisk[] =>
  filesOf({ seed: seed(1), modality: 'SC', instancesPerSeries: 3, burnedInSeries: 2, ...options });

export const heading = (page: Page) =>
  page.getByRole('heading', { name: /^See what is (removed|sent)/, level: 1 });
/** The group of the list with this name. */
export const group = (page: Page, name: string) => page.locator('.change-fold', { hasText: name });

/** Signs in, chooses a study with three instances held back, and opens it. */
export async function openHeldBack(stage: Stage): Promise<void> {
  const { page } = stage;
  await stage.enter();
  await choose(page, burnedIn(stage));
  await seeRemoved(page);
  await page.getByRole('heading', { name: '3 images held back' }).waitFor();
  await page.getByLabel('Series').selectOption({ index: 1 });
  await lookAtHeld(page, 3);
}

async function releaseAll(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Release all 3 shown' }).click();
  await page.getByRole('button', { name: 'I looked at all of them. Release' }).click();
}

/** Releases all but the third instance. */
export async function releaseTwo(page: Page): Promise<void> {
  await releaseAll(page);
  await page.getByLabel(/^Image 3 of 3: I looked at this picture/).uncheck();
  await page.getByRole('heading', { name: '1 image held back' }).waitFor();
}
