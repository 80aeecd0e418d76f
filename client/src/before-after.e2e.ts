// test:all: four ways of releasing; release-instance.test.ts and canaries.e2e.ts guard what leaves by day
/**
 * The before-and-after page in a real Chromium: the values removed from a found study, instances held back and
 * released, and the arrival of a released instance in a real PACS. compare-and-release.e2e.ts has the rest.
 * RELAY_SCREENSHOTS names the folder for pictures of every state.
 */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import { buildInstance } from '#shared/dicom/build-instance.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { parseUid, type SOPClassUID } from '#shared/dicom/uid.ts';
import {
  choose,
  filesOf,
  instancesSentBy,
  lookAtHeld,
  onDisk,
  seeRemoved,
  type StudyOnDisk,
} from '#testing/app-page.ts';
import { PATIENCE_MS } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress, pressKey, pressOn } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { burnedIn, group, heading, openHeldBack, releaseTwo } from './testing/held-back.ts';
import { looksRight } from './testing/looks-right.ts';

const test = suite('before and after');
const walk = await walkScreens(test, {
  name: 'before and after',
  roles: ['admin'],
  open: openWorld,
  isOneVisit: true,
});

walk(
  'the card of a found study opens its data set before and after, grouped by the kind of change',
  async ({ page, enter, seed }) => {
    await enter();
    await choose(page, filesOf({ seed: seed(0) }));
    await looksRight(page, 'before-after-card');
    await page.getByRole('link', { name: /^See what is removed/ }).click();
    await heading(page).waitFor();
    await group(page, 'Identity').waitFor();
    await page.locator('.look canvas').waitFor();
    const name = page.locator('.change', { hasText: 'PatientName' });
    await expect(name.locator('.change-words'), 'in words first').toHaveText(
      /^Patient name\s+PatientName \(0010,0010\) PN$/,
      { useInnerText: true },
    );
    await expect(name.locator('.change-value').first()).toHaveText(/QzFamily/, { useInnerText: true });
    await expect(name.locator('.change-value').nth(1)).toHaveText(
      /^(After\s+)?RP-[\s\S]*Replaced · Replaced by a code/,
      { useInnerText: true },
    );
    await expect(page, 'the address names nobody').not.toHaveURL(/QzFamily|2\.25\./);
    await expect(page).toHaveTitle('See what is removed – RelayPACS');
    await looksRight(page, 'before-after');
    await page.mouse.wheel(0, 700);
    await looksRight(page, 'before-after-scrolled');
  },
);

walk('the picture on the card opens as large as the window, and Escape leads back to it', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await choose(page, filesOf({ seed: stage.seed(0) }));
  const picture = page.getByRole('button', { name: /^Enlarge series 1 of / });
  await picture.locator('canvas').waitFor();
  await focusAndPress(picture, 'Enter');
  const large = page.getByRole('dialog');
  await large.locator('canvas').waitFor();
  await large.getByText('Image 4 of 12').waitFor();
  await looksRight(page, 'card-picture-large');
  const window = large.getByRole('application');
  await focusAndPress(window, 'PageDown');
  await large.getByText('Image 5 of 12').waitFor();
  await pressOn(window, 'ArrowLeft');
  await large.getByText('Image 4 of 12').waitFor();
  await pressKey(page, 'Escape');
  await large.waitFor({ state: 'detached' });
  await expect(picture).toBeFocused();
});

walk('a series is unticked on the card, and is not sent', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await choose(page, filesOf({ seed: stage.seed(0) }));
  await page.locator('.card-details > summary').click();
  const series = page.getByRole('checkbox', { name: /^Send the series/ });
  await series.nth(0).uncheck();
  await page.getByText('6 images will be sent without names, 6 left out').waitFor();
  await page.getByRole('button', { name: 'Send 1 study' }).filter({ hasText: '6 images' }).waitFor();
  await expect(series.nth(1), 'the study has its own tick').toBeDisabled();
  await looksRight(page, 'card-series');
  await series.nth(0).check();
  await page.getByText('Will be sent without names', { exact: true }).waitFor();
});

