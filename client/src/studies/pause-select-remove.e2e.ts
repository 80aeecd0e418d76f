// test:all: studies of two devices, and lists in very large text, take a minute; studies.e2e.ts guards by day
/**
 * The day's list in a real Chromium against the running system: any study is found again, from any device; many are
 * paused at once, and what was removed from the list is put back; in very large text nothing is cut off.
 */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesOf, openApp, sendStudy, studiesSentBy } from '#testing/app-page.ts';
import { askOrthanc, instanceIdsOfStudy } from '#testing/ask-orthanc.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { expect } from '#testing/expect.ts';
import { pressKey, pressOn } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { holdUploads, PATIENTS, queue, search, untilInPacs, untilRows } from '../testing/day-list.ts';
import { focusIsInSight } from '../testing/focus-in-sight.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('pausing, selecting and removing studies');
const walk = await walkScreens(test, {
  name: 'pausing, selecting and removing studies',
  roles: ['technician'],
  open: openWorld,
});

const row = (page: Page, text: string) => page.locator('.queue-row', { hasText: text });

/** Runs in the page: lines of the list that hold more text than is shown of it. */
const cutLines = (): string[] =>
  [...document.querySelectorAll<HTMLElement>('.study-who bdi, .study-who > p')]
    .filter(
      ({ scrollWidth, clientWidth, scrollHeight, clientHeight }) =>
        (clientWidth > 0 && scrollWidth > clientWidth) || (clientHeight > 0 && scrollHeight > clientHeight),
    )
    .map(({ innerText }) => innerText);

walk('in very large text nothing of a name or an ID is cut off', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await holdUploads(stage);
  await queue(stage, [{ name: 'Lindqvist-Okonkwo^Alexandra', id: 'KH-2045178-00917' }]);
  await untilRows(page, 1);
  await page.evaluate(() => document.documentElement.setAttribute('data-text', 'larger'));
  const before = page.viewportSize()!;
  for (const width of [1280, 1024, 820]) {
    await page.setViewportSize({ width, height: before.height });
    await page.getByText('KH-2045178-00917', { exact: false }).first().waitFor();
    await expect.poll(() => page.evaluate(cutLines), `${width} px`).toEqual([]);
  }
  await looksRight(page, 'studies-larger');
  await page.setViewportSize(before);
});

walk('all are paused at once, or those that a person selects, and no bar covers the focus', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await holdUploads(stage);
  await queue(stage, PATIENTS);
  const paused = (count: number) =>
    expect(page.locator('.study-where', { hasText: 'Paused' }), `${count} paused`).toHaveCount(count);
  await page.getByRole('button', { name: 'Pause all' }).click();
  await paused(4);
  await page.locator('.status').getByRole('link', { name: '4 studies paused' }).waitFor();
  await page.getByRole('button', { name: 'Resume all' }).click();
  await paused(0);
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  await page.getByLabel('Select: Kurz, Bo').check();
  await page.getByLabel('Select: Lang, Cem').check();
  await page.getByText('2 selected').waitFor();
  await looksRight(page, 'studies-select');
  await focusIsInSight(page);
  await search(page, 'nobody');
  await page.getByText('0 selected').waitFor();
  await expect(page.getByRole('button', { name: 'Select none' })).toHaveCount(0);
  await search(page, '');
  await page.getByText('2 selected').waitFor();
  // In the search the key clears the text.
  await page.getByLabel('Search').blur();
  await pressKey(page, 'Escape');
  await page.getByText('2 selected').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  await page.getByLabel('Select: Kurz, Bo').check();
  await page.getByLabel('Select: Lang, Cem').check();
  await page.getByRole('region', { name: 'Selected studies' }).getByRole('button', { name: 'Pause' }).click();
  await paused(2);
});

walk(
  'the study that was just sent is open and in sight while an older one of its patient waits',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await holdUploads(stage);
    await queue(stage, [PATIENTS[0], PATIENTS[0]]);
    await untilRows(page, 2);
    for (const [nth, isOpen] of ['false', 'true'].entries())
      await expect(page.locator('.study-open').nth(nth)).toHaveAttribute('aria-expanded', isOpen);
    await expect(page.locator('.queue-row').nth(1)).toBeInViewport({ ratio: 1 });
  },
);

