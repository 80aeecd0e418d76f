/**
 * Everything that needs a person, in a real Chromium against the running system: instances that are held back when
 * their study is sent are counted everywhere as one number, keep the disc, and are decided on one page.
 */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { choose, filesOf, instancesSentBy, pressSend } from '#testing/app-page.ts';
import { until } from '#testing/gateway-under-test.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from './testing/screens.ts';

const test = suite('the list of what needs a person');
const walk = await walkScreens(test, {
  name: 'the list of what needs a person',
  roles: ['technician'],
  open: openWorld,
});

const badge = (page: Page, count: number) =>
  page.getByRole('link', { name: `${count} need you`, exact: true });

/** Sends a study of six, three of which are held back, and opens the list of decisions. */
async function sendHeldBack({ page, enter, seed }: Stage, nth: number): Promise<void> {
  await enter();
  await choose(page, filesOf({ seed: seed(nth), modality: 'SC', instancesPerSeries: 3, burnedInSeries: 2 }));
  await pressSend(page);
  await badge(page, 3).waitFor();
  await page.getByText('3 instances need your decision').first().waitFor();
  assert.is(await page.getByText('The disc may be removed').count(), 0);
  await badge(page, 3).click();
  await page.getByRole('heading', { name: 'Needs you', level: 1 }).waitFor();
}

const untilInPacs = (stage: Stage, count: number) =>
  until(
    `${count} instances to be in the PACS`,
    async () => (await instancesSentBy(stage, stage.account.username)) === count,
  );

walk(
  'instances that were held back are looked at, released and sent, and then need nobody',
  async (stage) => {
    const { page } = stage;
    await sendHeldBack(stage, 1);
    await page.locator('.needs-item canvas').first().waitFor();
    await looksRight(page, 'needs');
    await page.getByRole('button', { name: /^Look at the pictures/ }).click();
    await page.getByRole('heading', { name: '3 instances held back' }).waitFor();
    await page.getByRole('button', { name: 'Release all 3 shown' }).click();
    await page.getByRole('button', { name: 'I looked at all of them: release' }).click();
    await page.getByRole('navigation').getByRole('link', { name: 'Upload' }).click();
    await page.getByRole('button', { name: /^Send 1 study/ }).waitFor();
    await pressSend(page);
    await badge(page, 3).waitFor({ state: 'detached' });
    await untilInPacs(stage, 6);
  },
);

walk('instances that a person left out are named at the end', async (stage) => {
  const { page } = stage;
  await sendHeldBack(stage, 2);
  await untilInPacs(stage, 3);
  await page.getByRole('button', { name: /^Leave out/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave out' }).click();
  await page.getByText('Nothing needs you').waitFor();
  await looksRight(page, 'needs-none');
  await page.getByRole('link', { name: 'Open your studies' }).click();
  await page.locator('[data-part=arrived] .queue-name a').click();
  await page.getByText('3 instances left out by a person: not in the PACS').waitFor();
});

test.run();
