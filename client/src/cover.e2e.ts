// test:all: films are covered and sent for a minute; cover-instance.test.ts and verify-cover.test.ts guard it by day
/**
 * Cover the name, in a real Chromium: boxes drawn on films with a name burned in, what must have been seen before they
 * are released, and what a real PACS holds afterwards. RELAY_SCREENSHOTS names the folder for pictures of every state.
 */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { claimedBoxes, type Box } from '#shared/dicom/boxes.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import { NAME_PLACE } from '#testing/burned-in-file.ts';
import { faultsOf } from '#testing/covered-file.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import {
  chooseFilms,
  filmsOf,
  openHeld,
  openChosen,
  openEditor,
  drag,
  boxAt,
  showAllFrames,
  coverAndRelease,
  ASKS_TO_LOOK,
  sendHeld,
  inPacs,
  findInTrail,
  openTimelineOf,
} from './testing/cover-films.ts';
import { looksRight } from './testing/looks-right.ts';

const test = suite('cover the name');
const walk = await walkScreens(test, { name: 'cover the name', roles: ['admin'], open: openWorld });

const BURNED_IN_ANNOTATION = 0x00280301;

/** The sheet itself does not scroll, so its title and its answers are in sight together. */
async function fitsLaptop(page: Page): Promise<void> {
  const before = page.viewportSize()!;
  await page.setViewportSize({ width: 1024, height: 768 });
  const hidden = () =>
    page.locator('dialog.sheet').evaluate((sheet) => sheet.scrollHeight - sheet.clientHeight);
  await expect.poll(hidden).toBeLessThanOrEqual(0);
  await expect(page.getByRole('dialog').getByRole('heading')).toBeInViewport({ ratio: 1 });
  await page.setViewportSize(before);
}

/** At 200 % zoom a laptop has so few pixels: the picture has half of them, and each button can be reached. */
async function fillsSmallWindow(page: Page): Promise<void> {
  const before = page.viewportSize()!;
  const small = { width: 512, height: 384 };
  await page.setViewportSize(small);
  const inSight = async () => (await page.locator('.cover-window').boundingBox())!;
  const sizeInSight = async () => (await inSight()).width * (await inSight()).height;
  await expect.poll(sizeInSight).toBeGreaterThanOrEqual((small.width * small.height) / 2);
  for (const name of ['Cancel', 'Nothing identifying is visible on any of them', 'Cover 2 images']) {
    const button = page.getByRole('dialog').getByRole('button', { name, exact: true });
    await button.scrollIntoViewIfNeeded();
    const covers = async () =>
      (await inSight()).x + (await inSight()).width - (await button.boundingBox())!.x;
    await expect.poll(covers, `${name} covers the picture`).toBeLessThanOrEqual(0);
    await expect(button).toBeInViewport({ ratio: 1 });
  }
  const folder = process.env['RELAY_SCREENSHOTS'];
  if (folder) await page.screenshot({ path: join(folder, 'cover-small-window.png') });
  await page.setViewportSize(before);
  await untilAtRest(page);
}

