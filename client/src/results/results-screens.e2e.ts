/**
 * The pages of results in every state, in a real Chromium against the real gateway. Answers about results,
 * jobs and models are recorded, because a failed model, a disagreement and a faster colleague cannot be
 * produced at will. results.e2e.ts tests real models.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { focusIsInSight } from '../testing/focus-in-sight.ts';
import { pressTwice } from '../testing/press-twice.ts';
import {
  idOf,
  recordedFinding,
  recordedJob,
  recordedResult,
  recordedResults,
  STUDY,
} from '../testing/recorded-answers.ts';
import { PICTURES, record, RecordedGateway } from '../testing/recorded-gateway.ts';
import { namesHiddenFault } from '../testing/names-hidden.ts';
import { looksRight as inspect, type ScreenName } from '../testing/screens.ts';

const test = suite('the pages of results');
const walk = await walkScreens(test, {
  name: 'the pages of results',
  roles: ['radiologist', 'admin'],
  open: openWorld,
  isOneVisit: true,
});

/** A stage with a signed-in person and recorded answers. */
type Scene = Stage & {
  readonly said: RecordedGateway;
  looksRight(name: ScreenName): Promise<void>;
  goTo(hash: string): Promise<void>;
};

const step = (name: string, run: (scene: Scene) => Promise<void>): void =>
  walk(name, async (stage) => {
    const { page, visitor } = stage;
    const said = new RecordedGateway();
    await record(visitor, said);
    try {
      await stage.enter();
      await run({
        ...stage,
        said,
        looksRight: (screen) => inspect(page, screen),
        goTo: (hash) => page.evaluate((address) => location.assign(address), hash),
      });
    } finally {
      await visitor.unrouteAll({ behavior: 'ignoreErrors' });
    }
  });

/** Opens the list and its first result, a film above the threshold. */
async function openFirst({ page, said }: Scene): Promise<void> {
  said.results = recordedResults();
  await page.getByRole('link', { name: 'Results' }).click();
  const first = page.getByRole('link', { name: /Above the threshold, 89 %/ }).first();
  await first.click();
  await page.getByRole('heading', { name: 'Above the threshold for pneumonia' }).waitFor();
}

/** Resolves when a verdict can be given, by a press or a key. */
async function untilAsked({ page }: Scene): Promise<void> {
  await page.getByText('Do you agree with the model?').waitFor();
  await page.getByRole('button', { name: 'Agree', exact: true }).click({ trial: true });
}

/** Opens the first result and agrees. */
async function agree(scene: Scene): Promise<void> {
  const { page } = scene;
  await openFirst(scene);
  await untilAsked(scene);
  await page.keyboard.press('a');
  await page.getByText('Agreed', { exact: true }).waitFor();
}

const PACS_SILENT = {
  state: 'failed',
  error: { code: 'pacs-unreachable', title: 'The PACS does not answer.' },
} as const;

step('the empty list explains itself in three lines', async ({ page, looksRight }) => {
  await page.getByRole('link', { name: 'Results' }).click();
  await page.getByText('A radiologist decides').waitFor();
  await looksRight('results-empty');
});

step('results are listed below the running jobs, and filters persist', async ({ page, said, looksRight }) => {
  said.results = recordedResults();
  said.jobs = [
    recordedJob(1),
    recordedJob(2, { state: 'queued', progress: { done: 0, of: 0 }, studyInstanceUID: null }),
    recordedJob(3, { ...PACS_SILENT, attempt: 3, finishedAt: new Date().toISOString() }),
  ];
  await page.getByRole('link', { name: 'Results' }).click();
  await page.getByText('1 of 3 images').waitFor();
  await page.getByText('Above the threshold, 89 %').first().waitFor();
  await page.locator('.result-row').getByText('Pseudonym Relay, 7Q3MX, P-7Q3MX').first().waitFor();
  await page.locator('.result-row-image img').first().waitFor();
  await looksRight('results');
  await page.getByLabel('Model').selectOption('lung-fields');
  await page.getByText('Lungs 38 % of the image').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('.result-row').length === 1);
  await page.reload();
  await page.getByText('Only the 1 result by lung-fields is listed.').waitFor();
  await page.getByRole('button', { name: 'Show all', exact: true }).click();
  await page.getByText(/^Only the/).waitFor({ state: 'detached' });
});

