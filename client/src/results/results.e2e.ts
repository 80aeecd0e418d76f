// test:all: models run on a server’s studies; results-screens.e2e.ts and inference.e2e.ts guard it by day
/**
 * A radiologist runs a model, in a real Chromium against the real gateway and its models, on a picture and on
 * a study in the PACS. They see the image and where the model looked, agree with a key, and the verdict is
 * saved. results-screens.e2e.ts and reading-results.e2e.ts have the states of these pages.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAccount, tokenOf } from '#testing/accounts.ts';
import { filesOf, sendStudy } from '#testing/app-page.ts';
import { skip, testEnvironment } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress, pressKey, pressOn } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { storeInstances } from '#testing/store-instances.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openWorld } from '#testing/world.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { chooseNames } from '../testing/names-hidden.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('results');
const walk = await walkScreens(test, {
  name: 'results',
  roles: ['radiologist', 'technician'],
  open: openWorld,
  isOneVisit: true,
});

const { corpus } = testEnvironment();
const NO_FILM = 'there is no ../shared/models/eval';

/** A film with a bacterial pneumonia, whose score is above the threshold. */
const film =
  corpus === null
    ? undefined
    : await ignoreFailure(
        readFile(join(corpus, '../models/eval/cxr/bacteria-05451.png')),
        'without it the walks are skipped',
      );

