// test:all: marks, colleagues and readers who differ; reviews.e2e.ts and reviews’ tests of the gateway guard by day
/**
 * Readers who share a case, in a real Chromium against the running system: marks that reach the PACS, a reading that is
 * given to a colleague, two readers who differ, and a device on which a verdict waits.
 */
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Annotation, ReviewAnnotations } from '#shared/protocol/annotations.ts';
import type { Case } from '#shared/protocol/cases.ts';
import type { ListedReview, Review } from '#shared/protocol/reviews.ts';
import { ADMIN, ask, createAccount, type Account } from '#testing/accounts.ts';
import { goOffline } from '#testing/app-page.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress, pressOn } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { drawByKeyboard, openReview, press, storeCase } from '../testing/open-review.ts';
import { looksRight } from '../testing/looks-right.ts';
import { listPath, readPictures } from './image/study-pictures.ts';

const test = suite('marks, colleagues and readers who differ');
const walk = await walkScreens(test, {
  name: 'marks and readers',
  roles: ['radiologist', 'technician'],
  open: openWorld,
});

walk('a radiologist gives a reading to a colleague, and the colleague finds it', async (stage) => {
  const { page, enter, gateway } = stage;
  await enter();
  await storeCase(stage, 'For a colleague');
  await openReview(stage);
  const colleague = await createAccount(gateway, 'ada', ['radiologist']);
  const readers = page.getByRole('region', { name: 'Readers' });
  await readers.getByText('You', { exact: true }).waitFor();
  await press(page, 'Assign to…');
  const sheet = page.getByRole('dialog', { name: 'Assign the reading' });
  await focusAndPress(sheet.getByLabel(colleague.username, { exact: true }), 'Space');
  await looksRight(page, 'review-give');
  const oneself = sheet.getByLabel(stage.account.username, { exact: true });
  await expect(oneself, 'the reader themselves').toHaveCount(0);
  await press(page, 'Assign');
  await sheet.waitFor({ state: 'detached' });
  await readers.getByText('You are not a reader of this review.').waitFor();
  await expect(page.getByRole('region', { name: 'Your answers' })).toHaveCount(0);
  const { reviews } = (await (await ask(gateway, colleague.username, { path: '/reviews' })).json()) as {
    reviews: ListedReview[];
  };
  assert.equal(
    reviews.map(({ places }) => places.map(({ reader }) => reader?.id)),
    [[colleague.id]],
  );
});

/** The UIDs of the first image of a case, as the PACS has them. */
async function imageOf({ gateway }: Stage, caseId: string) {
  const found = (await (await ask(gateway, ADMIN, { path: `/cases/${caseId}` })).json()) as Case;
  const { studyInstanceUID } = found.studies[0]!;
  const path = listPath(studyInstanceUID);
  const answer = await (await ask(gateway, ADMIN, { path })).json();
  const { seriesInstanceUID, sopInstanceUID } = readPictures(studyInstanceUID, answer).pictures[0]!;
  return { studyInstanceUID, seriesInstanceUID, sopInstanceUID };
}