/** Only initials are left of it: that is said in a sentence, whose sign stands in its first line. */
async function searchByName(page: Page): Promise<void> {
  await search(page, 'Kurz');
  const words = page.locator('strong', { hasText: '1 study could be the one you searched for.' });
  await words.waitFor();
  await untilAtRest(page);
  const [sign, said] = await Promise.all([words.locator('xpath=../*[1]').boundingBox(), words.boundingBox()]);
  assert.ok(sign!.y + sign!.height > said!.y, 'the sign is not above the words');
  await looksRight(page, 'studies-by-initials');
  await search(page, '');
  await untilRows(page, 5);
}

/** The name that the PACS and the receipt have for the patient of a study; nothing on this device says it. */
async function searchByPseudonym({ page, account, ...world }: Stage): Promise<void> {
  const [uid = ''] = await studiesSentBy(world, account.username);
  const [id = ''] = await instanceIdsOfStudy(world.orthanc, uid);
  const tags = await askOrthanc(world.orthanc, `/instances/${id}/simplified-tags`);
  const { PatientID: pseudonym } = JSON.parse(tags.toString()) as { PatientID: string };
  assert.match(pseudonym, /^RP-/);
  const answer = Promise.withResolvers<void>();
  let asked = 0;
  await page.route(/[?&]q=RP-/, async (route) => {
    asked += 1;
    await answer.promise;
    await route.continue();
  });
  await search(page, pseudonym);
  await page.getByText('Searching the PACS…').waitFor();
  await expect(page.getByText('No study matches')).toHaveCount(0);
  answer.resolve();
  await untilRows(page, 1);
  await pressOn(page.getByLabel('Search'), 'Enter');
  await page.getByLabel('Search').blur();
  await search(page, '');
  await untilRows(page, 5);
  assert.is(asked, 1, 'without Enter, and once');
  await page.unroute(/[?&]q=RP-/);
}

walk.installed(
  'studies of any device are in the list, say where they were sent from and what happened, and removing one is undone',
  async (stage) => {
    const { page, seed, account } = stage;
    await stage.enter();
    await queue(stage, PATIENTS);
    await untilInPacs(stage, 8);
    const other = await stage.openVisitor();
    const elsewhere = await openApp(other, stage, account.username);
    await sendStudy(elsewhere, filesOf({ seed: seed(9), series: 1, instancesPerSeries: 2 }));
    await untilInPacs(stage, 10);
    await other.close();
    // Seen again after a look at another page of the browser, the list is asked for again.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.getByText('from another device', { exact: true }).waitFor();
    await untilRows(page, 5);
    await searchByPseudonym(stage);
    await searchByName(page);
    await row(page, 'B. K. …003').locator('.study-open').click();
    await row(page, 'B. K. …003')
      .getByText('The PACS’s administrator can remove it there.', { exact: false })
      .waitFor();
    await looksRight(page, 'studies-day');
    await row(page, 'from another device').locator('.study-open').click();
    await row(page, 'from another device').getByText('What happened').click();
    await page
      .getByRole('list', { name: 'What happened to this study' })
      .getByText('Receipt issued')
      .waitFor();
    await expect(page.getByRole('button', { name: 'Open in viewer' }), 'there is no viewer').toHaveCount(0);
    await looksRight(page, 'studies-timeline');
    await page.getByRole('button', { name: 'Remove all 4 from list' }).click();
    await page.getByText('4 studies removed from the list.').waitFor();
    await untilRows(page, 1);
    await looksRight(page, 'studies-removed');
    await page.getByRole('button', { name: 'Undo' }).click();
    await untilRows(page, 5);
    await page.getByRole('button', { name: 'Remove all 4 from list' }).click();
    await untilRows(page, 1);
    await stage.visitor.setOffline(true);
    await page.reload();
    await page.getByText('The gateway is not responding. You see only what is on this device.').waitFor();
    await page.getByText('4 studies removed from this list').waitFor();
    await page.getByRole('button', { name: 'Show them' }).click();
    await untilRows(page, 4);
    await row(page, 'B. K. …003').locator('.study-open').click();
    await looksRight(page, 'studies-put-back');
    await page.getByRole('button', { name: 'Put back on the list: B. K. …003' }).click();
    await untilRows(page, 3);
    await page.getByRole('button', { name: 'Put all 3 back' }).click();
    await untilRows(page, 4);
    await page.getByRole('button', { name: 'Remove all 4 from list' }).waitFor();
  },
);

test.run();
