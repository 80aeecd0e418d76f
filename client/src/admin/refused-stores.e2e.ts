// test:all: refusals are rare; refusing-destination.test.ts and dead-letters.test.ts guard them by day
/**
 * Destinations that do not take what is sent there, in an administrator's hands, in a real Chromium against the running
 * system; and the first destination of all.
 */
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesOf, onDisk, sendStudy } from '#testing/app-page.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { expect } from '#testing/expect.ts';
import { WINDOWS } from '#testing/inspect-page.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openOwnWorld } from '#testing/world.ts';
import { startLyingPacs } from '../../../gateway/src/testing/lying-dicomweb.ts';
import { HONEST, type Conduct } from '../../../gateway/src/testing/web-conduct.ts';
import {
  addDestination,
  chooseNeed,
  openDestinations,
  rowOf,
  showDestination,
} from '../testing/open-destinations.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('destinations that refuse');
const walk = await walkScreens(test, {
  name: 'destinations that refuse',
  roles: ['admin'],
  // A refusal is believed at once.
  open: () => openOwnWorld({ env: { RELAY_POLICY: 'identified', RELAY_PACS_LAG_MINUTES: '0' } }),
});

walk('the first destination says before it is saved that it becomes primary', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await page.route('**/admin/destinations', (route) => route.fulfill({ json: { destinations: [] } }));
  await openDestinations(page);
  await page.getByRole('button', { name: 'Add a destination' }).click();
  const sheet = page.getByRole('dialog');
  await sheet.getByText('This becomes the primary destination, because there is no other yet.').waitFor();
  await expect(sheet.getByRole('checkbox', { name: 'Send new studies here' })).toHaveCount(0);
  await looksRight(page, 'destination-first');
});

/** In the head of every page. */
const mark = (page: Page): Locator =>
  page.getByRole('status').getByRole('link', { name: '1 destination has a problem', exact: true });

/** The first page of an administrator, and each way to the destinations, say that one of them needs somebody. */
async function isLedThere({ page, address, account }: Stage): Promise<void> {
  const before = page.viewportSize()!;
  await page.goto(address);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await mark(page).waitFor();
  await looksRight(page, 'upload-destination-needs');
  await page.getByRole('button', { name: `Account of ${account.username}` }).click();
  const entry = page.getByRole('dialog').getByRole('link', { name: 'Administration' });
  await expect(entry).toHaveText(/^Administration\s*1\s*, 1 destination has a problem$/);
  await looksRight(page, 'account-destination-needs');
  await page.getByRole('button', { name: 'Close' }).click();
  await page.setViewportSize(WINDOWS.phone);
  await untilAtRest(page);
  await mark(page).click();
  const row = page.getByRole('navigation', { name: 'Administration' });
  await row.getByRole('link', { name: /^Destinations.* 1 destination has a problem$/ }).waitFor();
  await rowOf(page, 'archive').getByText('4 instances not accepted').waitFor();
  await page.setViewportSize(before);
  await showDestination(page, 'archive');
}

