// test:all: drawn from recorded answers; results-screens.e2e.ts guards the pages by day
/** States of the pages of results in which nobody gives a verdict, in a real Chromium with recorded answers. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { focusOn } from '#testing/press.ts';
import {
  idOf,
  PACS_SILENT,
  recordedFinding,
  recordedJob,
  recordedResult,
  recordedResults,
  STUDY,
} from '../testing/recorded-answers.ts';
import { PICTURES } from '../testing/recorded-gateway.ts';
import { playScenes } from '../testing/result-scenes.ts';
import { openFilters } from '../testing/open-filters.ts';

const test = suite('states of the pages of results');
const step = await playScenes(test, 'states of the pages of results');

step('the empty list explains itself in three lines', async ({ page, looksRight }) => {
  await page.getByRole('link', { name: 'Results' }).click();
  await page.getByText('A radiologist decides').waitFor();
  await looksRight('results-empty');
});

step('the filter of studies names every study, once a person reaches for it', async ({ page, said }) => {
  const { input } = recordedFinding();
  said.results = Array.from({ length: 60 }, (_, nth) =>
    recordedResult(nth, {}, { input: { ...input, studyInstanceUID: `${STUDY}${nth}` } }),
  );
  await page.getByRole('link', { name: 'Results' }).click();
  await openFilters(page);
  await page.getByRole('combobox', { name: 'Model' }).hover();
  const rows = page.locator('.list-link');
  // The previews of these rows would be asked for first and last, so that any other one would be known by then.
  await rows.nth(59).scrollIntoViewIfNeeded();
  for (const nth of [56, 59]) await rows.nth(nth).getByText('Pseudonym').waitFor();
  const wasRead = () => said.asked.some((path) => path.startsWith(`GET /results/${idOf(30)}/preview`));
  assert.not.ok(wasRead(), 'nobody looked at it');
  await focusOn(page.getByRole('combobox', { name: 'Study' }));
  await page.locator('option', { hasText: 'Relay, 7Q3MX' }).nth(59).waitFor({ state: 'attached' });
  assert.not.ok(wasRead(), 'no image is read for a name');
});

step('if the model gives no answer the page says why, and what is wrong with the film', async (scene) => {
  const { page, said, goTo, looksRight } = scene;
  said.results = recordedResults();
  await goTo(`#/results/${idOf(3)}`);
  await page.getByText('pneumonia 1.0.0 was not made for this patient group or image').waitFor();
  await looksRight('result-outside');
  await goTo(`#/results/${idOf(4)}`);
  await page.getByText('The film seems rotated').waitFor();
  await looksRight('result-not-a-film');
  await goTo(`#/results/${idOf(5)}`);
  await page.getByText('A different version was used').waitFor();
  await page.getByText('Technical details').click();
  await looksRight('result-remarks');
  await goTo(`#/results/${idOf(6)}`);
  await page.getByRole('heading', { name: 'Lung fields marked' }).waitFor();
  await looksRight('result-lung-fields');
});

step('two versions are shown side by side', async ({ page, said, goTo, looksRight }) => {
  said.results = recordedResults();
  await goTo(`#/results/${idOf(1)}`);
  await page.getByLabel('Compare with').selectOption(idOf(5));
  await page.getByRole('heading', { name: 'Two results' }).waitFor();
  await page.locator('.picture-box img').nth(1).waitFor();
  await looksRight('beside');
});

step('a result that does not exist, and a gateway that does not answer, say so', async (scene) => {
  const { page, said, goTo, looksRight } = scene;
  said.results = recordedResults();
  await goTo(`#/results/${idOf(3)}/case-${idOf(77)}`);
  const back = page.getByRole('link', { name: 'Back to the case' });
  await expect(back).toHaveAttribute('href', `#/cases/${idOf(77)}`);
  await goTo(`#/results/${idOf(88)}`);
  await page.getByText('This was not found. It may have been deleted.').waitFor();
  await looksRight('result-missing');
  said.isDown = true;
  await goTo('#/studies');
  await goTo('#/results');
  await page.getByText('The gateway is not responding.').waitFor();
  await looksRight('results-unreachable');
  said.isDown = false;
  await page.getByRole('button', { name: 'Try again' }).first().click();
  await page.getByText('Above the threshold, 89 %').first().waitFor();
});

step('a model is run on a study, watched, and leads to its result', async (scene) => {
  const { page, said, looksRight } = scene;
  said.results = recordedResults();
  await page.getByRole('link', { name: 'Results' }).click();
  await page.getByRole('link', { name: 'Run AI' }).click();
  await page.getByRole('heading', { name: 'What to examine' }).waitFor();
  await page.getByText('Parameters').click();
  await looksRight('run');
  await page.getByText('A file', { exact: true }).click();
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'film.png', mimeType: 'image/png', buffer: PICTURES.get('image')! });
  await page.getByText('film.png').waitFor();
  await looksRight('run-file');
  await page.getByText('By UID', { exact: true }).click();
  await page.getByLabel('Study Instance UID').fill('not a uid');
  await page.getByText('This is not a UID').waitFor();
  await looksRight('run-uid');
  await page.getByText('A study', { exact: true }).click();
  await page.locator('input[name=study]').first().check();
  said.jobs = [recordedJob(1)];
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('1 of 3 images').waitFor();
  await looksRight('run-watch');
  said.jobs = [recordedJob(1, PACS_SILENT)];
  await page.getByText('The PACS is not responding.').waitFor();
  await looksRight('run-failed');
  await page.getByRole('button', { name: 'New run' }).click();
  said.jobs = [recordedJob(1, { state: 'done', results: [idOf(1)], progress: { done: 1, of: 1 } })];
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByRole('heading', { name: 'Above the threshold for pneumonia' }).waitFor();
  assert.equal(JSON.parse(said.inferred[0]!), {
    model: 'pneumonia',
    parameters: { explain: ['image', 'cam', 'integrated-gradients', 'lung-fields'], steps: 64 },
    cache: true,
    studyInstanceUID: STUDY,
  });
});

step('the models show their cards, and an administrator is asked before something changes', async (scene) => {
  const { page, said, goTo, looksRight } = scene;
  await goTo('#/models');
  await page.getByText('Pneumonia on a paediatric chest radiograph').waitFor();
  await page.getByText('Model card').last().click();
  await looksRight('models');
  await page.getByRole('button', { name: 'Stop pneumonia 1.0.0' }).click();
  await page.getByRole('heading', { name: 'Stop pneumonia 1.0.0?' }).waitFor();
  await looksRight('models-stop');
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await until('the model to be stopped', async () =>
    said.asked.includes('POST /models/pneumonia/versions/1.0.0/stop'),
  );
  await expect(page.locator('dialog')).toHaveCount(0);
});

test.run();
