// test:all: rare moments in an own world; fitting-settings.test.ts and add-pacs.e2e.ts guard them by day
/**
 * The settings that a test of a destination finds, and a list of destinations that comes late, in a real Chromium
 * against the running system.
 */
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { destinationsSchema, type Tuning } from '#shared/protocol/destination.ts';
import { ADMIN, ask, askAs } from '#testing/accounts.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openOwnWorld } from '#testing/world.ts';
import { credentialsOf, openDestinations, showDestination } from '../testing/open-destinations.ts';
import { untilPacsMissed, untilStatusSays } from '../testing/status-line.ts';

const test = suite('settings that a test finds');
const walk = await walkScreens(test, {
  name: 'settings that a test finds',
  roles: ['admin'],
  open: () => openOwnWorld({ env: { RELAY_POLICY: 'identified' } }),
});

walk(
  'a person who has gone to another page and back is not moved when the list comes late',
  async ({ page, enter, ...world }) => {
    const released = Promise.withResolvers<void>();
    await page.route('**/admin/destinations', async (route) => {
      await released.promise;
      await route.continue();
    });
    world.pacsLink.cut();
    await untilPacsMissed(world);
    try {
      await enter();
      await untilStatusSays(page, 'PACS not reachable');
      await page.getByRole('link', { name: 'Administration' }).waitFor();
      await page.getByRole('link', { name: 'Studies' }).click();
      await page.getByRole('heading', { name: 'Studies', exact: true }).waitFor();
      await page.getByRole('link', { name: 'RelayPACS' }).click();
      await page.getByRole('button', { name: 'Choose files' }).waitFor();
      released.resolve();
      await page.getByRole('link', { name: '1 destination has a problem' }).first().waitFor();
      assert.is(new URL(page.url()).hash, '');
      await page.getByRole('button', { name: 'Choose files' }).waitFor();
    } finally {
      released.resolve();
      world.pacsLink.mend();
    }
  },
);

/** The settings that fit come into sight, and one press saves them. */
async function saveFound(page: Page, archive: Locator, lines: readonly string[]): Promise<void> {
  await archive.getByText(/^All \d+ checks$/).waitFor();
  const found = archive.getByRole('region', { name: 'Test result for archive' });
  await found.getByText('Recommended settings for this destination:').waitFor();
  await expect(found.getByRole('list').first().getByRole('listitem')).toHaveText(lines);
  const saved = page.waitForResponse((answer) => answer.request().method() === 'PUT');
  const button = found.getByRole('button', { name: 'Save these settings archive' });
  await button.click();
  assert.ok((await saved).ok());
  await button.waitFor({ state: 'detached' });
}

walk('the settings that Test found are those of the destination after one press', async (stage) => {
  const { page, orthanc, gateway } = stage;
  const [username, password] = credentialsOf(orthanc);
  const wish = {
    ...{ kind: 'dicomweb', name: 'archive', url: orthanc.url, ca: null, certificate: null },
    authentication: { kind: 'basic', username, password },
  };
  const path = '/admin/destinations';
  const added = await ask(gateway, ADMIN, { method: 'POST', path, body: wish });
  const { id } = (await added.json()) as { readonly id: string };
  const tuning = async (): Promise<Tuning | undefined> => {
    const { destinations } = destinationsSchema.parse(await askAs(gateway, ADMIN, path));
    return destinations.find((one) => one.id === id)?.tuning;
  };
  // Settings that somebody made for the PACS that was there before, behind a proxy with a low limit.
  const before: Tuning = { lagMinutes: null, proof: 'found', batchBytes: 1024 ** 2 };
  await askAs(gateway, ADMIN, `${path}/${id}/tuning`, before);
  assert.equal(await tuning(), before);
  // A PACS without any instance has no digest to show.
  const { instances } = syntheticStudy({ seed: stage.seed(1), series: 1, instancesPerSeries: 1 });
  const { restUrl, authorization } = orthanc;
  const posted = { method: 'POST', headers: { authorization }, body: new Uint8Array(instances[0]!.bytes) };
  const stored = await fetch(`${restUrl}/instances`, posted);
  assert.ok(stored.ok);
  await stage.enter();
  await openDestinations(page);
  const archive = await showDestination(page, 'archive');
  await archive.getByRole('button', { name: 'Test archive', exact: true }).click();
  const proof = 'Proof: the digest from the PACS (RELAY_PACS_PROOF=digest)';
  await saveFound(page, archive, [proof]);
  assert.equal(await tuning(), { lagMinutes: null, proof: 'digest', batchBytes: null });
  await archive.getByRole('button', { name: 'Test with test instances archive' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Store and test' }).click();
  const lag = 'Wait 10 minutes before an instance counts as lost (RELAY_PACS_LAG_MINUTES)';
  await saveFound(page, archive, [lag, proof]);
  assert.equal(await tuning(), { lagMinutes: 10, proof: 'digest', batchBytes: null });
  const removed = await ask(gateway, ADMIN, { method: 'DELETE', path: `${path}/${id}` });
  assert.ok(removed.ok);
});

test.run();