walk(
  'an adjudicator sees the answers of two readers who differ beside each other, and decides',
  async (stage) => {
    const { page, enter, account, gateway } = stage;
    await enter();
    const caseId = await storeCase(stage, 'Two readers');
    const api = async <T>(who: string, path: string, body: object): Promise<T> => {
      const answer = await ask(gateway, who, { method: 'POST', path, body });
      if (!answer.ok) throw new Error(await answer.text());
      return (await answer.json()) as T;
    };
    const readers: Account[] = [];
    for (const name of ['ben', 'cleo']) readers.push(await createAccount(gateway, name, ['radiologist']));
    const image = await imageOf(stage, caseId);
    const id = randomUUID();
    const type = 'chest-film-double';
    await api(ADMIN, `/cases/${caseId}/reviews`, { id, type, readers: readers.map((one) => one.id) });
    for (const [at, { username }] of readers.entries()) {
      const of = { place: at + 1, decision: 'accept' };
      const answers = { finding: at === 0 ? 'pneumonia' : 'normal', certainty: 4, comment: 'As Doe Jane' };
      const mark = { ...image, id: randomUUID(), kind: 'box', frame: 1, label: 'Doe Jane' };
      const points = [10 + at, 40].map((column) => [column, column - at]);
      const marks = { id: randomUUID(), place: at + 1, version: 0, annotations: [{ ...mark, points }] };
      const kept = await ask(gateway, username, {
        ...{ method: 'PUT', path: `/reviews/${id}/annotations`, body: marks },
      });
      assert.ok(kept.ok, await kept.text());
      await api(username, `/reviews/${id}/decision`, { ...of, id: randomUUID(), version: 1, answers });
      await api(username, `/reviews/${id}/sign`, { id: randomUUID(), place: at + 1, version: 2 });
    }
    const shown = (await (await ask(gateway, ADMIN, { path: `/reviews/${id}` })).json()) as Review;
    const chosen = shown.places.find(({ place }) => place === 0)!;
    assert.is(shown.state, 'adjudication');
    const given = { id: randomUUID(), place: 0, version: chosen.version, accountId: account.id };
    if (chosen.reader?.id !== account.id) await api<ListedReview>(ADMIN, `/reviews/${id}/assign`, given);
    const pages = page.getByRole('navigation', { name: 'Pages', exact: true });
    await focusAndPress(pages.getByRole('link', { name: /^Read/ }), 'Enter');
    const decide = page.getByRole('row', { name: /Decide between readers/ });
    await focusAndPress(decide.getByRole('link'), 'Enter');
    const first = page.getByRole('region', { name: 'Reader 1' });
    await first.getByText('Pneumonia').waitFor();
    await page.getByRole('region', { name: 'Reader 2' }).getByText('Nothing abnormal').waitFor();
    for (const [at, letter] of ['A', 'B'].entries()) {
      const marks = page.getByRole('region', { name: `Marks: Reader ${at + 1}` });
      await marks.getByRole('button', { name: `${letter}1 Box on image 1` }).waitFor();
    }
    for (const { username } of readers) await expect(page.locator('main')).not.toContainText(username);
    await looksRight(page, 'review-adjudicate');
    await focusAndPress(first.getByRole('button', { name: 'Use these answers' }), 'Enter');
    const own = page.getByRole('region', { name: 'Marks (1)' });
    await own.getByRole('button', { name: 'X1 Box on image 1' }).waitFor();
    await own.getByRole('button', { name: 'Edit: X1 Box' }).waitFor();
    await expect(page.getByRole('region', { name: 'Your answers' }).getByLabel('Comment')).toHaveValue('');
    await press(page, 'Save the answers');
    await page.getByText('You can change it until you sign.').waitFor();
    await press(page, 'Sign');
    await page.getByRole('region', { name: 'Adjudicator' }).waitFor();
  },
);

type Pair = readonly [column: number, row: number];
const SIDE = 64;

/** Hands on the image: places are in its pixels. The page may have scrolled since the last one. */
async function handsOn(page: Page) {
  const debug = await page.context().newCDPSession(page);
  const at = async ([column, row]: Pair) => {
    const box = (await page.getByRole('img', { name: /^Image 1 of/ }).boundingBox())!;
    return { x: box.x + (column / SIDE) * box.width, y: box.y + (row / SIDE) * box.height };
  };
  return {
    async touch(type: 'touchStart' | 'touchMove' | 'touchEnd', ...places: Pair[]) {
      await untilAtRest(page);
      const fingers = await Promise.all(places.map(at));
      await debug.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: fingers.map((place, id) => ({ ...place, id })),
      });
    },
    async drag(...places: readonly Pair[]) {
      await untilAtRest(page);
      for (const [nth, place] of places.entries()) {
        const { x, y } = await at(place);
        await page.mouse.move(x, y, { steps: nth === 0 ? 1 : 4 });
        if (nth === 0) await page.mouse.down();
      }
      await page.mouse.up();
    },
    async press(place: Pair) {
      await untilAtRest(page);
      const { x, y } = await at(place);
      await page.mouse.click(x, y);
    },
  };
}

const near = (points: readonly Pair[], wanted: readonly Pair[], within = 0.5): boolean =>
  points.length === wanted.length &&
  points.every(([x, y], at) => Math.hypot(x - wanted[at]![0], y - wanted[at]![1]) <= within);

async function marksAt({ gateway, account, page }: Stage): Promise<readonly Annotation[]> {
  const id = /reviews\/([\w-]+)/.exec(page.url())![1]!;
  const answer = await ask(gateway, account.username, { path: `/reviews/${id}/annotations` });
  return ((await answer.json()) as ReviewAnnotations).places.find(({ place }) => place === 1)!.annotations;
}

