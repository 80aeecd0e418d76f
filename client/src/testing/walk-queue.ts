/** Steps on the queue that several files of walks take: how it is filled, held, named and emptied. */
import type { Page } from 'playwright-core';
import { filesOf, goOffline, instancesSentBy, sendStudy, type StudyOnDisk } from '#testing/app-page.ts';
import { PATIENCE_MS } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import type { Stage } from '#testing/screen-walk.ts';

/** Twelve files of one study of the stage. */
export const study = ({ seed }: Stage, nth: number): StudyOnDisk[] => filesOf({ seed: seed(nth) });
export const toUpload = (page: Page) => page.getByRole('link', { name: 'Upload' }).click();
/** A study of the stage, by its name on the screen. */
export const named = ({ seed }: Stage, nth: number) => {
  const token = `${seed(nth).toString(36)}Xq`;
  return `QzFamily${token}, QzGiven${token}`;
};

export const untilInPacs = (stage: Stage, instances: number) =>
  expect.poll(() => instancesSentBy(stage, stage.account.username), { timeout: PATIENCE_MS }).toBe(instances);

/** Signs in and queues this many studies without a network. */
export async function queueOffline(stage: Stage, studies: number): Promise<void> {
  const { page } = stage;
  await stage.enter();
  await goOffline(page);
  await sendStudy(page, Array.from({ length: studies }, (_, nth) => study(stage, nth)).flat());
  await page.getByText(`${studies * 12} images are safe here`, { exact: false }).waitFor();
}

/** Signs in; the parcels of a study wait once the first has passed, and nothing else does, until `resume`. */
export async function enterAndHold({
  visitor,
  enter,
}: Stage): Promise<{ reached: Promise<void>; resume(): void }> {
  await enter();
  const reached = Promise.withResolvers<void>();
  const resumed = Promise.withResolvers<void>();
  let parcels = 0;
  await visitor.route(/\/upload\/files/, async (route) => {
    if (['POST', 'PATCH'].includes(route.request().method())) parcels += 1;
    if (parcels > 1) {
      reached.resolve();
      await resumed.promise;
    }
    await route.fallback();
  });
  return { reached: reached.promise, resume: resumed.resolve };
}

/** Does it while the app is not open: a page that is would send what waits as soon as there is a network. */
export async function leave(page: Page, whileAway: () => Promise<unknown>): Promise<void> {
  const at = page.url();
  await page.goto('about:blank');
  await whileAway();
  await page.goto(at);
}
