/**
 * A radiologist asks a model, in a real Chromium against the real gateway and its models: of a picture, and
 * of a study that is in the PACS. They see the image and where the model looked, agree by a key, and it is
 * kept. Every state of these pages is looked at beside it (results-screens.e2e.ts).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { choose, filesOf, signIn } from '#testing/app-under-test.ts';
import { skip, testEnvironment } from '#testing/environment.ts';
import { looksRight, walkScreens } from '#testing/screen-walk.ts';
import { createUser } from '../testing/open-user.ts';

const test = suite('results');
const step = await walkScreens(test, 'results');

/** A film with a bacterial pneumonia, whose score is above the threshold. */
async function evaluationFilm(): Promise<Buffer | null> {
  const { corpus } = testEnvironment();
  return corpus === null
    ? null
    : readFile(join(corpus, '../models/eval/cxr/bacteria-05451.png')).catch(() => null);
}

/** Presses Run and waits for the result that it leads to. */
async function run(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Run' }).click();
  await page.waitForFunction(() => location.hash.startsWith('#/results/'));
  await page.getByText('Not for diagnostic use').waitFor();
}

async function untilDrawn(page: Page, selector: string): Promise<void> {
  await page.waitForFunction(
    (image) => (document.querySelector<HTMLImageElement>(image)?.naturalWidth ?? 0) > 0,
    selector,
  );
}

step(
  'a radiologist asks a model about a picture, watches, and sees where it looked',
  async ({ page, gateway }) => {
    await createUser(gateway.api, 'rahel', ['radiologist', 'technician']);
    await page.goto(gateway.web);
    await signIn(page, 'rahel');
    const film = await evaluationFilm();
    if (film === null) skip('results: a film of the evaluation set', 'there is no ../shared');
    await page.getByRole('link', { name: 'Results' }).click();
    await page.getByRole('link', { name: 'Ask a model' }).click();
    await page.getByText('A file', { exact: true }).click();
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'film.png', mimeType: 'image/png', buffer: film });
    await run(page);
    await page.getByRole('heading', { name: 'Above the threshold for pneumonia' }).waitFor();
    await untilDrawn(page, '.picture-box img:not(.picture-map)');
    await untilDrawn(page, '.picture-map');
    await page.getByText('above the threshold of 21 %').first().waitFor();
    await looksRight(page, 'real-result');
    const opacity = () => page.locator('.picture-map').evaluate((map) => getComputedStyle(map).opacity);
    await page.keyboard.press('[');
    assert.is(await opacity(), '0.5');
    await page.keyboard.press('m');
    await page.getByText('Integrated gradients.').waitFor();
    await untilDrawn(page, '.picture-map');
    await looksRight(page, 'real-gradients');
    await page.keyboard.press('m');
    await page.locator('.legend-lungs').waitFor();
    await untilDrawn(page, '.picture-map');
    await looksRight(page, 'real-lungs');
  },
);

step('they agree by a key, and it is kept for whoever looks next', async ({ page }) => {
  if ((await evaluationFilm()) === null) return;
  await page.keyboard.press('a');
  await page.getByText('You agree').waitFor();
  await page.getByRole('button', { name: 'Keep it now' }).click();
  await page.getByText('Agreed', { exact: true }).waitFor();
  await page.reload();
  await page.getByText('Agreed', { exact: true }).waitFor();
  await page.getByText('by you', { exact: false }).first().waitFor();
  await page.getByText('The image is not kept', { exact: false }).waitFor();
  await looksRight(page, 'real-verified');
});

step(
  'a study that has arrived is looked at from its own page, and the image comes from the PACS',
  async ({ page }) => {
    await page.getByRole('link', { name: 'Upload' }).click();
    await choose(page, filesOf(7, { instances: 2, rows: 128 }));
    await page.getByRole('button', { name: 'Send 1 study' }).click();
    await page.locator('[data-part=arrived] .queue-name a').first().click();
    await page.getByRole('link', { name: 'Look at it with a model' }).click();
    await page.locator('input[name=study]:checked').waitFor();
    await page.getByRole('button', { name: 'Run' }).click();
    // Of two instances there are two results: they are listed, and nothing else.
    await page.waitForFunction(() => document.querySelectorAll('.result-row').length === 2);
    await page.locator('.result-row').first().click();
    await page.getByRole('heading', { name: 'The model gives no answer' }).waitFor();
    await page.getByText('Not a chest film', { exact: true }).waitFor();
    await untilDrawn(page, '.picture-box img');
    await looksRight(page, 'real-silent');
  },
);

step('the list holds all of it, and the models tell what they are', async ({ page }) => {
  await page.getByRole('link', { name: 'Results' }).first().click();
  await page.waitForFunction(() => document.querySelectorAll('.result-row').length === 2);
  await page.getByRole('combobox', { name: 'Study' }).selectOption('');
  const all = (await evaluationFilm()) === null ? 2 : 3;
  await page.waitForFunction((rows) => document.querySelectorAll('.result-row').length === rows, all);
  await looksRight(page, 'real-list');
  await page.getByRole('link', { name: 'Models' }).click();
  await page.getByText('Pneumonia on a paediatric chest radiograph').waitFor();
  assert.is(
    await page.getByRole('button', { name: /^Stop/ }).count(),
    0,
    'only an administrator stops a model',
  );
});

test.run();
