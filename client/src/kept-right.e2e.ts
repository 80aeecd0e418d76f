// test:all: passwords, clocks and a take-over, each with an upload of its own; upload-right.e2e.ts guards by day
/**
 * The right to send after a change, in a real Chromium against the running system: of the password, of the tablet's
 * clock in the middle, and of the person: an administrator takes the queue of a disabled account over.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import { ADMIN, askAs, createAccount, PASSWORD } from '#testing/accounts.ts';
import { signIn } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { pressKey, pressOn } from '#testing/press.ts';
import { shiftClock } from '#testing/shift-clock.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from './testing/looks-right.ts';
import { sendHalf, setDisabled, signOut, untilArrived } from './testing/send-half.ts';

const test = suite('the right to send after a change');
const walk = await walkScreens(test, {
  name: 'the right to send after a change',
  roles: ['technician'],
  open: openWorld,
});

type AuditRow = { readonly event: string; readonly fields: Readonly<Record<string, unknown>> };

/** The events of the trail about this account. */
async function audited({ gateway, account }: Stage, of: string) {
  const path = `/audit/events?person=${account.id}&limit=200`;
  const { rows } = await askAs<{ rows: readonly AuditRow[] }>(gateway, ADMIN, path);
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
