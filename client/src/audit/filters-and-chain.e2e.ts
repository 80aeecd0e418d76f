// test:all: filters, files and a broken chain; audit.e2e.ts and audit tests of client and gateway guard by day
/**
 * The audit trail in an auditor's hands, in a real Chromium against the running system: narrowed by filters, saved as a
 * file, with long names, with a chain that is broken, and without an answer.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADMIN, ask, PASSWORD } from '#testing/accounts.ts';
import { filesOf, sendStudy, studiesSentBy } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { focusOn, pressOn } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';
import { enterAs, openTrail, rows, untilAllHave, untilRead, untilVerified } from '../testing/open-trail.ts';
import { openFilters } from '../testing/open-filters.ts';

const test = suite('the audit trail, narrowed and broken');
const walk = await walkScreens(test, {
  name: 'the audit trail, narrowed and broken',
  roles: ['technician'],
  open: openWorld,
});

/** The rows of the question before stand until the answer is there. */
const untilOneIs = (page: Page, text: string): Promise<void> =>
  expect(rows(page).filter({ hasText: text })).toHaveCount(1);

walk(
  'an auditor narrows the trail to a study and to its device, and saves the events of the study and then all',
  async (stage) => {
    await stage.enter();
    await sendStudy(stage.page, filesOf({ seed: stage.seed(0) }));
    await stage.page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    const technician = stage.account.username;
    const [uid] = (await studiesSentBy(stage, technician)) as [string];
    const { page, close } = await enterAs(stage, 'auditor');
    await openTrail(stage, page);
    await untilRead(page);
    await openFilters(page);
    await page.getByRole('combobox', { name: /^Who/ }).selectOption({ label: technician });
    await page.waitForURL(/[?&]person=[0-9a-f-]{36}/);
    await untilAllHave(page, technician);
    await narrowTo(page, uid);
    await narrowToDevice(page);
    await narrowTo(page, uid);
    await saveThenClearAndSave(stage, page, uid);
    // After the last reload a long trail waits to be asked.
    await page.getByRole('button', { name: /^Verify/ }).click();
    await untilVerified(page);
    await close();
  },
);

/** By its UID, which does not come into the address. */
async function narrowTo(page: Page, uid: string): Promise<void> {
  const field = page.getByLabel('Study, case or device');
  await field.fill('not a UID');
  await page
    .getByText('Enter a complete Study Instance UID, a case number or a complete device ID')
    .waitFor();
  await field.fill(uid);
  await pressOn(field, 'Enter');
  await page.waitForURL(/[?&]study=[0-9a-f-]{36}/);
  assert.not.match(page.url(), uid, 'addresses hold no UIDs');
  await page.getByRole('combobox', { name: /^Who/ }).selectOption('');
  // Somebody else may see it in a list meanwhile, whose event names no single study.
  const end = new RegExp(`${uid.slice(-12)}|Viewed patient names in a list`);
  await untilAllHave(page, end);
  await rows(page).filter({ hasText: 'Issued a receipt' }).waitFor();
  await page.reload();
  await untilAllHave(page, end);
  await rows(page).filter({ hasText: 'Issued a receipt' }).waitFor();
  await expect(field).toHaveValue(uid);
}

/** Narrows to the study's device, from the event and by its ID; it did nothing yesterday. */
async function narrowToDevice(page: Page): Promise<void> {
  const began = rows(page).filter({ hasText: 'Started sending a study' });
  await began.getByRole('button', { name: /^Details of event/ }).click();
  await page.getByRole('button', { name: 'Only this device' }).click();
  await page.waitForURL(/[?&]device=[0-9a-f-]{36}/);
  await untilOneIs(page, 'Allowed a device to send for this account');
  const field = page.getByLabel('Study, case or device');
  const device = new URL(page.url().replace('#/', '')).searchParams.get('device')!;
  await expect(field).toHaveValue(device);
  // A field that the head of the page covers in part would be measured as a small one.
  await page.evaluate(() => scrollTo(0, 0));
  await looksRight(page, 'audit-device');
  // The field of a page that is read again follows the address, whatever was typed meanwhile.
  await page.goto(new URL('#/audit', page.url()).href);
  await openFilters(page);
  await page.locator('.audit-subject input:placeholder-shown').waitFor();
  await field.fill(device.toUpperCase());
  await page.getByText('Press Enter to show its events.').waitFor();
  await pressOn(field, 'Enter');
  await page.waitForURL((url) => url.href.includes(device));
  await untilOneIs(page, 'Allowed a device to send for this account');
  await page.getByRole('combobox', { name: /^When/ }).selectOption({ label: 'Yesterday' });
  await page.getByText('No events match').waitFor();
  await page.getByRole('combobox', { name: /^When/ }).selectOption({ label: 'Any time' });
  await untilRead(page);
}

