/**
 * Verdicts on the pages of results, in a real Chromium against the real gateway. Answers about results, jobs and
 * models are recorded, because a disagreement and a faster colleague cannot be produced at will. results.e2e.ts tests
 * real models, reading-results.e2e.ts how results are read, results-states.e2e.ts the states in which nobody gives a
 * verdict.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { pressKey } from '#testing/press.ts';
import { idOf, recordedResults } from '../testing/recorded-answers.ts';
import { agree, openFirst, playScenes, untilAsked } from '../testing/result-scenes.ts';

const test = suite('verdicts on results');
const step = await playScenes(test, 'verdicts on results');

step('a radiologist gives no verdict while the image is not shown', async (scene) => {
  const { page, said, looksRight } = scene;
  said.hasNoImage = true;
  await openFirst(scene);
  await page.getByText('You cannot answer, because the image').waitFor();
  await pressKey(page, 'a', 'c');
  await looksRight('result-no-image');
  await expect(page.getByRole('button', { name: 'Agree' })).toHaveCount(0);
  await expect(page.locator('dialog')).toHaveCount(0);
  assert.equal(said.verified, []);
  said.hasNoImage = false;
  await page.getByRole('button', { name: 'Load the image again' }).click();
  await untilAsked(scene);
  await pressKey(page, 'a');
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
  await pressKey(scene.page, 'k');
  await scene.page.getByRole('heading', { name: 'Above the threshold for pneumonia' }).waitFor();
  await untilAsked(scene);
  await expect(scene.page.locator('dialog')).toHaveCount(0);
  assert.equal(scene.said.verified, []);
});

step('a verdict is sent at once, can be changed, and every one stays in view', async (scene) => {
  const { page, said, looksRight } = scene;
  await agree(scene);
  assert.equal(said.verified, [{ verdict: 'agree' }]);
  await looksRight('result-verified');
  await pressKey(page, 'j');
  await page.getByRole('heading', { name: 'Below the threshold for pneumonia' }).waitFor();
  await pressKey(page, 'k');
  await page.getByRole('heading', { name: 'Above the threshold for pneumonia' }).waitFor();
  await page.getByText('Agreed', { exact: true }).waitFor();
  await page.locator('.picture-box img').first().waitFor();
  await pressKey(page, 'u');
  await untilAsked(scene);
  await pressKey(page, 'c');
  await page.getByLabel('Normal').check();
  await page.getByRole('textbox', { name: 'Reason' }).fill('A rib of Doe Jane, and no opacity.');
  await page.getByRole('button', { name: 'Save correction' }).click();
  await page.getByRole('heading', { name: 'Verdicts, newest first' }).waitFor();
  await expect(page.locator('.verdicts .strong')).toHaveText(['Corrected', 'Agreed']);
  await expect(page.locator('.result-instance-name', { hasText: '(SR)' })).toHaveText([
    /^Verified report: Corrected, .* \(SR\)$/,
    /^Verified report: Agreed, .* · replaced /,
    /^Report .* · replaced/,
  ]);
  await looksRight('result-history');
});

step('a verdict without a link is kept on the device, also over a reload, and sent later', async (scene) => {
  const { page, said, goTo, looksRight } = scene;
  said.verifyStatus = 503;
  await openFirst(scene);
  await untilAsked(scene);
  await pressKey(page, 'a');
  await page.getByText('Your verdict is not sent yet').waitFor();
  await looksRight('result-not-sent');
  said.isDown = true;
  await page.reload();
  await page.getByText('Your verdict is not sent yet: You agree').waitFor();
  await page.getByText('The gateway is not responding.').waitFor();
  said.isDown = false;
  await goTo('#/results');
  await page.getByText('Your verdict is not sent yet').waitFor();
  await page.locator('.notice').getByRole('link', { name: 'Pseudonym Relay, 7Q3MX, P-7Q3MX' }).waitFor();
  await looksRight('results-not-sent');
  await page.reload();
  await page.getByText('Your verdict is not sent yet').waitFor();
  said.verifyStatus = 200;
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await expect(page.locator('.list-table tbody tr').first()).toContainText('Agreed');
  await expect(page.getByText('Your verdict is not sent yet')).toHaveCount(0);
});

step('signing out sends a verdict first, or says that it stays on the device', async (scene) => {
  const { page, said, account, goTo, looksRight } = scene;
  const signOut = page.getByRole('button', { name: 'Sign out', exact: true });
  said.results = recordedResults();
  said.verifyStatus = 503;
  await goTo(`#/results/${idOf(1)}`);
  await untilAsked(scene);
  await pressKey(page, 'a');
  await page.getByText('Your verdict is not sent yet').waitFor();
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
