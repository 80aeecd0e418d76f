/** Films with a name burned in, held back before and after, in the hands of a person who covers the name. */
import type { Locator, Page } from 'playwright-core';
import type { Box } from '#shared/dicom/boxes.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import { choose, lookAtHeld, onDisk, pressSend, seeRemoved, studiesSentBy } from '#testing/app-page.ts';
import { filesOfStudy } from '#testing/ask-orthanc.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { burnedInFile, type BurnedIn } from '#testing/burned-in-file.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress } from '#testing/press.ts';
import type { Stage } from '#testing/screen-walk.ts';

const FILM = { rows: 240, columns: 320, frames: 3 } as const;
type Film = Partial<Omit<BurnedIn, 'seed' | 'number'>>;

export const filmsOf = ({ seed }: Stage, films: readonly Film[]): Uint8Array[] =>
  films.map((film, at) =>
    burnedInFile({ ...FILM, coding: 'native', ...film, seed: seed(0), number: at + 1 }),
  );

/** Signs in, chooses the films and opens what is held back of them. */
export async function openHeld(stage: Stage, films: readonly Uint8Array[]): Promise<void> {
  await stage.enter();
  await chooseHeld(stage.page, films);
}

async function chooseHeld(page: Page, films: readonly Uint8Array[]): Promise<void> {
  await openChosen(page, films);
  await lookAtHeld(page, films.length);
}

export const chooseFilms = (page: Page, films: readonly Uint8Array[]): Promise<void> =>
  choose(
    page,
    films.map((bytes, at) => onDisk(`film-${at}.dcm`, bytes)),
  );

/** Nothing held was enlarged yet. */
export async function openChosen(page: Page, films: readonly Uint8Array[]): Promise<void> {
  await chooseFilms(page, films);
  await seeRemoved(page);
  const drawn = page.locator('.held-instance button.look-box canvas');
  await drawn.nth(films.length - 1).waitFor();
}

export async function openEditor(page: Page, at = 1): Promise<void> {
  const name = new RegExp(`^(Cover the name|Change the boxes) on image ${at}$`);
  await page.getByRole('button', { name }).click();
  await page.locator('.cover-image canvas').waitFor();
  await untilAtRest(page);
}

/** Drags the mouse from one pixel of the image to another; both are inside the box. */
export async function drag(page: Page, { x, y, width, height }: Omit<Box, 'frames'>): Promise<void> {
  const image = (await page.locator('.cover-image').boundingBox())!;
  const scale = image.width / FILM.columns;
  await page.mouse.move(image.x + (x + 0.5) * scale, image.y + (y + 0.5) * scale);
  await page.mouse.down();
  await page.mouse.move(image.x + (x + width - 0.5) * scale, image.y + (y + height - 0.5) * scale, {
    steps: 4,
  });
  await page.mouse.up();
}

export const boxAt = (page: Page, at: number) =>
  page.getByRole('button', { name: new RegExp(`^Box ${at}: `) });

/** A film can be released once each frame was on the screen. */
export async function showAllFrames(page: Page): Promise<void> {
  const show = page.getByRole('dialog').getByRole('button', { name: /^Show (all|the other)/ });
  await focusAndPress(show, 'Enter');
  await page
    .getByRole('dialog')
    .getByText(/^All \d+ frames shown$/)
    .first()
    .waitFor();
}

/** Covers what is drawn, looks at the preview and releases it. */
export async function coverAndRelease(page: Page, images: string): Promise<void> {
  await page.getByRole('button', { name: `Cover ${images}` }).click();
  await page.getByRole('heading', { name: 'This is what will be sent' }).waitFor();
  await expect(page.getByRole('button', { name: `Release ${images}` })).toBeDisabled();
  await showAllFrames(page);
  await page.getByRole('button', { name: `Release ${images}` }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

export const ASKS_TO_LOOK = /is marked as showing a name|may show the patient’s name/;

/** Nothing asks to look at a picture any longer once a person has covered it. */
export async function sendHeld(page: Page): Promise<void> {
  await page.locator('.held-instance[data-released=true]').first().waitFor();
  await expect(page.getByText(ASKS_TO_LOOK), 'before and after').toHaveCount(0);
  await page.locator('main').getByRole('link', { name: 'Upload' }).click();
  await page.locator('.card').first().waitFor();
  await expect(page.getByText(ASKS_TO_LOOK), 'the card').toHaveCount(0);
  await pressSend(page);
}

/** The instances of the study that this account has sent, by their Instance Number. */
export async function inPacs(stage: Stage) {
  const [study] = await studiesSentBy(stage, stage.account.username);
  const found = await Promise.all((await filesOfStudy(stage.orthanc, study!)).map(parsed));
  const numberOf = (each: (typeof found)[number]) =>
    textOf(findElement(each.elements, 0x00200013), each) ?? '';
  return found.sort((a, b) => numberOf(a).localeCompare(numberOf(b)));
}

/** Opens the audit trail at the decisions about images of this account. */
export async function findInTrail(
  { page, address, account: { username } }: Stage,
  trail: string,
): Promise<Locator> {
  await page.goto(`${address}/#/audit?kind=studies`);
  const event = page.locator('.audit-event', { hasText: trail }).filter({ hasText: username });
  await event.scrollIntoViewIfNeeded();
  return event;
}

/** The timeline of the event's study says it too, with the person who decided. */
export async function openTimelineOf(
  { page, account: { username } }: Stage,
  event: Locator,
  timeline: string,
): Promise<void> {
  await event.getByRole('link', { name: /^Study …/ }).click();
  await page.getByText(timeline).getByText(`by ${username}`).waitFor();
}