walk(
  'images that a further PACS refuses stand there with their reason, are tried again and given up',
  async (stage) => {
    const { page, seed } = stage;
    const instances = [3, 4].flatMap(
      (nth) =>
        syntheticStudy({ seed: seed(nth), modality: 'CT', series: 1, instancesPerSeries: 2 }).instances,
    );
    const last = syntheticStudy({ seed: seed(5), series: 1, instancesPerSeries: 1 }).instances;
    const pacs = await startLyingPacs({ instances: [...instances, ...last], now: Date.now });
    const refusing: Conduct = {
      ...HONEST,
      keeps: 'none',
      answers: { store: { status: 200, body: 'named' } },
    };
    const files = instances.map(({ fileName, bytes, identifiers }) =>
      onDisk(`${identifiers.sopInstanceUID}-${fileName}`, bytes),
    );
    try {
      pacs.conduct = refusing;
      await stage.enter();
      await openDestinations(page);
      const archive = await addDestination(page, 'archive', pacs.url);
      await chooseNeed(page, archive, 'also');
      await page.getByRole('link', { name: 'Upload' }).click();
      await sendStudy(page, files);
      await openDestinations(page);
      await showDestination(page, 'archive');
      const dead = archive.getByRole('region', { name: 'Not accepted by archive' });
      await dead.getByText('4 instances not accepted').waitFor();
      const first = instances[0]!.identifiers.studyInstanceUID;
      const row = dead.getByRole('listitem').filter({ hasText: first });
      await row.getByText('2 instances: The PACS refused the image.').waitFor();
      await row.getByText(/^Code 0110H: .* Check the log of the PACS\.$/).waitFor();
      await looksRight(page, 'destination-dead-letters');
      await isLedThere(stage);
      pacs.conduct = HONEST;
      await dead.getByRole('button', { name: `Try again: ${first}` }).click();
      await row.waitFor({ state: 'detached' });
      await dead.getByText('2 instances not accepted').waitFor();
      await archive.getByText(/^No studies being sent/).waitFor();
      assert.is(pacs.held.size, 2);
      await dead.getByRole('button', { name: 'Give up all: archive' }).click();
      await page.getByRole('radio', { name: 'They are not needed there' }).check();
      await page.getByRole('dialog').getByRole('button', { name: 'Give up' }).click();
      await dead.waitFor({ state: 'detached' });
      await mark(page).waitFor({ state: 'detached' });
      assert.is(pacs.held.size, 2);
      pacs.conduct = refusing;
      await isGivenUpForSender(stage, archive);
      await chooseNeed(page, archive, 'none');
    } finally {
      await pacs.close();
    }
  },
);

/** A destination that must have a study refuses it: an administrator decides in the place of whoever sent it. */
async function isGivenUpForSender({ page, seed }: Pick<Stage, 'page' | 'seed'>, archive: Locator) {
  await chooseNeed(page, archive, 'required');
  await page.getByRole('link', { name: 'Upload' }).click();
  await sendStudy(page, filesOf({ seed: seed(5), series: 1, instancesPerSeries: 1 }));
  await openDestinations(page);
  await showDestination(page, 'archive');
  const dead = archive.getByRole('region', { name: 'Not accepted by archive' });
  await dead
    .getByText(/^This destination is required, so the studies wait for a decision by you or the sender/)
    .waitFor();
  await dead.getByRole('button', { name: 'Give up all: archive' }).click();
  await page.getByText(/the senders are no longer asked/).waitFor();
  await page.getByRole('radio', { name: 'They are not needed there' }).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Give up' }).click();
  await dead.waitFor({ state: 'detached' });
}

walk('a destination that refuses every store says so with its status, and since when', async (stage) => {
  const { page, seed } = stage;
  const study = { seed: seed(1), series: 1, instancesPerSeries: 2 };
  const { instances } = syntheticStudy(study);
  const pacs = await startLyingPacs({ instances, now: Date.now });
  try {
    await stage.enter();
    await openDestinations(page);
    const night = await addDestination(page, 'night', pacs.url);
    await chooseNeed(page, night, 'also');
    pacs.conduct = { ...HONEST, keeps: 'none', answers: { store: { status: 500, body: 'html' } } };
    await page.getByRole('link', { name: 'Upload' }).click();
    await sendStudy(page, filesOf(study));
    await openDestinations(page);
    await showDestination(page, 'night');
    await night.getByText(/^It has refused store requests since .* \(status 500\)/).waitFor();
    await night
      .getByText('The destination responds, but does not handle studies correctly. See above.')
      .waitFor();
    await expect(night.getByText('The destination responds and returns stored images.')).toHaveCount(0);
    await looksRight(page, 'destination-refuses-stores');
  } finally {
    await pacs.close();
  }
});

test.run();
