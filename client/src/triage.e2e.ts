// test:all: models run on films in the page; triage.store.test.ts and film.test.ts guard it by day
/**
 * The models on the tablet, in a real Chromium against the running system: a likely positive study goes first
 * although it was queued last, and a film that should be repeated is pointed out, without a network. Other films,
 * and models that fail, are in triage-films.e2e.ts.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { choose, goOffline, pressSend, studiesSentBy } from '#testing/app-page.ts';
import { blurred } from '#testing/drawn-film.ts';
import { PATIENCE_MS, skip } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { evalImages, type turned } from '#testing/films.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
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

/** Runtime, gate, score, lungs. */
const PARTS = 4;

const evaluation = await evalImages();
const test = suite('models on the device');
const walk = await walkScreens(test, {
  name: 'models on the device',
  roles: ['technician'],
  open: openWorld,
});

/** By 4 pixels of 224: far more than the film check needs. */
const soft = (picture: Parameters<typeof turned>[0]) => blurred(picture, 4);

/** Signs in, and takes the network once the device has the models. */
async function enterWithModels({ page, enter }: Stage) {
  if (evaluation === null) skip('models on the device', 'the labelled images are not here');
  await enter();
  const partsKept = () =>
    page.evaluate(async () => (await (await caches.open('relaypacs-models')).keys()).length);
  await expect.poll(partsKept, { timeout: PATIENCE_MS }).toBe(PARTS);
  await goOffline(page);
  return evaluation;
}

walk(
  'without a network, the likely positive study is announced first although it was queued last',
  async (stage) => {
    const set = await enterWithModels(stage);
    const { page, seed, account } = stage;
    const normals = normalsOf(set).slice(0, 2);
    const films = await Promise.all(
      normals.map(({ file }, nth) => childFilm({ set, file, seed: seed(nth) })),
    );
    const positive = positiveOf(set);
    const last = await childFilm({ set, file: positive.file, seed: seed(9) });
    await choose(page, films);
    await keepEverythingUnchanged(page);
    await page.getByText('Image quality checked: no problems found').nth(1).waitFor();
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
    assert.ok(Math.abs(score! - scoreOf(positive)) <= set.tolerance.score, `${score}`);
    assert.equal(
      [first, population, models.length, runtime.startsWith('onnxruntime-web')],
      [true, 'inside', 3, true],
    );
    await stage.visitor.setOffline(false);
    await expect
      .poll(async () => (await studiesSentBy(stage, account.username)).reverse(), { timeout: PATIENCE_MS })
      .toEqual([last, ...films].map(({ studyInstanceUID }) => studyInstanceUID));
  },
);

walk(
  'a blurred film is pointed out until a person has looked, on its card, above Send and in the queue',
  async (stage) => {
    const set = await enterWithModels(stage);
    const { page, seed } = stage;
    const { file } = normalsOf(set)[0]!;
    const films = [
      await childFilm({ set, file, seed: seed(1), change: soft }),
      await childFilm({ set, file, seed: seed(2), change: soft }),
    ];
    await choose(page, films);
    await keepEverythingUnchanged(page);
    await page.getByText('The image seems to be blurred.').nth(1).waitFor();
    await page.getByText('Check 2 studies: repeat before the patient leaves?').waitFor();
    await page.locator('.send-repeat').getByRole('button', { name: 'Look' }).click();
    await looksRight(page, 'triage-blurred');
    await page.getByRole('button', { name: 'Do not send' }).click();
    await page.getByRole('button', { name: /^Send 1 study/ }).waitFor();
    await page.getByText('Check 1 study: repeat before the patient leaves?').waitFor();
    await page
      .getByLabel(/^Send the study of/)
      .first()
      .check();
    await page
      .getByRole('button', { name: /^Look at image/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'Send as it is' }).click();
    await page.getByText('Will be sent as it is').waitFor();
    const pointedOut = page.locator('.triage-warning').getByText('Repeat before the patient leaves?');
    await expect(pointedOut, 'the other one is still pointed out').toHaveCount(1);
    await page.getByText('Check 1 study: repeat before the patient leaves?').waitFor();
    await pressSend(page);
    await page.locator('.repeat-film').first().waitFor();
    await looksRight(page, 'triage-queue');
  },
);

test.run();
