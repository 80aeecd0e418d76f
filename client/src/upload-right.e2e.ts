/**
 * The right to send that outlives a login, in a real Chromium against the running system: the session ends
 * while a study travels, an account is disabled, the tablet's clock is days off and is set in the middle.
 * What was queued arrives, or says for whom it waits.
 */
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '#shared/protocol/api.ts';
import {
  choose,
  filesOf,
  instancesInPacs,
  openApp,
  PASSWORD,
  signIn,
  untilInstalled,
  untilPolicyKnown,
  type AppUnderTest,
} from '#testing/app-under-test.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { shiftClock, type ShiftedClock } from '#testing/shift-clock.ts';
import { findOrthanc } from '../../scripts/system/orthanc.ts';

const DAY_MS = 86_400_000;
const INSTANCES = 16;
/** Large enough to be met in the middle, however well it is coded. */
const study = (seed: number) => filesOf(seed, { instances: INSTANCES, rows: 512 });

const { chromium } = testEnvironment();
const test = suite('the right to send');
const why =
  chromium === null
    ? 'there is no Chromium'
    : (await findOrthanc()) === null
      ? 'Orthanc is not installed'
      : null;

type DeviceNow = {
  readonly rights: readonly { name: string; enrolled: boolean; extractable: boolean }[];
  readonly records: number;
  readonly receipts: number;
};

/** What the browser's database holds of rights, parcels and receipts. */
function deviceNow(page: Page): Promise<DeviceNow> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>(
        (resolve, reject) => (
          (request.onsuccess = () => resolve(request.result)), (request.onerror = () => reject(request.error))
        ),
      );
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

async function asAdmin(
  { gateway }: AppUnderTest,
  method: string,
  path: string,
  body: unknown,
): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const login = await fetch(`${gateway.api}/auth/login`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ username: 'admin', password: PASSWORD }),
  });
  const { accessToken } = (await login.json()) as Session;
  return fetch(`${gateway.api}${path}`, {
    method,
    headers: { ...headers, authorization: `Bearer ${accessToken}` },
    body: JSON.stringify(body),
  });
}

if (why !== null || chromium === null) {
  skipped('the right to send', why ?? 'there is no Chromium');
} else {
  let app: AppUnderTest;
  let browser: BrowserContext;
  let sent = 0;
  test.before(async () => {
    app = await openApp(chromium);
  });
  test.before.each(async () => {
    browser = await app.openBrowser();
    await browser.clearCookies();
  });
  test.after(async () => app.close());

  /** Nothing passes after so many further bytes, until it is resumed, or the test has failed. */
  let held: { resume(): void } | null = null;
  const hold = (bytes: number) => {
    const pause = app.link.pauseAfter(bytes);
    held = pause;
    return pause;
  };
  test.after.each(() => held?.resume());

  const openAs = async (
    username: string,
    before: (page: Page) => Promise<void> = async () => undefined,
  ): Promise<Page> => {
    const page = await browser.newPage();
    await before(page);
    await page.goto(app.address);
    await page.getByLabel('User name').waitFor();
    await signIn(page, username);
    await untilInstalled(page);
    await untilPolicyKnown(page);
    return page;
  };
  /** Chooses a study, presses Send, and holds the link when so many bytes have left. */
  const sendHalf = async (page: Page, seed: number, bytes: number) => {
    await choose(page, study(seed));
    const middle = hold(bytes);
    await page.getByRole('button', { name: /^Send \d/ }).click();
    await middle.reached;
    await page.getByText('You can close this page', { exact: false }).waitFor();
    sent += INSTANCES;
    return middle;
  };
  const untilArrived = async (page: Page, receipts: number) => {
    await until('the study to be in the PACS, and its receipt here', async () => {
      const now = await deviceNow(page);
      return now.records === 0 && now.receipts >= receipts;
    });
    assert.is(await instancesInPacs(app.orthanc), sent);
  };

  test('a study whose session ends in the middle arrives without a login, and its receipt is checked', async () => {
    const page = await openAs('admin');
    await until('the device to be enrolled', async () =>
      (await deviceNow(page)).rights.some(({ enrolled }) => enrolled),
    );
    const { rights } = await deviceNow(page);
    assert.ok(
      rights.every(({ extractable }) => !extractable),
      'no script can read the key',
    );

    const middle = await sendHalf(page, 1, 300_000);
    const cookie = (await browser.cookies()).find(({ name }) => name === 'relay_refresh');
    const ended = await fetch(`${app.gateway.api}/auth/logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refreshToken: cookie?.value }),
    });
    assert.is(ended.status, 204);
    await page.reload();
    middle.resume();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await untilArrived(page, 1);
    assert.is(
      await page.getByRole('heading', { name: 'Sign in' }).count(),
      1,
      'nobody has signed in meanwhile',
    );
  });

  test('signing out in the middle takes the study off the screen at once, says that it travels, and it goes on', async () => {
    const page = await openAs('admin');
    const middle = await sendHalf(page, 2, 300_000);
    await page.getByRole('button', { name: 'Account of admin' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    // Nothing passes yet: signing out does not wait for the network.
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.getByText('still on their way from this device', { exact: false }).waitFor();
    assert.is(await page.locator('.queue-row, .card').count(), 0);
    middle.resume();
    await untilArrived(page, 2);
  });

  test('what a disabled account has queued waits and says so, and goes on when its user signs in again', async () => {
    const made = await asAdmin(app, 'POST', '/admin/users', {
      username: 'tess',
      password: PASSWORD,
      roles: ['technician'],
    });
    const { id } = (await made.json()) as { id: string };
    const page = await openAs('tess');
    const middle = await sendHalf(page, 3, 300_000);
    assert.is((await asAdmin(app, 'PATCH', `/admin/users/${id}`, { disabled: true })).status, 200);
    middle.resume();
    const saysSo = async () => {
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await page.getByText('until the person who sent them signs in', { exact: false }).waitFor();
    };
    await saysSo();
    await page.reload();
    await saysSo();

    assert.is((await asAdmin(app, 'PATCH', `/admin/users/${id}`, { disabled: false })).status, 200);
    await page.evaluate(() => (location.hash = '#/'));
    await signIn(page, 'tess');
    await untilArrived(page, 3);
  });

  for (const [seed, days] of [
    [4, -3],
    [5, 3],
  ] as const) {
    test(`a tablet whose clock is ${days} days off, and is set in the middle, sends and gets its receipt`, async () => {
      let clock: ShiftedClock | null = null;
      const page = await openAs(
        'admin',
        async (opened) => void (clock = await shiftClock(opened, days * DAY_MS)),
      );
      const middle = await sendHalf(page, seed, 300_000);
      await clock!.set(-days * DAY_MS);
      middle.resume();
      await untilArrived(page, seed);
    });
  }
}

test.run();
