// test:all: searching, covering and every frame of a cine take a minute; before-after.e2e.ts guards by day
/**
 * Comparing and releasing on the before-and-after page, in a real Chromium: its search and series, pictures that are
 * covered, left out, released and held back again, a cine that is released only once every frame was seen, and what
 * stands after a reload. RELAY_SCREENSHOTS names the folder for pictures of every state.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  choose,
  chooseFromDisk,
  filesOf,
  lookAtHeld,
  seeRemoved,
  untilDecisionsKept,
} from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress, pressKey, pressOn } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { burnedIn, group, heading, openHeldBack, releaseTwo } from './testing/held-back.ts';
import { looksRight } from './testing/looks-right.ts';

const test = suite('comparing and releasing');
const walk = await walkScreens(test, {
  name: 'comparing and releasing',
  roles: ['admin'],
  open: openWorld,
  isOneVisit: true,
});

/** Signs in, chooses a CT, and opens its before-and-after page. */
async function openComparison(stage: Stage): Promise<void> {
  const { page } = stage;
  await stage.enter();
  await choose(page, filesOf({ seed: stage.seed(0) }));
  await page.getByRole('link', { name: /^See what is removed/ }).click();
  await heading(page).waitFor();
  await group(page, 'Identity').waitFor();
}

walk('sequences open, groups fold, and the search finds keywords, tags and values', async (stage) => {
  const { page } = stage;
  await openComparison(stage);
  const search = page.getByLabel('Search');
  await search.fill('RequestAttributesSequence');
  const inside = page.locator('.change', { hasText: 'ScheduledProcedureStepDescription' });
  await inside.waitFor();
  await page.getByRole('button', { name: 'Close RequestAttributesSequence' }).click();
  await inside.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Open RequestAttributesSequence' }).click();
  await inside.waitFor();
  await search.fill('');
  const name = page.locator('.change', { hasText: 'PatientName' });
  await name.first().waitFor();
  await group(page, 'Identity').click();
  await name.first().waitFor({ state: 'detached' });
  await group(page, 'Identity').click();
  await search.fill('(0010,0010)');
  await page.getByText('1 element shown').waitFor();
  await search.fill('qzcodemeaning');
  await page.locator('.change', { hasText: 'CodeMeaning' }).waitFor();
  await looksRight(page, 'before-after-search');
  await search.fill('nothing is called so');
  await page.getByText('No element matches.').waitFor();
  await looksRight(page, 'before-after-nothing');
  await page.getByRole('button', { name: 'Show all' }).click();
  await group(page, 'Identity').waitFor();
  await page.locator('.segment', { hasText: 'Kept' }).click();
  await group(page, 'Identity').waitFor({ state: 'detached' });
  await page.locator('.change', { hasText: 'ImageType' }).waitFor();
  await looksRight(page, 'before-after-kept');
});

walk('the next instance and another series are compared in its place', async (stage) => {
  const { page } = stage;
  await openComparison(stage);
  await page.locator('.segment', { hasText: 'All' }).click();
  await page.getByLabel('Search').fill('SeriesNumber');
  await page.getByRole('button', { name: 'Next image' }).click();
  await page.getByText('Image 2 of 6').waitFor();
  await expect(page.getByRole('button', { name: 'Previous image' })).toBeEnabled();
  await page.getByLabel('Series').selectOption({ index: 1 });
  await page.getByText('Image 1 of 6').waitFor();
  await page
    .locator('.change', { hasText: 'SeriesNumber' })
    .locator('.change-value')
    .first()
    .getByText('2', { exact: true })
    .waitFor();
});

walk(
  'after leaving the screen no value remains on the page, and the study is where it was',
  async (stage) => {
    const { page } = stage;
    await openComparison(stage);
    await page.locator('main').getByRole('link', { name: 'Upload' }).click();
    await page.locator('.change').first().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Send 1 study' }).waitFor();
    await expect.poll(() => page.content()).not.toMatch(/QzAcc|QzComment|QzPrivate/);
  },
);

walk(
  'under the policy that keeps names the screen says that nothing is changed',
  async ({ page, enter, seed }) => {
    await enter();
    await choose(page, filesOf({ seed: seed(0) }));
    await page.getByRole('button', { name: /Change$/ }).click();
    await page.getByText('Keep everything unchanged').click();
    await page.getByRole('button', { name: 'Keep names' }).click();
    await page.getByRole('link', { name: /^See what is sent/ }).click();
    await page.getByText('Nothing is changed', { exact: true }).waitFor();
    await group(page, 'Kept').waitFor();
    await expect(page.locator('.change-fold'), 'there is no other group').toHaveCount(1);
    await looksRight(page, 'before-after-identified');
  },
);

