/**
 * The app as a person sees it, in a real Chromium against the real gateway and a real Orthanc: the first page, the way
 * of a study to its receipt, and who may see which names. pages-say-what-to-do.e2e.ts has the other pages. Each state
 * is inspected; the second tier does so in both themes, from 1920 to 360 px. RELAY_SCREENSHOTS names the folder for
 * pictures of all of them.
 *
 * The promises of the pipeline (interruptions, reloads, kills) are tested elsewhere; these tests only walk
 * through it.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADMIN, ask, createAccount, PASSWORD } from '#testing/accounts.ts';
import { choose, fillSignIn, sendStudy, signIn } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { scriptsBeforeUsable, watchFirstLoad } from '#testing/first-load.ts';
import { focusOn, pressKey } from '#testing/press.ts';
import { readSheetCode } from '#testing/read-sheet-code.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { verifyReceiptCode, type JSONWebKeySet } from './pipeline/upload/accept-receipt.ts';
import { looksRight } from './testing/looks-right.ts';
import { queueOffline, study } from './testing/walk-queue.ts';

/** Compressed JavaScript before the upload page is usable: on a slow network this takes a second. */
const FIRST_LOAD_BYTES = 80_000;

const test = suite('the screens');
const walk = await walkScreens(test, { name: 'the screens', roles: ['admin'], open: openWorld });

async function signOut({ page, account }: Pick<Stage, 'page' | 'account'>): Promise<void> {
  await page.getByRole('button', { name: `Account of ${account.username}` }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
}

async function openArrived({ page }: Stage): Promise<void> {
  await page.locator('[data-part=arrived] .queue-name a').first().click();
  await page.getByText('12 images in the PACS with the same digest as when sent').waitFor();
}

walk(
  'the upload page is usable after 80 kB of scripts, and breaks no rule of its own policy',
  async ({ page, address, account }) => {
    const said: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !/401/.test(message.text())) said.push(message.text());
    });
    await watchFirstLoad(page);
    await page.goto(address);
    await signIn(page, account.username);
    const bytes = await page.evaluate(scriptsBeforeUsable);
    process.stdout.write(`${bytes} bytes of scripts before the page is usable\n`);
    assert.ok(bytes > 10_000 && bytes <= FIRST_LOAD_BYTES, `${bytes} bytes of scripts`);
    assert.equal(said, []);
  },
);

walk(
  'sending with names takes more than a tap on the policy: a warning, a second tap, and amber for this Send alone',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await choose(page, study(stage, 1));
    const change = page.getByRole('button', { name: /Change$/ });
    const keep = page.getByLabel(/^Keep everything unchanged/);
    await change.click();
    await looksRight(page, 'policy');
    await keep.check();
    await page.getByText('Patients’ names will be sent').waitFor();
    await looksRight(page, 'policy-names');
    await pressKey(page, 'Escape');
    await page.getByText('Names are removed before sending').first().waitFor();
    const bar = page.locator('.send-bar');
    const calm = await bar.evaluate((element) => getComputedStyle(element).backgroundColor);
    await change.click();
    await keep.check();
    await page.getByRole('button', { name: 'Keep names' }).click();
    await expect(change).toContainText('Names are kept');
    await expect(bar).not.toHaveCSS('background-color', calm);
    await looksRight(page, 'upload-names');
    await page.getByRole('button', { name: 'Send 1 study' }).click();
    await page.locator('[data-part]').first().waitFor();
    await page.getByText('Names are removed before sending').first().waitFor();
    await page.getByRole('link', { name: 'Upload', exact: true }).click();
    await choose(page, study(stage, 2));
    await change.waitFor();
    await expect(bar, 'the next Send').toHaveCSS('background-color', calm);
  },
);

walk(
  'once the network is back the study reaches the PACS, and the receipt can be kept and printed',
  async (stage) => {
    const { page, visitor } = stage;
    await queueOffline(stage, 1);
    await visitor.setOffline(false);
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    await looksRight(page, 'queue-arrived');
    // The list no longer names a patient, and still tells studies apart.
    await expect(page.locator('.queue-name a').first()).toHaveText(/^Q\. Q\. …\S{3}$/, {
      useInnerText: true,
    });
    await page.getByRole('link', { name: 'Upload', exact: true }).click();
    await page.getByRole('region', { name: 'Waiting and sent today' }).getByText('In the PACS').waitFor();
    await looksRight(page, 'upload-today');
    await page.getByRole('link', { name: /^Studies/ }).click();
    await page.locator('.study-open').first().click();
    await page.getByText(/^2 series · 12 images · queued .* · in the PACS/).waitFor();
    await openArrived(stage);
    await page
      .locator('.study-head')
      .getByText(/^CT · 2 series · 12 images/)
      .waitFor();
    await page.getByText('It is in the PACS and can no longer be cancelled.', { exact: false }).waitFor();
    await page.getByText(/^Names removed from 12 images, checked twice \(PS3\.15 of .*\)$/).waitFor();
    await page.getByText('Show 12 images').click();
    await page.locator('.instance').nth(11).waitFor();
    await looksRight(page, 'study-arrived');
    await page.getByRole('button', { name: 'Receipt', exact: true }).click();
    await page.getByRole('link', { name: 'Open and print' }).waitFor();
    await looksRight(page, 'receipt');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save the signed file' }).click(),
    ]);
    assert.match(
      download.suggestedFilename(),
      /^receipt-[0-9a-f-]{36}\.jws$/,
      'the file name identifies no one',
    );
    await pressKey(page, 'Escape');
    await isPrintedAlone(stage);
  },
);