walk(
  'a box drawn once covers native and RLE films; the PACS has them blank inside and as they were outside',
  async (stage) => {
    const { page } = stage;
    const films = filmsOf(stage, [{}, { coding: 'rle' }]);
    await openHeld(stage, films);
    await page.getByText(ASKS_TO_LOOK).first().waitFor();
    await openEditor(page);
    await drag(page, NAME_PLACE);
    await boxAt(page, 1).waitFor();
    await drag(page, { x: 200, y: 200, width: 60, height: 20 });
    // Limits the box that was drawn last to this frame.
    await page.locator('.segment', { hasText: 'This frame' }).click();
    await page.getByRole('button', { name: 'Next frame' }).click();
    await page.getByText('1 box on other frames').waitFor();
    await page.getByRole('button', { name: 'Previous frame' }).click();
    await page.getByLabel('Use the same boxes and decision for these 2 images of the series').check();
    await page.locator('.cover-light summary').click();
    await page.getByLabel('Brightness').selectOption('Dark parts');
    await page
      .getByText('A frame counts as shown only with the brightness “As stored” or “Full range”')
      .waitFor();
    await looksRight(page, 'cover');
    await fitsLaptop(page);
    await fillsSmallWindow(page);
    await page.getByRole('button', { name: 'Cover 2 images' }).click();
    await page.getByRole('heading', { name: 'This is what will be sent' }).waitFor();
    await looksRight(page, 'cover-tried');
    await expect(page.getByRole('button', { name: 'Release 2 images' })).toBeDisabled();
    await showAllFrames(page);
    await expect(page.getByLabel('Brightness')).toHaveValue('stored');
    await page.getByRole('button', { name: 'Release 2 images' }).click();
    await page.getByText('Covered by 2 boxes. It will be sent with the study').nth(1).waitFor();
    await looksRight(page, 'held-covered');
    await page.getByLabel('Search').fill('BurnedIn');
    await page.getByText('A person covered it on this device').waitFor();
    await sendHeld(page);
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    const stored = await inPacs(stage);
    assert.is(stored.length, 2);
    for (const [at, instance] of stored.entries()) {
      const boxes = claimedBoxes(instance.elements)!;
      assert.equal(
        boxes.map(({ frames }) => frames),
        [null, [2, 2]],
      );
      assert.ok(holdsName(boxes[0]!), JSON.stringify(boxes[0]));
      const faults = await faultsOf(await parsed(films[at]!), { bytes: films[at]!, instance, boxes });
      assert.equal(faults, []);
      assert.is(textOf(findElement(instance.elements, BURNED_IN_ANNOTATION), instance), 'NO');
    }
    const event = await findInTrail(stage, 'Covered parts of images of a study before sending · 2 images');
    await looksRight(page, 'cover-in-trail');
    await openTimelineOf(stage, event, 'Parts of 2 images covered before sending');
    await looksRight(page, 'cover-in-timeline');
    await choosesAgain(stage, films);
  },
);

walk(
  'one held film is covered in one step from its card, and the person is back at the card',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await chooseFilms(page, filmsOf(stage, [{}]));
    const held = page.locator('.card-held');
    await held.waitFor();
    await expect(page.getByText(ASKS_TO_LOOK), 'it is said once').toHaveCount(1);
    await expect(page.getByRole('link', { name: 'Decide', exact: true })).toHaveCount(0);
    await looksRight(page, 'card-held');
    await held.getByRole('link', { name: /^Look and cover/ }).click();
    await page.locator('.cover-image canvas').waitFor();
    await untilAtRest(page);
    await drag(page, NAME_PLACE);
    await boxAt(page, 1).waitFor();
    await coverAndRelease(page, '1 image');
    const card = page.locator('.card[data-going=sent]');
    await expect(card).toContainText('1 image covered');
    await expect(held).toHaveCount(0);
    const enlarge = card.getByRole('button', { name: /^Enlarge series 1 of / });
    const small = enlarge.locator('canvas');
    await expect.poll(() => small.evaluate(brightestIn, NAME_PLACE), 'the small picture').toBe(0);
    await enlarge.click();
    const picture = page.getByRole('dialog').locator('.film-window canvas');
    await expect.poll(() => picture.evaluate(brightestIn, NAME_PLACE), 'the large picture').toBe(0);
  },
);

/** Runs in the page: the brightest pixel inside this box of the film, 0 to 255; null: nothing is drawn. */
function brightestIn(canvas: HTMLElement | SVGElement, box: Omit<Box, 'frames'>) {
  const drawn = canvas as HTMLCanvasElement;
  if (drawn.width <= 1) return null;
  const scale = drawn.width / 320;
  const { data } = drawn
    .getContext('2d')!
    .getImageData(box.x * scale + 1, box.y * scale + 1, box.width * scale - 2, box.height * scale - 2);
  return data.reduce((most, value, at) => (at % 4 === 3 ? most : Math.max(most, value)), 0);
}