const DRAWN: readonly (readonly [tool: string, from: Pair, to: Pair])[] = [
  ['Arrow', [4, 6], [20, 12]],
  ['Box', [30, 4], [58, 20]],
  ['Ellipse', [6, 26], [26, 44]],
  ['Length', [34, 30], [60, 30]],
  // From the end of the last one, which is still chosen.
  ['Arrow', [60, 30], [60, 38]],
];

const chooseTool = (page: Page, name: string): Promise<void> =>
  page.getByRole('radio', { name, exact: true }).check({ force: true });

async function drawByMouse(page: Page): Promise<void> {
  const hands = await handsOn(page);
  for (const [tool, from, to] of DRAWN) {
    await chooseTool(page, tool);
    await hands.drag(from, to);
  }
  await chooseTool(page, 'Select and move');
  await hands.drag([60, 38], [62, 40]);
  await chooseTool(page, 'Freehand line');
  await hands.drag([34, 40], [44, 50], [54, 40]);
  await chooseTool(page, 'Text');
  await hands.press([10, 56]);
  const words = page.getByRole('textbox', { name: 'Text', exact: true });
  await words.fill('Old fracture');
  await pressOn(words, 'Enter');
}

/** A box with one finger; two fingers only zoom. */
async function drawByTouch(page: Page): Promise<void> {
  const hands = await handsOn(page);
  await chooseTool(page, 'Box');
  await hands.touch('touchStart', [40, 54]);
  await hands.touch('touchMove', [48, 58]);
  await hands.touch('touchMove', [56, 62]);
  await hands.touch('touchEnd');
  await hands.touch('touchStart', [30, 32]);
  await hands.touch('touchStart', [30, 32], [34, 32]);
  await hands.touch('touchMove', [20, 32], [44, 32]);
  await hands.touch('touchEnd');
}

function areWhereDrawn(marks: readonly Annotation[]): void {
  assert.equal(
    marks.map(({ kind }) => kind),
    ['arrow', 'box', 'ellipse', 'length', 'arrow', 'line', 'text', 'box', 'point'],
  );
  for (const [at, [tool, from, to]] of DRAWN.entries()) {
    const end: Pair = at === DRAWN.length - 1 ? [62, 40] : to;
    assert.ok(near(marks[at]!.points, [from, end]), `${tool} ${JSON.stringify(marks[at]!.points)}`);
  }
  const [, , , , , line, text, box, point] = marks.map(({ points }) => points);
  const [middle] = line!.toSorted((a, b) => b[1] - a[1]);
  const ends: readonly Pair[] = [
    [34, 40],
    [44, 50],
    [54, 40],
  ];
  assert.ok(near([line![0]!, middle!, line!.at(-1)!], ends), JSON.stringify(line));
  assert.ok(near(text!, [[10, 56]]), JSON.stringify(text));
  assert.ok(near([box![0]!], [[40, 54]]) && near([box![1]!], [[56, 62]]), JSON.stringify(box));
  assert.equal(point, [[43, 31]]);
  assert.equal([marks[6]!.label, marks[3]!.label], ['Old fracture', 'Widest']);
}

walk(
  'a reader marks an image by mouse, by touch and by keyboard, and the gateway has each mark at its pixel',
  async (stage) => {
    const { page, enter } = stage;
    await enter();
    await storeCase(stage, 'Marked');
    await openReview(stage);
    await page.getByRole('img', { name: /^Image 1 of/ }).waitFor();
    await page.getByRole('radio', { name: 'Freehand line' }).waitFor({ state: 'attached' });
    await drawByMouse(page);
    await drawByTouch(page);
    await drawByKeyboard(page);
    const list = page.getByRole('region', { name: 'Marks (9)' });
    await list.getByRole('button', { name: /^4 Length/ }).click();
    const label = page.getByRole('textbox', { name: /^4 Length.* Label$/ });
    await label.fill('Widest');
    await pressOn(label, 'Enter');
    await list.getByText('Widest').waitFor();
    const saved = page.getByText('Saved', { exact: true });
    await saved.waitFor();
    areWhereDrawn(await marksAt(stage));
    // The bar of the app may lie over the tools.
    await page.evaluate(() => scrollTo(0, 0));
    await looksRight(page, 'review-marks');
    await press(page, 'Add a mark by coordinates');
    const form = page.getByRole('form', { name: 'Add a mark' });
    await form.getByLabel('Position, column').fill('65');
    await form.getByLabel('Position, row').fill('10');
    await focusAndPress(form.getByRole('button', { name: 'Save the mark' }), 'Enter');
    await form.getByText('Enter different positions inside the image.').waitFor();
    await looksRight(page, 'review-mark-form');
    await form.getByLabel('Position, column').fill('');
    await form.getByLabel('Position, column').pressSequentially('12.5');
    await expect(form.getByLabel('Position, column')).toHaveValue('12.5');
    await pressOn(form.getByLabel('Position, column'), 'Enter');
    await page.getByRole('region', { name: 'Marks (10)' }).waitFor();
    await saved.waitFor();
    assert.equal((await marksAt(stage))[9]!.points, [[12.5, 10]]);
    await signMarked(stage);
    await findMarksInPacs(stage);
  },
);