/** The events of the file, a line each. */
async function saveAll({ folder }: Stage, page: Page, press: () => Promise<void>) {
  const saving = page.waitForEvent('download');
  await press();
  const saved = await saving;
  const path = join(folder, 'saved.csv');
  await saved.saveAs(path);
  assert.is(saved.suggestedFilename(), 'audit.csv');
  return (await readFile(path, 'utf8')).trim().split('\r\n').slice(1);
}

/** Saves the events of the study, then all events, as soon as the field is cleared and before it loses the focus. */
async function saveThenClearAndSave(stage: Stage, page: Page, uid: string): Promise<void> {
  const button = page.getByRole('button', { name: 'Save as CSV' });
  const narrowed = await saveAll(stage, page, () => button.click());
  assert.ok(narrowed.length > 2 && narrowed.every((line) => line.includes(uid)), `${narrowed.length} lines`);
  await focusOn(page.getByLabel('Study, case or device'));
  const all = await saveAll(stage, page, () => button.evaluate(clearAndPress));
  assert.ok(
    all.some((line) => !line.includes(uid)),
    `the file has all events, not ${all.length} of the study`,
  );
  await rows(page)
    .filter({ hasNotText: uid.slice(-12) })
    .first()
    .waitFor();
  await expect(page).toHaveURL(/#\/audit$/);
}

/** Runs in the page: as the × of the field does, which leaves the focus there. */
function clearAndPress(button: HTMLElement | SVGElement): void {
  const field = document.querySelector<HTMLInputElement>('.audit-subject input')!;
  field.value = '';
  field.dispatchEvent(new Event('input', { bubbles: true }));
  (button as HTMLElement).click();
}

walk('filters narrow the trail, and the page says when nothing is left', async (stage) => {
  const { page, close, username } = await enterAs(stage, 'admin');
  await fetch(`${stage.gateway.api}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password: 'not this one' }),
  });
  await page.getByRole('button', { name: `Account of ${username}` }).click();
  await page.getByRole('link', { name: 'Audit trail' }).click();
  await untilRead(page);
  await page.getByRole('combobox', { name: /^When/ }).selectOption('days');
  const today = new Date().toLocaleDateString('sv');
  await page.getByLabel('From', { exact: true }).fill(today);
  await openFilters(page);
  await page.getByRole('combobox', { name: /^What/ }).selectOption({ label: 'Sign-ins' });
  await page.getByRole('combobox', { name: /^Who/ }).selectOption({ label: username });
  const failed = rows(page)
    .filter({ hasText: username })
    .filter({ hasText: 'Could not sign in · wrong password' });
  await failed.getByText('Failed').waitFor();
  await failed.getByText('from 127.0.0.1').waitFor();
  await expect(rows(page)).toHaveCount(2);
  await looksRight(page, 'audit-filtered');
  await page.getByRole('combobox', { name: /^Outcome/ }).selectOption({ label: 'Failures only' });
  await expect(rows(page)).toHaveCount(1);
  await expect(failed).toHaveCount(1);
  await page.getByRole('combobox', { name: /^What/ }).selectOption({ label: 'Exports' });
  await page.getByText('No events match').waitFor();
  await looksRight(page, 'audit-none');
  await page.getByRole('button', { name: 'Clear all filters' }).click();
  await untilRead(page);
  await expect(page).toHaveURL(/#\/audit$/);
  await page.evaluate(chooseAtOnce, { What: 'reading', Outcome: 'failed' });
  await page.waitForURL(/kind=reading/);
  await expect(page, 'both were chosen before the page was drawn again').toHaveURL(/outcome=failed/);
  await close();
});

/** Runs in the page: fields of choice, by the beginning of their labels. */
function chooseAtOnce(wanted: Readonly<Record<string, string>>): void {
  for (const label of document.querySelectorAll('.audit label.field')) {
    const value = Object.entries(wanted).find(([name]) => label.textContent.startsWith(name))?.[1];
    const select = label.querySelector('select');
    if (value === undefined || select === null) continue;
    select.value = value;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  }
}

walk('long names and both directions of writing fit, and older events come page by page', async (stage) => {
  const long = `${'Wolfeschlegelsteinhausenbergerdorff'.repeat(3)}${stage.seed(0)}`;
  const roles = ['radiologist', 'researcher', 'auditor'];
  for (const [username, changes] of [
    [long, 1],
    // More than a page of events.
    [`ليلى-عبد-الرحمن-${stage.seed(0)}`, 53],
  ] as const) {
    const body = { username, password: PASSWORD, roles };
    const made = await ask(stage.gateway, ADMIN, { method: 'POST', path: '/admin/users', body });
    const path = `/admin/users/${((await made.json()) as { id: string }).id}`;
    for (let nr = 0; nr < changes; nr += 1)
      await ask(stage.gateway, ADMIN, { method: 'PATCH', path, body: { disabled: nr % 2 === 0 } });
  }
  const { page, close } = await enterAs(stage, 'auditor');
  await openTrail(stage, page, 'kind=accounts');
  await untilRead(page);
  // Others make accounts meanwhile: as many pages as there are.
  while ((await rows(page).filter({ hasText: long }).count()) === 0) {
    const count = await rows(page).count();
    await page.getByRole('button', { name: 'Show older events' }).click();
    await rows(page).nth(count).waitFor();
  }
  await rows(page).filter({ hasText: 'ليلى' }).last().scrollIntoViewIfNeeded();
  await looksRight(page, 'audit-long');
  const all = await page
    .getByRole('button', { name: /^Details of event/ })
    .evaluateAll((buttons) => buttons.map(({ ariaLabel }) => ariaLabel));
  assert.is(new Set(all).size, all.length, 'each once');
  await close();
});

const VERIFY = '**/api/audit/verify/events';
const EVENTS = '**/api/audit/events*';

walk(
  'the state of the chain says what is wrong and what to do, and a long trail waits to be asked',
  async (stage) => {
    const { page, close } = await enterAs(stage, 'auditor');
    const say = (verdict: object) =>
      page.route(VERIFY, (route) =>
        route.fulfill({
          contentType: 'text/event-stream',
          body: `event: verdict\ndata: ${JSON.stringify(verdict)}\n\n`,
        }),
      );
    await say({ kind: 'broken', atSeq: 4_711, because: 'rewritten' });
    await openTrail(stage, page);
    await untilVerified(page, 'Changed: event 4,711 or a later one was rewritten');
    await untilRead(page);
    await looksRight(page, 'audit-broken');
    await page.unroute(VERIFY);
    const whole = { kind: 'whole', rows: 12_345, head: 'h', shipped: 12_000, unproven: 5 };
    const proven = { seq: 12_340, at: new Date().toISOString() };
    await say({ ...whole, proven, lost: [{ from: 12, to: 40 }] });
    await page.getByRole('button', { name: 'Verify again' }).click();
    await page.getByText('Events 12 to 40 are missing').waitFor();
    await page.getByText('The others are unchanged: 12,345 events, checked at ').waitFor();
    await looksRight(page, 'audit-lost');
    await page.unroute(VERIFY);

    await page.route(EVENTS, async (route) => {
      const answer = await route.fetch();
      await route.fulfill({
        response: answer,
        json: { ...((await answer.json()) as object), newest: 1_000_000 },
      });
    });
    await page.addInitScript(() => {
      const real = globalThis.fetch;
      globalThis.fetch = (input, init) => {
        if (!String(input).endsWith('/audit/verify/events')) return real(input, init);
        const said = 'event: progress\ndata: {"checked":420000,"of":1000000}\n\n';
        const body = new ReadableStream({ start: (to) => to.enqueue(new TextEncoder().encode(said)) });
        return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
      };
    });
    await page.reload();
    await page.getByText('Not checked yet: 1,000,000 events').waitFor();
    await untilRead(page);
    await looksRight(page, 'audit-unasked');
    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    await page.getByText('Checking: 420,000 of 1,000,000 events').waitFor();
    await looksRight(page, 'audit-checking');
    await page.getByRole('button', { name: 'Stop checking' }).click();
    await page.getByText('Not checked yet: 1,000,000 events').waitFor();
    await close();
  },
);

walk(
  'without an answer the page says so; others do not get it; what is gone is said to be gone',
  async (stage) => {
    const { page, close } = await enterAs(stage, 'auditor');
    await page.route(EVENTS, (route) => route.abort());
    await openTrail(stage, page);
    await page.getByText('The gateway is not responding.').first().waitFor();
    await looksRight(page, 'audit-unreachable');
    await page.unroute(EVENTS);
    await page.getByRole('button', { name: 'Try again' }).click();
    await untilRead(page);
    await page.goto(`${stage.address}/#/sent/00000000-0000-4000-8000-000000000000`);
    await page.getByText('This study was not found').waitFor();
    await looksRight(page, 'sent-study-missing');
    for (const query of ['person=%27or%201=1', 'kind=__proto__&case=-1', 'study=<img src=x>']) {
      await page.goto(`${stage.address}/#/audit?${query}`);
      await page
        .getByRole('heading', {
          name: /^(Audit trail|This page does not exist, or you don’t have permission to open it)/,
        })
        .waitFor();
    }
    await close();
    await stage.enter();
    await stage.page.goto(`${stage.address}/#/audit`);
    await stage.page
      .getByRole('heading', { name: /^This page does not exist, or you don’t have permission to open it/ })
      .waitFor();
  },
);

test.run();