step('the filter of studies names every study, once a person reaches for it', async ({ page, said }) => {
  const { input } = recordedFinding();
  said.results = Array.from({ length: 60 }, (_, nth) =>
    recordedResult(nth, {}, { input: { ...input, studyInstanceUID: `${STUDY}${nth}` } }),
  );
  await page.getByRole('link', { name: 'Results' }).click();
  await page.getByRole('combobox', { name: 'Model' }).hover();
  const rows = page.locator('.result-row');
  // Of all previews these would be asked for first and last, so that any other one would be known by then.
  await rows.nth(59).scrollIntoViewIfNeeded();
  for (const nth of [56, 59]) await rows.nth(nth).getByText('Pseudonym').waitFor();
  const wasRead = () => said.asked.some((path) => path.startsWith(`GET /results/${idOf(30)}/preview`));
  assert.not.ok(wasRead(), 'nobody looked at it');
  await page.getByRole('combobox', { name: 'Study' }).focus();
  await page.locator('option', { hasText: 'Relay, 7Q3MX' }).nth(59).waitFor({ state: 'attached' });
  assert.not.ok(wasRead(), 'no image is read for a name');
});

step('one result shows the finding, the map over the image and the threshold on the bar', async (scene) => {
  const { page, looksRight } = scene;
  await openFirst(scene);
  await page.locator('.picture-map').waitFor();
  await page.getByText('Not for diagnostic use').waitFor();
  await page.getByText('above the threshold of 21 %').first().waitFor();
  await page.locator('.result-head', { hasText: /Pseudonym Relay, 7Q3MX, P-7Q3MX.*DX · Chest/ }).waitFor();
  await looksRight('result-above');
  await focusIsInSight(page);
});

step('single keys change map and opacity, not in a field, and can be switched off', async (scene) => {
  const { page, looksRight } = scene;
  await openFirst(scene);
  await page.locator('.picture-map').waitFor();
  const opacity = () => page.locator('.picture-map').evaluate((map) => getComputedStyle(map).opacity);
  assert.is(await opacity(), '0.6');
  await page.keyboard.press(']');
  assert.is(await opacity(), '0.7');
  await page.keyboard.press('m');
  await page.getByText('Integrated gradients.').waitFor();
  await page.locator('.picture-map').waitFor();
  await looksRight('result-gradients');
  await page.keyboard.press('m');
  await page.locator('.legend-lungs').waitFor();
  await looksRight('result-lungs');
  await page.keyboard.press('?');
  await page.getByRole('heading', { name: 'Keys' }).waitFor();
  await looksRight('result-keys');
  await page.getByLabel('Single keys work on this page').uncheck();
  await page.keyboard.press('Escape');
  await page.keyboard.press('m');
  await page.locator('.legend-lungs').waitFor();
  await page.getByRole('button', { name: 'Keys' }).click();
  await page.getByLabel('Single keys work on this page').check();
  await page.keyboard.press('Escape');
});

step('a radiologist gives no verdict while the image is not shown', async (scene) => {
  const { page, said, looksRight } = scene;
  said.hasNoImage = true;
  await openFirst(scene);
  await page.getByText('You cannot answer without the image').waitFor();
  await page.keyboard.press('a');
  await page.keyboard.press('c');
  assert.is(await page.getByRole('button', { name: 'Agree' }).count(), 0);
  assert.is(await page.locator('dialog').count(), 0);
  await looksRight('result-no-image');
  assert.equal(said.verified, []);
  said.hasNoImage = false;
  await page.getByRole('button', { name: 'Fetch the image again' }).click();
  await untilAsked(scene);
  await page.keyboard.press('a');
  await page.getByText('Agreed', { exact: true }).waitFor();
  assert.equal(said.verified, [{ verdict: 'agree' }]);
});

step('a key right after the one to the next result gives no verdict', async (scene) => {
  await openFirst(scene);
  await untilAsked(scene);
  await scene.page.evaluate(() => {
    for (const key of ['j', 'a', 'c']) document.dispatchEvent(new KeyboardEvent('keydown', { key }));
  });
  await scene.page.getByRole('heading', { name: 'Below the threshold for pneumonia' }).waitFor();
  await scene.page.keyboard.press('k');
  await untilAsked(scene);
  assert.equal([scene.said.verified, await scene.page.locator('dialog').count()], [[], 0]);
});

