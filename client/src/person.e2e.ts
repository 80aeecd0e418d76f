// test:all: a lock waits on an installed app; auto-lock.test.ts and offline.e2e.ts guard it by day
/**
 * The person in front of the app, in a real Chromium against the running system: a device that nobody touches, or that
 * somebody locks, shows nothing of them; signing in says one thing at a time.
 */
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AuditPage } from '#shared/protocol/audit-page.ts';
import { ADMIN, askAs, PASSWORD } from '#testing/accounts.ts';
import { choose, goOffline, onDisk, sendStudy } from '#testing/app-page.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { pressOn } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from './testing/looks-right.ts';

const test = suite('the person');
const walk = await walkScreens(test, { name: 'the person', roles: ['technician'], open: openWorld });

const MINUTE = 60_000;

/** Runs in the page before its own scripts: after the first move its clocks stand still. */
function giveClock(): void {
  const wall = Date.now.bind(Date);
  const monotonic = performance.now.bind(performance);
  let ahead = 0;
  let stoppedAt: number | null = null;
  const offset = (): number => ahead + (stoppedAt === null ? 0 : stoppedAt - monotonic());
  Date.now = () => wall() + offset();
  performance.now = () => monotonic() + offset();
  const moveClock = (ms: number): void => {
    stoppedAt ??= monotonic();
    ahead += ms;
    // Waking from sleep tells the page that it is seen again.
    document.dispatchEvent(new Event('visibilitychange'));
  };
  Object.assign(globalThis, { moveClock });
}

const moveClock = (page: Page, by: number): Promise<void> =>
  page.evaluate((ms) => (globalThis as unknown as { moveClock(ms: number): void }).moveClock(ms), by);

async function fillSignIn(page: Page, username: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
}

/** Whatever a person or a screen reader finds on the page: none of these words is in it. */
async function saysNothingOf(page: Page, words: readonly string[]): Promise<void> {
  await expect(page).toHaveTitle('Sign in – RelayPACS');
  await expect(page).not.toHaveURL(/#\/studies/);
  for (const word of words) await expect(page.locator('body')).not.toContainText(word);
}

/** Where its first letter stands, in whole pixels of the page. */
const leftOf = (element: Locator): Promise<number> =>
  element.evaluate((it) => {
    const text = document.createRange();
    text.selectNodeContents(it);
    return Math.round(text.getBoundingClientRect().left);
  });

/** Three instances, shown on Upload with Send. */
async function chooseWithoutSending({ page, address, seed }: Stage): Promise<void> {
  await page.goto(`${address}/#/`);
  const { instances } = syntheticStudy({ seed: seed(1), series: 1, instancesPerSeries: 3 });
  await choose(
    page,
    instances.map(({ fileName, bytes }) => onDisk(fileName, bytes)),
  );
  await page.getByRole('button', { name: /^Send 1 study/ }).waitFor();
}

walk.installed(
  'a device that nobody touches warns, then shows and says nothing of the last person, also after a sleep; but not without a network',
  async (stage) => {
    const { page, visitor, account, address } = stage;
    await page.addInitScript(giveClock);
    await stage.enter();
    const study = syntheticStudy({
      seed: stage.seed(0),
      patient: { name: 'Lockmann^Vera', id: 'LOCK-4711' },
    });
    const names = ['Lockmann', 'Vera', 'V. L.', '711', study.studyInstanceUID];
    await goOffline(page);
    await sendStudy(
      page,
      study.instances.map(({ fileName, bytes }) => onDisk(fileName, bytes)),
    );
    await page.getByText('Lockmann').first().waitFor();
    await page.getByRole('button', { name: /^Pause/ }).click();
    await chooseWithoutSending(stage);
    await page.goto(`${address}/#/studies`);
    await visitor.setOffline(false);
    await page.locator('[data-link=online]').waitFor();
    await moveClock(page, 13.6 * MINUTE);
    await untilAtRest(page);
    await page.getByText('Lockmann').first().waitFor();
    const question = page.getByRole('alertdialog');
    await expect(question, 'earlier than a minute before, nobody is asked').toHaveCount(0);
    await moveClock(page, MINUTE);
    await page.getByRole('alertdialog', { name: 'Are you still there?' }).waitFor();
    await looksRight(page, 'lock-warning');
    await isSaidAndSeen(page);
    await pressOn(page.getByRole('button', { name: 'Stay signed in' }), 'Enter');
    await question.waitFor({ state: 'detached' });
    await page.getByText('Lockmann').first().waitFor();
    // Without a network nobody could sign in again; with it the time that is over counts.
    await visitor.setOffline(true);
    await page.locator('[data-link=offline]').waitFor();
    await moveClock(page, 60 * MINUTE);
    await untilAtRest(page);
    await page.getByText('Lockmann').first().waitFor();
    await expect(page.getByRole('heading', { name: 'Sign in' })).toHaveCount(0);
    await visitor.setOffline(false);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.getByText('You were signed out because this device was not used for 15 minutes.').waitFor();
    await page.getByText(/3 images were not sent\..*Studies waiting on this device stay encrypted/).waitFor();
    await page.locator('[data-standing=not-sent]').waitFor();
    await looksRight(page, 'sign-in-locked');
    await saysNothingOf(page, names);
    await staysLocked(stage);
    await fillSignIn(page, account.username);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
  },
);

/** By the gateway, for whoever reads the audit trail. */
const isNotedAsLock = ({ gateway, account }: Stage): Promise<unknown> =>
  until('the lock to be noted, and nobody to be said to have signed out', async () => {
    const path = `/audit/events?kind=sign-ins&person=${account.id}`;
    const { rows } = await askAs<AuditPage>(gateway, ADMIN, path);
    const ended = rows.map(({ event }) => event).filter((event) => event !== 'login');
    return ended.length > 0 && ended.every((event) => event === 'locked');
  });

/** The next start does not continue as the last person, even without the network. */
async function staysLocked(stage: Stage): Promise<void> {
  const { page, visitor } = stage;
  await visitor.setOffline(true);
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await visitor.setOffline(false);
  await page.reload();
  await page.getByText('You were signed out because this device was not used for 15 minutes.').waitFor();
  await isNotedAsLock(stage);
}

/** By the accessibility tree, and in the middle of what is in sight. */
async function isSaidAndSeen(page: Page): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const { nodes } = await client.send('Accessibility.getFullAXTree');
  const warning = nodes.find(({ role }) => role?.value === 'alertdialog');
  assert.match(
    String(warning?.description?.value),
    /^Signing out in \d+ s ?This device has not been used for a while/,
  );
  await expect(page.getByRole('alertdialog')).toBeInViewport({ ratio: 1 });
}

