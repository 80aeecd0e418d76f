/** Reading a case in a radiologist's hands, by keyboard alone, in a real Chromium against the running system. */
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ListedReview, Review } from '#shared/protocol/reviews.ts';
import { ADMIN, ask, createAccount, type Account } from '#testing/accounts.ts';
import { filesOf, sendStudy } from '#testing/app-page.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/screens.ts';

const test = suite('reviews');
const walk = await walkScreens(test, {
  name: 'reviews',
  roles: ['radiologist', 'technician'],
  open: openWorld,
});

/** A button that waits takes no key. */
const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true, disabled: false }).press('Enter');

/** Sends a study, opens a case of it, and returns the case's id. */
async function openCase({ page, seed }: Stage, title: string): Promise<string> {
  await sendStudy(page, filesOf({ seed: seed(0), instancesPerSeries: 1, rows: 64, columns: 64 }));
  await page.locator('[data-part=arrived] .queue-name a').first().click();
  await press(page, 'Open a case');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Title').pressSequentially(title);
  await dialog.getByLabel('Title').press('Enter');
  await page.getByRole('heading', { name: title }).waitFor();
  return /cases\/([\w-]+)/.exec(page.url())![1]!;
}

walk('a radiologist has a case read, answers without a link, and signs, by keyboard', async (stage) => {
  const { page, enter, account } = stage;
  await enter();
  await openCase(stage, 'For a second pair of eyes');
  const reviews = page.getByRole('region', { name: 'Reviews' });
  await reviews.getByText('Nobody has read this case.').waitFor();
  await press(page, 'Have it read');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What is asked').selectOption('chest-film');
  await dialog.getByLabel(account.username, { exact: true }).press('Space');
  await press(page, 'Ask for the review');
  const form = page.getByRole('region', { name: 'Your answers' });
  await form.getByRole('button', { name: 'Save the answers' }).press('Enter');
  await form.getByText('Answer first: What does the film show?').waitFor();
  await page.getByRole('img', { name: /^Image 1 of/ }).waitFor();
  await looksRight(page, 'review');
  await form.getByLabel('Pneumonia', { exact: true }).press('Space');
  await form.getByLabel('5 Certain').press('Space');
  await form.getByLabel('Comment').pressSequentially('Left lower lobe');
  await page.context().setOffline(true);
  await press(page, 'Save the answers');
  await page.getByText('Not sent yet').waitFor();
  await looksRight(page, 'review-kept');
  await page.context().setOffline(false);
  await page.getByText('Not sent yet').waitFor({ state: 'detached' });
  await form.getByLabel('Nothing abnormal').press('Space');
  await form.getByText('Save your changes before you sign.').waitFor();
  await press(page, 'Save the answers');
  await form.getByText('You can change it until you sign.').waitFor();
  await press(page, 'Sign');
  const sides = page.getByRole('region', { name: 'What the readers answered' });
  await sides.getByText('Nothing abnormal').waitFor();
  await sides.getByText('Left lower lobe').waitFor();
  await looksRight(page, 'review-settled');
  await page.getByRole('link', { name: 'All reviews' }).press('Enter');
  await page.getByLabel('Which reviews').selectOption('signed');
  await page.getByRole('link', { name: 'Chest film' }).waitFor();
  await looksRight(page, 'reviews');
});

walk(
  'an adjudicator sees the answers of two readers who differ beside each other, and decides',
  async (stage) => {
    const { page, enter, account, gateway } = stage;
    await enter();
    const caseId = await openCase(stage, 'Two readers');
    const api = async <T>(who: string, path: string, body: object): Promise<T> => {
      const answer = await ask(gateway, who, { method: 'POST', path, body });
      if (!answer.ok) throw new Error(await answer.text());
      return (await answer.json()) as T;
    };
    const readers: Account[] = [];
    for (const name of ['ben', 'cleo']) readers.push(await createAccount(gateway, name, ['radiologist']));
    const id = randomUUID();
    const type = 'chest-film-double';
    await api(ADMIN, `/cases/${caseId}/reviews`, { id, type, readers: readers.map((one) => one.id) });
    for (const [at, { username }] of readers.entries()) {
      const of = { place: at + 1, decision: 'accept' };
      const answers = { finding: at === 0 ? 'pneumonia' : 'normal', certainty: 4 };
      await api(username, `/reviews/${id}/decision`, { ...of, id: randomUUID(), version: 1, answers });
      await api(username, `/reviews/${id}/sign`, { id: randomUUID(), place: at + 1, version: 2 });
    }
    const shown = (await (await ask(gateway, ADMIN, { path: `/reviews/${id}` })).json()) as Review;
    const chosen = shown.places.find(({ place }) => place === 0)!;
    assert.is(shown.state, 'adjudication');
    const given = { id: randomUUID(), place: 0, version: chosen.version, accountId: account.id };
    if (chosen.reader?.id !== account.id) await api<ListedReview>(ADMIN, `/reviews/${id}/assign`, given);
    await page.getByRole('navigation').getByRole('link', { name: 'Cases' }).press('Enter');
    await page.getByRole('link', { name: 'Reviews', exact: true }).press('Enter');
    await page.getByRole('link', { name: 'Decide between readers' }).press('Enter');
    const first = page.getByRole('region', { name: 'Reader 1' });
    await first.getByText('Pneumonia').waitFor();
    await page.getByRole('region', { name: 'Reader 2' }).getByText('Nothing abnormal').waitFor();
    const words = await page.locator('main').innerText();
    for (const { username } of readers) assert.not.ok(words.includes(username), 'no name of a reader');
    await looksRight(page, 'review-adjudicate');
    await first.getByRole('button', { name: 'Use these answers' }).press('Enter');
    await press(page, 'Save the answers');
    await page.getByText('You can change it until you sign.').waitFor();
    await press(page, 'Sign');
    await page.getByRole('region', { name: 'Decided between them' }).waitFor();
  },
);

test.run();
