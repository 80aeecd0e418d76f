/**
 * Everything that needs a person, in a real Chromium against the running system: instances that are held back when
 * their study is sent are counted everywhere as one number, keep the disc, and are decided on one page.
 */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesOf, instancesSentBy, pressSend } from '#testing/app-page.ts';
import { countTaps, type TapCount } from '#testing/count-taps.ts';
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

/** At each size the number stands with its words, and not beside the name of a page, whose things it would count. */
async function standsApart(page: Page): Promise<void> {
  const before = page.viewportSize()!;
  for (const width of [1280, 1024, 390]) {
    await page.setViewportSize({ width, height: before.height });
    const inStatus = page.locator('.status').getByRole('link', { name: '4 instances need your decision' });
    const number = width > 560 ? badge(page, 4) : inStatus;
    assert.match(await number.innerText(), /4 (instances )?need you/);
    const [own, results] = await Promise.all([
      number.boundingBox(),
      page.getByRole('navigation').getByRole('link', { name: 'Results' }).boundingBox(),
    ]);
    const isApart = own!.x > results!.x + results!.width + 24 || own!.y > results!.y + results!.height / 2;
    assert.ok(isApart, `${width}: ${JSON.stringify({ own, results })}`);
  }
  await page.setViewportSize(before);
}

/**
 * Sends a study of eight, four of which are held back, and waits for the badge: two taps, the picker of files being
 * the browser's own.
 */
async function sendHeldBack({ page, enter, seed }: Stage, nth: number): Promise<TapCount> {
  const taps = await countTaps(page);
  await enter();
  await taps.again();
  const picker = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose files' }).click();
  const files = filesOf({ seed: seed(nth), modality: 'SC', instancesPerSeries: 4, burnedInSeries: 2 });
  await (await picker).setFiles([...files]);
  await pressSend(page);
  assert.is(await taps.now(), 2, 'the main job is two taps');
  await badge(page, 4).waitFor();
  await page.getByText('4 instances need your decision').first().waitFor();
  assert.is(await page.getByText('The disc may be removed').count(), 0);
  await standsApart(page);
  await taps.again();
  await badge(page, 4).click();
  await page.getByRole('heading', { name: 'Needs you', level: 1 }).waitFor();
  return taps;
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
    const taps = await sendHeldBack(stage, 1);
    await page.locator('.needs-item canvas').first().waitFor();
    await looksRight(page, 'needs');
    await page.getByRole('button', { name: /^Look at the pictures/ }).click();
    await page.getByRole('heading', { name: '4 instances held back' }).waitFor();
    await page.getByRole('button', { name: 'Release all 4 shown' }).click();
    await page.getByRole('button', { name: 'I looked at all of them: release' }).click();
    await page.getByRole('navigation').getByRole('link', { name: 'Upload' }).click();
    await page.getByRole('button', { name: /^Send 1 study/ }).waitFor();
    await pressSend(page);
    const tapped = await taps.now();
    assert.ok(tapped > 0 && tapped <= 6, `${tapped} taps`);
    process.stdout.write(`${tapped} taps from the badge until four held instances are sent\n`);
    await badge(page, 4).waitFor({ state: 'detached' });
    await untilInPacs(stage, 8);
  },
);

walk('instances that a person left out are named at the end', async (stage) => {
  const { page } = stage;
  await sendHeldBack(stage, 2);
  await untilInPacs(stage, 4);
  await page.getByRole('button', { name: /^Leave out/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave out' }).click();
  await page.getByText('Nothing needs you').waitFor();
  await looksRight(page, 'needs-none');
  await page.getByRole('link', { name: 'Open your studies' }).click();
  await page.locator('[data-part=arrived] .queue-name a').click();
  await page.getByText('4 instances left out by a person: not in the PACS').waitFor();
});

test.run();