/** Presses Run and waits for the result. */
async function run(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Run' }).click();
  await page.waitForURL(/#\/results\//);
  await page.getByText('Not for diagnostic use').waitFor();
}

async function untilDrawn(page: Page, selector: string): Promise<void> {
  await page.waitForFunction(
    (image) => (document.querySelector<HTMLImageElement>(image)?.naturalWidth ?? 0) > 0,
    selector,
  );
}

/** Runs a model on the film, as a file, and resolves when its result is open. */
async function runOnFilm({ page, enter }: Stage, buffer: Buffer): Promise<void> {
  await enter();
  await page.getByRole('link', { name: 'Results' }).click();
  await page.getByRole('link', { name: 'Run AI' }).click();
  await page.getByText('A file', { exact: true }).click();
  await page.locator('input[type=file]').setInputFiles({ name: 'film.png', mimeType: 'image/png', buffer });
  await run(page);
  await page.getByRole('heading', { name: 'Above the threshold for pneumonia' }).waitFor();
}

/** Sends a CT of two instances and runs a model on it from its own page. */
async function runOnSentStudy({ page, enter, seed }: Stage): Promise<void> {
  await enter();
  await sendStudy(page, filesOf({ seed: seed(0), instancesPerSeries: 1, rows: 128, columns: 128 }));
  await page.locator('[data-part=arrived] .queue-name a').first().click();
  await page.getByRole('link', { name: 'Run AI' }).click();
  await page.locator('input[name=study]:checked').waitFor();
  await page.getByRole('button', { name: 'Run' }).click();
  await untilBothListed(page);
}

/** Two instances give two results with one answer: only these are listed, the second one folded under the first. */
async function untilBothListed(page: Page): Promise<void> {
  await page.getByText('Only the 2 results for this study are shown.').waitFor();
  await page.getByText('1 more image of this run, with the same answer').click();
  await expect(page.locator('.list-link')).toHaveCount(2);
}

/** By button, drag, key and wheel; the map stays where it was on the image. */
async function zoomsWithItsMap(page: Page): Promise<void> {
  const image = page.locator('.picture-box img:not(.picture-map)');
  const places = async () => [await image.boundingBox(), await page.locator('.picture-map').boundingBox()];
  const [whole] = await places();
  const isAt = async (zoom: number): Promise<void> => {
    const ratio = async () => ((await image.boundingBox())!.width / whole!.width).toFixed(2);
    await expect.poll(ratio).toBe(zoom.toFixed(2));
    const [seen, map] = await places();
    assert.equal(map, seen, 'the map lies on the image');
  };
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await isAt(1.5);
  const picture = page.getByRole('application', { name: /^Picture\./ });
  await picture.hover();
  await page.mouse.down();
  await page.mouse.move(0, 0, { steps: 3 });
  await page.mouse.up();
  await isAt(1.5);
  await expect
    .poll(async () => (await image.boundingBox())!.y, 'it follows the hand to its edge')
    .toBeLessThan(whole!.y - whole!.height / 4);
  await focusAndPress(picture, '0');
  await isAt(1);
  await picture.hover();
  await page.mouse.wheel(0, -400);
  await isAt(2);
  await page.getByRole('button', { name: 'Fit' }).click();
  await isAt(1);
}

walk('a radiologist runs a model on a picture, watches, and sees where it looked', async (stage) => {
  if (film === undefined) skip('results: where a model looked', NO_FILM);
  const { page } = stage;
  await runOnFilm(stage, film);
  await untilDrawn(page, '.picture-box img:not(.picture-map)');
  await untilDrawn(page, '.picture-map');
  await page.getByText('above the threshold of 21 %').first().waitFor();
  await looksRight(page, 'real-result');
  await zoomsWithItsMap(page);
  await pressKey(page, '[');
  await expect(page.locator('.picture-map')).toHaveCSS('opacity', '0.5');
  await pressKey(page, 'm');
  await page.getByText('Integrated gradients.').waitFor();
  await untilDrawn(page, '.picture-map');
  await looksRight(page, 'real-gradients');
  await pressKey(page, 'm');
  await page.locator('.legend-lungs').waitFor();
  await untilDrawn(page, '.picture-map');
  await looksRight(page, 'real-lungs');
});

walk('they agree with one key, and the next reader sees it', async (stage) => {
  if (film === undefined) skip('results: agreeing', NO_FILM);
  const { page } = stage;
  await runOnFilm(stage, film);
  await page.getByRole('button', { name: 'Agree', exact: true }).click({ trial: true });
  await pressKey(page, 'a');
  await page.getByText('Agreed', { exact: true }).waitFor();
  await pressKey(page, 'u');
  await page.locator('.verdict-keep').dblclick();
  await page.locator('.verdict-keep').waitFor({ state: 'detached' });
  assert.is(await page.evaluate(() => String(getSelection())), '', 'a double press marks no text');
  await page.reload();
  await page.getByText('Agreed', { exact: true }).waitFor();
  await page.getByText('by you', { exact: false }).first().waitFor();
  await page.getByText('The image was not kept', { exact: false }).waitFor();
  await pressKey(page, 'u');
  await page
    .getByText('You cannot answer, because the image is no longer available.', { exact: false })
    .waitFor();
  await looksRight(page, 'real-verified');
});

/** From the list of one study, of which there are two; the models' page is next to it. */
async function isInWholeList(page: Page): Promise<void> {
  const addresses = () =>
    page.locator('.list-link').evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
  const own = await addresses();
  assert.is(new Set(own).size, 2);
  await page.getByRole('combobox', { name: 'Study' }).selectOption('');
  await until('the list to hold both', async () => {
    await page.evaluate(() => {
      for (const fold of document.querySelectorAll<HTMLElement>('.result-fold[aria-expanded=false]'))
        fold.click();
    });
    const all = await addresses();
    return own.every((address) => all.includes(address));
  });
  await looksRight(page, 'real-list');
  await page.getByRole('link', { name: 'Models' }).click();
  await page.getByText('Pneumonia on a paediatric chest radiograph').waitFor();
  const stop = page.getByRole('button', { name: /^Stop/ });
  await expect(stop, 'only an administrator stops a model').toHaveCount(0);
}

walk(
  'a model runs on an arrived study from its own page, and the image comes from the PACS',
  async (stage) => {
    const { page } = stage;
    await runOnSentStudy(stage);
    await page.locator('.list-link').first().click();
    await page.getByRole('heading', { name: 'The model gave no answer' }).waitFor();
    await page.getByText('Not a chest film', { exact: true }).waitFor();
    await untilDrawn(page, '.picture-box img');
    await looksRight(page, 'real-silent');
    await page.getByRole('link', { name: /^Studies/ }).click();
    const sent = page.locator('.queue-row').first();
    await sent.locator('.study-open').click();
    await sent.getByRole('link', { name: /^Newest of 2 results: / }).click();
    await page.getByRole('heading', { name: 'The model gave no answer' }).waitFor();
    await page.getByRole('link', { name: /^Studies/ }).click();
    await sent.locator('.study-open').click();
    const all = sent.getByRole('link', { name: 'All results of this study' });
    const tab = await stage.visitor.newPage();
    await tab.goto(new URL((await all.getAttribute('href'))!, page.url()).href);
    await untilBothListed(tab);
    await expect(tab.getByRole('combobox', { name: 'Study' })).toHaveValue(/./);
    await tab.close();
    await all.click();
    await untilBothListed(page);
    await expect(page.getByRole('combobox', { name: 'Study' })).toHaveValue(/./);
    await isInWholeList(page);
    await page.route('**/api/results?*limit=200*', (route) => route.abort());
    await page.getByRole('link', { name: /^Studies/ }).click();
    await sent.locator('.study-open').click();
    await sent.getByText('The model results could not be loaded.').waitFor();
  },
);

/** Another account's study, stored as it is by a client that is not ours; its patient is in the PACS by name. */
async function storeByAnother({ gateway, seed }: Stage, patient: { name: string; id: string }) {
  const { username } = await createAccount(gateway, 'else', ['technician']);
  const { instances } = syntheticStudy({ seed: seed(0), modality: 'CT', instancesPerSeries: 1, patient });
  const token = await tokenOf(gateway, username);
  const files = instances.map(({ bytes }) => bytes);
  const stored = await storeInstances(gateway, { token, policy: 'identified', files });
  assert.is(stored.status, 200, await stored.text());
}

/** The places in the page and the browser that hold this text. */
const tracesOf = (page: Page, text: string): Promise<string[]> =>
  page.evaluate((said) => {
    const places = {
      text: document.documentElement.outerHTML,
      title: document.title,
      address: location.href,
      storage: JSON.stringify([{ ...localStorage }, { ...sessionStorage }]),
      requests: JSON.stringify(performance.getEntriesByType('resource')),
    };
    return Object.entries(places).flatMap(([place, held]) => (held.includes(said) ? [place] : []));
  }, text);

walk('a radiologist finds a study that somebody else sent, and runs a model on it', async (stage) => {
  const { page, enter, seed } = stage;
  const family = `Finder${seed(0)}`;
  await storeByAnother(stage, { name: `${family}^Anna`, id: `F-${seed(0)}` });
  await enter();
  await page.getByRole('link', { name: 'Results' }).click();
  await page.getByRole('link', { name: 'Run AI' }).click();
  await page.getByText('A study', { exact: true }).click();
  const name = page.getByLabel('Patient name');
  if (!(await name.isVisible())) await page.getByText('Find in the PACS').click();
  await name.fill(`${family} nobody`);
  await pressOn(name, 'Enter');
  await page.getByText('No study matches this search').waitFor();
  await chooseNames(page, true);
  await name.waitFor({ state: 'detached' });
  await chooseNames(page, false);
  await page.getByRole('combobox', { name: 'Modality' }).selectOption('CT');
  await name.fill(family);
  await pressOn(name, 'Enter');
  await page.getByText('1 study, newest first').waitFor();
  await page.getByRole('radio', { name: `${family}, Anna` }).check();
  await looksRight(page, 'real-found');
  await expect.poll(() => tracesOf(page, family)).toEqual(['text']);
  await run(page);
  // The address changes before the page does.
  await name.waitFor({ state: 'detached' });
  assert.equal(await tracesOf(page, `${family} nobody`), []);
  // The result names its patient once the PACS has said who it is.
  assert.equal(
    (await tracesOf(page, family)).filter((place) => place !== 'text'),
    [],
  );
});

test.run();
