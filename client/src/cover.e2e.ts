/**
 * Cover the name, in a real Chromium: boxes drawn on films with a name burned in, by mouse and by keyboard, and
 * what a real PACS holds afterwards. RELAY_SCREENSHOTS names the folder for pictures of every state.
 */
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { claimedBoxes, type Box } from '#shared/dicom/boxes.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import { choose, lookAtHeld, onDisk, pressSend, studiesSentBy } from '#testing/app-page.ts';
import { filesOfStudy } from '#testing/ask-orthanc.ts';
import { burnedInFile, NAME_PLACE, type BurnedIn } from '#testing/burned-in-file.ts';
import { faultsOf } from '#testing/covered-file.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { expect } from '#testing/expect.ts';
import { pressKey, pressOn } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from './testing/looks-right.ts';

const test = suite('cover the name');
const walk = await walkScreens(test, { name: 'cover the name', roles: ['admin'], open: openWorld });

const FILM = { rows: 240, columns: 320, frames: 3 } as const;
const BURNED_IN_ANNOTATION = 0x00280301;

type Film = Partial<Omit<BurnedIn, 'seed' | 'number'>>;

const filmsOf = ({ seed }: Stage, films: readonly Film[]): Uint8Array[] =>
  films.map((film, at) =>
    burnedInFile({ ...FILM, coding: 'native', ...film, seed: seed(0), number: at + 1 }),
  );

/** Signs in, chooses the films and opens what is held back of them. */
async function openHeld(stage: Stage, films: readonly Uint8Array[]): Promise<void> {
  await stage.enter();
  await chooseHeld(stage.page, films);
}

async function chooseHeld(page: Page, films: readonly Uint8Array[]): Promise<void> {
  await openChosen(page, films);
  await lookAtHeld(page, films.length);
}

/** Nothing held was enlarged yet. */
async function openChosen(page: Page, films: readonly Uint8Array[]): Promise<void> {
  await choose(
    page,
    films.map((bytes, at) => onDisk(`film-${at}.dcm`, bytes)),
  );
  await page.getByRole('link', { name: /^See what is removed/ }).click();
  const drawn = page.locator('.held-instance button.look-box canvas');
  await drawn.nth(films.length - 1).waitFor();
}

async function openEditor(page: Page, at = 1): Promise<void> {
  const name = new RegExp(`^(Cover the name|Change the boxes) on instance ${at}$`);
  await page.getByRole('button', { name }).click();
  await page.locator('.cover-image canvas').waitFor();
  await untilAtRest(page);
}

/** Drags the mouse from one pixel of the image to another; both are inside the box. */
async function drag(page: Page, { x, y, width, height }: Omit<Box, 'frames'>): Promise<void> {
  const image = (await page.locator('.cover-image').boundingBox())!;
  const scale = image.width / FILM.columns;
  await page.mouse.move(image.x + (x + 0.5) * scale, image.y + (y + 0.5) * scale);
  await page.mouse.down();
  await page.mouse.move(image.x + (x + width - 0.5) * scale, image.y + (y + height - 0.5) * scale, {
    steps: 4,
  });
  await page.mouse.up();
}

