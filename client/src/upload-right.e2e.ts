/**
 * The right to send that outlives a login, in a real Chromium against the running system: the session ends, a person
 * signs out or an account is disabled during an upload. A queued study arrives, or says for whom it waits.
 * kept-right.e2e.ts has the rest.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { signIn } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { deviceNow, sendHalf, setDisabled, signOut, untilArrived } from './testing/send-half.ts';

const test = suite('the right to send');
const walk = await walkScreens(test, {
  name: 'the right to send',
  roles: ['technician'],
  open: openWorld,
});

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
    await page.getByText('still being sent from this device', { exact: false }).waitFor();
    await expect(page.locator('.queue-row, .card')).toHaveCount(0);
    middle.resume();
    await untilArrived(stage);
  },
);

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

test.run();
