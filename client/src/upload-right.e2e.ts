/**
 * The right to send that outlives a login, in a real Chromium against the running system: the session ends
 * during an upload, an account is disabled (and its queue taken over), the tablet's clock is days off and is
 * corrected midway. A queued study arrives, or says for whom it waits.
 */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADMIN, ask, askAs, createAccount, PASSWORD } from '#testing/accounts.ts';
import { choose, instancesSentBy, keepScripts, largeFilesOf, signIn } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { pressKey, pressOn } from '#testing/press.ts';
import { shiftClock } from '#testing/shift-clock.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from './testing/looks-right.ts';

const DAY_MS = 86_400_000;
const INSTANCES = 6;
/** The bytes of a study after which the link is held: it is on its way but has not arrived. */
const HALF_BYTES = 300_000;

const test = suite('the right to send');
const walk = await walkScreens(test, {
  name: 'the right to send',
  roles: ['technician'],
  open: openWorld,
});

type DeviceNow = {
  readonly rights: readonly { name: string; enrolled: boolean; extractable: boolean }[];
  readonly records: number;
  readonly receipts: number;
};

/** Rights, parcels and receipts in the browser's database. */
function deviceNow(page: Page): Promise<DeviceNow> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open('relaypacs'));
    const stores = database.transaction(['device', 'records', 'receipts']);
    const rows = (await done(stores.objectStore('device').getAll())) as {
      name: string;
      value: { deviceId?: string | null; keys?: CryptoKeyPair };
    }[];
    const rights = rows.filter(({ name }) => name.startsWith('right/'));
    const now = {
      rights: rights.map(({ name, value }) => ({
        name,
        enrolled: typeof value.deviceId === 'string',
        extractable: value.keys?.privateKey.extractable ?? true,
      })),
      records: await done(stores.objectStore('records').count()),
      receipts: await done(stores.objectStore('receipts').count()),
    };
    database.close();
    return now;
  });
}

/** Chooses a study, presses Send, and holds the link when half of it has left. */
async function sendHalf({ page, link, seed }: Stage): Promise<{ resume(): void }> {
  await choose(page, largeFilesOf(seed(1), INSTANCES));
  await keepScripts(page);
  const middle = link.pauseAfter(HALF_BYTES);
  await page.getByRole('button', { name: /^Send \d/ }).click();
  await middle.reached;
  await page.getByText('You can close this page', { exact: false }).waitFor();
  return middle;
}

async function untilArrived(stage: Stage, username = stage.account.username): Promise<void> {
  await until('the study to be in the PACS, and its receipt here', async () => {
    const now = await deviceNow(stage.page);
    return now.records === 0 && now.receipts === 1;
  });
  assert.is(await instancesSentBy(stage, username), INSTANCES);
}

