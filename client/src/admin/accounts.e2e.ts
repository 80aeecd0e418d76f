// test:all: every page of accounts; accounts.store.test.ts and api-keys.e2e.ts guard them by day
/** Accounts in an administrator's hands, in a real Chromium against the running system. */
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADMIN, ask, createAccount, PASSWORD } from '#testing/accounts.ts';
import { fillSignIn } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { pressOn } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('accounts');
const walk = await walkScreens(test, { name: 'accounts', roles: ['admin'], open: openWorld });

const rowOf = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.locator('bdi').getByText(name, { exact: true }) });
const openRow = async (page: Page, name: string) => {
  await rowOf(page, name).getByRole('link').click();
  const details = page.getByRole('article', { name, exact: true });
  await expect(details.getByRole('heading')).toBeFocused();
  return details;
};
const toList = (page: Page) => page.getByRole('link', { name: 'All accounts' }).click();
const dialog = (page: Page) => page.getByRole('dialog');
/** Until the roles that are ticked are those that the gateway has: the button is disabled while it is asked, too. */
const saveRoles = async (row: Locator): Promise<void> => {
  await row.getByRole('button', { name: 'Save roles' }).click();
  await row.getByText('New roles apply immediately').waitFor({ state: 'detached' });
};

walk(
  'an administrator adds a technician, who signs in and does not get the page; the password is shown once',
  async (stage) => {
    const { page, account, address, openVisitor } = stage;
    await stage.enter();
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('link', { name: /^Accounts/ }).click();
    await page.getByRole('button', { name: 'Add an account' }).click();
    const name = `anna-${account.username}`;
    const submit = dialog(page).getByRole('button', { name: 'Add the account' });
    await submit.click();
    await dialog(page).getByText('This user name can’t be used.').waitFor();
    await dialog(page).getByLabel('User name').fill(name);
    await submit.click();
    await dialog(page).getByText('Choose at least one role.').waitFor();
    await looksRight(page, 'account-form');
    await dialog(page)
      .getByLabel(/^Technician/)
      .check();
    const first = await dialog(page).getByLabel('First password').inputValue();
    await submit.click();
    await page.getByRole('dialog', { name: 'The account was added' }).waitFor();
    await expect(dialog(page).locator('.code-text')).toHaveText(first);
    await looksRight(page, 'account-added');
    await pressOn(dialog(page).locator('.code-line'), 'Tab');
    await pressOn(dialog(page).getByRole('button', { name: 'Done' }), 'Enter');
    await dialog(page).waitFor({ state: 'detached' });
    await rowOf(page, name).getByText('Never', { exact: true }).waitFor();
    await expect(page.getByText(first), 'the password is not shown again').toHaveCount(0);

    const tablet = await openVisitor();
    const technician = await tablet.newPage();
    await technician.goto(address);
    await fillSignIn(technician, name, first);
    await technician.getByRole('button', { name: 'Choose files' }).waitFor();
    await technician.goto(`${address}/#/admin/accounts`);
    await technician
      .getByRole('heading', { name: /^This page does not exist, or you don’t have permission to open it/ })
      .waitFor();
    await technician.goto(`${address}/#/`);

    // The browser sends this event when somebody comes back to the page.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    const row = await openRow(page, name);
    await row.getByText(/^Last sign-in .*1 session/).waitFor();
    await looksRight(page, 'accounts');
    await tablet.close();
  },
);

