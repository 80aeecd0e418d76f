/**
 * The app as a person sees it, in a real Chromium against the real gateway and a real Orthanc: every page in
 * every state that can be produced, in both themes, from a laptop to 360 px. RELAY_SCREENSHOTS names the
 * folder for pictures of all of them.
 *
 * The promises of the pipeline (interruptions, reloads, kills) are tested elsewhere; these tests only walk
 * through it.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADMIN, ask, createAccount, PASSWORD } from '#testing/accounts.ts';
import {
  choose,
  chooseFromDisk,
  fillSignIn,
  filesOf,
  goOffline,
  onDisk,
  sendStudy,
  signIn,
  type StudyOnDisk,
} from '#testing/app-page.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { expect } from '#testing/expect.ts';
import { scriptsBeforeUsable, watchFirstLoad } from '#testing/first-load.ts';
import { pressKey, pressOn } from '#testing/press.ts';
import { readSheetCode } from '#testing/read-sheet-code.ts';
import { syntheticDisc } from '#testing/synthetic-disc.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { verifyReceiptCode, type JSONWebKeySet } from './pipeline/upload/accept-receipt.ts';
import { looksRight } from './testing/looks-right.ts';

/** Compressed JavaScript before the upload page is usable: on a slow network this takes a second. */
const FIRST_LOAD_BYTES = 80_000;

const test = suite('the screens');
const walk = await walkScreens(test, { name: 'the screens', roles: ['admin'], open: openWorld });

const study = ({ seed }: Stage, nth: number): StudyOnDisk[] => filesOf({ seed: seed(nth) });

/** The same study with another last byte in the pixels of its first instance. */
function alteredStudy(stage: Stage, nth: number): StudyOnDisk[] {
  const [first, ...rest] = study(stage, nth);
  const buffer = Buffer.from(first!.buffer);
  buffer[buffer.length - 1]! ^= 1;
  return [{ ...first!, buffer }, ...rest];
}

async function signOut({ page, account }: Pick<Stage, 'page' | 'account'>): Promise<void> {
  await page.getByRole('button', { name: `Account of ${account.username}` }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
}

/** Signs in and queues this many studies without a network. */
async function queueOffline(stage: Stage, studies: number): Promise<void> {
  const { page } = stage;
  await stage.enter();
  await goOffline(page);
  await sendStudy(page, Array.from({ length: studies }, (_, nth) => study(stage, nth)).flat());
  await page.getByText(`${studies * 12} instances are safe here`, { exact: false }).waitFor();
}

/** Signs in, sends a study and waits for its receipt. */
async function sendToPacs(stage: Stage): Promise<void> {
  await stage.enter();
  await sendStudy(stage.page, study(stage, 0));
  await stage.page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
}

async function openArrived({ page }: Stage): Promise<void> {
  await page.locator('[data-part=arrived] .queue-name a').first().click();
  await page.getByText('12 instances in the PACS with the same digest as the bytes that were sent').waitFor();
}

walk('the first page is the sign-in, and a wrong password says what to do', async ({ page, address }) => {
  await page.goto(address);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await looksRight(page, 'sign-in');
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill('not this one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('User name or password is wrong.').waitFor();
  await looksRight(page, 'sign-in-refused');
});

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
  'the empty page explains how to start, the account menu what signing out means, and no other address is a page',
  async (stage) => {
    const { page, account } = stage;
    await stage.enter();
    await page.getByText('Names are removed on this device').first().waitFor();
    await looksRight(page, 'upload-empty');
    await page.getByRole('button', { name: `Account of ${account.username}` }).click();
    await page.getByText('Nothing waits on this device.').waitFor();
    await looksRight(page, 'account');
    await page.getByLabel('Dark').check();
    await expect(page.locator('body')).toHaveCSS('background-color', 'rgb(0, 0, 0)');
    await page.getByLabel('System').check();
    await pressKey(page, 'Escape');
    await page.evaluate(() => location.assign('#/nowhere'));
    await page
      .getByRole('heading', { name: 'There is no such page, or it is not for your account' })
      .waitFor();
    await looksRight(page, 'not-found');
  },
);

walk(
  'found studies are shown with their warnings, and files that cannot be sent with the reason',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    const [{ buffer }] = study(stage, 1) as [StudyOnDisk];
    const cut = study(stage, 2).pop()!;
    await choose(page, [
      ...study(stage, 1),
      ...study(stage, 2).slice(0, -1),
      { ...cut, buffer: cut.buffer.subarray(0, -100) },
      onDisk('early.dcm', buffer.subarray(0, 400)),
      onDisk('twice.dcm', Buffer.concat([buffer, buffer])),
      onDisk('notes.dcm', Buffer.from('no image')),
      onDisk('empty.dcm', Buffer.alloc(0)),
    ]);
    await page.getByRole('heading', { name: '2 studies found' }).waitFor();
    await page.getByText('You selected 2 patients.', { exact: false }).waitFor();
    await page.getByText('The file is empty (0 bytes).').waitFor();
    await page.getByRole('button', { name: 'Send 2 studies of 2 patients' }).waitFor();
    await page.getByText('This file is damaged.').waitFor();
    await page.getByText('1 image of this study is damaged.', { exact: false }).waitFor();
    await expect(page.getByText('A damaged file was left out: early.dcm.', { exact: false })).toHaveCount(2);
    for (const summary of await page.locator('details > summary').all()) await summary.click();
    await page.getByText('The file has extra bytes after the end of the object.').waitFor();
    await page.locator('.series-line canvas').first().waitFor();
    // The last click may have scrolled anywhere: half of a button may be under the status line.
    await page.evaluate(() => window.scrollTo(0, 0));
    await looksRight(page, 'upload-found');
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
    await page.getByText('Patients’ names leave this device').waitFor();
    await looksRight(page, 'policy-names');
    await pressKey(page, 'Escape');
    await page.getByText('Names are removed on this device').first().waitFor();
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
    await page.getByText('Names are removed on this device').first().waitFor();
    await page.getByRole('link', { name: 'Upload', exact: true }).click();
    await choose(page, study(stage, 2));
    await change.waitFor();
    await expect(bar, 'the next Send').toHaveCSS('background-color', calm);
  },
);

