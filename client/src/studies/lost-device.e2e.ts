// test:all: a device that was lost; studies.e2e.ts and devices’ tests of the gateway guard by day
/** A study whose device was lost before anybody decided about it, in a real Chromium against the running system. */
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import { sentStudiesSchema } from '#shared/protocol/studies.ts';
import { ask } from '#testing/accounts.ts';
import { onDisk, openApp, sendStudy } from '#testing/app-page.ts';
import { until } from '#testing/gateway-under-test.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('a study whose device was lost');
const walk = await walkScreens(test, {
  name: 'a study whose device was lost',
  roles: ['technician'],
  open: openWorld,
});

walk('its account decides on another device', async (stage) => {
  const { page, seed, gateway, account } = stage;
  const { instances } = syntheticStudy({ seed: seed(1), instancesPerSeries: 1 });
  const { bytes } = instances[0]!;
  const other = Uint8Array.from(bytes);
  other[other.length - 1] = other.at(-1)! ^ 1;
  const sendFrom = async (device: BrowserContext, sent: Uint8Array): Promise<Page> => {
    const there = await openApp(device, stage, account.username);
    await sendStudy(there, [onDisk('1.dcm', sent)]);
    return there;
  };
  const first = await stage.openVisitor();
  const arrived = await sendFrom(first, bytes);
  await arrived.getByRole('heading', { name: /^In the PACS/ }).waitFor();
  await first.close();
  const lost = await stage.openVisitor();
  await sendFrom(lost, other);
  const standing = async () => {
    const answer = await ask(gateway, account.username, { path: '/studies' });
    return sentStudiesSchema.parse(await answer.json()).studies[0]?.standing;
  };
  await until('it to be held', async () => (await standing()) === 'needs-you');
  await lost.close();
  await stage.enter();
  await page.getByRole('link', { name: /^Studies/ }).click();
  await page.getByText('This must be decided on the device that sent the study.').waitFor();
  await page.getByText('The sending device is lost, or no longer has the study').click();
  const part = page.getByRole('region', { name: '1 of 1 image is not in the PACS.' });
  await part.getByText('A different image with this ID already exists').waitFor();
  await looksRight(page, 'studies-lost-device');
  await part.getByRole('button', { name: 'Leave it out' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave it out' }).click();
  await part.waitFor({ state: 'detached' });
  await until('it to end', async () => (await standing()) === 'ended');
});

test.run();
