// test:all: readings that contradict each other; settle-verdicts.test and who-saw.test guard by day
/** Two readings of one case that contradict each other, as a radiologist meets them in a real Chromium. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '#shared/protocol/cases.ts';
import type { Job } from '#shared/protocol/inference.ts';
import type { CaseReview } from '#shared/protocol/reviews.ts';
import { ADMIN, ask, askAs, createAccount } from '#testing/accounts.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { focusAndPress } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { storeCase, press } from '../testing/open-review.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('contradicting readings');
const walk = await walkScreens(test, {
  name: 'contradicted',
  roles: ['radiologist', 'technician'],
  open: openWorld,
});

/** A general reading of the case by somebody else, signed; by a person of its own unless one is named. */
async function readAs(
  { gateway }: Stage,
  caseId: string,
  finding: string,
  by?: Awaited<ReturnType<typeof createAccount>>,
): Promise<void> {
  const { id: reader, username } = by ?? (await createAccount(gateway, 'ben', ['radiologist']));
  const id = randomUUID();
  const post = async (who: string, path: string, body: object) => {
    const answer = await ask(gateway, who, { method: 'POST', path, body });
    assert.ok(answer.ok, await answer.text());
  };
  await post(ADMIN, `/cases/${caseId}/reviews`, { id, type: 'general-reading', readers: [reader] });
  const answers = { finding, urgency: 'routine', impression: 'As Doe Jane' };
  const of = { place: 1, version: 1, decision: 'accept', answers };
  await post(username, `/reviews/${id}/decision`, { id: randomUUID(), ...of });
  await post(username, `/reviews/${id}/sign`, { id: randomUUID(), place: 1, version: 2 });
}

walk('two settled readings that contradict each other say so, and what can be done', async (stage) => {
  const { page, enter } = stage;
  await enter();
  const caseId = await storeCase(stage, 'Read twice');
  await readAs(stage, caseId, 'abnormal');
  await readAs(stage, caseId, 'normal');
  await page.reload();
  const reviews = page.getByRole('region', { name: 'Reviews' });
  await reviews.getByText('Readings of this case contradict each other.').waitFor();
  await reviews.getByText('To have another person read the case, press “Request a reading”.').waitFor();
  await expect(reviews.getByText('contradicted by another reading')).toHaveCount(2);
  await looksRight(page, 'case-contradicted');
  await focusAndPress(reviews.getByRole('link', { name: 'General reading' }).first(), 'Enter');
  await page.getByText('Another reading of this case says the opposite').waitFor();
  await page.getByText('nobody has decided between them').waitFor();
  await looksRight(page, 'review-contradicted');
  await page.getByText('A signed reading can’t be changed.').waitFor();
  await focusAndPress(page.getByRole('link', { name: 'Add a correction in the case' }), 'Enter');
  await focusAndPress(reviews.getByRole('link', { name: 'General reading' }).last(), 'Enter');
  await focusAndPress(page.getByRole('link', { name: 'All reviews' }), 'Enter');
  await page.getByLabel('Filter reviews').selectOption('all');
  const rows = page.getByRole('row', { name: /General reading/ });
  await rows.getByText('Another reading of this case says the opposite').nth(1).waitFor();
  await readAs(stage, caseId, 'normal');
  await page.reload();
  await page.getByLabel('Filter reviews').selectOption('all');
  await rows.getByText('A later reading decided against this one').waitFor();
  await expect(page.getByText('says the opposite')).toHaveCount(0);
  await focusAndPress(rows.filter({ hasText: 'decided against' }).getByRole('link'), 'Enter');
  await page.getByText('the next reader agreed with it').waitFor();
});