const boxAt = (page: Page, at: number) => page.getByRole('button', { name: new RegExp(`^Box ${at}: `) });

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
  for (const name of ['Cancel', 'Nothing identifying on any of them', 'Cover 2 images']) {
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

/** A film can be released once each frame was on the screen. */
async function showAllFrames(page: Page): Promise<void> {
  const show = page.getByRole('dialog').getByRole('button', { name: /^Show (all|the other)/ });
  await show.focus();
  await pressOn(show, 'Enter');
  await page
    .getByRole('dialog')
    .getByText(/^All \d+ frames shown$/)
    .first()
    .waitFor();
}

/** Covers what is drawn, looks at the preview and releases it. */
async function coverAndRelease(page: Page, images: string): Promise<void> {
  await page.getByRole('button', { name: `Cover ${images}` }).click();
  await page.getByRole('heading', { name: 'This is what is sent' }).waitFor();
  await expect(page.getByRole('button', { name: `Release ${images}` })).toBeDisabled();
  await showAllFrames(page);
  await page.getByRole('button', { name: `Release ${images}` }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

const ASKS_TO_LOOK = /is marked as showing a name|may show the patient’s name/;

/** Nothing asks to look at a picture any longer once a person has covered it. */
async function sendHeld(page: Page): Promise<void> {
  await page.locator('.held-instance[data-released=true]').first().waitFor();
  await expect(page.getByText(ASKS_TO_LOOK), 'before and after').toHaveCount(0);
  await page.locator('main').getByRole('link', { name: 'Upload' }).click();
  await page.locator('.card').first().waitFor();
  await expect(page.getByText(ASKS_TO_LOOK), 'the card').toHaveCount(0);
  await pressSend(page);
}

/** The instances of the study that this account has sent, by their Instance Number. */
async function inPacs(stage: Stage) {
  const [study] = await studiesSentBy(stage, stage.account.username);
  const found = await Promise.all((await filesOfStudy(stage.orthanc, study!)).map(parsed));
  const numberOf = (each: (typeof found)[number]) =>
    textOf(findElement(each.elements, 0x00200013), each) ?? '';
  return found.sort((a, b) => numberOf(a).localeCompare(numberOf(b)));
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
    // Of the box that was drawn last.
    await page.locator('.segment', { hasText: 'This frame' }).click();
    await page.getByRole('button', { name: 'Next frame' }).click();
    await page.getByText('1 box on other frames').waitFor();
    await page.getByRole('button', { name: 'Previous frame' }).click();
    await page.getByLabel('Decide for these 2 images of the series together').check();
    await page.locator('.cover-light summary').click();
    await page.getByLabel('Brightness').selectOption('Dark parts');
    await page.getByText('A frame counts as shown in the brightness as stored').waitFor();
    await looksRight(page, 'cover');
    await fitsLaptop(page);
    await fillsSmallWindow(page);
    await page.getByRole('button', { name: 'Cover 2 images' }).click();
    await page.getByRole('heading', { name: 'This is what is sent' }).waitFor();
    await looksRight(page, 'cover-tried');
    await expect(page.getByRole('button', { name: 'Release 2 images' })).toBeDisabled();
    await showAllFrames(page);
    await expect(page.getByLabel('Brightness')).toHaveValue('stored');
    await page.getByRole('button', { name: 'Release 2 images' }).click();
    await page.getByText('Covered by 2 boxes: it is sent with the study').nth(1).waitFor();
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
    await untilRecorded(stage, {
      trail: 'Covered parts of images of a study before sending · 2 images',
      timeline: '2 images covered in part before sending',
    });
    await choosesAgain(stage, films);
  },
);

/** Before Send the page says that the PACS has them, and asks nothing about them. */
async function choosesAgain({ page }: Stage, films: readonly Uint8Array[]): Promise<void> {
  await page.getByRole('link', { name: 'Upload', exact: true }).click();
  await choose(
    page,
    films.map((bytes, at) => onDisk(`film-${at}.dcm`, bytes)),
  );
  await page.getByText(/^Already in the PACS: 2 instances of this study, sent /).waitFor();
  await page.getByRole('link', { name: /^See what is removed/ }).click();
  const said = page.locator('.notice', { hasText: 'You decided about it before: the PACS has it' });
  await said.waitFor();
  await expect(page.getByText('This instance does not leave this device.')).toHaveCount(0);
}

/** In the audit trail and in the timeline of the study, with the person who decided. */
async function untilRecorded(
  { page, address, account: { username } }: Stage,
  said: { readonly trail: string; readonly timeline: string },
): Promise<void> {
  await page.goto(`${address}/#/audit?kind=studies`);
  const event = page.locator('.audit-event', { hasText: said.trail }).filter({ hasText: username });
  await event.scrollIntoViewIfNeeded();
  await looksRight(page, 'cover-in-trail');
  await event.getByRole('link', { name: /^Study …/ }).click();
  await page.getByText(said.timeline).getByText(`by ${username}`).waitFor();
  await looksRight(page, 'cover-in-timeline');
}

const holdsName = ({ x, y, width, height }: Box): boolean =>
  x <= NAME_PLACE.x &&
  y <= NAME_PLACE.y &&
  x + width >= NAME_PLACE.x + NAME_PLACE.width &&
  y + height >= NAME_PLACE.y + NAME_PLACE.height;

walk('a policy that keeps names says that covered images are sent uncovered, before Send', async (stage) => {
  const { page } = stage;
  await openHeld(stage, filmsOf(stage, [{}, {}]));
  await openEditor(page);
  await drag(page, NAME_PLACE);
  await page.getByLabel('Decide for these 2 images of the series together').check();
  await coverAndRelease(page, '2 images');
  await page.locator('main').getByRole('link', { name: 'Upload' }).click();
  const said = page.getByText('2 covered images are sent uncovered');
  const change = page.getByRole('button', { name: 'Change', exact: false }).and(page.locator('.policy'));
  await change.click();
  const keep = page.getByRole('radio', { name: /^Keep everything unchanged/ });
  await keep.waitFor();
  await expect(said).toHaveCount(0);
  await keep.check();
  await page.getByRole('dialog').getByText('2 covered images are sent uncovered').waitFor();
  await page.getByRole('button', { name: 'Keep names' }).click();
  await page.locator('.send-bar').getByText('2 covered images are sent uncovered').waitFor();
  await looksRight(page, 'cover-names-kept');
  await change.click();
  await page.getByRole('radio', { name: /^Remove names on this device/ }).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  await said.waitFor({ state: 'detached' });
});

walk('with the keyboard alone a box is added, moved, resized, removed and brought back', async (stage) => {
  const { page } = stage;
  await openHeld(stage, filmsOf(stage, [{}]));
  const pressButton = async (name: string) => {
    await page.getByRole('button', { name }).focus();
    await pressOn(page.getByRole('button', { name }), 'Enter');
  };
  await pressButton('Cover the name on instance 1');
  await page.locator('.cover-image canvas').waitFor();
  await pressButton('Add a box');
  await page.getByText(/^Box added: 80 by 30 pixels at 120, 105/).waitFor();
  const box = boxAt(page, 1);
  const picture = page.getByRole('application');
  await picture.focus();
  await pressOn(picture, 'Tab');
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
  await openEditor(page);
  await box.waitFor();
  await pressButton('Cover 1 image');
  await showAllFrames(page);
  await pressButton('Release 1 image');
  await page.getByText('Covered by 1 box: it is sent with the study').waitFor();
});

walk(
  'the editor holds an image back again once it was released, and offers that only then',
  async (stage) => {
    const { page } = stage;
    await openHeld(stage, filmsOf(stage, [{ frames: 1 }]));
    await page.getByRole('checkbox', { name: /^Instance 1 of 1: I looked at this picture/ }).check();
    await page.getByText('Released: it is sent with the study').waitFor();
    await openEditor(page);
    await page.getByRole('button', { name: 'Hold it back again' }).click();
    await page.getByRole('heading', { name: '1 instance held back' }).waitFor();
    await openEditor(page);
    await page.getByRole('button', { name: 'Nothing identifying is visible' }).waitFor();
    await expect(page.getByRole('button', { name: /^Hold .* back again$/ })).toHaveCount(0);
  },
);

/** Each step shows one picture more. */
async function leaf(page: Page, step: string, counts: readonly string[]): Promise<void> {
  for (const shown of counts) {
    await page.getByRole('button', { name: step }).click();
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
  await page.getByLabel('Decide for these 4 images of the series together').check();
  await page.getByRole('button', { name: 'Cover 4 images' }).click();
  await page.getByRole('heading', { name: 'This is what is sent' }).waitFor();
  const sheet = page.getByRole('dialog');
  await leaf(page, 'Next image', ['2 of 4', '3 of 4', 'All 4']);
  await expect(page.getByRole('button', { name: 'Release 4 images' })).toBeEnabled();
  await page.getByRole('button', { name: 'Back to the boxes' }).click();
  await page.getByRole('button', { name: 'Remove all' }).click();
  // The first was seen before it had a box, the last one is in sight now.
  await sheet.getByText('2 of 4 pictures shown').waitFor();
  await expect(page.getByRole('button', { name: 'Nothing identifying on any of them' })).toBeDisabled();
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
  await page.getByLabel('Decide for these 3 images of the series together').check();
  await leaf(page, 'Next image', ['2 of 3', 'All 3']);
  await drag(page, NAME_PLACE);
  await page.getByRole('button', { name: 'Cover 3 images' }).click();
  await page.getByRole('heading', { name: 'This is what is sent' }).waitFor();
  await page.getByRole('dialog').getByText('1 of 3 pictures shown').waitFor();
  await expect(page.getByRole('button', { name: 'Release 3 images' })).toBeDisabled();
  await leaf(page, 'Previous image', ['2 of 3', 'All 3']);
  await page.getByRole('button', { name: 'Release 3 images' }).click();
  await openEditor(page, 2);
  await page.getByLabel('Decide for these 3 images of the series together').check();
});

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
    await page.getByRole('application').focus();
    await pressOn(page.getByRole('application'), 'ArrowRight', '+', '0');
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
    await page.getByLabel('Decide for these 3 images of the series together').check();
    await page.getByRole('button', { name: 'Cover 3 images' }).click();
    await page.getByText('1 image can’t be covered on this device').waitFor();
    await page.getByText('1 image of another size').waitFor();
    await looksRight(page, 'cover-refused');
    await showAllFrames(page);
    await page.getByRole('button', { name: 'Release 1 image' }).click();
    await page.getByText('Covered by 1 box: it is sent with the study').waitFor();
    await page.getByRole('heading', { name: '2 instances held back' }).waitFor();
  },
);

/** The PACS has its first version: the page says what to do about a name in it, and offers no other one. */
async function offersNoOtherVersion(page: Page, films: readonly Uint8Array[]): Promise<void> {
  await page.getByRole('link', { name: 'Upload' }).first().click();
  await choose(
    page,
    films.map((bytes, at) => onDisk(`film-${at}.dcm`, bytes)),
  );
  await page.getByText(/^Already in the PACS: 1 instance of this study, sent /).waitFor();
  await page.getByRole('link', { name: /^See what is removed/ }).click();
  await page.locator('.held-instance').getByText('stores no other version', { exact: false }).waitFor();
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
    await page.getByText('Released: it is sent with the study').waitFor();
    await sendHeld(page);
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    await offersNoOtherVersion(page, films);
    const [instance, ...others] = await inPacs(stage);
    assert.equal([others.length, claimedBoxes(instance!.elements)], [0, []]);
    const sent = { bytes: films[0]!, instance: instance!, boxes: [] };
    assert.equal(await faultsOf(await parsed(films[0]!), sent), []);
    await untilRecorded(stage, {
      trail: 'Released images of a study: nothing in them names anybody · 1 image',
      timeline: '1 image released: nothing in it names anybody',
    });
  },
);

test.run();
