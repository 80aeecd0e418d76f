// test:all: nine films, each model and its failures take minutes; triage.store.test.ts guards it by day
/**
 * The models on the tablet, in a real Chromium against the running system: one likely positive study among ten goes
 * first and is marked for early reading, an adult gets no score, films of other kinds are told apart; and if the
 * models die, the study is still sent.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { ADMIN, ask, askAs } from '#testing/accounts.ts';
import {
  choose,
  instancesInPacs,
  openInstalled,
  pressSend,
  studiesSentBy,
  untilPolicyKnown,
} from '#testing/app-page.ts';
import { cropped } from '#testing/drawn-film.ts';
import { PATIENCE_MS, skip, skipped, testEnvironment } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { evalImages, inverted, turned } from '#testing/films.ts';
import { until } from '#testing/gateway-under-test.ts';
import { noWorldBecause, openOwnWorld, type OwnWorld } from '#testing/world.ts';
import { looksRight } from './testing/looks-right.ts';
import {
  childFilm,
  keepEverythingUnchanged,
  normalsOf,
  positiveOf,
  scoreOf,
  THRESHOLD,
  triageInQueue,
} from './testing/triage-films.ts';
import { openFilters } from './testing/open-filters.ts';

const NORMAL_STUDIES = 9;
/** Runtime, gate, score, lungs. */
const PARTS = 4;

const { corpus } = testEnvironment();
const evaluation = await evalImages();
const test = suite('films and the models on the device');
const why = evaluation === null ? 'the labelled images are not here' : await noWorldBecause();

/** The parts of the models stored by the browser. */
const partsKept = (page: Page): Promise<number> =>
  page.evaluate(async () => (await (await caches.open('relaypacs-models')).keys()).length);

/** The studies in the order of their announcements. */
const announced = async (app: OwnWorld): Promise<string[]> => (await studiesSentBy(app, ADMIN)).reverse();

/** The page after loading, with nothing chosen. */
async function openUpload(page: Page, address: string): Promise<void> {
  await page.goto(`${address}/#/`);
  await page.reload();
  await page.getByRole('button', { name: 'Choose files' }).waitFor();
  await untilPolicyKnown(page);
}

/**
 * The mark stands where a radiologist looks for what to read first: in the list of cases, by its filter, and on the
 * case.
 */
async function showsTheMark({ app, page }: { app: OwnWorld; page: Page }, studies: readonly string[]) {
  // Where a radiologist begins.
  await page.goto(`${app.address}/#/reviews`);
  const unread = page.getByRole('region', { name: 'New studies without a reading' });
  const first = unread.getByRole('listitem').first();
  await first.getByText('Above the threshold for pneumonia. Not for diagnosis.').waitFor();
  await expect(unread.getByText('Above the threshold for pneumonia.', { exact: false })).toHaveCount(1);
  await looksRight(page, 'read-marked');
  for (const [at, study] of studies.entries()) {
    const body = { title: `Case ${at + 1} of the morning`, studies: [study] };
    assert.ok((await ask(app.gateway, ADMIN, { method: 'POST', path: '/cases', body })).ok);
  }
  await page.goto(`${app.address}/#/cases`);
  await page.getByRole('link', { name: 'Case 2 of the morning' }).waitFor();
  await openFilters(page);
  await page.getByRole('combobox', { name: /^Early reading/ }).selectOption('marked');
  await page.getByRole('link', { name: 'Case 2 of the morning' }).waitFor({ state: 'detached' });
  const marked = page.getByRole('link', { name: 'Case 1 of the morning' });
  await page.getByRole('cell', { name: 'Early reading (not for diagnosis)' }).waitFor();
  await marked.click();
  const ofStudy = page.getByRole('region', { name: 'Studies' });
  await ofStudy.getByText('Above the threshold for pneumonia. Not for diagnosis.').waitFor();
}

/** Runs in the page, and not in its workers: counts what it does with WebAssembly. */
function countWebAssembly(): void {
  const used: string[] = [];
  for (const name of ['compile', 'compileStreaming', 'instantiate', 'instantiateStreaming'] as const) {
    const original = WebAssembly[name] as (...values: unknown[]) => unknown;
    Object.assign(WebAssembly, {
      [name]: (...values: unknown[]) => {
        used.push(name);
        return original.apply(WebAssembly, values);
      },
    });
  }
  for (const name of ['Module', 'Instance'] as const) {
    const original = WebAssembly[name];
    Object.assign(WebAssembly, {
      [name]: new Proxy(original, {
        construct(target, values) {
          used.push(name);
          return Reflect.construct(target, values);
        },
      }),
    });
  }
  Object.assign(window, { usedWebAssembly: used });
}

