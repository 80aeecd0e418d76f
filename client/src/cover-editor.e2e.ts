// test:all: keys, wheel and phone, and refusals of boxes; cover.e2e.ts and deid/cover/ tests guard by day
/**
 * The editor of boxes over a name, in a real Chromium, by keyboard, wheel and on a phone; and what becomes of an image
 * that cannot be covered, is released without boxes, held back again, or sent under a policy that keeps names.
 */
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { claimedBoxes } from '#shared/dicom/boxes.ts';
import { seeRemoved } from '#testing/app-page.ts';
import { NAME_PLACE } from '#testing/burned-in-file.ts';
import { faultsOf } from '#testing/covered-file.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress, pressKey, pressOn } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import {
  chooseFilms,
  filmsOf,
  openHeld,
  openEditor,
  drag,
  boxAt,
  showAllFrames,
  coverAndRelease,
  sendHeld,
  inPacs,
  findInTrail,
  openTimelineOf,
} from './testing/cover-films.ts';
import { looksRight } from './testing/looks-right.ts';

const test = suite('the editor of boxes');
const walk = await walkScreens(test, { name: 'the editor of boxes', roles: ['admin'], open: openWorld });

walk('a policy that keeps names says that covered images are sent uncovered, before Send', async (stage) => {
  const { page } = stage;
  await openHeld(stage, filmsOf(stage, [{}, {}]));
  await openEditor(page);
  await drag(page, NAME_PLACE);
  await page.getByLabel('Use the same boxes and decision for these 2 images of the series').check();
  await coverAndRelease(page, '2 images');
  await page.locator('main').getByRole('link', { name: 'Upload' }).click();
  const said = page.getByText('2 covered images will be sent uncovered');
  const change = page.getByRole('button', { name: 'Change', exact: false }).and(page.locator('.policy'));
  await change.click();
  const keep = page.getByRole('radio', { name: /^Keep everything unchanged/ });
  await keep.waitFor();
  await expect(said).toHaveCount(0);
  await keep.check();
  await page.getByRole('dialog').getByText('2 covered images will be sent uncovered').waitFor();
  await page.getByRole('button', { name: 'Keep names' }).click();
  await page.locator('.send-bar').getByText('2 covered images will be sent uncovered').waitFor();
  await looksRight(page, 'cover-names-kept');
  await change.click();
  await page.getByRole('radio', { name: /^Remove names before sending/ }).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  await said.waitFor({ state: 'detached' });
});

walk('with the keyboard alone a box is added, moved, resized, removed and brought back', async (stage) => {
  const { page } = stage;
  await openHeld(stage, filmsOf(stage, [{}]));
  const pressButton = (name: string) => focusAndPress(page.getByRole('button', { name }), 'Enter');
  await pressButton('Cover the name on image 1');
  await page.locator('.cover-image canvas').waitFor();
  await pressButton('Add a box');
  await page.getByText(/^Box added: 80 by 30 pixels at 120, 105/).waitFor();
  const box = boxAt(page, 1);
  const picture = page.getByRole('application');
  await focusAndPress(picture, 'Tab');
  await expect(box, 'the next stop is the box').toBeFocused();
  const sayBox = async () => {
    const found = /^Box 1: (\d+) by (\d+) pixels at (\d+), (\d+), on all frames$/.exec(
      (await box.getAttribute('aria-label'))!,
    )!;
    const [width, height, x, y] = found.slice(1).map(Number);
    return { wider: width! > 80, lower: height! < 30, toTheLeft: x! < 120, up: y! < 105 };
  };
  await pressOn(box, 'ArrowUp', 'ArrowLeft');
  await expect.poll(sayBox).toEqual({ wider: false, lower: false, toTheLeft: true, up: true });
  await pressOn(box, 'Shift+ArrowRight', 'Shift+ArrowUp');
  await expect.poll(sayBox).toEqual({ wider: true, lower: true, toTheLeft: true, up: true });
  await pressOn(box, 'Delete');
  await box.waitFor({ state: 'detached' });
  await pressOn(picture, 'Control+z');
  await box.waitFor();
  await pressKey(page, 'Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  // A box that nobody has decided on stays drawn, also for a person who leaves the page.
  await page.locator('main').getByRole('link', { name: 'Upload' }).click();
  await seeRemoved(page);
  await openEditor(page);
  await box.waitFor();
  await pressButton('Cover 1 image');
  await showAllFrames(page);
  await pressButton('Release 1 image');
  await page.getByText('Covered by 1 box. It will be sent with the study').waitFor();
});

walk(
  'the editor holds an image back again once it was released, and offers that only then',
  async (stage) => {
    const { page } = stage;
    await openHeld(stage, filmsOf(stage, [{ frames: 1 }]));
    await page.getByRole('checkbox', { name: /^Image 1 of 1: I looked at this picture/ }).check();
    await page.getByText('Released. It will be sent with the study').waitFor();
    await openEditor(page);
    await page.getByRole('button', { name: 'Hold it back again' }).click();
    await page.getByRole('heading', { name: '1 image held back' }).waitFor();
    await openEditor(page);
    await page.getByRole('button', { name: 'Nothing identifying is visible' }).waitFor();
    await expect(page.getByRole('button', { name: /^Hold .* back again$/ })).toHaveCount(0);
  },
);

walk('on a phone the decision is in sight, whatever is drawn', async (stage) => {
  const { page } = stage;
  await page.setViewportSize({ width: 390, height: 844 });
  await openHeld(stage, filmsOf(stage, [{}]));
  await openEditor(page);
  const cover = page.getByRole('button', { name: 'Cover 1 image' });
  await expect.poll(() => isInSight(cover), 'before').toBe(true);
  await drag(page, NAME_PLACE);
  await boxAt(page, 1).waitFor();
  await expect.poll(() => isInSight(cover), 'after').toBe(true);
  await coverAndRelease(page, '1 image');
});

/** At its place, nothing lies over it. */
const isInSight = (button: Locator): Promise<boolean> =>
  button.evaluate((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height / 2) === element;
  });

