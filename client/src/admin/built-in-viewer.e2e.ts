// test:all: few sites turn it on; built-in-viewer.store.test.ts and open-in-viewer.e2e.ts guard it by day
/**
 * The built-in viewer in an administrator's hands, in a real Chromium: turned on, fetched, refused by its digest, and
 * removed; and how a study is opened in it. The gateway's answers are recorded: the real package has 50 MB, and
 * `npm run lab -- viewer` fetches it.
 */
import type { Route } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesOf, sendStudy } from '#testing/app-page.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import type { BuiltInViewer } from '#shared/protocol/viewer.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('the built-in viewer in an administrator’s hands');
const walk = await walkScreens(test, {
  name: 'the built-in viewer in an administrator’s hands',
  roles: ['admin'],
  open: openWorld,
});

const ABSENT: BuiltInViewer = {
  state: 'absent',
  version: '3.13.2',
  size: 50_000_000,
  fetched: 0,
  ...{ problem: null, code: null, host: 'registry.test', hasProxy: false },
};

walk(
  'the viewer is turned on, watched while it is fetched, and removed',
  async ({ page, visitor, enter }) => {
    let now = ABSENT;
    const asked: unknown[] = [];
    await visitor.route('**/api/admin/viewer', (route: Route) => {
      const request = route.request();
      if (request.method() === 'PUT') {
        asked.push(request.postDataJSON());
        now = { ...ABSENT, state: 'fetching', fetched: 20_000_000 };
      }
      if (request.method() === 'DELETE') now = ABSENT;
      return route.fulfill({ json: now });
    });
    await enter();
    await page.evaluate(() => {
      location.hash = '#/admin/destinations';
    });
    const viewer = page.getByRole('region', { name: 'Built-in viewer' });
    await viewer.getByRole('button', { name: 'Turn on' }).click();
    await viewer.getByText('20 MB of 50 MB').waitFor();
    await looksRight(page, 'built-in-viewer');
    now = { ...ABSENT, problem: 'name-not-found', code: 'ENOTFOUND' };
    await viewer.getByText('The gateway cannot find an address for registry.test.').waitFor();
    await viewer.getByText(/HTTPS_PROXY is not set/).waitFor();
    await viewer.getByText('ENOTFOUND').waitFor();
    await looksRight(page, 'built-in-viewer-unreached');
    await viewer.getByRole('button', { name: 'Turn on' }).click();
    await viewer.getByText('20 MB of 50 MB').waitFor();
    now = { ...ABSENT, problem: 'wrong-digest' };
    await viewer.getByText('The downloaded file is not the expected package.').waitFor();
    await looksRight(page, 'built-in-viewer-refused');
    await viewer.getByRole('button', { name: 'Turn on' }).click();
    await viewer.getByText('20 MB of 50 MB').waitFor();
    now = { ...ABSENT, state: 'on' };
    await viewer.getByRole('button', { name: 'Turn off' }).waitFor();
    await viewer.getByRole('button', { name: 'Remove the viewer' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await viewer.getByText('The gateway downloads it when you turn it on.').waitFor();
    assert.equal(asked, [{ on: true }, { on: true }, { on: true }]);
  },
);

walk('a study is opened in it with one press, and its token stands in no address', async (stage) => {
  const { page, visitor, seed } = stage;
  await visitor.route('**/studies/*/viewers', (route: Route) =>
    route.fulfill({ json: { titles: ['OHIF'] } }),
  );
  await visitor.route('**/viewer-link', (route: Route) =>
    route.fulfill({
      json: {
        links: [{ title: 'OHIF', url: `${new URL(page.url()).origin}/relay/open`, token: 'the-token' }],
      },
    }),
  );
  await stage.enter();
  await sendStudy(page, filesOf({ seed: seed(1), series: 1, instancesPerSeries: 1 }));
  await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
  await page.locator('.study-open').click();
  const asking = visitor.waitForEvent('request', (request) => request.url().endsWith('/relay/open'));
  const opening = visitor.waitForEvent('page');
  await page.getByRole('button', { name: 'Open in viewer' }).click();
  const asked = await asking;
  assert.equal([asked.method(), asked.postData()], ['POST', 'token=the-token']);
  await opening;
  // The button is there too, for where the browser kept the tab from opening.
  await page
    .getByRole('list', { name: 'Viewers of this study' })
    .getByRole('button', { name: 'OHIF' })
    .waitFor();
  assert.not.match(
    visitor
      .pages()
      .map((one) => one.url())
      .join(' '),
    'the-token',
  );
});

test.run();