async function signOut({ page, account }: Stage): Promise<void> {
  await page.getByRole('button', { name: `Account of ${account.username}` }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
}

async function setDisabled({ gateway, account }: Stage, disabled: boolean): Promise<void> {
  const path = `/admin/users/${account.id}`;
  const answer = await ask(gateway, ADMIN, { method: 'PATCH', path, body: { disabled } });
  assert.is(answer.status, 200);
}

type AuditRow = { readonly event: string; readonly fields: Readonly<Record<string, unknown>> };

/** The rows of the trail about this account. */
async function audited({ gateway, account }: Stage, of: string) {
  const { rows } = await askAs<{ rows: readonly AuditRow[] }>(gateway, ADMIN, '/audit?limit=1000');
  const fields = rows.filter(({ event }) => event === of).map((row) => row.fields);
  return fields.filter(({ accountId }) => accountId === account.id);
}

async function changePassword({ page, account }: Stage, current: string, next: string): Promise<void> {
  await page.getByRole('button', { name: `Account of ${account.username}` }).click();
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByLabel('Current password').fill(current);
  const wanted = page.getByLabel('New password');
  await wanted.fill(next);
  await pressOn(wanted, 'Enter');
  const changed = page.getByRole('dialog').filter({ hasText: 'Your password was changed' });
  await changed.waitFor();
  await pressKey(page, 'Escape');
  await changed.waitFor({ state: 'detached' });
}

walk.installed(
  'a study whose session ends in the middle arrives without a login, and its receipt is checked',
  async (stage) => {
    const { page, visitor, gateway } = stage;
    await stage.enter();
    await until('the device to be enrolled', async () =>
      (await deviceNow(page)).rights.some(({ enrolled }) => enrolled),
    );
    const { rights } = await deviceNow(page);
    assert.ok(
      rights.every(({ extractable }) => !extractable),
      'no script can read the key',
    );
    const middle = await sendHalf(stage);
    const cookie = (await visitor.cookies()).find(({ name }) => name === 'relay_refresh');
    const ended = await fetch(`${gateway.api}/auth/logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refreshToken: cookie?.value }),
    });
    assert.is(ended.status, 204);
    await page.reload();
    middle.resume();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await untilArrived(stage);
    await expect(page.getByRole('heading', { name: 'Sign in' }), 'nobody has signed in').toBeVisible();
  },
);

walk(
  'signing out in the middle takes the study off the screen at once, says that it is being sent, and it arrives',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    const middle = await sendHalf(stage);
    // Nothing passes yet: signing out does not wait for the network.
    await signOut(stage);
    await page.getByText('still on their way from this device', { exact: false }).waitFor();
    await expect(page.locator('.queue-row, .card')).toHaveCount(0);
    middle.resume();
    await untilArrived(stage);
  },
);

walk('a study that is sent after a new password arrives without a login too', async (stage) => {
  await stage.enter();
  const next = 'four words that nobody knows';
  const untilEnrolled = (times: number) =>
    until(
      `the device to be enrolled ${times} times`,
      async () => (await audited(stage, 'device-enrolled')).length === times,
    );
  await untilEnrolled(1);
  await changePassword(stage, PASSWORD, next);
  await untilEnrolled(2);
  await changePassword(stage, next, PASSWORD);
  await untilEnrolled(3);
  const middle = await sendHalf(stage);
  await signOut(stage);
  middle.resume();
  await untilArrived(stage);
});

walk(
  'a disabled account’s study waits and says so, and is sent once its user signs in again',
  async (stage) => {
    const { page, account } = stage;
    await stage.enter();
    const middle = await sendHalf(stage);
    await setDisabled(stage, true);
    middle.resume();
    const saysSo = async () => {
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await page.getByText('until the person who sent them signs in', { exact: false }).waitFor();
    };
    await saysSo();
    await page.reload();
    await saysSo();
    await setDisabled(stage, false);
    await page.evaluate(() => location.assign('#/'));
    await signIn(page, account.username);
    await untilArrived(stage);
  },
);

walk(
  'a disabled account’s study is taken over by an administrator, arrives under that name, and the audit trail says so',
  async (stage) => {
    const { page, gateway, account } = stage;
    await stage.enter();
    const middle = await sendHalf(stage);
    await setDisabled(stage, true);
    middle.resume();
    await page.getByText('until the person who sent them signs in', { exact: false }).waitFor();
    const boss = await createAccount(gateway, 'boss', ['admin']);
    const goTo = (hash: string) => page.evaluate((to) => location.assign(to), hash);
    await goTo('#/');
    await signIn(page, boss.username);
    await goTo('#/studies');
    const take = page.getByRole('button', { name: 'Take over 1 study' });
    await take.waitFor();
    await looksRight(page, 'queue-ownerless');
    await expect(page.locator('.queue-row'), 'nothing of it is shown before').toHaveCount(0);
    await take.click();
    await page.getByRole('heading', { name: 'Take over these studies?' }).waitFor();
    await looksRight(page, 'take-over');
    await page.getByRole('button', { name: 'Take them over' }).click();
    await page.locator('.queue-row').first().waitFor();
    await untilArrived(stage, boss.username);
    assert.equal(await audited(stage, 'queue-taken-over'), [
      { accountId: account.id, by: boss.id, studies: 1 },
    ]);
  },
);

for (const days of [-3, 3])
  walk(
    `a tablet whose clock is ${days} days off, and is set in the middle, sends and gets its receipt`,
    async (stage) => {
      const clock = await shiftClock(stage.page, days * DAY_MS);
      await stage.enter();
      const middle = await sendHalf(stage);
      await clock.set(-days * DAY_MS);
      middle.resume();
      await untilArrived(stage);
    },
  );

test.run();