walk(
  'a reader whose signature contradicts another reading is told at once that nobody has decided',
  async (stage) => {
    const { page, enter, account } = stage;
    await enter();
    const caseId = await storeCase(stage, 'Read the other way');
    await readAs(stage, caseId, 'abnormal');
    await press(page, 'Request a reading');
    const dialog = page.getByRole('dialog');
    await dialog
      .getByRole('option', { name: 'General reading', selected: true })
      .waitFor({ state: 'attached' });
    await focusAndPress(dialog.getByLabel(account.username, { exact: true }), 'Space');
    await press(page, 'Request');
    const form = page.getByRole('region', { name: 'Your answers' });
    await focusAndPress(form.getByLabel('Nothing abnormal'), 'Space');
    await focusAndPress(form.getByLabel('No hurry'), 'Space');
    await form.getByLabel('Impression').pressSequentially('Clear');
    await press(page, 'Save the answers');
    await press(page, 'Sign');
    await page.getByText('A signed reading can’t be changed.').waitFor();
    await page.getByText('Another reading of this case says the opposite').waitFor();
    await page
      .getByText('Disputed · ')
      .and(page.getByText('Nobody has decided which reading is final'))
      .waitFor();
    await expect(page.getByText('Review completed · ')).toHaveCount(0);
    await expect(page.getByText('Final answers')).toHaveCount(0);
    await focusAndPress(page.getByRole('link', { name: 'Open the case' }), 'Enter');
    await focusAndPress(page.getByRole('link', { name: 'All cases' }), 'Enter');
    const row = page.getByRole('row', { name: /Read the other way/ });
    await row.getByText('Readings of this case contradict each other').waitFor();
    await readAs(stage, caseId, 'normal');
    await page.reload();
    await row.waitFor();
    await expect(row.getByText('contradict each other')).toHaveCount(0);
    await row.getByText('Signed: normal').waitFor();
    await focusAndPress(row.getByRole('link'), 'Enter');
    const reviews = page.getByRole('region', { name: 'Reviews' });
    await focusAndPress(reviews.getByRole('link', { name: 'General reading' }).nth(1), 'Enter');
    await page.getByText('There are later notes or readings of this case').waitFor();
    await expect(page.getByText('Nobody has decided which reading is final')).toHaveCount(0);
    await expect(page.getByText('says the opposite')).toHaveCount(0);
  },
);

walk(
  'a reading that its own reader corrects by another one says so, and contradicts nothing',
  async (stage) => {
    const { page, enter, gateway } = stage;
    await enter();
    const caseId = await storeCase(stage, 'Corrected');
    const ben = await createAccount(gateway, 'ben', ['radiologist']);
    await readAs(stage, caseId, 'abnormal', ben);
    await readAs(stage, caseId, 'normal', ben);
    await page.reload();
    const reviews = page.getByRole('region', { name: 'Reviews' });
    await reviews.getByText('replaced by a later reading by the same reader').waitFor();
    await expect(reviews.getByText('contradict')).toHaveCount(0);
    await focusAndPress(reviews.getByRole('link', { name: 'General reading' }).first(), 'Enter');
    await page.getByText('The same reader has read this case again').waitFor();
  },
);

walk('a settled reading says which notes and readings of the case came after it', async (stage) => {
  const { page, enter, gateway } = stage;
  await enter();
  const caseId = await storeCase(stage, 'Read, corrected and read again');
  await readAs(stage, caseId, 'abnormal');
  await page.reload();
  const reviews = page.getByRole('region', { name: 'Reviews' });
  const first = reviews.getByRole('link', { name: 'General reading' }).first();
  await focusAndPress(first, 'Enter');
  await page.getByText('Final answers').waitFor();
  const body = { text: 'On the left, not on the right' };
  const noted = await ask(gateway, ADMIN, { method: 'POST', path: `/cases/${caseId}/notes`, body });
  assert.ok(noted.ok);
  await readAs(stage, caseId, 'abnormal');
  await page.reload();
  await page.getByText('There are later notes or readings of this case').waitFor();
  await page.getByText('On the left, not on the right').waitFor();
  await expect(page.getByText('Final answers')).toHaveCount(0);
  await focusAndPress(page.getByRole('link', { name: /^Read again by ben.*: General reading$/ }), 'Enter');
  await page.getByText('Final answers').waitFor();
  await expect(page.getByText('There are later notes or readings')).toHaveCount(0);
  await focusAndPress(page.getByRole('link', { name: 'Open the case' }), 'Enter');
  await reviews.getByText(/since then 1 note, read again by ben/).waitFor();
});

