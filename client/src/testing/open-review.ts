/** For walks of reviews: a case of a study, by keyboard or without hands, and a review of it. */
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import type { Review } from '#shared/protocol/reviews.ts';
import { ask, askAs, tokenOf } from '#testing/accounts.ts';
import { filesOf, sendStudy } from '#testing/app-page.ts';
import { until } from '#testing/gateway-under-test.ts';
import { focusAndPress, pressKey, pressOn } from '#testing/press.ts';
import type { Stage } from '#testing/screen-walk.ts';
import { storeInstances } from '#testing/store-instances.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';

/** A button that waits takes no key. */
export const press = (page: Page, name: string): Promise<void> =>
  focusAndPress(page.getByRole('button', { name, exact: true, disabled: false }), 'Enter');

/** Sends a study, opens a case of it, and returns the case's id. */
export async function openCase({ page, seed }: Stage, title: string): Promise<string> {
  await sendStudy(page, filesOf({ seed: seed(0), instancesPerSeries: 1, rows: 64, columns: 64 }));
  await page.locator('[data-part=arrived] .queue-name a').first().click();
  await press(page, 'Create case');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Title').pressSequentially(title);
  await pressOn(dialog.getByLabel('Title'), 'Enter');
  await page.getByRole('heading', { name: title }).waitFor();
  return /cases\/([\w-]+)/.exec(page.url())![1]!;
}

/** A case of a study as a script stores it, on its page: for walks that begin there. Returns the case's id. */
export async function storeCase({ page, gateway, account, address, seed }: Stage, title: string) {
  const size = { modality: 'CT', series: 1, instancesPerSeries: 1, rows: 64, columns: 64 } as const;
  const { instances } = syntheticStudy({ seed: seed(0), ...size });
  const token = await tokenOf(gateway, account.username);
  const files = instances.map(({ bytes }) => bytes);
  const stored = await storeInstances(gateway, { token, policy: 'identified', files });
  assert.is(stored.status, 200, await stored.text());
  const body = { title, studies: [instances[0]!.identifiers.studyInstanceUID] };
  const made = await ask(gateway, account.username, { method: 'POST', path: '/cases', body });
  const { id } = (await made.json()) as { id: string };
  await page.goto(`${address}/#/cases/${id}`);
  await page.getByRole('heading', { name: title }).waitFor();
  return id;
}

/** Asks for a review of the case in sight, by the person who is signed in. */
export async function openReview({ page, account }: Stage): Promise<void> {
  await press(page, 'Request a reading');
  const dialog = page.getByRole('dialog');
  const asked = dialog.getByLabel(/^Review type/);
  await asked.getByRole('option', { name: 'General reading', selected: true }).waitFor({ state: 'attached' });
  await asked.selectOption('chest-film-double');
  const decides = dialog.getByLabel('Adjudicator (decides when readers disagree)');
  await decides.waitFor();
  await asked.selectOption('chest-film');
  await decides.waitFor({ state: 'detached' });
  await focusAndPress(dialog.getByLabel(account.username, { exact: true }), 'Space');
  await press(page, 'Request');
}

/** Saves answers as another device of the reader does; at the place of the only reader. */
export async function saveElsewhere({ page, account, gateway }: Stage, version: number, answers: object) {
  const id = /reviews\/([\w-]+)/.exec(page.url())![1]!;
  await until(`version ${version} at the gateway`, async () => {
    const { places } = await askAs<Review>(gateway, account.username, `/reviews/${id}`);
    return places.some(({ place, version: now }) => place === 1 && now === version);
  });
  const body = { id: randomUUID(), place: 1, version, decision: 'accept', answers };
  const of = { method: 'POST', path: `/reviews/${id}/decision`, body };
  assert.ok((await ask(gateway, account.username, of)).ok);
}

/** Draws a point in the middle, moved by eleven pixels and one back; its twin removed, undone and done again. */
export async function drawByKeyboard(page: Page): Promise<void> {
  await focusAndPress(page.getByRole('application', { name: /^Image 1 of/ }), 'Escape');
  const moved = ['0', 'p', 'Enter', 'Shift+ArrowRight', 'ArrowRight', 'ArrowUp'];
  const twin = ['Escape', 'p', 'Enter', 'Delete', 'Control+z', 'Control+z', 'Control+Shift+z', 'Control+z'];
  await pressKey(page, ...moved, ...twin);
}
