/**
 * Sample data in an administrator's hands, in a real Chromium. The gateway's answers are recorded: other tests share
 * the world, and scripts/relay/sample.e2e.ts removes real ones.
 */
import type { Route } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Sample, SampleRemoval } from '#shared/protocol/sample.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('sample data in an administrator’s hands');
const walk = await walkScreens(test, {
  name: 'sample data in an administrator’s hands',
  roles: ['admin'],
  open: openWorld,
});

const THERE: Sample = { accounts: 4, studies: 30, cases: 22, keepers: null };
const NONE: Sample = { accounts: 0, studies: 0, cases: 0, keepers: null };
const KEPT: SampleRemoval['left'] = [{ because: 'no-deletion', name: 'archive', count: 12 }];

walk('it is shown, and removed with one press, and what stays is named', async ({ page, visitor, enter }) => {
  let now = THERE;
  let left = KEPT;
  const asked: string[] = [];
  await visitor.route('**/api/admin/sample*', (route: Route) => {
    const request = route.request();
    if (request.method() === 'GET') return route.fulfill({ json: now });
    asked.push(new URL(request.url()).search);
    const isLast = asked.length % 2 === 0;
    if (isLast) now = left.length === 0 ? NONE : { ...THERE, studies: 12, cases: 0 };
    const removed = { accounts: 0, studies: 9, cases: 0 };
    return route.fulfill({ json: { removed, left: isLast ? left : [], next: isLast ? null : '2.25.1' } });
  });
  await enter();
  await page.evaluate(() => {
    location.hash = '#/admin/destinations';
  });
  const sample = page.getByRole('region', { name: 'Sample data' });
  await sample.getByText('30 studies and 22 cases are synthetic samples').waitFor();
  await looksRight(page, 'sample-data');
  await sample.getByRole('button', { name: 'Remove sample data' }).click();
  await page.getByRole('dialog').waitFor();
  await looksRight(page, 'sample-data-remove');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await sample.getByText('12 studies in archive, where the gateway cannot delete.').waitFor();
  await looksRight(page, 'sample-data-left');
  left = [];
  await sample.getByRole('button', { name: 'Remove sample data' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await sample.getByText('The sample data was removed.').waitFor();
  await expect(sample.getByRole('button')).toHaveCount(0);
  await looksRight(page, 'sample-data-removed');
  assert.equal(asked, ['?after=', '?after=2.25.1', '?after=', '?after=2.25.1']);
});

test.run();
