// test:all: pictures that may show a name; every look of the gate hides names by day
/**
 * Pictures that may show a name, in a real Chromium while names are hidden: an ultrasound with a name burned into it
 * is not drawn in a review, on the page of a result or before it is sent until a person asks, and not at all in the
 * list of results.
 */
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '#shared/protocol/cases.ts';
import type { Job } from '#shared/protocol/inference.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { ask, tokenOf } from '#testing/accounts.ts';
import { choose, filesOf, seeRemoved } from '#testing/app-page.ts';
import { burnedInFile } from '#testing/burned-in-file.ts';
import { until } from '#testing/gateway-under-test.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { storeInstances } from '#testing/store-instances.ts';
import { openWorld } from '#testing/world.ts';
import { listPath, readPictures } from '../reviews/image/study-pictures.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('hidden pictures');
const walk = await walkScreens(test, {
  name: 'hidden pictures',
  roles: ['radiologist', 'technician'],
  open: openWorld,
});

const ASKS = 'Names are hidden, but this picture may show one.';

async function answered<T>(
  { gateway, account }: Stage,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const answer = await ask(gateway, account.username, { method, path, body });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Stores the ultrasound with its names; resolves to its study, which is in the PACS then. */
async function storeUltrasound(stage: Stage, kind?: 'capture'): Promise<string> {
  const { gateway, account, seed } = stage;
  const size = { rows: 240, columns: 320, frames: 1, coding: 'native' } as const;
  const film = { seed: seed(0), number: 1, ...size, isCapture: kind === 'capture' };
  const token = await tokenOf(gateway, account.username);
  const files = [burnedInFile(film)];
  const stored = await storeInstances(gateway, { token, policy: 'identified', files });
  assert.ok(stored.ok, await stored.text());
  return `2.25.${film.seed}1`;
}

/** A review by the person who is here, of a case of the study; its id. */
async function openReview(stage: Stage, study: string): Promise<string> {
  const { id: caseId } = await answered<Case>(stage, 'POST', '/cases', { title: 'Liver', studies: [study] });
  const id = randomUUID();
  const readers = [stage.account.id];
  await answered(stage, 'POST', `/cases/${caseId}/reviews`, { id, type: 'chest-film', readers });
  return id;
}

/** The id of a result of the study. */
async function runModel(stage: Stage, study: string): Promise<string> {
  const body = { model: 'image-kind', studyInstanceUID: study };
  const { id } = await answered<Job>(stage, 'POST', '/infer', body);
  return until('a result', async () => {
    const { state, results } = await answered<Job>(stage, 'GET', `/jobs/${id}`);
    assert.is.not(state, 'failed');
    return state === 'done' && results[0];
  });
}

const go = (page: Page, hash: string): Promise<void> =>
  page.evaluate((to) => {
    location.hash = to;
  }, hash);

/** With the switch of the list of cases. */
async function hideNames(page: Page, isHidden: boolean): Promise<void> {
  await go(page, '#/cases');
  await page.getByLabel('Hide names and titles').setChecked(isHidden);
}

const asks = (page: Page) => page.getByText(ASKS);
const show = (page: Page) => page.getByRole('button', { name: 'Show picture', exact: true });

walk('are shown in a review once a person asks, by keyboard and by touch', async (stage) => {
  const { page, enter } = stage;
  await enter();
  const review = await openReview(stage, await storeUltrasound(stage));
  const image = page.getByRole('img', { name: /^Image 1 of/ });
  const open = async (): Promise<void> => {
    await hideNames(page, true);
    await go(page, `#/reviews/${review}`);
    await asks(page).waitFor();
    await expect(image).toHaveCount(0);
  };
  await open();
  await expect(page.locator('.review-pictures canvas')).toHaveCount(0);
  await looksRight(page, 'review-picture-hidden');
  await focusAndPress(show(page), 'Enter');
  await image.waitFor();
  const pictures = page.getByRole('region', { name: 'Images of the case' });
  await expect(pictures, 'the focus stays there').toBeFocused();
  await hideNames(page, false);
  await open();
  await show(page).tap();
  await image.waitFor();
});

walk('a secondary capture is shown in a review where the study has no other image', async (stage) => {
  const { page, enter } = stage;
  await enter();
  const review = await openReview(stage, await storeUltrasound(stage, 'capture'));
  await hideNames(page, false);
  await go(page, `#/reviews/${review}`);
  await page.getByRole('img', { name: /^Image 1 of/ }).waitFor();
});

walk('texts of readers are hidden too, and stay as they were when other answers are saved', async (stage) => {
  const { page, enter } = stage;
  await enter();
  const studyInstanceUID = await storeUltrasound(stage);
  const review = await openReview(stage, studyInstanceUID);
  const typed = 'As of Mrs Example in 2003';
  const listed = await answered<object>(stage, 'GET', listPath(studyInstanceUID));
  const { seriesInstanceUID, sopInstanceUID } = readPictures(studyInstanceUID, listed).pictures[0]!;
  const mark = { id: randomUUID(), kind: 'text', frame: 1, points: [[100, 80]], label: 'Example, left' };
  await answered(stage, 'PUT', `/reviews/${review}/annotations`, {
    ...{ id: randomUUID(), place: 1, version: 0 },
    annotations: [{ studyInstanceUID, seriesInstanceUID, sopInstanceUID, ...mark }],
  });
  await answered(stage, 'POST', `/reviews/${review}/decision`, {
    ...{ id: randomUUID(), place: 1, version: 1, decision: 'accept' },
    answers: { finding: 'normal', certainty: 3, comment: typed },
  });
  const said = async () => {
    const { places } = await answered<Review>(stage, 'GET', `/reviews/${review}`);
    return places[0]!.said!.answers;
  };
  await hideNames(page, true);
  await go(page, `#/reviews/${review}`);
  const shows = page.getByRole('button', { name: 'Show text: Comment' });
  await shows.waitFor();
  await focusAndPress(show(page), 'Enter');
  await page.locator('.viewer-mark', { hasText: 'Text hidden' }).waitFor();
  await page.locator('.mark-list', { hasText: 'Text hidden' }).waitFor();
  await expect(page.locator('main')).not.toHaveText(/Example/, { useInnerText: true });
  await looksRight(page, 'review-text-hidden');
  await page.getByRole('radio', { name: '4', exact: true }).check();
  await focusAndPress(page.getByRole('button', { name: 'Save the answers' }), 'Enter');
  await until('the saved answers', async () => (await said())['certainty'] === 4);
  assert.is((await said())['comment'], typed);
  await focusAndPress(shows, 'Enter');
  await expect(page.getByLabel('Comment')).toHaveValue(typed);
  await keepsHidden(page, { mark: mark.label, note: 'Ask Mrs Example' });
});

/** The words of a chosen mark, and a note that is not added yet. */
async function keepsHidden(page: Page, { mark, note }: { readonly mark: string; readonly note: string }) {
  await focusAndPress(page.locator('.mark-list .mark-name'), 'Enter');
  const field = page.locator('.mark-bar');
  await field.getByText('Text hidden').waitFor();
  await expect(field.locator('input:visible')).toHaveCount(0);
  await focusAndPress(page.getByRole('button', { name: 'Edit: 1 Text' }), 'Enter');
  const form = page.getByRole('form', { name: /^Edit/ });
  await form.getByText('Text hidden').waitFor();
  await focusAndPress(form.getByRole('button', { name: /^Show text/ }), 'Enter');
  await expect(form.getByRole('textbox').last()).toHaveValue(mark);
  await page.getByRole('link', { name: 'Open the case' }).click();
  await page.getByRole('button', { name: 'Show names' }).click();
  await page.getByLabel('New note').fill(note);
  for (const isHidden of [true, false]) await page.getByLabel('Hide names and titles').setChecked(isHidden);
  await page.getByRole('button', { name: 'Show text: New note' }).waitFor({ state: 'detached' });
  await expect(page.getByLabel('New note')).toHaveValue(note);
}

walk('are shown on the page of a result once a person asks, and are not in the list', async (stage) => {
  const { page, enter } = stage;
  await enter();
  const result = await runModel(stage, await storeUltrasound(stage));
  await hideNames(page, true);
  await go(page, '#/results');
  // The list has results of other tests too.
  const row = page.locator(`.list-link[href$="${result}"]`);
  await row.waitFor();
  await expect(row.locator('img')).toHaveCount(0);
  await looksRight(page, 'results-pictures-hidden');
  await go(page, `#/results/${result}`);
  await asks(page).waitFor();
  const image = page.locator('.picture-box img');
  await expect(image).toHaveCount(0);
  await looksRight(page, 'result-picture-hidden');
  await focusAndPress(show(page), 'Enter');
  await image.waitFor();
  await hideNames(page, false);
  await hideNames(page, true);
  await go(page, `#/results/${result}`);
  await show(page).tap();
  await image.waitFor();
});

walk('are hidden before they are sent, and one press shows those of a series', async (stage) => {
  const { page, enter, seed } = stage;
  await enter();
  await hideNames(page, true);
  await go(page, '#/');
  const plain = { seed: seed(0), series: 2, instancesPerSeries: 2, burnedInSeries: 1 };
  await choose(page, filesOf(plain));
  const drawn = page.locator('.card-pictures canvas');
  await drawn.waitFor();
  await expect(page.locator('.card-pictures .thumbnail')).toHaveCount(2);
  await seeRemoved(page);
  await asks(page).first().waitFor();
  await expect(page.locator('.held-list canvas')).toHaveCount(0);
  await looksRight(page, 'held-picture-hidden');
  await focusAndPress(page.getByRole('button', { name: /^Look at/ }), 'Enter');
  const large = page.getByRole('dialog');
  await large.getByText(ASKS).waitFor();
  await expect(large.locator('canvas')).toHaveCount(0);
  await looksRight(page, 'large-picture-hidden');
  await focusAndPress(large.getByRole('button', { name: 'Show picture', exact: true }), 'Enter');
  await large.locator('canvas').waitFor();
  const place = large.getByRole('region', { name: /^Picture of image/ });
  await expect(place, 'the focus stays with the picture').toBeFocused();
  await large.getByRole('button', { name: 'Close' }).click();
  await page.locator('.held-list canvas').nth(1).waitFor();
  await expect(asks(page)).toHaveCount(0);
  await page.getByRole('link', { name: 'Upload' }).first().click();
  await drawn.nth(1).waitFor();
});

test.run();
