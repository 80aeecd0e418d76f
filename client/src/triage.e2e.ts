/**
 * The models on the tablet, in a real Chromium against the running system: what is likely positive goes first
 * although it was queued last, a film that should be repeated is pointed out, an adult gets no score, all of
 * it without a network too; and when the models die, the study travels all the same.
 */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import {
  askAs,
  choose,
  instancesInPacs,
  openApp,
  openInstalled,
  untilPolicyKnown,
  type AppUnderTest,
  type StudyOnDisk,
} from '#testing/app-under-test.ts';
import { skip, skipped, testEnvironment } from '#testing/environment.ts';
import { evalImages, filmOf, inverted, readEvalImage, turned, type EvalSet } from '#testing/films.ts';
import { until } from '#testing/gateway-under-test.ts';
import { looksRight } from '#testing/screen-walk.ts';
import { mainThreadTasks, type TraceEvent } from '../../scripts/bench/main-thread-tasks.ts';
import { findOrthanc } from '../../scripts/system/orthanc.ts';

/** Of the card of the model `pneumonia`. */
const THRESHOLD = 0.212;
const NORMAL_STUDIES = 9;
/** Runtime, gate, score, lungs. */
const PARTS = 4;

const { chromium, corpus } = testEnvironment();
const evaluation = await evalImages();
const test = suite('models on the device');
const why =
  chromium === null
    ? 'there is no Chromium'
    : evaluation === null
      ? 'the labelled images are not here'
      : (await findOrthanc()) === null
        ? 'Orthanc is not installed'
        : null;

type Film = StudyOnDisk & { readonly studyInstanceUID: string };

async function childFilm({
  set,
  file,
  seed,
  change = (picture) => picture,
}: {
  set: EvalSet;
  file: string;
  seed: number;
  change?: typeof turned;
}): Promise<Film> {
  const { studyInstanceUID, bytes } = filmOf(change(await readEvalImage(set, file)), { seed });
  return {
    name: `film-${seed}.dcm`,
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(bytes),
    studyInstanceUID,
  };
}

const scoreOf = ({ expected }: EvalSet['images'][number]): number => expected.pneumonia?.score ?? Number.NaN;

/** What the browser has kept of the models. */
const partsKept = (page: Page): Promise<number> =>
  page.evaluate(async () => (await (await caches.open('relaypacs-models')).keys()).length);

/** What stands in the device's queue of instances, by the study as it is sent. */
function triageInQueue(page: Page): Promise<Record<string, DeviceTriage | null>> {
  return page.evaluate(async () => {
    const asked = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await asked(indexedDB.open('relaypacs'));
    const reading = database.transaction(['studies', 'instances']);
    const studies = await asked(
      reading.objectStore('studies').getAll() as IDBRequest<{ id: string; studyInstanceUID: string }[]>,
    );
    const instances = await asked(
      reading.objectStore('instances').getAll() as IDBRequest<{ studyId: string; triage?: DeviceTriage }[]>,
    );
    database.close();
    return Object.fromEntries(
      studies.map(({ id, studyInstanceUID }) => [
        studyInstanceUID,
        instances.find(({ studyId }) => studyId === id)?.triage ?? null,
      ]),
    );
  });
}

async function keepEverythingUnchanged(page: Page): Promise<void> {
  await page.getByRole('button', { name: /Change$/ }).click();
  await page.getByLabel(/^Keep everything unchanged/).check();
  await page.keyboard.press('Escape');
}

/** In the order in which the gateway was told of them. */
async function announced(app: AppUnderTest): Promise<string[]> {
  const { uploads } = await askAs<{ uploads: { studyInstanceUID: string }[] }>(
    app.gateway,
    'admin',
    '/uploads',
  );
  return uploads.map(({ studyInstanceUID }) => studyInstanceUID).reverse();
}