if (why !== null || evaluation === null) {
  skipped('films and the models on the device', why ?? 'the labelled images are not here');
} else {
  let app: OwnWorld;
  let browser: BrowserContext;
  let page: Page;
  test.before(async () => {
    app = await openOwnWorld();
    browser = await app.openVisitor({ isInstalled: true });
    page = await openInstalled(browser, app);
  });
  test.after(async () => app.close());

  const normals = normalsOf(evaluation).slice(0, NORMAL_STUDIES);
  const positive = positiveOf(evaluation);

  test('without a network, the likely positive study is announced first although it was queued last', async () => {
    await until('the models to be on the device', async () => (await partsKept(page)) === PARTS);
    await browser.setOffline(true);
    app.link.cut();
    await openUpload(page, app.address);
    const films = await Promise.all(
      normals.map(({ file }, nth) => childFilm({ set: evaluation, file, seed: 100 + nth })),
    );
    const last = await childFilm({ set: evaluation, file: positive.file, seed: 200 });
    await choose(page, films);
    await keepEverythingUnchanged(page);
    await page
      .getByText('Image quality checked: no problems found')
      .nth(NORMAL_STUDIES - 1)
      .waitFor();
    await expect(page.getByText('Moved up')).toHaveCount(0);
    await pressSend(page);
    await page.getByRole('link', { name: 'Upload' }).click();
    await choose(page, [last]);
    // The policy is the configured one again after each Send.
    await keepEverythingUnchanged(page);
    await page.getByText('Moved up').waitFor();
    await page.getByText('Not for diagnostic use').first().waitFor();
    await pressSend(page);
    await page.locator('.queue-row').first().getByText('Moved up').waitFor();

    const said = await triageInQueue(page);
    for (const { studyInstanceUID } of films)
      assert.ok(said[studyInstanceUID]!.score! < THRESHOLD && !said[studyInstanceUID]!.first);
    const { score, first, population, models, runtime } = said[last.studyInstanceUID]!;
    assert.ok(Math.abs(score! - scoreOf(positive)) <= evaluation.tolerance.score, `${score}`);
    assert.equal(
      [first, population, models.length, runtime.startsWith('onnxruntime-web')],
      [true, 'inside', 3, true],
    );

    app.link.mend();
    await browser.setOffline(false);
    await until('all to be in the PACS', async () => (await instancesInPacs(app)) === NORMAL_STUDIES + 1);
    const order = await announced(app);
    assert.is(order[0], last.studyInstanceUID);
    assert.equal(
      order.slice(1),
      films.map((film) => film.studyInstanceUID),
      'the others keep their order',
    );
    await showsTheMark({ app, page }, order.slice(0, 2));
  });

  test('an adult is outside the model’s population and gets no score', async () => {
    if (corpus === null) skip('an adult outside the population', 'the corpus is not here');
    const folder = join(corpus, 'dev/cr-chest-philips');
    const names = await readdir(folder);
    const files = await Promise.all(
      names.map(async (name) => ({
        name,
        mimeType: 'application/octet-stream',
        buffer: await readFile(join(folder, name)),
      })),
    );
    await openUpload(page, app.address);
    await choose(page, files);
    await page
      .getByText(
        'Not checked automatically: the check works only for frontal chest films of small children',
        { exact: false },
      )
      .waitFor();
    await pressSend(page);
    const adult = Object.values(await triageInQueue(page)).find(
      (triage) => triage?.population === 'outside' && triage.runtime !== 'none',
    );
    assert.equal([adult?.score, adult?.first], [null, false]);
  });

  test('rotated or inverted films are turned for display, and nobody is asked to repeat them', async () => {
    const { file } = normals[0]!;
    const films = [
      await childFilm({ set: evaluation, file, seed: 301, change: turned }),
      await childFilm({ set: evaluation, file, seed: 302, change: inverted }),
    ];
    await openUpload(page, app.address);
    await choose(page, films);
    await keepEverythingUnchanged(page);
    const onItsSide = page.getByText('The image seems to lie on its side or upside down.');
    await onItsSide.waitFor();
    await page.getByText('Black and white seem to be swapped.').waitFor();
    await page.getByText('Check that nothing is cut off.').nth(1).waitFor();
    await looksRight(page, 'triage-card');
    await expect(page.getByText('repeat before the patient leaves', { exact: false })).toHaveCount(0);
    const card = page.locator('.triage-warning').filter({ has: onItsSide });
    await card.getByRole('button', { name: /^Turn image/ }).click();
    await page.getByRole('img', { name: 'The image, turned upright' }).waitFor();
    await page.getByText('Turned on this screen only.', { exact: false }).waitFor();
    await looksRight(page, 'triage-turned');
    await page.getByRole('button', { name: 'As stored' }).click();
    await page.locator('.film-marks path').first().waitFor({ state: 'attached' });
    await looksRight(page, 'triage-film');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).first().click();
    await pressSend(page);
    const said = await triageInQueue(page);
    assert.equal(
      films.map(({ studyInstanceUID }) => said[studyInstanceUID]!.film[0]),
      ['rotated', 'inverted'],
    );
    await expect(page.locator('.queue-name').first()).toBeVisible();
    await expect(page.locator('.repeat-film')).toHaveCount(0);
  });

  test('a film of which half is cut away is not called complete', async () => {
    // Half a film is often no film to the gate; this one still is.
    const { file } = normals[5]!;
    await openUpload(page, app.address);
    await choose(page, [
      await childFilm({
        set: evaluation,
        file,
        seed: 305,
        change: (film) => cropped(film, { left: 0.5 }),
      }),
    ]);
    await page.getByText('The lungs seem to be cut off at the edge of the image.').waitFor();
    await page.locator('.triage-warning').getByText('Repeat before the patient leaves?').waitFor();
    await expect(page.getByText('Image quality checked: no problems found')).toHaveCount(0);
    await page.locator('.send-repeat').getByRole('button', { name: 'Look' }).click();
    await looksRight(page, 'triage-cut-off');
    await page.getByRole('button', { name: 'Do not send' }).click();
  });

  test('films are decoded and examined in a worker: the page’s own thread runs no WebAssembly', async () => {
    const films = await Promise.all(
      normals.slice(0, 4).map(({ file }, nth) => childFilm({ set: evaluation, file, seed: 400 + nth })),
    );
    const opened = await browser.newPage();
    await opened.addInitScript(countWebAssembly);
    const begun: string[] = [];
    opened.on('worker', (worker) => begun.push(worker.url()));
    await openUpload(opened, app.address);
    await choose(opened, films);
    await opened.getByText('Image quality checked: no problems found').nth(3).waitFor();
    const used = expect.poll(() =>
      opened.evaluate(() => (window as unknown as { usedWebAssembly: string[] }).usedWebAssembly),
    );
    await used.toEqual([]);
    assert.ok(
      begun.some((url) => url.includes('triage')),
      'the models have a worker of their own',
    );
    // Positive control: an empty module is noticed.
    await opened.evaluate(async () => {
      await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    });
    await used.toEqual(['compile']);
    await opened.close();
  });

  test('a worker that dies stops no upload: the study arrives, the manifest claims no result, and the gateway examines it', async () => {
    await askAs(app.gateway, 'admin', '/admin/rules/inference', {
      rules: [{ name: 'films', enabled: true, when: {}, models: ['pneumonia'] }],
    });
    const film = await childFilm({ set: evaluation, file: positive.file, seed: 500 });
    page.on('worker', (worker) => {
      if (!worker.url().includes('triage')) return;
      void ignoreFailure(
        worker.evaluate(() => globalThis.close()),
        'a worker that closes does not answer',
      );
    });
    await openUpload(page, app.address);
    const before = await instancesInPacs(app);
    await choose(page, [film]);
    await keepEverythingUnchanged(page);
    await pressSend(page);
    await until('it to be in the PACS', async () => (await instancesInPacs(app)) > before);
    const said = (await triageInQueue(page))[film.studyInstanceUID];
    assert.equal(
      [said?.runtime, said?.population, said?.score],
      ['none', 'inside', null],
      'not examined, and the header is a child’s',
    );
    const score = await until('the gateway to have scored it', async () => {
      const { results } = await askAs<{ results: { finding: { score: number | null } }[] }>(
        app.gateway,
        'admin',
        `/results?study=${film.studyInstanceUID}`,
      );
      return results[0]?.finding.score ?? false;
    });
    assert.ok(Math.abs(score - scoreOf(positive)) <= evaluation.tolerance.score, `${score}`);
    await expect(page.getByText('Moved up')).toHaveCount(0);
  });

  test('a model damaged on the device is not used but fetched again', async () => {
    page = await browser.newPage();
    await openUpload(page, app.address);
    await page.evaluate(async () => {
      const cache = await caches.open('relaypacs-models');
      for (const key of await cache.keys()) await cache.put(key, new Response(new Uint8Array(10)));
    });
    await choose(page, [await childFilm({ set: evaluation, file: positive.file, seed: 600 })]);
    await page.getByText('Moved up').waitFor();
    const wholeParts = () =>
      page.evaluate(async () => {
        const cache = await caches.open('relaypacs-models');
        const parts = await Promise.all((await cache.keys()).map((key) => cache.match(key)));
        const sizes = await Promise.all(parts.map(async (part) => (await part!.arrayBuffer()).byteLength));
        return sizes.filter((bytes) => bytes > 10_000).length;
      });
    await expect.poll(wholeParts, { timeout: PATIENCE_MS }).toBe(PARTS);
  });
}

test.run();