async function signMarked({ page }: Stage): Promise<void> {
  const form = page.getByRole('region', { name: 'Your answers' });
  await focusAndPress(form.getByLabel('Nothing abnormal'), 'Space');
  await focusAndPress(form.getByLabel('5 Certain'), 'Space');
  await press(page, 'Save the answers');
  await form.getByText('You can change it until you sign.').waitFor();
  await press(page, 'Sign');
  const dialog = page.getByRole('dialog', { name: 'Is there an abnormality?' });
  await dialog.getByText('Your answer is “Nothing abnormal”.').waitFor();
  await focusAndPress(dialog.getByRole('button', { name: 'Sign anyway' }), 'Enter');
}

/** The page says it as soon as the PACS has them; behind it are the report and its receipt. */
async function findMarksInPacs({ page, account }: Stage): Promise<void> {
  const name = `Marks by ${account.username}`;
  const row = page.getByRole('region', { name: 'Marks in the PACS' }).getByRole('link', { name });
  await row.getByText(/^in the PACS, /).waitFor();
  await focusAndPress(page.locator('summary', { hasText: 'What happened' }), 'Enter');
  await page.getByText(/^A reader’s marks are in the PACS/).waitFor();
  await row.scrollIntoViewIfNeeded();
  await looksRight(page, 'review-marks-in-pacs');
  await focusAndPress(row, 'Enter');
  await page.getByRole('heading', { name: `${name} (SR)` }).waitFor();
  await page.getByText('Identical to the image listed in the receipt, byte for byte').waitFor();
  await page.getByText('Its receipt').waitFor();
  await looksRight(page, 'stored-marks');
  await focusAndPress(page.getByRole('link', { name: 'Review', exact: true }), 'Enter');
  await focusAndPress(page.getByRole('link', { name: 'Open the case' }), 'Enter');
  await focusAndPress(page.locator('main.case summary', { hasText: 'What happened' }), 'Enter');
  const happened = page.getByRole('list', { name: 'What happened to this case' });
  await happened.getByText('A reader’s marks: sent to the PACS').waitFor();
  await happened.getByText('A reader’s marks: receipt issued').waitFor();
  await expect(happened.getByText('Sending of a study began'), 'of the study itself').toHaveCount(1);
}

walk('the sign-in page says that a verdict waits, and not whose or of whom', async (stage) => {
  const { page, enter, account } = stage;
  await enter();
  await storeCase(stage, 'Not sent yet');
  await openReview(stage);
  const form = page.getByRole('region', { name: 'Your answers' });
  await focusAndPress(form.getByLabel('Pneumonia', { exact: true }), 'Space');
  await focusAndPress(form.getByLabel('5 Certain'), 'Space');
  // The page knows by then that models found nothing in this case.
  await form.getByLabel(/^Assessable/).waitFor();
  await goOffline(page);
  await press(page, 'Save the answers');
  await form.getByText('Stored on this device, not sent yet.').waitFor();
  await focusAndPress(page.getByRole('button', { name: `Account of ${account.username}` }), 'Enter');
  await press(page, 'Sign out');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByText('1 verdict is not sent yet. It is safe on this device').waitFor();
  await page.getByText('1 verdict is waiting on this device until its author signs in').waitFor();
  await looksRight(page, 'sign-in-verdict');
  await expect(page.locator('body')).not.toContainText(account.username);
});

test.run();