/** The page as it opens: nothing is chosen. */
async function openUpload(page: Page, address: string): Promise<void> {
  await page.goto(`${address}/#/`);
  await page.reload();
  await page.getByRole('button', { name: 'Choose files' }).waitFor();
  await untilPolicyKnown(page);
}

async function send(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Send \d/ }).click();
  await page.getByRole('heading', { name: 'Queue', level: 1 }).waitFor();
}

async function tracing(session: CDPSession, work: () => Promise<void>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      recordMode: 'recordAsMuchAsPossible',
      includedCategories: ['toplevel', '__metadata'],
      excludedCategories: ['*'],
    },
  });
  await work();
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
  await session.send('Tracing.end');
  await complete;
  return events;
}

if (why !== null || chromium === null || evaluation === null) {
  skipped('models on the device', why ?? 'the labelled images are not here');
} else {
  let app: AppUnderTest;
  let browser: BrowserContext;
  let page: Page;
  test.before(async () => {
    app = await openApp(chromium);
    browser = await app.openBrowser();
    page = await openInstalled(browser, app);
  });
  test.after(async () => app.close());

  const normals = evaluation.images
    .filter((image) => image.finding === 'normal' && scoreOf(image) < THRESHOLD)
    .slice(0, NORMAL_STUDIES);
  const positive = evaluation.images.find(
    (image) => image.finding !== undefined && image.finding !== 'normal' && scoreOf(image) > 0.9,
  )!;

  test('without a network, the likely positive one that was queued last is the first that the gateway is told of', async () => {
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
      .getByText('1 image looked at on this device')
      .nth(NORMAL_STUDIES - 1)
      .waitFor();
    assert.is(await page.getByText('Goes first').count(), 0);
    await send(page);
    await page.getByRole('link', { name: 'Upload' }).click();
    await choose(page, [last]);
    await page.getByText('Goes first').waitFor();
    await page.getByText('Not for diagnostic use').first().waitFor();
    await send(page);
    await page.locator('.queue-row').first().getByText('Goes first').waitFor();

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
    await until(
      'all to be in the PACS',
      async () => (await instancesInPacs(app.orthanc)) === NORMAL_STUDIES + 1,
    );
    const order = await announced(app);
    assert.is(order[0], last.studyInstanceUID);
    assert.equal(
      order.slice(1),
      films.map((film) => film.studyInstanceUID),
      'the others keep their order',
    );
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
    await page.getByText('Outside this model’s population', { exact: false }).waitFor();
    await send(page);
    const adult = Object.values(await triageInQueue(page)).find(
      (triage) => triage?.population === 'outside' && triage.runtime !== 'none',
    );
    assert.equal([adult?.score, adult?.first], [null, false]);
  });

  test('films that lie on their side or are inverted are pointed out on the picture, and a person may send them as they are', async () => {
    const { file } = normals[0]!;
    const films = [
      await childFilm({ set: evaluation, file, seed: 301, change: turned }),
      await childFilm({ set: evaluation, file, seed: 302, change: inverted }),
    ];
    await openUpload(page, app.address);
    await choose(page, films);
    await keepEverythingUnchanged(page);
    await page.getByText('The image seems to lie on its side or upside down.').waitFor();
    await page.getByText('Black and white seem to be swapped.').waitFor();
    await looksRight(page, 'triage-card');
    await page.getByText('2 studies to look at').waitFor();
    await page.locator('.send-repeat').getByRole('button', { name: 'Look' }).click();
    await page.getByRole('button', { name: 'Do not send it' }).click();
    await page.getByRole('button', { name: /^Send 1 study/ }).waitFor();
    await page.getByText('1 study to look at').waitFor();
    await page
      .getByLabel(/^Send the study of/)
      .first()
      .check();
    await page
      .getByRole('button', { name: /^Look at image/ })
      .first()
      .click();
    await page.locator('.film-marks path').first().waitFor({ state: 'attached' });
    await looksRight(page, 'triage-film');
    await page.getByRole('button', { name: 'Send as it is' }).click();
    await page.getByText('Sent as it is').waitFor();
    const pointedOut = page.locator('.triage-warning').getByText('Repeat before the patient leaves?');
    assert.is(await pointedOut.count(), 1, 'the other one is still pointed out');
    await page.getByText('1 study to look at').waitFor();
    await send(page);
    await pointedOut.waitFor();
    await looksRight(page, 'triage-queue');
    const said = await triageInQueue(page);
    assert.equal(
      films.map(
        ({ studyInstanceUID }) =>
          said[studyInstanceUID]!.film.includes('rotated') ||
          said[studyInstanceUID]!.film.includes('inverted'),
      ),
      [true, true],
    );
  });

  test('while films are looked at, the page’s own thread stays free', async () => {
    const films = await Promise.all(
      normals.slice(0, 4).map(({ file }, nth) => childFilm({ set: evaluation, file, seed: 400 + nth })),
    );
    const paths = films.map(({ name }) => join(app.folder, name));
    await Promise.all(films.map(({ buffer }, nth) => writeFile(paths[nth]!, buffer)));
    await openUpload(page, app.address);
    const session = await browser.newCDPSession(page);
    const events = await tracing(session, async () => {
      // From the disk: of contents that are handed over, the test itself would make files on the page's
      // thread.
      await page.locator('input[data-picks=files]').first().setInputFiles(paths);
      await page.getByText('1 image looked at on this device').nth(3).waitFor();
    });
    const tasks = mainThreadTasks(events)
      .map(({ ms }) => ms)
      .sort((a, b) => b - a);
    process.stdout.write(
      `\ntasks of the page's thread while four films were looked at: longest ${tasks[0]?.toFixed(1)} ms, over 50 ms: ${tasks.filter((ms) => ms > 50).length} of ${tasks.length}\n`,
    );
  });

  test('a worker that dies stops no upload: the study arrives, nobody claims to have looked, and the gateway does', async () => {
    await askAs(app.gateway, 'admin', '/admin/inference-rules', {
      rules: [{ name: 'films', enabled: true, model: 'pneumonia' }],
    });
    const film = await childFilm({ set: evaluation, file: positive.file, seed: 500 });
    page.on(
      'worker',
      (worker) =>
        void (
          worker.url().includes('triage') && worker.evaluate(() => globalThis.close()).catch(() => undefined)
        ),
    );
    await openUpload(page, app.address);
    const before = await instancesInPacs(app.orthanc);
    await choose(page, [film]);
    await keepEverythingUnchanged(page);
    await send(page);
    await until('it to be in the PACS', async () => (await instancesInPacs(app.orthanc)) > before);
    const said = (await triageInQueue(page))[film.studyInstanceUID];
    assert.equal(
      [said?.runtime, said?.population, said?.score],
      ['none', 'inside', null],
      'nobody looked, and the header is a child’s',
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
    assert.is(await page.getByText('Goes first').count(), 0);
  });

  test('a model that was damaged on the device is not believed: it is fetched again', async () => {
    page = await browser.newPage();
    await openUpload(page, app.address);
    await page.evaluate(async () => {
      const cache = await caches.open('relaypacs-models');
      for (const key of await cache.keys()) await cache.put(key, new Response(new Uint8Array(10)));
    });
    await choose(page, [await childFilm({ set: evaluation, file: positive.file, seed: 600 })]);
    await page.getByText('Goes first').waitFor();
    const sizes = await page.evaluate(async () => {
      const cache = await caches.open('relaypacs-models');
      return Promise.all(
        (await cache.keys()).map(async (key) => (await (await cache.match(key))!.arrayBuffer()).byteLength),
      );
    });
    assert.ok(sizes.length === PARTS && sizes.every((bytes) => bytes > 10_000), sizes.join());
  });
}

test.run();