step('a verdict is sent at once, can be changed, and every one stays in view', async (scene) => {
  const { page, said, looksRight } = scene;
  await agree(scene);
  assert.equal(said.verified, [{ verdict: 'agree' }]);
  await looksRight('result-verified');
  await page.keyboard.press('j');
  await page.getByRole('heading', { name: 'Below the threshold for pneumonia' }).waitFor();
  await page.keyboard.press('k');
  await page.getByRole('heading', { name: 'Above the threshold for pneumonia' }).waitFor();
  await page.getByText('Agreed', { exact: true }).waitFor();
  await page.locator('.picture-box img').first().waitFor();
  await page.keyboard.press('u');
  await untilAsked(scene);
  await page.keyboard.press('c');
  await page.getByLabel('Normal').check();
  await page.getByRole('textbox', { name: 'Why' }).fill('A rib of Doe Jane, and no opacity.');
  await page.getByRole('button', { name: 'Correct it' }).click();
  await page.getByRole('heading', { name: 'Verdicts, newest first' }).waitFor();
  assert.equal(await page.locator('.verdicts .strong').allTextContents(), ['Corrected', 'Agreed']);
  const reports = await page.locator('.result-instance-name', { hasText: '(SR)' }).allTextContents();
  const told =
    /^Verified report: Corrected, .* \(SR\)\nVerified report: Agreed, .* · replaced .*\nReport .* · replaced/;
  assert.match(reports.join('\n'), told);
  await looksRight('result-history');
});

step('the focus stays in the bar when the pressed button is gone', async (scene) => {
  const { page } = scene;
  const focusIsInBar = () =>
    page.evaluate(() => document.querySelector('.send-bar')?.contains(document.activeElement));
  await openFirst(scene);
  await untilAsked(scene);
  await page.getByRole('button', { name: 'Agree', exact: true }).press('Enter');
  await page.getByText('Agreed', { exact: true }).waitFor();
  assert.ok(await focusIsInBar(), 'after agreeing');
  await page.keyboard.press('u');
  await untilAsked(scene);
  await page.getByRole('button', { name: 'Keys' }).press('c');
  await page.getByLabel('Viral pneumonia').check();
  await page.getByRole('textbox', { name: 'Why' }).fill('Both sides');
  await page.getByRole('button', { name: 'Correct it' }).press('Enter');
  await page.keyboard.press('Enter');
  await page.getByText('Corrected', { exact: true }).first().waitFor();
  assert.ok(await focusIsInBar(), 'after correcting: a second Enter opened no sheet');
});