walk(
  'a reader is told that a blinded reading was given to them although they may have seen it',
  async (stage) => {
    const { page, enter, gateway, account } = stage;
    await enter();
    const caseId = await storeCase(stage, 'Seen before');
    const ben = await createAccount(gateway, 'ben', ['radiologist']);
    const cleo = await createAccount(gateway, 'cleo', ['radiologist']);
    const post = async (who: string, path: string, body: object) => {
      const answer = await ask(gateway, who, { method: 'POST', path, body });
      assert.ok(answer.ok, await answer.text());
    };
    const id = randomUUID();
    const readers = [ben.id, cleo.id];
    await post(ADMIN, `/cases/${caseId}/reviews`, { id, type: 'chest-film-double', readers });
    await post(ben.username, `/cases/${caseId}/notes`, { text: 'Lobar' });
    await page.reload();
    await page.getByText('Lobar').waitFor();
    const given = { id: randomUUID(), place: 1, version: 1, accountId: account.id };
    await post(ADMIN, `/reviews/${id}/assign`, given);
    await page.reload();
    await focusAndPress(page.getByRole('region', { name: 'Reviews' }).getByRole('link').first(), 'Enter');
    await page.getByText('You may have seen them before this reading was assigned to you.').waitFor();
    await expect(
      page.getByText('The findings of models are hidden until you have signed.', { exact: true }),
    ).toHaveCount(0);
  },
);

/** A model looks at the study of the case, and the page of the case says what it found. */
async function showFinding({ page, gateway }: Stage, caseId: string): Promise<void> {
  const { studies } = await askAs<Case>(gateway, ADMIN, `/cases/${caseId}`);
  const body = { model: 'image-kind', studyInstanceUID: studies[0]!.studyInstanceUID };
  const asked = await ask(gateway, ADMIN, { method: 'POST', path: '/infer', body });
  assert.ok(asked.ok);
  const { id } = (await asked.json()) as Job;
  await until('a result', async () => (await askAs<Job>(gateway, ADMIN, `/jobs/${id}`)).state === 'done');
  await page.reload();
  await page.getByText('image-kind').first().waitFor();
}

walk(
  'a person who asks for a blinded reading is told which readers may have seen the results',
  async (stage) => {
    const { page, enter, gateway, account } = stage;
    await enter();
    const caseId = await storeCase(stage, 'Seen on its page');
    const ben = await createAccount(gateway, 'ben', ['radiologist']);
    await showFinding(stage, caseId);
    await press(page, 'Request a reading');
    const dialog = page.getByRole('dialog');
    const asked = dialog.getByLabel(/^Review type/);
    await asked
      .getByRole('option', { name: 'General reading', selected: true })
      .waitFor({ state: 'attached' });
    await asked.selectOption('chest-film-double');
    const own = dialog.getByLabel(`${account.username} (may have seen the results)`);
    await focusAndPress(own, 'Space');
    await dialog.getByText('You may have seen findings of models in this case').waitFor();
    await focusAndPress(own, 'Space');
    await focusAndPress(dialog.getByLabel(ben.username, { exact: true }), 'Space');
    await expect(dialog.getByText('You may have seen')).toHaveCount(0);
    await press(page, 'Request');
    await page.getByRole('heading', { name: /^Chest film, two blinded readers/ }).waitFor();
  },
);

walk(
  'a person is told so where the gateway cannot be asked, or does not tell, who may have seen the results',
  async (stage) => {
    const { page, enter, gateway } = stage;
    await enter();
    const caseId = await storeCase(stage, 'Asked for over a poor line');
    const ben = await createAccount(gateway, 'ben', ['radiologist']);
    const cleo = await createAccount(gateway, 'cleo', ['radiologist']);
    const dialog = page.getByRole('dialog');
    await page.route('**/readers*', (route) => route.abort());
    await page.reload();
    const askUntold = async () => {
      await press(page, 'Request a reading');
      await dialog.getByLabel(/^Review type/).selectOption('chest-film-double');
      for (const { username } of [ben, cleo])
        await focusAndPress(dialog.getByLabel(username, { exact: true }), 'Space');
      await dialog.getByText('could not check who may have seen findings of models').waitFor();
      await press(page, 'Request anyway');
      await page.getByRole('heading', { name: /^Chest film, two blinded readers/ }).waitFor();
    };
    await askUntold();
    const { reviews } = await askAs<{ reviews: CaseReview[] }>(gateway, ADMIN, `/cases/${caseId}/reviews`);
    assert.equal(reviews[0]?.places.map(({ reader }) => reader?.id).toSorted(), [ben.id, cleo.id].toSorted());
    // While others read the case, the gateway answers, and names nobody.
    await page.unroute('**/readers*');
    await focusAndPress(page.getByRole('link', { name: 'Open the case' }), 'Enter');
    await askUntold();
  },
);

test.run();
