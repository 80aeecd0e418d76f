// test:all: how often a person touches the screen; main-job, cover and site-studies e2e guard the same ways by day
/** How many touches the tasks of each day take, counted by the browser itself. Nothing is typed. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesOf } from '#testing/app-page.ts';
import { NAME_PLACE } from '#testing/burned-in-file.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { boxAt, chooseFilms, drag, filmsOf } from './testing/cover-films.ts';

const test = suite('touches');
const walk = await walkScreens(test, { name: 'touches', roles: ['technician'], open: openWorld });

/** Counts what touches the page from now on: a press, or the stroke that draws a box. */
async function countTouches(page: Page): Promise<() => Promise<number>> {
  const touches = await page.evaluateHandle(() => {
    const counted = { touches: 0 };
    addEventListener('pointerdown', () => (counted.touches += 1), true);
    return counted;
  });
  return () => touches.evaluate((counted) => counted.touches);
}

async function chooseByPress(stage: Stage): Promise<void> {
  const { page } = stage;
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose files' }).click();
  const files = filesOf({ seed: stage.seed(0), instancesPerSeries: 2, rows: 64, columns: 64 });
  await (await chooser).setFiles(files);
}

walk('a study is sent with two touches, and found again with two', async (stage) => {
  const { page } = stage;
  await stage.enter();
  const sending = await countTouches(page);
  await chooseByPress(stage);
  await page.getByRole('button', { name: /^Send \d/ }).click();
  await page.getByRole('heading', { name: 'Studies', level: 1, exact: true }).waitFor();
  assert.is(await sending(), 2);
  const arrived = page.locator('[data-part=arrived] .queue-name a').first();
  await arrived.waitFor();
  await page.getByRole('link', { name: 'Upload', exact: true }).click();
  const finding = await countTouches(page);
  await page
    .getByRole('navigation')
    .getByRole('link', { name: /^Studies/ })
    .click();
  await page.getByRole('heading', { name: 'Studies', level: 1, exact: true }).waitFor();
  await arrived.click();
  await page.locator('.arrived').getByRole('heading', { name: 'In the PACS' }).waitFor();
  assert.is(await finding(), 2);
});

walk('the name on a held ultrasound is covered with three touches, one of them the stroke', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await chooseFilms(page, filmsOf(stage, [{ frames: 1 }]));
  const covering = await countTouches(page);
  await page
    .locator('.card-held')
    .getByRole('link', { name: /^Look and cover/ })
    .click();
  await page.locator('.cover-image canvas').waitFor();
  await untilAtRest(page);
  await drag(page, NAME_PLACE);
  await boxAt(page, 1).waitFor();
  await page.getByRole('button', { name: 'Cover 1 image' }).click();
  await page.locator('.card[data-going=sent]').waitFor();
  assert.is(await covering(), 3);
});

walk('a film is covered with four touches, because its frames show themselves', async (stage) => {
  const { page } = stage;
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  await stage.enter();
  await chooseFilms(page, filmsOf(stage, [{}]));
  const covering = await countTouches(page);
  await page
    .locator('.card-held')
    .getByRole('link', { name: /^Look and cover/ })
    .click();
  await page.locator('.cover-image canvas').waitFor();
  await untilAtRest(page);
  await drag(page, NAME_PLACE);
  await boxAt(page, 1).waitFor();
  await page.getByRole('button', { name: 'Cover 1 image' }).click();
  await page.getByRole('button', { name: 'Release 1 image' }).click();
  await page.locator('.card[data-going=sent]').waitFor();
  assert.is(await covering(), 4);
});

test.run();