/** Before Send the page says that the PACS has them, and asks nothing about them. */
async function choosesAgain({ page }: Stage, films: readonly Uint8Array[]): Promise<void> {
  await page.getByRole('link', { name: 'Upload', exact: true }).click();
  await chooseFilms(page, films);
  await page.getByText(/^Already in the PACS: 2 images of this study, sent /).waitFor();
  await page.getByRole('link', { name: /^See what is removed/ }).click();
  const said = page.locator('.notice', {
    hasText: 'You already decided on this image, and it is in the PACS',
  });
  await said.waitFor();
  await expect(page.getByText('This image stays on this device.')).toHaveCount(0);
}

const holdsName = ({ x, y, width, height }: Box): boolean =>
  x <= NAME_PLACE.x &&
  y <= NAME_PLACE.y &&
  x + width >= NAME_PLACE.x + NAME_PLACE.width &&
  y + height >= NAME_PLACE.y + NAME_PLACE.height;

/** Each step shows one picture more. */
async function leaf(page: Page, step: string, counts: readonly string[]): Promise<void> {
  for (const shown of counts) {
    await page.getByRole('dialog').getByRole('button', { name: step }).click();
    await page.getByRole('dialog').getByText(`${shown} pictures shown`).first().waitFor();
  }
}

walk('pictures seen only under their boxes cannot be released without them', async (stage) => {
  const { page } = stage;
  const still = { frames: 1 } as const;
  await stage.enter();
  await openChosen(page, filmsOf(stage, [still, still, still, still]));
  await openEditor(page);
  await drag(page, NAME_PLACE);
  await boxAt(page, 1).waitFor();
  await page.getByLabel('Use the same boxes and decision for these 4 images of the series').check();
  await page.getByRole('button', { name: 'Cover 4 images' }).click();
  await page.getByRole('heading', { name: 'This is what will be sent' }).waitFor();
  const sheet = page.getByRole('dialog');
  await leaf(page, 'Next image', ['2 of 4', '3 of 4', 'All 4']);
  await expect(page.getByRole('button', { name: 'Release 4 images' })).toBeEnabled();
  await page.getByRole('button', { name: 'Back to the boxes' }).click();
  await page.getByRole('button', { name: 'Remove all' }).click();
  // The first was seen before it had a box, the last one is in sight now.
  await sheet.getByText('2 of 4 pictures shown').waitFor();
  await expect(
    page.getByRole('button', { name: 'Nothing identifying is visible on any of them' }),
  ).toBeDisabled();
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await sheet.getByText('All 4 pictures shown').first().waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await sheet.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Release all 2 shown' }).waitFor();
  await expect(page.getByRole('checkbox', { name: /I looked at this picture/ })).toHaveCount(2);
});

walk('pictures seen bare are released only once they were seen under their boxes', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await openChosen(page, filmsOf(stage, [{ frames: 1 }, { frames: 1 }, { frames: 1 }]));
  await openEditor(page);
  await page.getByLabel('Use the same boxes and decision for these 3 images of the series').check();
  await leaf(page, 'Next image', ['2 of 3', 'All 3']);
  await drag(page, NAME_PLACE);
  await page.getByRole('button', { name: 'Cover 3 images' }).click();
  await page.getByRole('heading', { name: 'This is what will be sent' }).waitFor();
  await page.getByRole('dialog').getByText('1 of 3 pictures shown').waitFor();
  await expect(page.getByRole('button', { name: 'Release 3 images' })).toBeDisabled();
  await leaf(page, 'Previous image', ['2 of 3', 'All 3']);
  await page.getByRole('button', { name: 'Release 3 images' }).click();
  await openEditor(page, 2);
  await page.getByLabel('Use the same boxes and decision for these 3 images of the series').check();
});

test.run();