walk(
  'an administrator changes roles, ends sessions, sets a password, disables and enables, and the person feels each of them',
  async (stage) => {
    const { page, address, gateway, openVisitor } = stage;
    const { username: name } = await createAccount(gateway, 'anna', ['technician']);
    const tablet = await openVisitor();
    const technician = await tablet.newPage();
    await technician.goto(address);
    await fillSignIn(technician, name, PASSWORD);
    await technician.getByRole('button', { name: 'Choose files' }).waitFor();
    await stage.enter();
    await page.goto(`${address}/#/admin/accounts`);
    const row = await openRow(page, name);
    await row.getByRole('button', { name: 'Save roles', disabled: true }).waitFor();
    await row.getByLabel(/^Technician/).uncheck();
    await row.getByLabel(/^Auditor/).check();
    await row.getByText('These roles do not allow sending').waitFor();
    await saveRoles(row);
    await expect(row.getByLabel(/^Auditor/)).toBeChecked();
    await row.getByLabel(/^Technician/).check();
    await row.getByLabel(/^Auditor/).uncheck();
    await saveRoles(row);
    await expect(row.getByLabel(/^Technician/)).toBeChecked();

    await row.getByRole('button', { name: `End sessions of ${name}` }).click();
    await dialog(page).getByText('Studies waiting on a device stay there').waitFor();
    await dialog(page).getByRole('button', { name: 'End sessions' }).click();
    await row.getByRole('button', { name: `End sessions of ${name}` }).waitFor({ state: 'detached' });
    await technician.reload();
    await technician.getByRole('heading', { name: 'Sign in' }).waitFor();

    await row.getByRole('button', { name: 'Set a new password' }).click();
    await looksRight(page, 'account-password');
    await dialog(page).getByLabel('New password').fill('password1234');
    await dialog(page).getByRole('button', { name: 'Set password' }).click();
    await dialog(page).getByText('This password is too easy to guess.').waitFor();
    await dialog(page).getByLabel('New password').fill('four words for Anna');
    await dialog(page).getByRole('button', { name: 'Set password' }).click();
    await page.getByRole('dialog', { name: 'The new password is set' }).waitFor();
    await dialog(page).getByRole('button', { name: 'Done' }).click();
    await dialog(page).waitFor({ state: 'detached' });

    await row.getByRole('button', { name: `Disable ${name}` }).click();
    await dialog(page).getByText('Studies waiting on a device stay there, encrypted').waitFor();
    await looksRight(page, 'account-disable');
    await dialog(page).getByRole('button', { name: 'Disable' }).click();
    await row.getByText('take them over under Studies').waitFor();
    await looksRight(page, 'account-disabled');
    await fillSignIn(technician, name, 'four words for Anna');
    await technician.getByText('This account is disabled.').waitFor();
    await row.getByRole('button', { name: `Enable ${name}` }).click();
    await row.getByRole('button', { name: `Disable ${name}` }).waitFor();
    await technician.getByRole('button', { name: 'Sign in' }).click();
    await technician.getByRole('button', { name: 'Choose files' }).waitFor();
    await tablet.close();
  },
);

walk(
  'nobody locks themselves out, and an administrator who has lost the role gets no further',
  async (stage) => {
    const { page, account, address, gateway } = stage;
    await stage.enter();
    await page.goto(`${address}/#/admin/accounts`);
    const own = await openRow(page, account.username);
    await expect(own.getByLabel(/^Administrator/)).toBeDisabled();
    await own
      .getByText('So that nobody is locked out, you can’t remove your own Administrator role')
      .waitFor();
    await expect(own.getByRole('button', { name: /Disable|End sessions of|new password/ })).toHaveCount(0);
    // Somebody has taken the role from this person meanwhile, and the page shows the list of before.
    await ask(gateway, ADMIN, {
      method: 'PATCH',
      path: `/admin/users/${account.id}`,
      body: { roles: ['technician'] },
    });
    await toList(page);
    const other = await openRow(page, ADMIN);
    await other.getByRole('button', { name: 'Disable admin' }).click();
    await dialog(page).getByRole('button', { name: 'Disable' }).click();
    await page
      .getByRole('heading', { name: /^This page does not exist, or you don’t have permission to open it/ })
      .waitFor();
    assert.is(
      (await ask(gateway, ADMIN, { path: '/admin/users' })).status,
      200,
      'the gateway has refused it',
    );
  },
);

walk(
  'many accounts are searched and sorted; long names and both directions of writing fit',
  async (stage) => {
    const { page, address, gateway, seed } = stage;
    const long = `${'Wolfeschlegelsteinhausenbergerdorff'.repeat(3)}${seed(0)}`;
    const arabic = `ليلى-عبد-الرحمن-${seed(0)}`;
    for (const username of [long, arabic])
      await ask(gateway, ADMIN, {
        method: 'POST',
        path: '/admin/users',
        body: { username, password: PASSWORD, roles: ['radiologist', 'researcher'] },
      });
    for (let nr = 0; nr < 9; nr += 1) await createAccount(gateway, `room-${nr}`, ['technician']);
    await stage.enter();
    await page.goto(`${address}/#/admin/accounts`);
    await page.getByLabel('Search by name or role').waitFor();
    await (await openRow(page, arabic)).getByRole('button', { name: 'Save roles' }).waitFor();
    await toList(page);
    await looksRight(page, 'accounts-many');
    await page.getByLabel('Search by name or role').fill(`radiologist ${arabic}`);
    await page.getByText('1 account', { exact: true }).waitFor();
    await page.getByLabel('Search by name or role').fill('nobody at all');
    await page.getByText('No accounts match').waitFor();
    await looksRight(page, 'accounts-none');
    await page.getByRole('button', { name: 'Clear the search' }).click();
    await page.getByLabel('Sort by').selectOption({ label: 'Last sign-in, newest first' });
    await expect(page.locator('tbody tr').last()).toContainText('Never');
    await expect(page.locator('tbody tr').first()).not.toContainText('Never');
  },
);

walk('without an answer the page says so, and asks again', async (stage) => {
  const { page, address } = stage;
  await stage.enter();
  await page.route('**/api/admin/users', (route) => route.abort());
  await page.goto(`${address}/#/admin/accounts`);
  await page.getByText('The gateway is not responding.').waitFor();
  await looksRight(page, 'accounts-unreachable');
  await page.unroute('**/api/admin/users');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('button', { name: 'Add an account' }).waitFor();
});

test.run();
