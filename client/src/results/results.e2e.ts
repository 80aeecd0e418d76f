/**
 * A radiologist runs a model, in a real Chromium against the real gateway and its models, on a picture and on
 * a study in the PACS. They see the image and where the model looked, agree with a key, and the verdict is
 * saved. results-screens.e2e.ts covers every state of these pages.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADMIN, ask, createAccount } from '#testing/accounts.ts';
import { filesOf, sendStudy } from '#testing/app-page.ts';
import { skip, testEnvironment } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openWorld } from '#testing/world.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { chooseNames } from '../testing/names-hidden.ts';
import { looksRight } from '../testing/screens.ts';

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
  await page.waitForFunction(() => location.hash.startsWith('#/results/'));
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
  await page.getByText('Only the 2 results of this study are listed.').waitFor();
  await page.getByText('1 more image of this run, with the same answer').click();
  await page.waitForFunction(() => document.querySelectorAll('.result-row').length === 2);
}

/** By button, drag, key and wheel; the map stays where it was on the image. */
async function zoomsWithItsMap(page: Page): Promise<void> {
  const image = page.locator('.picture-box img:not(.picture-map)');
  const places = async () => [await image.boundingBox(), await page.locator('.picture-map').boundingBox()];
  const [whole] = await places();
  const isAt = async (zoom: number): Promise<void> => {
    const [seen, map] = await places();
    assert.equal(map, seen, 'the map lies on the image');
    assert.ok(Math.abs(seen!.width / whole!.width - zoom) < 0.01, `${seen!.width} of ${whole!.width}`);
  };
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await isAt(1.5);
  const picture = page.getByRole('application', { name: /^The picture/ });
  await picture.hover();
  await page.mouse.down();
  await page.mouse.move(0, 0, { steps: 3 });
  await page.mouse.up();
  await isAt(1.5);
  assert.ok((await image.boundingBox())!.y < whole!.y - whole!.height / 4, 'it follows the hand to its edge');
  await picture.press('0');
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
});

walk('they agree with one key, and the next reader sees it', async (stage) => {
  if (film === undefined) skip('results: agreeing', NO_FILM);
  const { page } = stage;
  await runOnFilm(stage, film);
  await page.getByRole('button', { name: 'Agree', exact: true }).click({ trial: true });
  await page.keyboard.press('a');
  await page.getByText('Agreed', { exact: true }).waitFor();
  await page.keyboard.press('u');
  await page.locator('.verdict-keep').dblclick();
  await page.locator('.verdict-keep').waitFor({ state: 'detached' });
  assert.is(await page.evaluate(() => String(getSelection())), '', 'a double press marks no text');
  await page.reload();
  await page.getByText('Agreed', { exact: true }).waitFor();
  await page.getByText('by you', { exact: false }).first().waitFor();
  await page.getByText('The image is not kept', { exact: false }).waitFor();
  await page.keyboard.press('u');
  await page.getByText('You cannot answer without the image.', { exact: false }).waitFor();
  await looksRight(page, 'real-verified');
});

walk(
  'a model runs on an arrived study from its own page, and the image comes from the PACS',
  async (stage) => {
    const { page } = stage;
    await runOnSentStudy(stage);
    await page.locator('.result-row').first().click();
    await page.getByRole('heading', { name: 'The model gives no answer' }).waitFor();
    await page.getByText('Not a chest film', { exact: true }).waitFor();
    await untilDrawn(page, '.picture-box img');
    await looksRight(page, 'real-silent');
    await page.getByRole('link', { name: /^Studies/ }).click();
    const sent = page.locator('.queue-row').first();
    await sent.locator('.study-open').click();
    await sent.getByRole('link', { name: /^Newest of 2 results: / }).click();
    await page.getByRole('heading', { name: 'The model gives no answer' }).waitFor();
    await page.getByRole('link', { name: /^Studies/ }).click();
    await sent.locator('.study-open').click();
    const all = sent.getByRole('link', { name: 'All results of this study' });
    const tab = await stage.visitor.newPage();
    await tab.goto(new URL((await all.getAttribute('href'))!, page.url()).href);
    await untilBothListed(tab);
    assert.is.not(await tab.getByRole('combobox', { name: 'Study' }).inputValue(), '');
    await tab.close();
    await all.click();
    await untilBothListed(page);
    assert.is.not(await page.getByRole('combobox', { name: 'Study' }).inputValue(), '');
    await page.route('**/api/results?*limit=200*', (route) => route.abort());
    await page.getByRole('link', { name: /^Studies/ }).click();
    await sent.locator('.study-open').click();
    await sent.getByText('The results of models could not be loaded.').waitFor();
  },
);

/** Another account's study, stored as it is by a client that is not ours; its patient is in the PACS by name. */
async function storeByAnother(
  { gateway, seed }: Stage,
  patient: { name: string; id: string },
): Promise<void> {
  const { id: accountId } = await createAccount(gateway, 'else', ['technician']);
  const body = { name: 'else', accountId, scopes: ['upload'], expiresInDays: 1 };
  const made = await ask(gateway, ADMIN, { method: 'POST', path: '/admin/api-keys', body });
  const { key } = (await made.json()) as { key: string };
  const { instances } = syntheticStudy({ seed: seed(0), modality: 'CT', instancesPerSeries: 1, patient });
  const parts = instances.flatMap(({ bytes }) => [
    '--b\r\nContent-Type: application/dicom\r\n\r\n',
    bytes,
    '\r\n',
  ]);
  const stored = await fetch(`${gateway.web}/api/dicom-web/studies?policy=identified`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'multipart/related; type="application/dicom"; boundary=b',
    },
    body: new Blob([...parts, '--b--']),
  });
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
  await page.keyboard.press('Enter');
  await page.getByText('No study fits this search').waitFor();
  await chooseNames(page, true);
  await name.waitFor({ state: 'detached' });
  await chooseNames(page, false);
  await name.fill(family);
  await page.getByRole('combobox', { name: 'Modality' }).selectOption('CT');
  await page.keyboard.press('Enter');
  await page.getByText('1 study, newest first').waitFor();
  await page.getByRole('radio', { name: `${family}, Anna` }).check();
  await looksRight(page, 'real-found');
  assert.equal(await tracesOf(page, family), ['text']);
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

walk('the list holds all results, and the models show their cards', async (stage) => {
  const { page } = stage;
  await runOnSentStudy(stage);
  const addresses = () =>
    page
      .locator('.result-row')
      .evaluateAll((rows) =>
        rows.map((row) => (row.closest('a') ?? row.querySelector('a'))?.getAttribute('href') ?? ''),
      );
  const own = await addresses();
  assert.is(new Set(own).size, 2);
  await page.getByRole('combobox', { name: 'Study' }).selectOption('');
  await until('the list to hold both', async () => {
    await page.evaluate(() => {
      for (const folded of document.querySelectorAll<HTMLDetailsElement>('.result-folded'))
        folded.open = true;
    });
    const all = await addresses();
    return own.every((address) => all.includes(address));
  });
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