/** On paper there is only the receipt. */
async function isPrintedAlone(stage: Stage): Promise<void> {
  const { page } = stage;
  await page.locator('button:enabled', { hasText: /^Print$/ }).waitFor();
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  await expect(page.locator('.printed')).toBeVisible();
  await expect(page.locator('header')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Print' })).toBeHidden();
  await expect(page.locator('.printed tbody tr')).toHaveCount(12);
  await expect(page.locator('.printed dl')).toHaveText(
    /Names removed from 12 images, checked twice \(PS3\.15 of/,
    { useInnerText: true },
  );
  await page
    .getByText(/ receipt verify FILE --jwks https?:\S+[^/]\/api\/\.well-known\/jwks\.json$/)
    .waitFor();
  await looksRight(page, 'receipt-printed');
  await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
  await page.emulateMedia({ media: null });
  await expect(page.getByRole('button', { name: 'Print' })).toBeVisible();
  await expect(page.locator('.printed tbody tr'), 'the screen holds no invisible list').toHaveCount(0);
  await verifyPrinted(stage);
}

/** Prints the page, reads the code from the paper, and checks it with the gateway's keys as the app's camera does. */
async function verifyPrinted({ page, gateway }: Stage): Promise<void> {
  const paper = await page.pdf({ format: 'A4' });
  const pictures = process.env['RELAY_SCREENSHOTS'];
  if (pictures) await writeFile(join(pictures, 'printed-receipt.pdf'), paper);
  const code = await readSheetCode(paper);
  const keys = (await (await fetch(`${gateway.api}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  const said = await verifyReceiptCode(code, keys);
  assert.ok(typeof said === 'object' && code.length <= 1024, `${code.length} characters`);
  assert.equal(said.counts, { stored: 12 });
  for (let at = 0; at < code.length; at += 1) {
    const changed = `${code.slice(0, at)}${code[at] === 'A' ? 'B' : 'A'}${code.slice(at + 1)}`;
    assert.type(await verifyReceiptCode(changed, keys), 'string', `character ${at}`);
  }
}

walk(
  'on a shared tablet the next person sees that studies wait but not which, and they are sent only under their owner’s name',
  async (stage) => {
    const { page, visitor, account, gateway } = stage;
    await queueOffline(stage, 1);
    const name = page.locator('[data-part=under-way] .queue-name').first();
    await expect(name).toHaveText(/QzFamily/);
    const title = (await name.innerText()).trim();
    await signOut(stage);
    await expect(page.locator('.queue-row, .card')).toHaveCount(0);
    // A new password ends the right to send, under which the study would otherwise be sent after sign-out.
    const path = `/admin/users/${account.id}/password`;
    const set = await ask(gateway, ADMIN, { method: 'PUT', path, body: { password: PASSWORD } });
    assert.is(set.status, 204);
    await visitor.setOffline(false);
    const next = await createAccount(gateway, 'noor', ['technician']);
    await fillSignIn(page, next.username);
    await openStudies(page);
    await page.getByText('1 study from another user is waiting on this device').waitFor();
    await looksRight(page, 'queue-of-another');
    await expect(page.locator('.queue-row')).toHaveCount(0);
    await expect(page.locator('body'), 'no title of the other one').not.toContainText(title);
    await signOut({ page, account: next });
    await fillSignIn(page, account.username);
    await openStudies(page);
    await page.locator('[data-part=arrived] .queue-name, .queue-row[data-part=arrived]').first().waitFor();
    await page.getByText('Nothing is waiting on this device').waitFor();
  },
);

async function openStudies(page: Page): Promise<void> {
  await page.getByRole('link', { name: /^Studies/ }).click();
}

walk(
  'an invalid receipt is shown with its meaning, and the study is finished once the receipt is valid',
  async (stage) => {
    const { page, visitor } = stage;
    const stranger = { keys: [{ kty: 'OKP', crv: 'Ed25519', kid: 'x', x: 'A'.repeat(43) }] };
    await visitor.route('**/.well-known/jwks.json', (route) => route.fulfill({ json: stranger }));
    await stage.enter();
    await sendStudy(page, study(stage, 0));
    await page.getByText('The gateway’s receipt for this study is not valid.').waitFor();
    await page.locator('[data-part=needs-you] .queue-name a').click();
    await page.getByText('Nothing is deleted on this device.', { exact: false }).waitFor();
    await looksRight(page, 'study-receipt-faulty');
    // The app may have tried again by itself before the key: the button is then gone, and the key does nothing.
    await focusOn(page.getByRole('button', { name: /^Try again/ }));
    await visitor.unroute('**/.well-known/jwks.json');
    await pressKey(page, 'Enter');
    await page.getByText('12 images in the PACS with the same digest as when sent').waitFor();
  },
);

test.run();