walk('a name that is seen while going through all pictures is covered from there', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await choose(page, burnedIn(stage));
  await seeRemoved(page);
  await page.getByRole('button', { name: 'Look at all 3 pictures' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: /^Cover the name on image/ }).click();
  await page.locator('.cover-image canvas').waitFor();
  await dialog.getByRole('button', { name: 'Add a box' }).click();
  await dialog.getByRole('button', { name: 'Cover 1 image' }).click();
  // Back among the pictures, at this one.
  await dialog.getByRole('button', { name: /^Change the boxes on image/ }).waitFor();
  await expect(dialog.getByRole('checkbox', { name: /I covered everything in this picture/ })).toBeChecked();
  await pressKey(page, 'Escape');
  await dialog.waitFor({ state: 'detached' });
});

walk(
  'the tick of a picture that nobody opened says why, and its sentence opens that picture',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await choose(page, burnedIn(stage));
    await seeRemoved(page);
    const open =
      'Image 2 of 3: Open the picture and check it for a name. Then you can confirm that it shows none.';
    await page.getByRole('button', { name: open }).click();
    const dialog = page.getByRole('dialog', { name: 'Picture of image 2' });
    // Closed sooner, nobody has seen it.
    await dialog.locator('.tick:enabled').waitFor();
    await pressKey(page, 'Escape');
    const tick = page.getByRole('checkbox', { name: /^Image 2 of 3: I looked at this picture/ });
    await tick.check();
    await page.getByRole('heading', { name: '2 images held back' }).waitFor();
    await expect(page.locator('.held-instance[data-released=true]')).toHaveCount(1);
  },
);

walk('a release covers one instance or all shown ones, and can be taken back', async (stage) => {
  const { page } = stage;
  await openHeldBack(stage);
  await page.getByLabel(/^Image 1 of 3: I looked at this picture/).check();
  await page.getByRole('heading', { name: '2 images held back' }).waitFor();
  await page.getByLabel('Search').fill('BurnedIn');
  await page.locator('.change', { hasText: 'BurnedInAnnotation' }).waitFor();
  await expect(page.locator('.change', { hasText: 'BurnedInAnnotation' })).toHaveText(
    /YES[\s\S]*NO[\s\S]*A person looked at it/,
    { useInnerText: true },
  );
  await page.getByLabel(/^Image 1 of 3: I looked at this picture/).uncheck();
  await page.getByText('This image stays on this device.').waitFor();
  await page.getByRole('button', { name: 'Release all 3 shown' }).click();
  await looksRight(page, 'release-all');
  await page.getByRole('button', { name: 'I looked at all of them. Release' }).click();
  await page.getByRole('button', { name: 'Hold back all 3 again' }).click();
  await page.getByRole('heading', { name: '3 images held back' }).waitFor();
  await releaseTwo(page);
  await looksRight(page, 'held-back-released');
});

walk(
  'a study that is held back as a whole can be left out, image by image and with the last one',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await choose(page, burnedIn(stage, { series: 1, burnedInSeries: 1, instancesPerSeries: 2 }));
    await page.getByRole('link', { name: /^Look at the pictures/ }).click();
    await page.getByRole('heading', { name: '2 images held back' }).waitFor();
    await page.getByRole('button', { name: 'Leave out on image 1' }).click();
    await page.getByRole('heading', { name: '1 image held back' }).waitFor();
    await expect(page.getByRole('button', { name: 'Leave out on image 2' })).toHaveCount(0);
    await page.getByRole('button', { name: 'Decide first: nothing can be sent yet' }).waitFor();
    await looksRight(page, 'held-back-whole');
    await page.getByRole('button', { name: 'Leave this study out' }).click();
    await page.getByRole('button', { name: 'Choose a study to send' }).waitFor();
    await page.getByText('Not sent', { exact: true }).waitFor();
  },
);

walk('decisions about held images stand after a reload once the same files are chosen', async (stage) => {
  const { page } = stage;
  await openHeldBack(stage);
  await releaseTwo(page);
  await page.getByRole('button', { name: /^Leave out on image/ }).click();
  await page.getByRole('heading', { name: 'No images are held back any more' }).waitFor();
  await untilDecisionsKept(page, 3);
  await page.reload();
  await page.getByRole('link', { name: 'Upload' }).first().click();
  await choose(page, burnedIn(stage));
  await page.getByRole('button', { name: 'Send 1 study' }).filter({ hasText: '5 images' }).waitFor();
  await page.getByText('You left out 1 image of this study', { exact: false }).waitFor();
  await page.getByRole('link', { name: /^See what is removed/ }).click();
  await page.getByRole('heading', { name: 'No images are held back any more' }).waitFor();
  await expect(page.locator('.held-instance[data-released=true]')).toHaveCount(2);
});

