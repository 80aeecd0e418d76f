/** How much of a list a person sees at once, and how much of a phone the bars take. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AuditPage } from '#shared/protocol/audit-page.ts';
import { ADMIN, ask } from '#testing/accounts.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { chooseFilms, filmsOf } from '../testing/cover-films.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('rows in sight');
const walk = await walkScreens(test, { name: 'rows in sight', roles: ['admin'], open: openWorld });

/** Rows that are wholly in the window, and not under a bar. */
function rowsInSight(): number {
  const bars = [...document.querySelectorAll('.header, .status')]
    .map((bar) => bar.getBoundingClientRect())
    .filter(({ width }) => width > innerWidth / 2);
  const top = Math.max(0, ...bars.map(({ bottom }) => bottom));
  return [...document.querySelectorAll('.list-table tbody tr, .audit-event')].filter((row) => {
    const box = row.getBoundingClientRect();
    return box.top >= top && box.bottom <= innerHeight;
  }).length;
}

/** The part of the window that stays covered, however far the page is scrolled: a bar that scrolls away is none. */
function coveredBy(): number {
  const heights = [...document.querySelectorAll('.header, .status, .send-bar')]
    .filter((bar) => getComputedStyle(bar).position !== 'static')
    .map((bar) => bar.getBoundingClientRect().height);
  return heights.reduce((sum, height) => sum + height, 0) / innerHeight;
}

walk(
  'twelve cases, or events, are seen on a wide laptop, seven on a laptop, and a phone is not covered by bars',
  async (stage) => {
    const { page, gateway, account, enter } = stage;
    for (let nth = 1; nth <= 14; nth += 1) {
      const body = { title: `${nth} of ${account.username}`, expected: { accessionNumber: `NONE-${nth}` } };
      assert.ok((await ask(gateway, ADMIN, { method: 'POST', path: '/cases', body })).ok);
    }
    await enter();
    await goTo(page, '#/cases');
    await page.getByRole('link', { name: `14 of ${account.username}` }).waitFor();
    await areInSight(page);
    await looksRight(page, 'cases-many');
    await isFreeOnPhone(page);
    await page.route('**/api/audit/events*', async (route) => {
      const response = await route.fetch();
      const { rows, ...more } = (await response.json()) as AuditPage;
      await route.fulfill({
        response,
        // Others of the gateway's events are longer than a line.
        json: { ...more, rows: rows.filter(({ event }) => event === 'case-opened') },
      });
    });
    await goTo(page, '#/audit');
    await page.locator('.audit-event').nth(13).waitFor();
    await areInSight(page);
  },
);

const goTo = (page: Page, hash: string): Promise<void> =>
  page.evaluate((place) => {
    location.hash = place;
  }, hash);

async function areInSight(page: Page): Promise<void> {
  for (const [size, least] of [
    [{ width: 1440, height: 900 }, 12],
    [{ width: 1024, height: 768 }, 7],
  ] as const) {
    await page.setViewportSize(size);
    await untilAtRest(page);
    const seen = await page.evaluate(rowsInSight);
    assert.ok(seen >= least, `${seen} rows at ${size.width} × ${size.height}`);
  }
}

async function isFreeOnPhone(page: Page): Promise<void> {
  await page.setViewportSize({ width: 390, height: 844 });
  await untilAtRest(page);
  const covered = await page.evaluate(coveredBy);
  assert.ok(covered <= 0.2, `${Math.round(covered * 100)} % of a phone is covered`);
}

walk('a phone is not covered by bars beside a choice that waits for Send', async (stage) => {
  await stage.enter();
  await chooseFilms(stage.page, filmsOf(stage, [{ frames: 1 }]));
  await isFreeOnPhone(stage.page);
});

test.run();
