/** API keys in an administrator's hands, in a real Chromium against the running system. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ApiKeyList } from '#shared/protocol/api-key.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('API keys');
const walk = await walkScreens(test, { name: 'API keys', roles: ['admin'], open: openWorld });

/** A key in its last days, and the address to which scripts send. */
async function expiresSoon(page: Page): Promise<void> {
  const lists = '**/api/admin/api-keys';
  await page.route(lists, async (route) => {
    const answer = await route.fetch();
    const list = (await answer.json()) as ApiKeyList;
    const expiresAt = new Date(Date.now() + 3.5 * 86_400_000).toISOString();
    const keys = list.keys.map((key, at) => (at === 0 ? { ...key, expiresAt } : key));
    await route.fulfill({ response: answer, json: { ...list, keys } });
  });
  await page.reload();
  await page.getByText('expires in 3 days').waitFor();
  const addresses = page.getByRole('region', { name: 'Addresses for scripts' });
  await addresses.getByText(`${new URL(page.url()).origin}/api/upload/files`, { exact: true }).waitFor();
  await looksRight(page, 'api-keys-expiring');
  await page.unroute(lists);
}

walk('an administrator makes a key, sees it once, and revokes it', async (stage) => {
  const { page, account, gateway } = stage;
  await stage.enter();
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByText('None yet').first().waitFor();
  await looksRight(page, 'admin-overview');
  await page.getByRole('link', { name: /^API keys/ }).click();
  const pages = page.getByRole('navigation', { name: 'Administration' });
  await expect(pages.locator('[aria-current=page]')).toHaveText(['API keys']);
  const days = page.getByRole('combobox', { name: /^Expires after/ });
  await days.selectOption('90 days');
  const ends = page.getByText(/^If you create it now, it expires on /);
  const of90Days = await ends.innerText();
  await days.selectOption('30 days');
  await ends.filter({ hasNotText: of90Days }).waitFor();
  await page.getByRole('button', { name: 'Create key' }).click();
  await page.getByText('Enter a purpose, choose an account and select at least one permission').waitFor();
  const make = async (name: string): Promise<string> => {
    await page.getByLabel('Purpose').fill(name);
    await page.getByRole('combobox', { name: /^Account/ }).selectOption({ label: account.username });
    await page.getByLabel('Send studies').check();
    await page.getByRole('combobox', { name: /^Policy for sending/ }).selectOption('identified');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText(`The key “${name}” is ready`).waitFor();
    return (await page.locator('.notice .code-text').innerText()).trim();
  };
  const status = async (key: string): Promise<number> =>
    (await fetch(`${gateway.api}/auth/me`, { headers: { authorization: `Bearer ${key}` } })).status;
  const script = `a script of ${account.username}`;
  const first = await make(script);
  await expect(days).toHaveValue('365');
  assert.is(await status(first), 200);
  await page.getByRole('button', { name: `Revoke ${script}` }).click();
  await page.getByRole('heading', { name: 'Revoke this key?' }).waitFor();
  await looksRight(page, 'api-keys-revoke');
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('button', { name: `Revoke ${script}` }).waitFor({ state: 'detached' });
  await page.getByText('Keys that no longer work').click();
  const ended = page.getByRole('listitem').filter({ hasText: script });
  await ended.getByText('Revoked', { exact: true }).waitFor();
  assert.is(await status(first), 401);
  assert.is(await status(await make(`night export of ${account.username}`)), 200);
  await page.getByText('policy: identified').first().waitFor();
  await looksRight(page, 'api-keys');
  await expiresSoon(page);
  await page.reload();
  await page.getByText(`night export of ${account.username}`).waitFor();
  await expect(page.locator('.notice .code-text'), 'the key is not shown again').toHaveCount(0);
});

test.run();