walk('a warning that nobody answers ends with the lock, and one that is answered does not', async (stage) => {
  const { page } = stage;
  await page.addInitScript(giveClock);
  await stage.enter();
  // The minute of the warning has begun, and most of it is left for a slow machine.
  await moveClock(page, 14.1 * MINUTE);
  await page.getByRole('alertdialog', { name: 'Are you still there?' }).waitFor();
  await page.getByRole('button', { name: 'Stay signed in' }).click();
  await page.getByRole('alertdialog').waitFor({ state: 'detached' });
  await moveClock(page, MINUTE);
  await page.getByRole('button', { name: 'Choose files' }).waitFor();
  const place = await page.evaluateHandle(noteMove);
  await page.mouse.move(40, 400);
  await moveClock(page, 14.1 * MINUTE);
  await page
    .getByRole('alertdialog')
    .getByText(/^Signing out in \d+ s$/)
    .waitFor();
  // A browser sends this event once something else lies below a pointer at rest: nobody has touched it.
  await place.evaluate((last) => dispatchEvent(new PointerEvent('pointermove', last.move)));
  await moveClock(page, MINUTE);
  await page.getByText('You were signed out because this device was not used for 15 minutes.').waitFor();
  await expect(page.getByRole('alertdialog')).toHaveCount(0);
  await expect(page.getByText('stay encrypted', { exact: false }), 'nothing waits').toHaveCount(0);
});

walk(
  'Lock in the header locks at once, and reminds of chosen images after the next sign-in',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await chooseWithoutSending(stage);
    await page.getByRole('banner').getByRole('button', { name: 'Lock', exact: true }).click();
    await page.getByText('This device was locked.').waitFor();
    await page.getByText('3 images were not sent. Choose them again after you sign in.').waitFor();
  },
);

walk('a person who locks the device by hand has left it at once, in all its tabs', async (stage) => {
  const { page, visitor, account, address } = stage;
  await stage.enter();
  const other = await visitor.newPage();
  await other.goto(`${address}/#/studies`);
  await other.getByRole('heading', { name: 'Studies' }).waitFor();
  await chooseWithoutSending(stage);
  await page.getByRole('button', { name: `Account of ${account.username}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Lock', exact: true }).click();
  for (const tab of [page, other]) {
    await tab.getByRole('heading', { name: 'Sign in' }).waitFor();
    await tab.getByText('This device was locked.').waitFor();
    await saysNothingOf(tab, [account.username]);
  }
  await page.getByText('3 images were not sent. Choose them again after you sign in.').waitFor();
  await other.close();
  await page.reload();
  await page.getByText('This device was locked.').waitFor();
  await isNotedAsLock(stage);
});

/** Runs in the page: the last place of the pointer. */
const noteMove = () => {
  const last: { move: PointerEventInit } = { move: {} };
  addEventListener('pointermove', ({ screenX, screenY }) => (last.move = { screenX, screenY }));
  return last;
};

walk('a refused sign-in keeps the focus, and without a network one message says so', async (stage) => {
  const { page, visitor, address, account } = stage;
  await page.goto(address);
  const left = await leftOf(page.locator('.sign-in h1'));
  await expect.poll(() => leftOf(page.locator('.sign-in .button-bare').first())).toBe(left);
  const enters = page.getByRole('button', { name: 'Sign in' });
  await enters.click();
  await expect(page.getByLabel('User name')).toBeFocused();
  await fillSignIn(page, account.username, 'not this one');
  await enters.click();
  await page.getByText('User name or password is wrong.').waitFor();
  await expect(page.getByLabel('Password', { exact: true })).toBeFocused();
  await visitor.setOffline(true);
  await page.getByText('There is no network connection.', { exact: false }).waitFor();
  await enters.click();
  await page.getByRole('button', { name: 'Sign in', disabled: false }).waitFor();
  await expect(page.locator('.sign-in .notice')).toHaveCount(1);
  await expect(enters).toBeFocused();
});

test.run();
