// test:all: half a minute a walk; offline.e2e.ts, main-job.e2e.ts and queue.simulation.test.ts guard it by day
/**
 * The queue in a person's hands, in a real Chromium against the running system: order, pausing, cancelling, and a
 * browser that has cleared its storage. queue-explains.e2e.ts has the rest. Every state is inspected as in
 * screens.e2e.ts.
 */
import { suite } from 'uvu';
import { filesOf, goOffline, keepScripts, largeFilesOf, pressSend, sendStudy } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress, pressOn } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from './testing/looks-right.ts';
import { enterAndHold, leave, named, toUpload, untilInPacs } from './testing/walk-queue.ts';

const test = suite('the queue in a person’s hands');
const walk = await walkScreens(test, {
  name: 'the queue in a person’s hands',
  roles: ['admin'],
  open: openWorld,
});

const inOrder = (stage: Stage, ...studies: number[]) =>
  expect(stage.page.locator('.queue-row[data-part=under-way] .queue-name')).toHaveText(
    studies.map((nth) => named(stage, nth)),
  );

/** Signs in and queues studies 1 to 3 without a network. */
async function queueThree(stage: Stage): Promise<void> {
  const { page, seed } = stage;
  await stage.enter();
  await goOffline(page);
  for (const nth of [1, 2, 3]) {
    await toUpload(page);
    await sendStudy(page, filesOf({ seed: seed(nth) }));
  }
  await inOrder(stage, 1, 2, 3);
}

walk('buttons and keys change the order; a paused study stays until a person resumes it', async (stage) => {
  const { page, visitor } = stage;
  const third = named(stage, 3);
  await queueThree(stage);
  await looksRight(page, 'queue-order');
  await page.getByRole('button', { name: `Send first: ${third}` }).click();
  await inOrder(stage, 3, 1, 2);
  const later = page.getByRole('button', { name: `Send later: ${third}` });
  await focusAndPress(later, 'Enter');
  await inOrder(stage, 1, 3, 2);
  await pressOn(later, 'Enter');
  await inOrder(stage, 1, 2, 3);
  const earlier = page.getByRole('button', { name: `Send earlier: ${third}` });
  await expect(earlier, 'at the end of the list the other direction has the focus').toBeFocused();
  await page.getByRole('button', { name: `Pause: ${named(stage, 1)}` }).click();
  await page.getByText('Paused. Nothing is sent until you resume.', { exact: false }).waitFor();
  await visitor.setOffline(false);
  await untilInPacs(stage, 24);
  await inOrder(stage, 1);
  await page.getByRole('button', { name: `Resume: ${named(stage, 1)}` }).click();
  await untilInPacs(stage, 36);
});

walk('a study that is cancelled without a network says so, and the gateway is told later', async (stage) => {
  const { page, link, seed, visitor } = stage;
  await stage.enter();
  await keepScripts(page);
  const inTheMiddle = link.pauseAfter(500_000);
  await sendStudy(page, largeFilesOf(seed(6), 8));
  await inTheMiddle.reached;
  // Everything that is pressed from here on is a part of this page.
  await visitor.setOffline(true);
  await page.getByRole('button', { name: /^Cancel sending: / }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel sending' }).click();
  await page.getByText('Sending from this device has stopped', { exact: false }).waitFor();
  await page.locator('[data-part=taken-back] .study-where').getByText('Cancelling').waitFor();
  await expect(page.getByRole('button', { name: /^Cancel sending: / })).toHaveCount(0);
  await expect(page.getByText(/safe here/), 'it is to be deleted').toHaveCount(0);
  await page.getByText('1 study still being cancelled').waitFor();
  // Held until then: bytes on their way pass also without a network, and all of it could have arrived.
  inTheMiddle.resume();
  await visitor.setOffline(false);
  await page.locator('[data-part=taken-back] .study-where').getByText('Cancelled').waitFor();
  await page.getByText('Nothing is waiting on this device').waitFor();
  await expect(page.locator('.queue-row')).toHaveCount(1);
});

walk(
  'a study that is resumed before its cancelling is confirmed arrives, though it was left out',
  async (stage) => {
    const { page, seed, visitor } = stage;
    const inTheMiddle = await enterAndHold(stage);
    const files = largeFilesOf(seed(8), 8);
    await sendStudy(page, files);
    await inTheMiddle.reached;
    const answer = Promise.withResolvers<void>();
    await visitor.route('**/decisions', async (route) => {
      await answer.promise;
      await route.fallback();
    });
    await page.getByRole('button', { name: /^Cancel sending: / }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel sending' }).click();
    await page.getByRole('button', { name: /^Resume: / }).click();
    inTheMiddle.resume();
    await Promise.all([
      page.waitForResponse((response) => response.url().endsWith('/decisions') && response.ok()),
      answer.resolve(),
    ]);
    await untilInPacs(stage, files.length);
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
  },
);

walk(
  'studies that the browser has cleared are listed, and are sent once the same files are chosen',
  async (stage) => {
    const { page, visitor, address, seed } = stage;
    await stage.enter();
    // A session with the browser that begins gives the page its network back.
    const debug = await visitor.newCDPSession(page);
    await goOffline(page);
    await sendStudy(page, filesOf({ seed: seed(6) }));
    await page.getByText('12 images are safe here', { exact: false }).waitFor();
    // Before the page is left: the service worker has a network, and sends once no page is open.
    await debug.send('Storage.clearDataForOrigin', { origin: address, storageTypes: 'indexeddb' });
    await leave(page, () => visitor.setOffline(false));
    await page.getByText('The browser deleted 1 study that waited on this device').waitFor();
    await looksRight(page, 'queue-lost');
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose it again' }).click();
    await (await chooser).setFiles([...filesOf({ seed: seed(6) })]);
    await page.getByText('Names are removed before sending').first().waitFor();
    await pressSend(page);
    await untilInPacs(stage, 12);
    await page.getByText('The browser deleted', { exact: false }).waitFor({ state: 'detached' });
  },
);

test.run();
