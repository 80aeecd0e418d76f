// test:all: figures on a page; the tests of gateway/src/analytics guard the figures by day
/**
 * The dashboard in a real Chromium against the real gateway. Figures of a month with a thousand studies are recorded:
 * no test sends them. The gateway's own figures are shown too, whatever it has.
 */
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expect } from '#testing/expect.ts';
import { focusAndPress } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';
import {
  recordedModelFigures,
  recordedOperations,
  recordedReviewFigures,
} from '../testing/recorded-figures.ts';

const test = suite('the dashboard');
const walk = await walkScreens(test, {
  name: 'the dashboard',
  roles: ['admin', 'radiologist'],
  open: openWorld,
  isOneVisit: true,
});

/** Answers every question with this; `asked` gathers the queries. */
async function record(
  visitor: BrowserContext,
  answers: Readonly<Record<string, unknown>>,
): Promise<string[]> {
  const asked: string[] = [];
  await visitor.route(/\/api\/(analytics\/|studies\?)/, (route) => {
    const { pathname, search } = new URL(route.request().url());
    asked.push(search);
    const answer = answers[pathname.split('/').at(-1)!];
    return answer === undefined ? route.fulfill({ status: 503 }) : route.fulfill({ json: answer });
  });
  return asked;
}

const goTo = (page: Page, hash: string): Promise<void> =>
  page.evaluate((address) => {
    location.hash = address;
  }, hash);

const STUDIES = {
  studies: [
    {
      studyInstanceUID: '2.25.329800735698586629295641978511506172918',
      lastSentAt: '2026-11-23T08:00:00.000Z',
      sopClassUIDs: ['1.2.840.10008.5.1.4.1.1.2'],
      uploads: [{ uploadId: 'u', sender: { username: 'ward-3', keptNames: false } }],
    },
  ],
  next: null,
};

const REVIEWS = {
  reviews: [{ id: 'r', title: 'Chest film', caseNumber: 7, openedAt: '2026-11-23T08:00:00.000Z' }],
  next: null,
};

walk(
  'shows what came in, with a table to each chart, and the studies behind a number',
  async ({ page, visitor, enter }) => {
    const asked = await record(visitor, { operations: recordedOperations(), studies: STUDIES });
    await enter();
    await goTo(page, '#/analytics');
    await page.getByRole('heading', { name: 'Insights' }).waitFor();
    await page.getByRole('figure', { name: 'Studies per day' }).getByText('Show as table').click();
    await page
      .getByRole('row', { name: /2 Nov|Nov 2/ })
      .first()
      .waitFor();
    await page.getByRole('figure', { name: 'Studies per day' }).getByText('Show as table').click();
    await looksRight(page, 'figures-uploads');
    const back = page.getByRole('navigation', { name: 'Administration' });
    await back.getByRole('link', { name: 'Audit trail' }).click();
    await page.getByRole('heading', { name: 'Audit trail', level: 1 }).waitFor();
    await back.getByRole('link', { name: 'Insights' }).click();
    await page.getByRole('button', { name: 'Show 1,042 studies' }).click();
    const counted = page.getByRole('dialog').getByRole('link', { name: 'CT study' });
    await expect(counted).toHaveAttribute('href', '#/sent/u');
    await looksRight(page, 'figures-shown');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('combobox', { name: 'Modality' }).selectOption('CT');
    await page.waitForURL(/modality=CT/);
    await page.getByRole('heading', { name: 'By account' }).waitFor();
    assert.ok(asked.some((query) => /from=.*to=.*modality=CT/.test(query)));
  },
);

walk('shows models and reviews', async ({ page, visitor, enter }) => {
  await record(visitor, { models: recordedModelFigures(), reviews: recordedReviewFigures() });
  await visitor.route(/\/api\/reviews\?/, (route) => route.fulfill({ json: REVIEWS }));
  await enter();
  await goTo(page, '#/analytics/models');
  await page.getByRole('heading', { name: 'pneumonia version 1.0.0' }).waitFor();
  await looksRight(page, 'figures-models');
  await page.getByRole('figure', { name: 'Score calibration' }).scrollIntoViewIfNeeded();
  await looksRight(page, 'figures-calibration');
  await page.getByRole('link', { name: /^Reviews/ }).click();
  await page.getByRole('heading', { name: 'Chest film' }).waitFor();
  await looksRight(page, 'figures-reviews');
  await focusAndPress(page.getByRole('button', { name: 'Show 9 reviews' }), 'Enter');
  await page.getByRole('dialog').getByRole('link', { name: 'Chest film, case 7' }).waitFor();
  await focusAndPress(page.getByRole('dialog').getByRole('button', { name: 'Close' }), 'Enter');
});

walk('says when there is nothing, and when figures do not come', async ({ page, visitor, enter }) => {
  const { total, ...rest } = recordedOperations();
  const nothing = { ...total, studies: 0, uploads: 0 };
  const answers: Record<string, unknown> = { operations: { ...rest, total: nothing } };
  await record(visitor, answers);
  await enter();
  await goTo(page, '#/analytics/uploads');
  await page.getByText('There is no data for this period.').waitFor();
  await looksRight(page, 'figures-none');
  delete answers['operations'];
  await page.getByRole('combobox', { name: 'Period' }).selectOption('7');
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await looksRight(page, 'figures-refused');
  answers['operations'] = recordedOperations();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'By account' }).waitFor();
});

walk('asks the gateway itself', async ({ page, enter }) => {
  await enter();
  for (const place of ['uploads', 'models', 'reviews']) {
    const answered = page.waitForResponse(/\/api\/analytics\//);
    await goTo(page, `#/analytics/${place}`);
    assert.ok((await answered).ok(), place);
    await page.getByText('UTC', { exact: false }).first().waitFor();
    await expect(page.getByRole('alert').getByText('Try again'), place).toHaveCount(0);
  }
});

test.run();
