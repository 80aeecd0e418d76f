// test:all: the list, keys and double presses take a minute of scenes; results-screens.e2e.ts guards verdicts by day
/**
 * Reading results in a real Chromium against the real gateway: the list, the picture with its map, single keys, where
 * the focus is, presses that come twice, and a correction that a colleague or the network comes between. Answers are
 * recorded as in results-screens.e2e.ts.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expect } from '#testing/expect.ts';
import { focusAndPress, focusOn, pressKey } from '#testing/press.ts';
import { focusIsInSight } from '../testing/focus-in-sight.ts';
import { namesHiddenFault } from '../testing/names-hidden.ts';
import { pressTwice } from '../testing/press-twice.ts';
import { PACS_SILENT, recordedJob, recordedResults } from '../testing/recorded-answers.ts';
import { agree, openFirst, playScenes, untilAsked } from '../testing/result-scenes.ts';
import { openFilters } from '../testing/open-filters.ts';

const test = suite('reading results');
const step = await playScenes(test, 'reading results');

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
  await page.locator('.list-link').getByText('Pseudonym Relay, 7Q3MX, P-7Q3MX').first().waitFor();
  await page.locator('.list-link img').first().waitFor();
  await looksRight('results');
  await openFilters(page);
  await page.getByLabel('Model').selectOption('lung-fields');
  await page.getByText('Lungs: 38 % of the image').waitFor();
  await expect(page.locator('.list-link')).toHaveCount(1);
  await page.reload();
  await page.getByText('Only the 1 result by lung-fields is shown.').waitFor();
  await page.getByRole('button', { name: 'Show all', exact: true }).click();
  await page.getByText(/^Only the/).waitFor({ state: 'detached' });
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
  await expect(page.locator('.picture-map')).toHaveCSS('opacity', '0.6');
  await pressKey(page, ']');
  await expect(page.locator('.picture-map')).toHaveCSS('opacity', '0.7');
  await pressKey(page, 'm');
  await page.getByText('Integrated gradients.').waitFor();
  await page.locator('.picture-map').waitFor();
  await looksRight('result-gradients');
  await pressKey(page, 'm');
  await page.locator('.legend-lungs').waitFor();
  await looksRight('result-lungs');
  await pressKey(page, '?');
  await page.getByRole('heading', { name: 'Shortcuts' }).waitFor();
  await looksRight('result-keys');
  await page.getByLabel('Turn on single-key shortcuts').uncheck();
  await pressKey(page, 'Escape', 'm');
  await page.getByRole('button', { name: 'Shortcuts' }).click();
  await page.getByLabel('Turn on single-key shortcuts').check();
  await pressKey(page, 'Escape');
  await page.locator('.legend-lungs').waitFor();
});

step('the focus stays in the bar when the pressed button is gone', async (scene) => {
  const { page } = scene;
  const focusInBar = page.locator('.send-bar:focus, .send-bar :focus');
  await openFirst(scene);
  await untilAsked(scene);
  await focusAndPress(page.getByRole('button', { name: 'Agree', exact: true }), 'Enter');
  await page.getByText('Agreed', { exact: true }).waitFor();
  await expect(focusInBar, 'after agreeing').toHaveCount(1);
  await pressKey(page, 'u');
  await untilAsked(scene);
  await focusAndPress(page.getByRole('button', { name: 'Shortcuts' }), 'c');
  await page.getByLabel('Viral pneumonia').check();
  await page.getByRole('textbox', { name: 'Reason' }).fill('Both sides');
  await focusAndPress(page.getByRole('button', { name: 'Save correction' }), 'Enter');
  await pressKey(page, 'Enter');
  await page.getByText('Corrected', { exact: true }).first().waitFor();
  await expect(focusInBar, 'a second Enter opened no sheet').toHaveCount(1);
});

step('a double press on one button never presses the one that takes its place', async (scene) => {
  const { page, said, looksRight } = scene;
  await agree(scene);
  await pressTwice(page, 'Change verdict');
  await page.getByText('This verdict counts until you give another one.').waitFor();
  await page.getByRole('button', { name: 'Keep it' }).click();
  const change = page.getByRole('button', { name: 'Change verdict' });
  await change.click({ trial: true });
  await focusOn(change);
  await expect(change).toBeFocused();
  await page.keyboard.down('Enter');
  await page.keyboard.down('Enter');
  await page.keyboard.up('Enter');
  await page.getByText('This verdict counts until you give another one.').waitFor();
  await page.getByRole('button', { name: 'Keep it' }).click();
  await change.click({ trial: true });
  const { x, y, width, height } = (await change.boundingBox())!;
  await change.click();
  await page.getByRole('button', { name: 'Keep it' }).click({ trial: true });
  await page.mouse.click(x + width / 2, y + height / 2);
  await change.click();
  assert.equal(said.verified, [{ verdict: 'agree' }], 'nothing was said twice, however slowly');
  said.verifyStatus = 503;
  await pressTwice(page, 'Agree');
  await page.getByText('Your verdict is not sent yet').waitFor();
  await page.getByText('This verdict counts until yours is sent.').waitFor();
  await pressTwice(page, 'Discard it');
  await page.getByRole('heading', { name: 'Discard your verdict?' }).waitFor();
  await looksRight('result-discard');
  await page.getByRole('button', { name: 'Keep it' }).click();
  await page.getByText('Your verdict is not sent yet').waitFor();
  await page.getByRole('button', { name: 'Discard it' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard it' }).click();
  await page.getByText('Your verdict is not sent yet').waitFor({ state: 'detached' });
});

step(
  'a correction names the right finding and the reason, and an earlier verdict of another person is shown',
  async (scene) => {
    const { page, said, looksRight } = scene;
    await agree(scene);
    await page.getByRole('button', { name: 'Change verdict' }).click();
    await page.getByText('This verdict counts until you give another one.').waitFor();
    await looksRight('result-change');
    await page.getByRole('button', { name: 'Keep it' }).click();
    await page.getByText('This verdict counts until you give another one').waitFor({ state: 'detached' });
    await page.getByText('Agreed', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Change verdict' }).click();
    await page.getByRole('button', { name: 'Disagree' }).click();
    await page.getByRole('heading', { name: 'What is the correct finding?' }).waitFor();
    await page.getByRole('button', { name: 'Save correction' }).click();
    await page.getByText('Choose a finding.').waitFor();
    await page.getByText('Enter a short reason.').waitFor();
    await looksRight('result-correct');
    await page.getByLabel('Viral pneumonia').check();
    const why = page.getByRole('textbox', { name: 'Reason' });
    const words = 'Both sides of Doe Jane, and no consolidation: am jak';
    await why.fill(words);
    await expect(why, 'keys are letters in a field').toHaveValue(words);
    assert.is(await namesHiddenFault(page), null);
    said.verifyStatus = 409;
    await page.getByRole('button', { name: 'Save correction' }).click();
    await page.getByText('Another radiologist gave a verdict first').waitFor();
    await looksRight('result-overtaken');
    await page.reload();
    await page.getByText('Another radiologist gave a verdict first').waitFor();
    await page.getByText('Your verdict is not sent yet: Your finding: Viral pneumonia').waitFor();
    await page.getByText(`Why: ${words}`).waitFor();
    await page.getByText('1 verdict needs your decision').waitFor();
    await expect(page.getByRole('button', { name: 'Change verdict' }), 'hers is decided first').toHaveCount(
      0,
    );
    said.verifyStatus = 200;
    await page.getByRole('button', { name: 'Send my verdict' }).click();
    await page.getByText('Corrected', { exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'Change verdict' }).click();
    await page.getByRole('button', { name: 'Disagree' }).click();
    await expect(why, 'words of another account are no default').toHaveValue('');
  },
);

step('a reader without a link goes back, and changes a verdict that is not sent', async (scene) => {
  const { page, said, looksRight } = scene;
  await openFirst(scene);
  await untilAsked(scene);
  said.isDown = true;
  await pressKey(page, 'a');
  await page.getByText('Your verdict is not sent yet: You agree').waitFor();
  await pressKey(page, 'j');
  await page.getByRole('heading', { name: 'Result', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Newer result' }).click();
  await page.getByRole('heading', { name: 'Above the threshold for pneumonia' }).waitFor();
  await page.getByRole('button', { name: 'Change verdict' }).click();
  await untilAsked(scene);
  await looksRight('result-change-unsent');
  await page.getByRole('button', { name: 'Disagree' }).click();
  await page.getByLabel('Viral pneumonia').check();
  await page.getByRole('textbox', { name: 'Reason' }).fill('Both sides.');
  await page.getByRole('button', { name: 'Save correction' }).click();
  await page.getByText('Your verdict is not sent yet: Your finding: Viral pneumonia').waitFor();
  await page.getByRole('button', { name: 'Change verdict' }).click();
  await page.getByRole('button', { name: 'Disagree' }).click();
  await page.locator('label', { has: page.locator(':focus'), hasText: 'Viral pneumonia' }).waitFor();
  await pressKey(page, 'Escape');
  said.isDown = false;
  await page.getByText('Corrected', { exact: true }).first().waitFor();
  assert.is(said.verified.length, 1, 'only the last one was sent');
});

test.run();