walk(
  'the index of a disc is no alarm: it names the files that are missing, and both patients',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    const patients = [
      { name: 'Doe^Jane', id: 'D-1' },
      { name: 'Roe^Richard', id: 'R-2' },
    ];
    const disc = syntheticDisc(
      patients.map((patient, nth) => ({
        study: syntheticStudy({ seed: stage.seed(50 + nth), patient }),
        patient,
      })),
    );
    // All of Jane's files and one of Richard's; browsers name files chosen one by one without their folders.
    const chosen = disc.slice(0, -2);
    await choose(
      page,
      chosen.map(({ path, bytes }) => onDisk(path.split('/').at(-1)!, bytes)),
    );
    await page.getByRole('heading', { name: '2 studies found' }).waitFor();
    await page.getByText('2 files that the disc’s index names are missing').waitFor();
    await page.getByText('Wrong patient?').waitFor();
    await page.getByText('Doe, Jane (ID D-1)').waitFor();
    await expect(page.getByText('can’t be sent')).toHaveCount(0);
    await page.getByText('Show 2 files').click();
    await page.getByText('IM0010003').waitFor();
    await looksRight(page, 'upload-disc');
  },
);

walk(
  'several studies are cleared only after a question, and Send is two keys from the top',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await choose(page, [...study(stage, 3), ...study(stage, 4)]);
    await page.getByRole('heading', { name: '2 studies found' }).waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('heading', { name: 'Clear this list?' }).waitFor();
    await page.getByRole('button', { name: 'Keep them' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('#content h1').focus();
    await pressOn(page.locator('#content h1'), 'Tab');
    await pressOn(page.getByText('Go to Send'), 'Enter');
    await expect(page.getByRole('button', { name: /^Send 2 studies/ })).toBeFocused();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
  },
);

walk(
  'a Send that left a file behind says so at the top of the page, with a link to the queue',
  async (stage) => {
    const { page, folder } = stage;
    await stage.enter();
    await goOffline(page);
    const paths = await Promise.all(
      study(stage, 0).map(async ({ name, buffer }) => {
        await writeFile(join(folder, name), buffer);
        return join(folder, name);
      }),
    );
    await chooseFromDisk(page, paths);
    await page.setViewportSize({ width: 360, height: 480 });
    await untilAtRest(page);
    await page.mouse.wheel(0, 400);
    await rm(paths[0]!);
    await page.getByRole('button', { name: 'Send 1 study' }).click();
    await page.getByText('11 instances added to the queue').waitFor();
    await page.waitForFunction(() => window.scrollY === 0 && document.activeElement?.tagName === 'H1');
    await page.getByText('The device could not read the file.').waitFor();
    await page.getByRole('link', { name: 'Open your studies' }).click();
    await expect(page.getByText('11 instances are safe here', { exact: false })).toHaveCount(1);
  },
);

walk.installed(
  'without a network the queue waits, says so, can be taken back, and is opened',
  async (stage) => {
    const { page } = stage;
    await queueOffline(stage, 2);
    await page.getByText('You can close this page: 24 instances are safe here').waitFor();
    const isKept = await page.evaluate(() => navigator.storage.persisted());
    const disc = isKept ? 'The disc may be removed' : 'Keep your files or disc';
    await page.locator('.status-disc').getByText(disc, { exact: true }).waitFor();
    await page.getByText('Waiting for the network. Sending resumes automatically.').first().waitFor();
    await looksRight(page, 'queue-offline');
    await page
      .getByRole('button', { name: /^Cancel sending/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'Cancel this study?' }).waitFor();
    await looksRight(page, 'take-back');
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel sending' }).click();
    await page.getByText('12 instances are safe here', { exact: false }).waitFor();
    await page.locator('[data-part=taken-back] .study-open').click();
    await page.getByRole('button', { name: /^Remove from list/ }).click();
    await page.getByText('1 study removed from the list.').waitFor();
    await page.reload();
    await page.getByText('12 instances are safe here', { exact: false }).waitFor();
    await page.getByText('Waiting for the network. Sending resumes automatically.').first().waitFor();
    await page.getByText('Names are removed on this device').first().waitFor();
    await looksRight(page, 'queue-opened-offline');
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
    await page.locator('.study-open').first().click();
    await page.getByText(/^2 series · 12 instances · queued .* · in the PACS/).waitFor();
    await openArrived(stage);
    await page
      .locator('.study-head')
      .getByText(/^CT · 2 series · 12 instances/)
      .waitFor();
    await page.getByText('It is in the PACS and can no longer be cancelled.', { exact: false }).waitFor();
    await page.getByText(/^Names removed from 12 instances, checked twice \(PS3\.15 of .*\)$/).waitFor();
    await page.getByText('Show 12 instances').click();
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
    /Names removed from 12 instances, checked twice \(PS3\.15 of/,
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

walk('an instance that contradicts the PACS waits for a decision, which is one button', async (stage) => {
  const { page } = stage;
  await sendToPacs(stage);
  await page.getByText('Nothing waits on this device').waitFor();
  await page.getByRole('link', { name: 'Upload' }).click();
  await sendStudy(page, alteredStudy(stage, 0));
  await page.getByRole('link', { name: /^Decide about/ }).click();
  const decision = page.getByRole('region', { name: /needs you$/ });
  await decision.getByText('A different image with this ID is already there').waitFor();
  await looksRight(page, 'study-decision');
  await page.getByRole('link', { name: 'Compare both images' }).click();
  await page.locator('.conflict canvas').nth(1).waitFor();
  await page.getByText('Sent first: the one that stands').waitFor();
  await page.getByRole('button', { name: /^Ask the PACS again/ }).waitFor();
  await looksRight(page, 'needs-conflict');
  await page.goBack();
  await page.getByRole('button', { name: 'Leave it out' }).click();
  await looksRight(page, 'leave-out');
  await page.getByRole('dialog').getByRole('button', { name: 'Leave it out' }).click();
  await expect(page.getByText(/^1 other image under the same ID/)).toBeVisible();
});

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
    await page.getByText('1 study from another user waits on this device').waitFor();
    await looksRight(page, 'queue-of-another');
    await expect(page.locator('.queue-row')).toHaveCount(0);
    await expect(page.locator('body'), 'no title of the other one').not.toContainText(title);
    await signOut({ page, account: next });
    await fillSignIn(page, account.username);
    await openStudies(page);
    await page.locator('[data-part=arrived] .queue-name, .queue-row[data-part=arrived]').first().waitFor();
    await page.getByText('Nothing waits on this device').waitFor();
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
    await visitor.unroute('**/.well-known/jwks.json');
    await page.getByRole('button', { name: /^Try again/ }).click();
    await page
      .getByText('12 instances in the PACS with the same digest as the bytes that were sent')
      .waitFor();
  },
);

/** Presses Tab until it reaches the control, whose focus can be seen, and then Enter. */
async function pressByKeyboard(page: Page, control: Locator): Promise<void> {
  await control.waitFor();
  const hasFocus = () => control.evaluate((it) => it === document.activeElement);
  for (let pressed = 0; pressed < 40 && !(await hasFocus()); pressed += 1) await pressKey(page, 'Tab');
  await expect(control).toHaveCSS('outline-style', 'solid');
  await pressOn(control, 'Enter');
}

walk('everything can be done with the keyboard alone', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await pressByKeyboard(page, page.getByRole('button', { name: /Try it with a sample study/ }));
  await pressByKeyboard(page, page.getByRole('button', { name: 'Send 1 study' }));
  await expect(page.getByRole('heading', { name: 'Studies', level: 1, exact: true })).toBeVisible();
});

test.run();
