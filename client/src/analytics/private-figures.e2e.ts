/** Figures with noise in a researcher's hands, in a real Chromium against the real gateway, until they are spent. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PRIVATE_QUERIES_A_MONTH } from '#shared/protocol/private-figures.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/screens.ts';

const test = suite('figures with noise');
const walk = await walkScreens(test, {
  name: 'figures with noise',
  roles: ['researcher', 'technician'],
  open: openWorld,
});

walk(
  'a researcher asks for counts with noise until the month’s are spent',
  async ({ page, visitor, enter }) => {
    const asked: string[] = [];
    let left = PRIVATE_QUERIES_A_MONTH;
    await visitor.route(/\/api\/analytics\/operations/, (route) => {
      const { searchParams } = new URL(route.request().url());
      asked.push(`${searchParams.get('private')} ${searchParams.get('sex')}`);
      left -= PRIVATE_QUERIES_A_MONTH / 2;
      if (left < 0)
        return route.fulfill({
          status: 409,
          contentType: 'application/problem+json',
          body: JSON.stringify({
            ...{ type: 'about:blank', status: 409, code: 'privacy-budget-spent', correlationId: 'c-1' },
            title: 'Your role has asked for as many private answers of this kind as there are in a month.',
          }),
        });
      const nothing = {
        uploads: null,
        instances: null,
        bytes: null,
        retries: null,
        toPacsMs: null,
        shows: null,
      };
      return route.fulfill({
        json: {
          ...{ from: searchParams.get('from'), to: searchParams.get('to'), cohort: {} },
          noise: { epsilon: 0.1, scale: 20, left },
          total: { studies: 1031, ...nothing },
          days: [
            { day: searchParams.get('from'), studies: 44 },
            { day: searchParams.get('to'), studies: -7 },
          ],
          ...{ hours: null, accounts: null, devices: null, modalities: null, refusals: null },
        },
      });
    });
    await enter();
    await page.evaluate(() => {
      location.hash = '#/analytics/uploads';
    });
    const ask = page.getByRole('button', { name: 'Ask for counts with noise' });
    await ask.waitFor();
    await looksRight(page, 'figures-private-ask');
    assert.equal(asked, []);
    await ask.press('Enter');
    await page.getByText('half of them are off by less than 14').waitFor();
    await page.getByText('≈ 1,031').waitFor();
    await page.getByRole('row', { name: /-7/ }).waitFor();
    await looksRight(page, 'figures-private');
    await page.getByRole('combobox', { name: 'Sex' }).selectOption('F');
    await ask.click();
    await page.getByText('Your role has 0 answers left this month.').waitFor();
    await page.getByRole('combobox', { name: 'Sex' }).selectOption('M');
    await ask.click();
    await page.getByText('Your role has asked for as many private answers').waitFor();
    await looksRight(page, 'figures-private-spent');
    assert.equal(asked, ['true null', 'true F', 'true M']);
  },
);

walk('the gateway answers what the page asks of reviews', async ({ page, enter }) => {
  await enter();
  await page.evaluate(() => {
    location.hash = '#/analytics/reviews';
  });
  await page.getByRole('button', { name: 'Ask for counts with noise' }).click();
  await page
    .getByRole('row', { name: /^Chest film/ })
    .first()
    .waitFor();
  assert.match(
    await page.getByRole('status').allInnerTexts().then(String),
    /Your role has \d answers? left this month/,
  );
});

test.run();
