// test:all: studies of a script; gateway/src/studies and rows/leave-out-rival.test guard by day
/** Studies that a script sent with an API key, in a person's hands in a real Chromium against the running system. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { waitingSchema } from '#shared/protocol/not-taken.ts';
import { sentStudiesSchema } from '#shared/protocol/studies.ts';
import { ADMIN, ask } from '#testing/accounts.ts';
import { signIn } from '#testing/app-page.ts';
import { until } from '#testing/gateway-under-test.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { storeInstances, type Stored } from '#testing/store-instances.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('studies that a script sent');
const walk = await walkScreens(test, {
  name: 'studies that a script sent',
  roles: ['technician'],
  open: openWorld,
});

/** By STOW-RS, with a key of the account of the stage. */
async function store({ gateway, account }: Stage, { policy, files }: Omit<Stored, 'token'>) {
  const body = { name: 'a script', accountId: account.id, scopes: ['upload'], expiresInDays: 30 };
  const made = await ask(gateway, ADMIN, { method: 'POST', path: '/admin/api-keys', body });
  const { key } = (await made.json()) as { key: string };
  const answer = await storeInstances(gateway, { token: key, policy, files });
  assert.is(answer.status, 202, 'a part of it is stored');
}

/** Two images under one SOP Instance UID. */
function twoOfOneId(seed: number): Uint8Array[] {
  const { bytes } = syntheticStudy({ seed, instancesPerSeries: 1 }).instances[0]!;
  const other = Uint8Array.from(bytes);
  other[other.length - 1] = other.at(-1)! ^ 1;
  return [bytes, other];
}

walk('its account leaves out an image that another one stands in the way of', async (stage) => {
  const { page, seed } = stage;
  await store(stage, { policy: 'identified', files: twoOfOneId(seed(1)) });
  await stage.enter();
  await page.getByRole('link', { name: /^Studies/ }).click();
  await page.locator('h2[data-part=needs-you]', { hasText: 'To decide' }).waitFor();
  const part = page.getByRole('region', { name: /^1 other image with the same ID was not stored/ });
  await part.getByText('A different image with this ID already exists').waitFor();
  await looksRight(page, 'studies-by-script');
  await part.getByRole('button', { name: 'Leave it out' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave it out' }).click();
  await part.waitFor({ state: 'detached' });
});

walk('its account leaves out images that may show a name', async (stage) => {
  const { page, seed } = stage;
  const study = syntheticStudy({ seed: seed(1), series: 2, instancesPerSeries: 1, burnedInSeries: 2 });
  await store(stage, { policy: 'deidentified', files: study.instances.map(({ bytes }) => bytes) });
  await stage.enter();
  await page.getByRole('link', { name: /^Studies/ }).click();
  const waiting = page.getByRole('region', { name: 'Sent by a script or a modality, not stored' });
  await waiting.getByText('1 image: This image is marked as showing a name').waitFor();
  await page.locator('[data-part=needs-you]').getByText('1 to decide').first().waitFor();
  await looksRight(page, 'studies-not-taken');
  // On every page its account has the number, and beneath it the instances, each named.
  await page.getByRole('link', { name: '1 to decide', exact: true }).click();
  await page.getByRole('heading', { name: 'To decide', level: 1 }).waitFor();
  await page.getByText('1 image needs your decision', { exact: true }).first().waitFor();
  await waiting.getByText('Position among the sent files: 2').waitFor();
  await expect(waiting.getByText('SOP Instance UID:')).toHaveCount(1);
  await looksRight(page, 'needs-not-taken');
  await waiting.getByRole('button', { name: /^Leave out/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave out' }).click();
  await waiting.waitFor({ state: 'detached' });
  await page.getByText('Nothing needs your decision').waitFor();
  await expect(page.getByRole('link', { name: /(to decide|your decision)$/ })).toHaveCount(0);
  await page.getByRole('link', { name: /^Studies/ }).click();
  const { gateway, account } = stage;
  await until('the receipt to say it', async () => {
    const answer = await ask(gateway, account.username, { path: '/studies' });
    const [sent] = sentStudiesSchema.parse(await answer.json()).studies;
    return sent?.standing === 'ended' && sent.uploads[0]?.withheld?.['left-out-name'] === 1;
  });
  await page.reload();
  await page.getByText('1 left out: may show a name').first().waitFor();
  await expect(page.locator('.kept', { hasText: '1 left out' }), 'the reason is never cut').toHaveCount(0);
});

walk('an administrator is led to the studies of everybody that wait', async (stage) => {
  const { page, seed, gateway, address } = stage;
  await store(stage, { policy: 'identified', files: twoOfOneId(seed(1)) });
  await until('it to be held', async () => {
    const answer = await ask(gateway, ADMIN, { path: '/uploads/waiting?all=1' });
    return waitingSchema.parse(await answer.json()).held > 0;
  });
  await page.goto(address);
  await signIn(page, ADMIN);
  await page.getByRole('link', { name: /(to decide|your decision)$/ }).click();
  const part = page.getByRole('region', { name: /^Sent by a script or a modality: .* your decision$/ });
  await part.getByText('To see the reason, open the list of the whole site under “To decide”').waitFor();
  await part.getByRole('link', { name: 'Open the list of the whole site' }).click();
  await page.locator('h2[data-part=needs-you]', { hasText: 'To decide' }).waitFor();
  await expect(page.getByRole('radio', { name: 'Whole site' })).toBeChecked();
});

test.run();
