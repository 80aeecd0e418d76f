// test:all: figures with noise; anonymous/ and analytics tests of the gateway guard by day
/** Figures with noise in a researcher's hands, in a real Chromium against the real gateway, until they are spent. */
import { suite } from 'uvu';
import { AGE_BANDS } from '#shared/protocol/analytics.ts';
import { PRIVATE_QUERIES_A_MONTH } from '#shared/protocol/private-figures.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('figures with noise');
const walk = await walkScreens(test, {
  name: 'figures with noise',
  roles: ['researcher', 'technician'],
  open: openWorld,
});

walk(
  'a researcher asks for counts with noise until the month’s are spent, and loses none that were paid for',
  async ({ page, enter }) => {
    await enter();
    await page.evaluate(() => {
      location.hash = '#/analytics/uploads';
    });
    const ask = page.getByRole('button', { name: 'Request approximate counts' });
    const table = page.getByRole('table').last();
    const untilLeft = (said: number) =>
      page
        .getByText(`your role can still make ${said} ${said === 1 ? 'request' : 'requests'} about uploads.`)
        .waitFor();
    await untilLeft(PRIVATE_QUERIES_A_MONTH);
    await looksRight(page, 'figures-private-ask');
    await focusAndPress(ask, 'Enter');
    await page.getByText('half of them differ from the exact count by less than 14').waitFor();
    await untilLeft(PRIVATE_QUERIES_A_MONTH - 1);
    const first = await table.innerText();
    const isFirst = (why: string) => expect(table, why).toHaveText(first, { useInnerText: true });
    await looksRight(page, 'figures-private');
    for (const [at, sex] of ['F', 'M'].entries()) {
      await page.getByRole('combobox', { name: 'Sex' }).selectOption(sex);
      await ask.click();
      await page.getByText('half of them differ from the exact count by less than 14').waitFor();
      await untilLeft(PRIVATE_QUERIES_A_MONTH - 2 - at);
    }
    await page.getByRole('combobox', { name: 'Sex' }).selectOption('');
    await page.getByText('half of them differ from the exact count by less than 14').waitFor();
    await untilLeft(PRIVATE_QUERIES_A_MONTH - 3);
    await isFirst('the answer to the first question');
    await page.reload();
    await page.getByText('half of them differ from the exact count by less than 14').waitFor();
    await untilLeft(PRIVATE_QUERIES_A_MONTH - 3);
    await isFirst('the answer is kept when the page is not');
    const bands = AGE_BANDS.slice(0, PRIVATE_QUERIES_A_MONTH - 3);
    for (const band of bands) {
      await page.getByRole('combobox', { name: 'Age' }).selectOption(band);
      await ask.click();
      await page.getByText('half of them differ from the exact count by less than 14').waitFor();
    }
    await page.getByRole('combobox', { name: 'Sex' }).selectOption('O');
    await page.getByText('Your role has used all its requests about uploads for this month').waitFor();
    await page.getByText('Your role does not allow viewing exact counts.').waitFor();
    await expect(ask).toHaveCount(0);
    await looksRight(page, 'figures-private-spent');
    await page.getByRole('combobox', { name: 'Age' }).selectOption('');
    await page.getByRole('combobox', { name: 'Sex' }).selectOption('');
    await page.getByText('half of them differ from the exact count by less than 14').waitFor();
    await isFirst('also when all is spent');
  },
);

walk('the gateway answers what the page asks of reviews', async ({ page, enter }) => {
  await enter();
  await page.evaluate(() => {
    location.hash = '#/analytics/reviews';
  });
  await page.getByRole('button', { name: 'Request approximate counts' }).click();
  await page
    .getByRole('row', { name: /^Chest film/ })
    .first()
    .waitFor();
  await page.getByText(/your role can still make \d+ requests? about reviews\./).waitFor();
  await page.getByRole('link', { name: 'Models' }).click();
  await page.getByText('For your role, only completed months are included').waitFor();
});

test.run();
