/**
 * The right to send that outlives a login, in a real Chromium against the running system: the session ends
 * during an upload, an account is disabled (and its queue taken over), the tablet's clock is days off and is
 * corrected midway. A queued study arrives, or says for whom it waits.
 */
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADMIN, ask, askAs, createAccount, PASSWORD, type Account } from '#testing/accounts.ts';
import {
  choose,
  instancesSentBy,
  largeFilesOf,
  seedsOf,
  signIn,
  untilInstalled,
  untilPolicyKnown,
} from '#testing/app-page.ts';
import { skipped } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { shiftClock, type ShiftedClock } from '#testing/shift-clock.ts';
import { noWorldBecause, openWorld, type World } from '#testing/world.ts';
import { looksRight } from './testing/screens.ts';

const DAY_MS = 86_400_000;
const INSTANCES = 16;
/** The bytes of a study after which the link is held: it is on its way but has not arrived. */
const HALF_BYTES = 300_000;

const test = suite('the right to send');
const why = await noWorldBecause();
const seed = seedsOf('the right to send');

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

if (why !== null) {
  skipped('the right to send', why);
} else {
  let world: World;
  let browser: BrowserContext;
  let account: Account;
  test.before(async () => {
    world = await openWorld();
  });
  test.before.each(async () => {
    browser = await world.openVisitor();
    account = await createAccount(world.gateway, 'tess', ['technician']);
  });
  test.after.each(async () => browser.close());
  test.after(async () => world.close());

  /** Nothing passes after so many further bytes, until it is resumed, or the test has failed. */
  let held: { resume(): void } | null = null;
  const hold = (bytes: number) => {
    const pause = world.link.pauseAfter(bytes);
    held = pause;
    return pause;
  };
  test.after.each(() => held?.resume());

  const open = async (before: (page: Page) => Promise<void> = async () => undefined): Promise<Page> => {
    const page = await browser.newPage();
    await before(page);
    await page.goto(world.address);
    await page.getByLabel('User name').waitFor();
    await signIn(page, account.username);
    await untilInstalled(page);
    await untilPolicyKnown(page);
    return page;
  };
  /** Chooses a study, presses Send, and holds the link when half of it has left. */
  const sendHalf = async (page: Page, nth: number) => {
    await choose(page, largeFilesOf(seed(nth)));
    const middle = hold(HALF_BYTES);
    await page.getByRole('button', { name: /^Send \d/ }).click();
    await middle.reached;
    await page.getByText('You can close this page', { exact: false }).waitFor();
    return middle;
  };
  const untilArrived = async (page: Page) => {
    await until('the study to be in the PACS, and its receipt here', async () => {
      const now = await deviceNow(page);
      return now.records === 0 && now.receipts === 1;
    });
    assert.is(await instancesSentBy(world, account.username), INSTANCES);
  };
  type AuditRow = { readonly event: string; readonly fields: Readonly<Record<string, unknown>> };
  const auditRows = async () =>
    (await askAs<{ rows: readonly AuditRow[] }>(world.gateway, ADMIN, '/audit?limit=1000')).rows;
  const changePassword = async (page: Page, current: string, next: string) => {
    await page.getByRole('button', { name: `Account of ${account.username}` }).click();
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByLabel('Current password').fill(current);
    await page.getByLabel('New password').fill(next);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your password was changed' }).waitFor();
    await page.keyboard.press('Enter');
  };
  const setDisabled = async (disabled: boolean) => {
    const path = `/admin/users/${account.id}`;
    const answer = await ask(world.gateway, ADMIN, { method: 'PATCH', path, body: { disabled } });
    assert.is(answer.status, 200);
  };

  test('a study whose session ends in the middle arrives without a login, and its receipt is checked', async () => {
    const page = await open();
    await until('the device to be enrolled', async () =>
      (await deviceNow(page)).rights.some(({ enrolled }) => enrolled),
    );
    const { rights } = await deviceNow(page);
    assert.ok(
      rights.every(({ extractable }) => !extractable),
      'no script can read the key',
    );

    const middle = await sendHalf(page, 1);
    const cookie = (await browser.cookies()).find(({ name }) => name === 'relay_refresh');
    const ended = await fetch(`${world.gateway.api}/auth/logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refreshToken: cookie?.value }),
    });
    assert.is(ended.status, 204);
    await page.reload();
    middle.resume();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await untilArrived(page);
    assert.is(
      await page.getByRole('heading', { name: 'Sign in' }).count(),
      1,
      'nobody has signed in meanwhile',
    );
  });

  test('signing out in the middle takes the study off the screen at once, says that it is being sent, and it arrives', async () => {
    const page = await open();
    const middle = await sendHalf(page, 2);
    await page.getByRole('button', { name: `Account of ${account.username}` }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    // Nothing passes yet: signing out does not wait for the network.
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.getByText('still on their way from this device', { exact: false }).waitFor();
    assert.is(await page.locator('.queue-row, .card').count(), 0);
    middle.resume();
    await untilArrived(page);
  });

  test('a study that is sent after a new password arrives without a login too', async () => {
    const page = await open();
    const enrolments = async () => {
      const noted = await auditRows();
      const enrolled = noted.filter(({ event }) => event === 'device-enrolled');
      return enrolled.filter(({ fields }) => fields['accountId'] === account.id).length;
    };
    const next = 'four words that nobody knows';
    await until('the device to be enrolled', async () => (await enrolments()) === 1);
    await changePassword(page, PASSWORD, next);
    await until('the device to be enrolled again', async () => (await enrolments()) === 2);
    await changePassword(page, next, PASSWORD);
    await until('and once more', async () => (await enrolments()) === 3);
    const middle = await sendHalf(page, 7);
    await page.getByRole('button', { name: `Account of ${account.username}` }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    middle.resume();
    await untilArrived(page);
  });

  test('a disabled account’s study waits and says so, and is sent once its user signs in again', async () => {
    const page = await open();
    const middle = await sendHalf(page, 3);
    await setDisabled(true);
    middle.resume();
    const saysSo = async () => {
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await page.getByText('until the person who sent them signs in', { exact: false }).waitFor();
    };
    await saysSo();
    await page.reload();
    await saysSo();

    await setDisabled(false);
    await page.evaluate(() => {
      location.hash = '#/';
    });
    await signIn(page, account.username);
    await untilArrived(page);
  });

  test('a disabled account’s study is taken over by an administrator, arrives under that name, and the audit trail says so', async () => {
    const page = await open();
    const middle = await sendHalf(page, 6);
    await setDisabled(true);
    middle.resume();
    await page.getByText('until the person who sent them signs in', { exact: false }).waitFor();
    const { gateway } = world;
    const boss = await createAccount(gateway, 'boss', ['admin']);
    const goTo = (hash: string) => page.evaluate((to) => location.assign(to), hash);
    await goTo('#/');
    await signIn(page, boss.username);
    await goTo('#/studies');
    const take = page.getByRole('button', { name: 'Take over 1 study' });
    await take.waitFor();
    await looksRight(page, 'queue-ownerless');
    assert.is(await page.locator('.queue-row').count(), 0, 'nothing of it is shown before');
    await take.click();
    await page.getByRole('heading', { name: 'Take over these studies?' }).waitFor();
    await looksRight(page, 'take-over');
    await page.getByRole('button', { name: 'Take them over' }).click();
    await page.locator('.queue-row').first().waitFor();
    await until('the study to be in the PACS, and its receipt here', async () => {
      const now = await deviceNow(page);
      return now.records === 0 && now.receipts === 1;
    });
    assert.is(await instancesSentBy(world, boss.username), INSTANCES);
    const rows = await auditRows();
    const noted = rows.filter(({ event }) => event === 'queue-taken-over').map(({ fields }) => fields);
    assert.equal(noted, [{ accountId: account.id, by: boss.id, studies: 1 }]);
  });

  for (const [nth, days] of [
    [4, -3],
    [5, 3],
  ] as const) {
    test(`a tablet whose clock is ${days} days off, and is set in the middle, sends and gets its receipt`, async () => {
      let clock: ShiftedClock | null = null;
      const page = await open(async (opened) => {
        clock = await shiftClock(opened, days * DAY_MS);
      });
      const middle = await sendHalf(page, nth);
      await clock!.set(-days * DAY_MS);
      middle.resume();
      await untilArrived(page);
    });
  }
}

test.run();