step('a double press on one button never presses the one that takes its place', async (scene) => {
  const { page, said, looksRight } = scene;
  await agree(scene);
  await pressTwice(page, 'Change it');
  await page.getByText('This verdict stands until you give another one.').waitFor();
  await page.getByRole('button', { name: 'Keep it' }).click();
  await page.getByRole('button', { name: 'Change it' }).click({ trial: true });
  await page.getByRole('button', { name: 'Change it' }).focus();
  await page.keyboard.down('Enter');
  await page.keyboard.down('Enter');
  await page.keyboard.up('Enter');
  await page.getByText('This verdict stands until you give another one.').waitFor();
  await page.getByRole('button', { name: 'Keep it' }).click();
  await page.getByRole('button', { name: 'Change it' }).click({ trial: true });
  const change = await page.getByRole('button', { name: 'Change it' }).boundingBox();
  await page.getByRole('button', { name: 'Change it' }).click();
  await page.getByRole('button', { name: 'Keep it' }).click({ trial: true });
  await page.mouse.click(change!.x + change!.width / 2, change!.y + change!.height / 2);
  await page.getByRole('button', { name: 'Change it' }).click();
  assert.equal(said.verified, [{ verdict: 'agree' }], 'nothing was said twice, however slowly');
  said.verifyStatus = 503;
  await pressTwice(page, 'Agree');
  await page.getByText('Your verdict is not sent').waitFor();
  await page.getByText('This verdict counts until yours is sent.').waitFor();
  await pressTwice(page, 'Discard it');
  await page.getByRole('heading', { name: 'Discard your verdict?' }).waitFor();
  await looksRight('result-discard');
  await page.getByRole('button', { name: 'Keep it' }).click();
  await page.getByText('Your verdict is not sent').waitFor();
  await page.getByRole('button', { name: 'Discard it' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard it' }).click();
  await page.getByText('Your verdict is not sent').waitFor({ state: 'detached' });
});

step(
  'a correction names the right finding and the reason, and an earlier verdict of another person is shown',
  async (scene) => {
    const { page, said, looksRight } = scene;
    await agree(scene);
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.getByText('This verdict stands until you give another one.').waitFor();
    await looksRight('result-change');
    await page.getByRole('button', { name: 'Keep it' }).click();
    await page.getByText('This verdict stands').waitFor({ state: 'detached' });
    await page.getByText('Agreed', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.getByRole('button', { name: 'Disagree' }).click();
    await page.getByRole('heading', { name: 'What is it instead?' }).waitFor();
    await page.getByRole('button', { name: 'Correct it' }).click();
    await page.getByText('Choose what it is.').waitFor();
    await page.getByText('Say why, in a few words.').waitFor();
    await looksRight('result-correct');
    await page.getByLabel('Viral pneumonia').check();
    const why = page.getByRole('textbox', { name: 'Why' });
    const words = 'Both sides of Doe Jane, and no consolidation: am jak';
    await why.fill(words);
    assert.is(await why.inputValue(), words, 'keys are letters in a field');
    assert.is(await namesHiddenFault(page), null);
    said.verifyStatus = 409;
    await page.getByRole('button', { name: 'Correct it' }).click();
    await page.getByText('Another radiologist answered first').waitFor();
    await looksRight('result-overtaken');
    await page.reload();
    await page.getByText('Another radiologist answered first').waitFor();
    await page.getByText('Your verdict is not sent: You say: Viral pneumonia').waitFor();
    await page.getByText(`Why: ${words}`).waitFor();
    await page.getByText('1 verdict waits for your decision').waitFor();
    assert.is(await page.getByRole('button', { name: 'Change it' }).count(), 0, 'hers is decided first');
    said.verifyStatus = 200;
    await page.getByRole('button', { name: 'Send mine' }).click();
    await page.getByText('Corrected', { exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.getByRole('button', { name: 'Disagree' }).click();
    assert.is(await why.inputValue(), '', 'words of another account are no default');
  },
);

step('a reader without a link goes back, and changes a verdict that is not sent', async (scene) => {
  const { page, said, looksRight } = scene;
  await openFirst(scene);
  await untilAsked(scene);
  said.isDown = true;
  await page.keyboard.press('a');
  await page.getByText('Your verdict is not sent: You agree').waitFor();
  await page.keyboard.press('j');
  await page.getByRole('heading', { name: 'Result', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Newer result' }).click();
  await page.getByRole('heading', { name: 'Above the threshold for pneumonia' }).waitFor();
  await page.getByRole('button', { name: 'Change it' }).click();
  await untilAsked(scene);
  await looksRight('result-change-unsent');
  await page.getByRole('button', { name: 'Disagree' }).click();
  await page.getByLabel('Viral pneumonia').check();
  await page.getByRole('textbox', { name: 'Why' }).fill('Both sides.');
  await page.getByRole('button', { name: 'Correct it' }).click();
  await page.getByText('Your verdict is not sent: You say: Viral pneumonia').waitFor();
  await page.getByRole('button', { name: 'Change it' }).click();
  await page.getByRole('button', { name: 'Disagree' }).click();
  await page.locator('label', { has: page.locator(':focus'), hasText: 'Viral pneumonia' }).waitFor();
  await page.keyboard.press('Escape');
  said.isDown = false;
  await page.getByText('Corrected', { exact: true }).first().waitFor();
  assert.is(said.verified.length, 1, 'only the last one was sent');
});

step('a verdict without a link is kept on the device, also over a reload, and sent later', async (scene) => {
  const { page, said, goTo, looksRight } = scene;
  said.verifyStatus = 503;
  await openFirst(scene);
  await untilAsked(scene);
  await page.keyboard.press('a');
  await page.getByText('Your verdict is not sent').waitFor();
  await looksRight('result-not-sent');
  said.isDown = true;
  await page.reload();
  await page.getByText('Your verdict is not sent: You agree').waitFor();
  await page.getByText('The gateway cannot be reached.').waitFor();
  said.isDown = false;
  await goTo('#/results');
  await page.getByText('Your verdict is not sent').waitFor();
  await page.locator('.notice').getByRole('link', { name: 'Pseudonym Relay, 7Q3MX, P-7Q3MX' }).waitFor();
  await looksRight('results-not-sent');
  await page.reload();
  await page.getByText('Your verdict is not sent').waitFor();
  said.verifyStatus = 200;
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await page.locator('.result-row').getByText('Agreed', { exact: true }).waitFor();
  await page.waitForFunction(() => !document.body.textContent.includes('Your verdict is not sent'));
});

step('if the model gives no answer the page says why, and what is wrong with the film', async (scene) => {
  const { page, said, goTo, looksRight } = scene;
  said.results = recordedResults();
  await goTo(`#/results/${idOf(3)}`);
  await page.getByText('Outside the population of pneumonia 1.0.0').waitFor();
  await looksRight('result-outside');
  await goTo(`#/results/${idOf(4)}`);
  await page.getByText('The film seems rotated').waitFor();
  await looksRight('result-not-a-film');
  await goTo(`#/results/${idOf(5)}`);
  await page.getByText('Another version has answered').waitFor();
  await page.getByText('How it was made').click();
  await looksRight('result-remarks');
  await goTo(`#/results/${idOf(6)}`);
  await page.getByRole('heading', { name: 'Lung fields were marked' }).waitFor();
  await looksRight('result-lung-fields');
});

step('two versions are shown side by side', async ({ page, said, goTo, looksRight }) => {
  said.results = recordedResults();
  await goTo(`#/results/${idOf(1)}`);
  await page.getByLabel('Compare with').selectOption(idOf(5));
  await page.getByRole('heading', { name: 'Two results' }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll('.picture-box img').length >= 2);
  await looksRight('beside');
});

step('a result that does not exist, and a gateway that does not answer, say so', async (scene) => {
  const { page, said, goTo, looksRight } = scene;
  said.results = recordedResults();
  await goTo(`#/results/${idOf(3)}/case-${idOf(77)}`);
  const back = page.getByRole('link', { name: 'Back to the case' });
  assert.is(await back.getAttribute('href'), `#/cases/${idOf(77)}`);
  await goTo(`#/results/${idOf(88)}`);
  await page.getByText('There is nothing here.').waitFor();
  await looksRight('result-missing');
  said.isDown = true;
  await goTo('#/studies');
  await goTo('#/results');
  await page.getByText('The gateway cannot be reached.').waitFor();
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
  await page.getByText('By its UID', { exact: true }).click();
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
  await page.getByText('The PACS does not answer.').waitFor();
  await looksRight('run-failed');
  await page.getByRole('button', { name: 'Ask something else' }).click();
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
  await page.getByText('Card').last().click();
  await looksRight('models');
  await page.getByRole('button', { name: 'Stop pneumonia 1.0.0' }).click();
  await page.getByRole('heading', { name: 'Stop pneumonia 1.0.0?' }).waitFor();
  await looksRight('models-stop');
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await page.waitForFunction(() => document.querySelector('dialog') === null);
  await until('the model to be stopped', async () =>
    said.asked.includes('POST /models/pneumonia/versions/1.0.0/stop'),
  );
});

step('signing out sends a verdict first, or says that it stays on the device', async (scene) => {
  const { page, said, account, goTo, looksRight } = scene;
  const signOut = page.getByRole('button', { name: 'Sign out', exact: true });
  said.results = recordedResults();
  said.verifyStatus = 503;
  await goTo(`#/results/${idOf(1)}`);
  await untilAsked(scene);
  await page.keyboard.press('a');
  await page.getByText('Your verdict is not sent').waitFor();
  await page.getByRole('button', { name: `Account of ${account.username}` }).click();
  await signOut.click();
  await page.getByText('Your verdict on a result was not sent').waitFor();
  await looksRight('account-unkept');
  await page.getByRole('button', { name: 'Close' }).click();
  said.verifyStatus = 200;
  await page.getByRole('button', { name: `Account of ${account.username}` }).click();
  await signOut.click();
  await page.getByLabel('User name').waitFor();
  await until('the verdict to be held', async () => said.results[0]?.verification?.verdict === 'agree');
});

test.run();