walk('an unreadable file says what to do', async ({ page, folder, enter, seed }) => {
  await enter();
  const paths = await Promise.all(
    filesOf({ seed: seed(0), series: 1, instancesPerSeries: 3 }).map(async ({ name, buffer }) => {
      await writeFile(join(folder, name), buffer);
      return join(folder, name);
    }),
  );
  await chooseFromDisk(page, paths);
  await page.getByRole('link', { name: /^See what is removed/ }).click();
  await group(page, 'Identity').waitFor();
  await rm(paths[1]!);
  await page.getByRole('button', { name: 'Next image' }).click();
  await page.getByText('The device could not read the file.').waitFor();
  await page.getByText('Reinsert the disc or drive, then choose the file again.').waitFor();
  await looksRight(page, 'before-after-unreadable');
});

walk(
  'a study that is no longer chosen is reported as gone, with a link back',
  async ({ page, enter, seed }) => {
    await enter();
    await choose(page, filesOf({ seed: seed(0) }));
    await page.evaluate(() => {
      location.hash = '#/before-after/0f8b-1';
    });
    await page.getByRole('heading', { name: 'This study is no longer selected.' }).waitFor();
    await looksRight(page, 'before-after-missing');
    await page.getByRole('link', { name: 'Choose a study' }).click();
    await page.getByRole('heading', { name: '1 study found' }).waitFor();
  },
);

walk(
  'with the keyboard alone a person sees every frame of a cine, and only then can release it',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await choose(page, burnedIn(stage, { frames: 4 }));
    await focusAndPress(page.locator('.card-details > summary'), 'Enter');
    const opens = page.getByRole('link', { name: /^See what is removed/ });
    await focusAndPress(opens, 'Enter');
    await heading(page).waitFor();
    await lookAtHeld(page, 3);
    await looksRight(page, 'held-cine');
    const held = page.locator('.held');
    await expect(held.getByText('1 of 4 frames shown')).toHaveCount(3);
    await expect(held.locator('.tick'), 'nothing can be stated').toHaveCount(0);
    await expect(page.getByRole('button', { name: /^Release/ })).toHaveCount(0);
    const frame = held.getByRole('slider').first();
    await focusAndPress(frame, 'ArrowRight');
    await held.getByText('Frame 4 of 4').waitFor();
    await expect(held.getByText('1 of 4 frames shown'), 'a small frame does not count').toHaveCount(3);
    await pressOn(frame, 'Tab');
    const shows = page.getByRole('button', { name: 'Image 1 of 3: Show all frames' });
    await expect(shows).toBeFocused();
    await expect(shows).toHaveCSS('outline-style', 'solid');
    await pressOn(shows, 'Enter');
    const dialog = page.getByRole('dialog');
    // An inspected page asks for less motion: nothing plays before a second press.
    await pressOn(dialog.getByText('Show the other 2 frames', { exact: true }), 'Enter');
    await dialog.getByText('All 4 frames shown').first().waitFor();
    await looksRight(page, 'held-shown');
    // The watch begins before the key is pressed: a dialog that is gone already changes nothing that it could see.
    const closing = await page.evaluateHandle(watchFocusOnceClosed);
    await pressKey(page, 'Escape');
    const focused = await closing.evaluate((watched) => watched.focused);
    assert.match(focused, /\btick\b/, 'no key is missed between the picture and its decision');
    const tick = page.getByLabel('Image 1 of 3: I looked at all 4 frames; nothing in them names a person', {
      exact: true,
    });
    await expect(tick).toBeFocused();
    await expect(tick).toHaveCSS('outline-style', 'solid');
    await pressOn(tick, 'Space');
    await page.getByRole('heading', { name: '2 images held back' }).waitFor();
  },
);

/** Runs in the page: where the focus is in the moment in which the dialog is gone. */
const watchFocusOnceClosed = () => ({
  focused: new Promise<string>((resolve) => {
    const observer = new MutationObserver(() => {
      if (document.querySelector('dialog')) return;
      observer.disconnect();
      resolve(document.activeElement!.className);
    });
    observer.observe(document.body, { childList: true, subtree: true });
  }),
});

// Last: it sends, and an account is shared by all walks.
walk('before and after sums up the study and has its own Send', async (stage) => {
  const { page } = stage;
  await openComparison(stage);
  const head = page.locator('.study-head');
  await expect(head).toHaveText(/\d{4}.*CT/);
  await page
    .getByRole('button', { name: 'Send 1 study' })
    .filter({ hasText: /images/ })
    .click();
  await page.locator('[data-part]').first().waitFor();
});

test.run();