/** Each small picture is scrolled to, and none can be released. */
async function smallPicturesDoNotCount(page: Page): Promise<void> {
  for (const at of [1, 2, 3]) {
    await page
      .locator('.held-instance canvas')
      .nth(at - 1)
      .scrollIntoViewIfNeeded();
    await page.getByRole('button', { name: `Image ${at} of 3: Open the picture and check` }).waitFor();
    await expect(page.locator('.held-instance').getByRole('checkbox')).toHaveCount(0);
  }
  await expect(page.getByRole('button', { name: /^Release/ })).toHaveCount(0);
}

walk(
  'instances that the policy cannot make safe are held back, with the reason, until a person looks',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await choose(page, burnedIn(stage));
    await page
      .locator('.card-held')
      .getByRole('link', { name: /^Look at the pictures/ })
      .waitFor();
    await page.getByText('3 of 6 images stay here until you decide').waitFor();
    await looksRight(page, 'held-back-card');
    await seeRemoved(page);
    await page.getByRole('heading', { name: '3 images held back' }).waitFor();
    await smallPicturesDoNotCount(page);
    await looksRight(page, 'held-back-unseen');
    await page.getByRole('button', { name: 'Look at all 3 pictures' }).click();
    await page.getByRole('dialog').getByText('1 of 3 pictures shown').waitFor();
    await looksRight(page, 'held-pictures');
    await pressKey(page, 'Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await lookAtHeld(page, 3);
    await expect(page.locator('.held-instance[data-released=true]')).toHaveCount(0);
    await looksRight(page, 'held-back');
    await page.getByLabel('Series').selectOption({ index: 1 });
    await page.getByText('This image stays on this device.').waitFor();
    await page.getByRole('button', { name: 'Enlarge the picture of image 2' }).click();
    await page.getByRole('dialog').locator('canvas').waitFor();
    await looksRight(page, 'held-large');
    await pressKey(page, 'Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  },
);

walk(
  'released instances arrive in the PACS, those left out do not, and the gateway raises no doubt',
  async (stage) => {
    const { page, account } = stage;
    await openHeldBack(stage);
    await releaseTwo(page);
    await page.getByRole('heading', { name: '1 image held back' }).waitFor();
    await page.getByRole('button', { name: /^Leave out on image/ }).click();
    await page.getByRole('heading', { name: 'No images are held back any more' }).waitFor();
    await looksRight(page, 'held-back-left-out');
    await page.getByRole('button', { name: /^Decide again on image/ }).click();
    await page.getByRole('heading', { name: '1 image held back' }).waitFor();
    await page.getByRole('button', { name: 'Send 1 study' }).filter({ hasText: '5 images' }).click();
    await page.getByRole('link', { name: '1 to decide', exact: true }).waitFor();
    await expect.poll(() => instancesSentBy(stage, account.username), { timeout: PATIENCE_MS }).toBe(5);
  },
);

/** Encapsulated PDF Storage: the text is inside the document, which nothing here can read. */
function documentFile(): StudyOnDisk {
  const identifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', '2.25.51'),
    seriesInstanceUID: parseUid('SeriesInstanceUID', '2.25.52'),
    sopInstanceUID: parseUid('SOPInstanceUID', '2.25.53'),
    sopClassUID: '1.2.840.10008.5.1.4.1.1.104.1' as SOPClassUID,
  };
  const parts = buildInstance({
    identifiers,
    transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    elements: [
      [0x00080060, 'CS', 'DOC'],
      [0x00100010, 'PN', 'Doe^Jane'],
      [0x00100020, 'LO', 'P-1'],
      [0x00420011, 'OB', new TextEncoder().encode('%PDF-1.7')],
    ],
  });
  return onDisk('report.dcm', Buffer.concat(parts));
}

walk('a document can only be left out', async ({ page, enter }) => {
  await enter();
  await choose(page, [documentFile()]);
  await seeRemoved(page);
  await page.getByText('It cannot be released, even after a person has checked it.').waitFor();
  await page.getByText('Picture can’t be shown here.').first().waitFor();
  await looksRight(page, 'held-document');
});

test.run();