walk(
  'the picture zooms and moves under wheel, buttons and keys, and a box drawn close up lies where it was drawn',
  async (stage) => {
    const { page } = stage;
    await openHeld(stage, filmsOf(stage, [{}]));
    await openEditor(page);
    const image = page.locator('.cover-image');
    const whole = (await image.boundingBox())!;
    // The name is still in sight then.
    await page.mouse.move(whole.x + 2, whole.y + 2);
    await page.mouse.wheel(0, -400);
    await page.waitForFunction(
      (width) => document.querySelector('.cover-image')!.getBoundingClientRect().width > width * 1.9,
      whole.width,
    );
    await drag(page, NAME_PLACE);
    const { x, y, width, height } = NAME_PLACE;
    const label = new RegExp(`${width} by ${height} pixels at ${x}, ${y}`);
    await expect(boxAt(page, 1)).toHaveAttribute('aria-label', label);
    await page.getByRole('button', { name: 'Fit' }).click();
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await focusAndPress(page.getByRole('application'), 'ArrowRight', '+', '0');
    await expect.poll(() => image.boundingBox()).toEqual(whole);
    await expect(boxAt(page, 1), 'the box stays where it is in the image').toHaveAttribute(
      'aria-label',
      label,
    );
  },
);

walk(
  'images that cannot be covered, or have another size, stay held back, and the sheet says so',
  async (stage) => {
    const { page } = stage;
    await openHeld(stage, filmsOf(stage, [{}, { coding: 'rle', isDamaged: true }, { rows: 200 }]));
    await openEditor(page);
    await drag(page, NAME_PLACE);
    await page.getByLabel('Use the same boxes and decision for these 3 images of the series').check();
    await page.getByRole('button', { name: 'Cover 3 images' }).click();
    await page.getByText('1 image can’t be covered on this device').waitFor();
    await page.getByText('1 image with a different size').waitFor();
    await looksRight(page, 'cover-refused');
    await showAllFrames(page);
    await page.getByRole('button', { name: 'Release 1 image' }).click();
    await page.getByText('Covered by 1 box. It will be sent with the study').waitFor();
    await page.getByRole('heading', { name: '2 images held back' }).waitFor();
  },
);

/** The PACS has its first version: the page says what to do about a name in it, and offers no other one. */
async function offersNoOtherVersion(page: Page, films: readonly Uint8Array[]): Promise<void> {
  await page.getByRole('link', { name: 'Upload' }).first().click();
  await chooseFilms(page, films);
  await page.getByText(/^Already in the PACS: 1 image of this study, sent /).waitFor();
  await page.getByRole('link', { name: /^See what is removed/ }).click();
  await page.locator('.held-instance').getByText('does not accept another one', { exact: false }).waitFor();
  await looksRight(page, 'cover-not-stored');
  await expect(page.getByRole('button', { name: /^(Cover the name|Change the boxes)/ })).toHaveCount(0);
  await expect(page.locator('.held-instance').getByRole('checkbox')).toHaveCount(0);
}

walk(
  'an image released without boxes arrives as it was; the same original with boxes later is not offered, and a person is told why',
  async (stage) => {
    const { page } = stage;
    const films = filmsOf(stage, [{}]);
    await openHeld(stage, films);
    await openEditor(page);
    await drag(page, NAME_PLACE);
    await expect(page.getByRole('button', { name: 'Nothing identifying is visible' })).toBeDisabled();
    await page.getByRole('button', { name: 'Remove all' }).click();
    await expect(page.getByRole('button', { name: 'Nothing identifying is visible' })).toBeDisabled();
    await showAllFrames(page);
    await page.getByRole('button', { name: 'Nothing identifying is visible' }).click();
    await page.getByText('Released. It will be sent with the study').waitFor();
    await sendHeld(page);
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    await offersNoOtherVersion(page, films);
    const [instance, ...others] = await inPacs(stage);
    assert.equal([others.length, claimedBoxes(instance!.elements)], [0, []]);
    const sent = { bytes: films[0]!, instance: instance!, boxes: [] };
    assert.equal(await faultsOf(await parsed(films[0]!), sent), []);
    const trail = 'Released images of a study as showing no names · 1 image';
    const event = await findInTrail(stage, trail);
    await looksRight(page, 'release-in-trail');
    await openTimelineOf(stage, event, '1 image released: it shows no names');
    await looksRight(page, 'release-in-timeline');
  },
);

test.run();
