// test:all: sessions and refusals of one account; auth.test.ts and screens.e2e.ts guard signing in by day
/**
 * The account in a person's hands, in a real Chromium against the running system: a password of their own, their
 * sessions, and too many attempts to sign in. States are inspected as in screens.e2e.ts.
 */
import type { Locator } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAccount, PASSWORD } from '#testing/accounts.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { expect } from '#testing/expect.ts';
import { pressKey, pressOn } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { idOf, recordedResults } from './testing/recorded-answers.ts';
import { record, RecordedGateway } from './testing/recorded-gateway.ts';
import { looksRight } from './testing/looks-right.ts';

const test = suite('the account in a person’s hands');
const walk = await walkScreens(test, {
  name: 'the account in a person’s hands',
  roles: ['technician'],
  open: openWorld,
});

walk(
  'a person changes their own password by keyboard, is told what is wrong with it, and stays signed in',
  async (stage) => {
    const { page, account, gateway } = stage;
    await stage.enter();
    await page.getByRole('link', { name: 'Studies' }).click();
    await page.getByRole('heading', { name: 'Studies', level: 1, exact: true }).waitFor();
    await page.getByRole('button', { name: `Account of ${account.username}` }).click();
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByRole('heading', { name: 'Change your password' }).waitFor();
    const held = page.getByLabel('Current password');
    const wanted = page.getByLabel('New password');
    const fillBoth = async (current: string, next: string): Promise<void> => {
      await wanted.fill('');
      await held.fill(current);
      await pressOn(held, 'Tab');
      await expect(wanted).toBeFocused();
      await page.keyboard.type(next);
      await pressOn(wanted, 'Enter');
    };
    await fillBoth(PASSWORD, 'short');
    await page.getByText('The new password must have at least 8 characters.').waitFor();
    await fillBoth('not this one', 'four words of one’s own');
    await page.getByText('The current password is wrong.').waitFor();
    await fillBoth(PASSWORD, 'password');
    await page.getByText('This password is too easy to guess.').waitFor();
    await looksRight(page, 'password');
    await expect(held).toHaveAttribute('aria-invalid', 'false');
    await expect(wanted).toHaveAttribute('aria-invalid', 'true');
    await page.mouse.click(4, 4);
    await untilAtRest(page);
    await expect(page.getByLabel('Current password'), 'a press beside it loses nothing').toHaveValue(
      PASSWORD,
    );
    const answer = Promise.withResolvers<void>();
    await page.route('**/api/auth/password', async (route) => {
      await answer.promise;
      await route.continue();
    });
    await fillBoth(PASSWORD, 'four words of one’s own');
    // Closed while it is being changed, it says so all the same.
    await pressKey(page, 'Escape');
    answer.resolve();
    await page.getByRole('heading', { name: 'Your password was changed' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    await expect(page.getByRole('dialog'), 'the sheet is not left over another page').toHaveCount(0);
    await page.reload();
    await page.getByRole('button', { name: `Account of ${account.username}` }).waitFor();
    const body = JSON.stringify({ username: account.username, password: PASSWORD });
    const headers = { 'content-type': 'application/json' };
    const old = await fetch(`${gateway.api}/auth/login`, { method: 'POST', headers, body });
    assert.is(old.status, 401);
  },
);

walk('a person sees where they are signed in, and signs out everywhere at once', async (stage) => {
  const { page, account, gateway } = stage;
  await stage.enter();
  const post = (path: string, body: unknown) =>
    fetch(`${gateway.api}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const elsewhere = await post('/auth/login', { username: account.username, password: PASSWORD });
  const { refreshToken } = (await elsewhere.json()) as { refreshToken: string };
  await page.getByRole('button', { name: `Account of ${account.username}` }).click();
  await page.getByRole('button', { name: 'Where you are signed in' }).click();
  for (const name of ['This browser', 'Another browser or program', 'A device that sends your studies'])
    await page.getByText(name, { exact: true }).first().waitFor();
  await page.getByText('in use now', { exact: false }).waitFor();
  await looksRight(page, 'sessions');
  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  assert.is((await post('/auth/refresh', { refreshToken })).status, 401);
});

walk(
  'the next person gets nothing that a page held for the last one, whose own renewals change nothing',
  async (stage) => {
    const { page, visitor, address, gateway } = stage;
    const said = new RecordedGateway();
    said.results = recordedResults();
    await record(visitor, said);
    await stage.enter();
    const goTo = (hash: string) => page.evaluate((address) => location.assign(address), hash);
    const found = page.getByRole('heading', { name: 'Above the threshold for pneumonia' });
    const openWithoutLink = async (shown: Locator) => {
      said.isDown = true;
      await goTo(`#/results/${idOf(1)}`);
      await expect(shown).toBeVisible();
      said.isDown = false;
      await goTo('#/results');
      await page.locator('.list-link').first().waitFor();
    };
    // Another tab says it like this, with the cookie that all tabs share.
    const renew = async () => {
      const renewed = page.waitForResponse('**/api/auth/refresh');
      await page.evaluate(() => new BroadcastChannel('relaypacs-account').postMessage('another'));
      await renewed;
    };
    await goTo(`#/results/${idOf(1)}`);
    await found.waitFor();
    await goTo('#/results');
    await page.locator('.list-link').first().waitFor();
    await renew();
    await openWithoutLink(found);
    const next = await createAccount(gateway, 'next', ['technician']);
    const data = { username: next.username, password: PASSWORD };
    const entered = await page.request.post(`${address}/api/auth/login`, { data });
    assert.is(entered.status(), 200);
    await renew();
    await page.getByRole('button', { name: `Account of ${next.username}` }).waitFor();
    await openWithoutLink(page.locator('main.result').getByText('The gateway is not responding'));
  },
);

walk('a person who has tried too often is told how long to wait', async ({ page, address }) => {
  const code = 'too-many-attempts';
  const problem = {
    type: `urn:relaypacs:problem:${code}`,
    title: '-',
    status: 429,
    code,
    correlationId: 'c',
  };
  await page.route('**/api/auth/login', (route) =>
    route.fulfill({ status: 429, headers: { 'retry-after': '42' }, json: problem }),
  );
  await page.goto(address);
  await page.getByLabel('User name').fill('somebody');
  await page.getByLabel('Password', { exact: true }).fill('a guess');
  await page.getByRole('button', { name: 'Sign in' }).click();
  const told = page.getByRole('alert');
  await expect(told).toContainText('Too many attempts to sign in.');
  await expect(told).toContainText('Wait 42 seconds, then try again.');
  await expect(told).not.toContainText('automatically');
});

/** The contrast ratio (WCAG 2.2) of two colours as the browser writes them. */
function contrastOf(...colours: [string, string]): number {
  const [light, dark] = colours
    .map((colour) => {
      const [red, green, blue] = [...colour.matchAll(/[\d.]+/g)].map(([value]) => {
        const part = Number(value) / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
    })
    .sort((a, b) => b - a);
  return (light! + 0.05) / (dark! + 0.05);
}

walk('while signing in takes its time the button can be read, also under the pointer', async (stage) => {
  const { page, address, account } = stage;
  const answer = Promise.withResolvers<void>();
  await page.route('**/api/auth/login', async (route) => {
    await answer.promise;
    await route.continue();
  });
  await page.goto(address);
  await page.getByLabel('User name').fill(account.username);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  const waiting = page.getByRole('button', { name: 'Signing in…' });
  await waiting.hover();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const contrast = () =>
      waiting.evaluate((button) => {
        const { color, backgroundColor } = getComputedStyle(button);
        return [color, backgroundColor] as [string, string];
      });
    await expect.poll(async () => contrastOf(...(await contrast())), colorScheme).toBeGreaterThanOrEqual(4.5);
  }
  answer.resolve();
  await page.getByRole('button', { name: 'Choose files' }).waitFor();
});

test.run();
