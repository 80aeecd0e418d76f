/**
 * The day's list in a real Chromium against the running system: any study is found again, with its receipt, from any
 * device; two patients of one name are told apart; nothing goes by one touch that cannot be taken back.
 */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PASSWORD } from '#testing/accounts.ts';
import { filesOf, instancesSentBy, openInstalled, sendStudy, studiesSentBy } from '#testing/app-page.ts';
import { askOrthanc, instanceIdsOfStudy } from '#testing/ask-orthanc.ts';
import { countTaps } from '#testing/count-taps.ts';
import { until } from '#testing/gateway-under-test.ts';
import { readSheetCode } from '#testing/read-sheet-code.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { relay } from '../../../scripts/relay.ts';
import { focusIsInSight } from '../testing/focus-in-sight.ts';
import { chooseNames } from '../testing/names-hidden.ts';
import { looksRight } from '../testing/screens.ts';

const test = suite('the day’s list in a browser');
const walk = await walkScreens(test, {
  name: 'the day’s list in a browser',
  roles: ['technician'],
  open: openWorld,
});

const ANNA = 'Meier^Anna';
const PATIENTS = [
  { name: ANNA, id: 'PAT-1001' },
  { name: ANNA, id: 'PAT-2002' },
  { name: 'Kurz^Bo', id: 'PAT-3003' },
  { name: 'Lang^Cem', id: 'PAT-4004' },
] as const;

const row = (page: Page, text: string) => page.locator('.queue-row', { hasText: text });
const rows = (page: Page) => page.locator('.queue-row').count();
const untilRows = (page: Page, count: number) =>
  until(`${count} rows`, async () => (await rows(page)) === count);
const search = (page: Page, text: string) => page.getByLabel('Search').fill(text);

/** Queues a study of two instances for each of these patients. */
async function queue(
  { page, seed }: Stage,
  patients: readonly { name: string; id: string }[],
): Promise<void> {
  for (const [nth, patient] of patients.entries()) {
    await page.getByRole('link', { name: 'Upload' }).click();
    await sendStudy(page, filesOf({ seed: seed(nth + 1), series: 1, instancesPerSeries: 2, patient }));
  }
}

async function untilInPacs(stage: Stage, count: number): Promise<void> {
  await until(
    `${count} instances to be in the PACS`,
    async () => (await instancesSentBy(stage, stage.account.username)) === count,
  );
  await stage.page.getByText('Nothing waits on this device').waitFor();
}

/** Runs in the page: makes every study of this device a day older. */
async function ageByADay(): Promise<void> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const asked = indexedDB.open('relaypacs');
    asked.addEventListener('success', () => resolve(asked.result));
    asked.addEventListener('error', () => reject(asked.error!));
  });
  const change = database.transaction('studies', 'readwrite');
  const studies = change.objectStore('studies');
  const all = studies.getAll();
  all.addEventListener('success', () => {
    for (const study of all.result as { queuedAt: number; completedAt: number }[])
      studies.put({
        ...study,
        queuedAt: study.queuedAt - 86_400_000,
        completedAt: study.completedAt - 86_400_000,
      });
  });
  await new Promise((resolve) => change.addEventListener('complete', resolve));
  database.close();
}

walk('two patients of one name are two lines, and a search finds either', async (stage) => {
  const { page, visitor } = stage;
  await stage.enter();
  await visitor.setOffline(true);
  await queue(stage, PATIENTS);
  await untilRows(page, 4);
  await search(page, 'meier');
  await untilRows(page, 2);
  const told = await page.locator('.study-who').allInnerTexts();
  assert.is(await page.locator('.study-count').first().innerText(), '2 instances');
  assert.is(new Set(told).size, 2, told.join());
  await looksRight(page, 'studies-found');
  await search(page, 'anna 2002');
  await untilRows(page, 1);
  await search(page, 'nobody of this name');
  await page.getByText('No study matches').waitFor();
  await looksRight(page, 'studies-none');
  await page.getByRole('button', { name: 'Show all studies' }).click();
  await untilRows(page, 4);
  await chooseNames(page, true);
  await search(page, 'kurz');
  await page.getByText('Names are hidden, so patients are not searched for.').waitFor();
  await untilRows(page, 0);
  await search(page, 'ct');
  await untilRows(page, 4);
  assert.is(await page.getByText('Names are hidden, so').count(), 0, 'the rows are what was searched for');
  await search(page, 'kurz');
  await untilRows(page, 0);
  await page.locator('main').getByRole('button', { name: 'Show names' }).click();
  await untilRows(page, 1);
});

/** Runs in the page: lines of the list that hold more text than is shown of it. */
const cutLines = (): string[] =>
  [...document.querySelectorAll<HTMLElement>('.study-who bdi, .study-who > p')]
    .filter(
      ({ scrollWidth, clientWidth, scrollHeight, clientHeight }) =>
        (clientWidth > 0 && scrollWidth > clientWidth) || (clientHeight > 0 && scrollHeight > clientHeight),
    )
    .map(({ innerText }) => innerText);

walk('in very large text nothing of a name or an ID is cut off', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await stage.visitor.setOffline(true);
  await queue(stage, [{ name: 'Lindqvist-Okonkwo^Alexandra', id: 'KH-2045178-00917' }]);
  await untilRows(page, 1);
  await page.evaluate(() => document.documentElement.setAttribute('data-text', 'larger'));
  const before = page.viewportSize()!;
  for (const width of [1280, 1024, 820]) {
    await page.setViewportSize({ width, height: before.height });
    await page.getByText('KH-2045178-00917', { exact: false }).first().waitFor();
    assert.equal(await page.evaluate(cutLines), [], `${width} px`);
  }
  await looksRight(page, 'studies-larger');
  await page.setViewportSize(before);
});

walk('on a telephone no bar covers what has the focus', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await stage.visitor.setOffline(true);
  await queue(stage, PATIENTS);
  await untilRows(page, 4);
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  await focusIsInSight(page);
});

walk('all are paused at once, or those that a person selects', async (stage) => {
  const { page, visitor } = stage;
  await stage.enter();
  await visitor.setOffline(true);
  await queue(stage, PATIENTS);
  const paused = (count: number) =>
    until(
      `${count} paused`,
      async () => (await page.locator('.study-where', { hasText: 'Paused' }).count()) === count,
    );
  await page.getByRole('button', { name: 'Pause all' }).click();
  await paused(4);
  await page.locator('.status').getByRole('link', { name: '4 studies paused' }).waitFor();
  await page.getByRole('button', { name: 'Resume all' }).click();
  await paused(0);
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  await page.getByLabel('Select: Kurz, Bo').check();
  await page.getByLabel('Select: Lang, Cem').check();
  await page.getByText('2 selected').waitFor();
  await looksRight(page, 'studies-select');
  await search(page, 'nobody');
  await page.getByText('0 selected').waitFor();
  assert.is(await page.getByRole('button', { name: 'Select none' }).count(), 0, 'there is nothing to select');
  await search(page, '');
  await page.getByText('2 selected').waitFor();
  // In the search the key clears the text.
  await page.getByLabel('Search').blur();
  await page.keyboard.press('Escape');
  await page.getByText('2 selected').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  await page.getByLabel('Select: Kurz, Bo').check();
  await page.getByLabel('Select: Lang, Cem').check();
  await page.getByRole('region', { name: 'Selected studies' }).getByRole('button', { name: 'Pause' }).click();
  await paused(2);
});

walk(
  'the study that was just sent is open and in sight while an older one of its patient waits',
  async (stage) => {
    const { page, visitor } = stage;
    await stage.enter();
    await visitor.setOffline(true);
    await queue(stage, [PATIENTS[0], PATIENTS[0]]);
    await untilRows(page, 2);
    const isOpen = (nth: number) => page.locator('.study-open').nth(nth).getAttribute('aria-expanded');
    assert.equal([await isOpen(0), await isOpen(1)], ['false', 'true']);
    const sent = (await page.locator('.queue-row').nth(1).boundingBox())!;
    assert.ok(sent.y + sent.height <= page.viewportSize()!.height, JSON.stringify(sent));
  },
);

walk('all selected studies are cancelled after one question, and the others are sent', async (stage) => {
  const { page, visitor } = stage;
  await stage.enter();
  await visitor.setOffline(true);
  await queue(stage, PATIENTS);
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  await page.getByLabel('Select: Kurz, Bo').check();
  await page.getByLabel('Select: Lang, Cem').check();
  const selection = page.getByRole('region', { name: 'Selected studies' });
  await selection.getByRole('button', { name: 'Cancel sending 2 studies' }).click();
  const question = page.getByRole('dialog', { name: 'Cancel 2 studies?' });
  await question.getByText('Kurz, Bo; Lang, Cem').waitFor();
  await looksRight(page, 'studies-cancel');
  await question.getByRole('button', { name: 'Keep sending' }).click();
  assert.is(await page.locator('[data-part=taken-back]').count(), 0);
  await selection.getByRole('button', { name: 'Cancel sending 2 studies' }).click();
  await question.getByRole('button', { name: 'Cancel sending' }).click();
  await until(
    'both to be cancelled',
    async () => (await page.locator('.queue-row[data-part=taken-back]').count()) === 2,
  );
  await selection.waitFor({ state: 'detached' });
  await visitor.setOffline(false);
  await untilInPacs(stage, 4);
});

/** Sends the file as another machine does; the exit code. */
function sendFrom({ gateway, account }: Stage, file: string): Promise<number> {
  return relay(['send', file, '--user', account.username, '--gateway', gateway.api, '--wait', '--json'], {
    env: { RELAY_PASSWORD: PASSWORD },
    signal: new AbortController().signal,
    print: () => undefined,
    say: (line) => void process.stderr.write(`${line}\n`),
  });
}

walk('without a network studies are saved to a file, which another machine sends', async (stage) => {
  const { page, visitor, folder } = stage;
  // A dialog of the system cannot be answered by a test; without it the file is a download.
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'showSaveFilePicker'));
  await stage.enter();
  await visitor.setOffline(true);
  await queue(stage, PATIENTS.slice(2));
  // Offered where the studies wait, for all of them, before anybody thinks of selecting some.
  await page.getByText('No network in this place at all?', { exact: false }).waitFor();
  await looksRight(page, 'studies-carry');
  await page.getByRole('button', { name: 'Save for a USB stick' }).click();
  await page.getByRole('button', { name: /^Save 2 studies/ }).waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  await page.getByLabel('Select: Kurz, Bo').check();
  await page.getByLabel('Select: Lang, Cem').check();
  await page.getByRole('button', { name: 'Save for a USB stick' }).click();
  const save = page.getByRole('button', { name: /^Save 2 studies/ });
  await save.waitFor();
  await looksRight(page, 'studies-stick');
  const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
  await page.getByText('2 studies saved').waitFor();
  assert.match(
    download.suggestedFilename(),
    /^studies-[0-9-]+\.relaypacs$/,
    'the file name identifies no one',
  );
  const file = join(folder, 'studies.relaypacs');
  await download.saveAs(file);
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await stickIsKnown(page, file);
  const saved = page.getByRole('article').filter({ hasText: 'Saved in a file for a USB stick' });
  await saved.filter({ hasText: 'Kurz, Bo' }).waitFor();
  await page.getByRole('button', { name: 'Cancel sending: Kurz, Bo' }).click();
  await page.getByText('delete that file too').waitFor();
  await page.getByRole('button', { name: 'Keep sending' }).click();
  assert.is(await sendFrom(stage, file), 0);
  assert.is(await instancesSentBy(stage, stage.account.username), 4);
  await visitor.setOffline(false);
  await untilInPacs(stage, 4);
});

walk(
  'a study of which some waits for a decision is not saved for a stick as if it were whole',
  async (stage) => {
    const { page, visitor, seed } = stage;
    await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'showSaveFilePicker'));
    await stage.enter();
    await visitor.setOffline(true);
    await page.getByRole('link', { name: 'Upload' }).click();
    await sendStudy(
      page,
      filesOf({ seed: seed(1), modality: 'SC', instancesPerSeries: 4, burnedInSeries: 2 }),
    );
    await page.getByText('4 instances need you').first().waitFor();
    await page.getByRole('button', { name: 'Save for a USB stick' }).click();
    const save = page.getByRole('button', { name: /^Save 1 study/ });
    await save.waitFor();
    const missing = page.getByText('Not in the file: 4 images that wait for a decision.', { exact: false });
    await missing.waitFor();
    await looksRight(page, 'studies-stick-part');
    await Promise.all([page.waitForEvent('download'), save.click()]);
    await page.getByText('1 study saved').waitFor();
    await missing.waitFor();
  },
);

/** Chosen by mistake on the page for studies, it says what it is and who can send it. */
async function stickIsKnown(page: Page, file: string): Promise<void> {
  await page.getByRole('link', { name: 'Upload', exact: true }).click();
  const picker = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose files' }).click();
  await (await picker).setFiles(file);
  await page.getByText('encrypted studies that were saved for a USB stick').first().waitFor();
  await page.getByText('Give it to your IT staff', { exact: false }).waitFor();
  assert.is(
    await page.getByText('Choose the folder that the modality exported', { exact: false }).count(),
    0,
  );
  await looksRight(page, 'upload-stick');
  await page.getByRole('link', { name: /^Studies/ }).click();
}

walk(
  'yesterday’s study and its receipt are three taps away, and the receipt is a page with a signed code',
  async (stage) => {
    const { page, address } = stage;
    const taps = await countTaps(page);
    await stage.enter();
    await queue(stage, PATIENTS.slice(2, 3));
    await untilInPacs(stage, 2);
    await page.evaluate(ageByADay);
    await page.goto(address);
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    await taps.again();
    await page.getByRole('link', { name: /^Studies/ }).click();
    await page.getByRole('button', { name: 'Receipt: B. K. …003' }).click();
    await page.getByRole('link', { name: 'Save as PDF' }).waitFor();
    const rows = await page
      .locator('.sheet-actions > *')
      .evaluateAll((buttons) => new Set(buttons.map((button) => button.getBoundingClientRect().bottom)).size);
    assert.is(rows, 1, 'its buttons stand in one row');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Save as PDF' }).click(),
    ]);
    const tapped = await taps.now();
    assert.ok(tapped > 0 && tapped <= 3, `${tapped} taps`);
    process.stdout.write(`${tapped} taps from the first page to yesterday’s receipt\n`);
    assert.match(download.suggestedFilename(), /^receipt-[0-9.]+\.pdf$/, 'the file name identifies no one');
    await download.saveAs(join(stage.folder, 'receipt.pdf'));
    const paper = await readFile(join(stage.folder, 'receipt.pdf'));
    assert.match(await readSheetCode(paper), /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await checkReceipt(stage, await photoOf(stage));
  },
);

/** A photo of the first page, as a person takes it. */
async function photoOf({ folder }: Stage): Promise<string> {
  const to = join(folder, 'receipt');
  const drawing = spawnSync('pdftoppm', ['-png', '-r', '150', '-singlefile', `${to}.pdf`, to]);
  assert.is(drawing.status, 0);
  return `${to}.png`;
}

/** Checks its photo, PDF and code without a network, and that a photo of something else is not taken for it. */
async function checkReceipt({ page, visitor, folder }: Stage, photo: string): Promise<void> {
  await visitor.setOffline(true);
  await page.getByRole('link', { name: 'Check a receipt' }).click();
  await page.getByText('There is no camera here', { exact: false }).waitFor();
  const input = page.getByLabel('Choose a photo or PDF');
  await input.setInputFiles(new URL('../../public/icon-512.png', import.meta.url).pathname);
  await page.getByText('No code found in this photo').waitFor();
  await input.setInputFiles(photo);
  await page.getByText('The code is genuine').waitFor();
  await page.getByText('Compare it with the paper', { exact: false }).waitFor();
  assert.match(await page.locator('.check-facts').innerText(), /In the PACS\s+2 instances\s+Confirmed\s+2/);
  await looksRight(page, 'receipt-checked');
  await page.getByRole('button', { name: 'Check another' }).click();
  await input.setInputFiles(join(folder, 'receipt.pdf'));
  await page.getByText('This receipt is genuine').waitFor();
  await page.getByRole('button', { name: 'Check another' }).click();
  const code = await readSheetCode(await readFile(join(folder, 'receipt.pdf')));
  await page.getByLabel(/^Or paste the text/).fill(`${code.slice(0, -8)}AAAAAAAA`);
  await page.getByRole('button', { name: 'Check this text' }).click();
  await page.getByText('This receipt is not genuine').waitFor();
  await looksRight(page, 'receipt-false');
  await page.getByLabel(/^Or paste the text/).fill(code);
  await page.getByRole('button', { name: 'Check this text' }).click();
  await page.getByText('The code is genuine').waitFor();
}

/** Only initials are left of it: that is said in a sentence, whose sign stands in its first line. */
async function searchByName(page: Page): Promise<void> {
  await search(page, 'Kurz');
  const words = page.locator('strong', { hasText: '1 study could be this one.' });
  const [sign, said] = await Promise.all([words.locator('xpath=../*[1]').boundingBox(), words.boundingBox()]);
  assert.ok(sign!.y + sign!.height > said!.y, 'the sign is not above the words');
  await looksRight(page, 'studies-by-initials');
  await search(page, '');
  await untilRows(page, 5);
}

/** As the PACS and the receipt name the patient of a study: nothing on this device says it. */
async function searchByPseudonym({ page, account, ...world }: Stage): Promise<void> {
  const [uid = ''] = await studiesSentBy(world, account.username);
  const [id = ''] = await instanceIdsOfStudy(world.orthanc, uid);
  const tags = await askOrthanc(world.orthanc, `/instances/${id}/simplified-tags`);
  const { PatientID: pseudonym } = JSON.parse(tags.toString()) as { PatientID: string };
  assert.match(pseudonym, /^RP-/);
  const answer = Promise.withResolvers<void>();
  let asked = 0;
  await page.route(/[?&]q=RP-/, async (route) => {
    asked += 1;
    await answer.promise;
    await route.continue();
  });
  await search(page, pseudonym);
  await page.getByText('Asking the PACS…').waitFor();
  assert.is(await page.getByText('No study matches').count(), 0);
  answer.resolve();
  await untilRows(page, 1);
  await page.keyboard.press('Enter');
  await page.getByLabel('Search').blur();
  await search(page, '');
  await untilRows(page, 5);
  assert.is(asked, 1, 'without Enter, and once');
  await page.unroute(/[?&]q=RP-/);
}

walk(
  'studies of any device are in the list, say where they were sent from and what happened, and removing one is undone',
  async (stage) => {
    const { page, seed, account } = stage;
    await stage.enter();
    await queue(stage, PATIENTS);
    await untilInPacs(stage, 8);
    const other = await stage.openVisitor();
    const elsewhere = await openInstalled(other, stage, account.username);
    await sendStudy(elsewhere, filesOf({ seed: seed(9), series: 1, instancesPerSeries: 2 }));
    await untilInPacs(stage, 10);
    await other.close();
    // Seen again after a look at another page of the browser, the list is asked for again.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.getByText('from another device', { exact: true }).waitFor();
    await untilRows(page, 5);
    await searchByPseudonym(stage);
    await searchByName(page);
    await row(page, 'B. K. …003').locator('.study-open').click();
    await row(page, 'B. K. …003')
      .getByText('The PACS’s administrator can remove it there.', { exact: false })
      .waitFor();
    await looksRight(page, 'studies-day');
    await row(page, 'from another device').locator('.study-open').click();
    await row(page, 'from another device').getByText('What happened').click();
    await page
      .getByRole('list', { name: 'What happened to this study' })
      .getByText('Receipt issued')
      .waitFor();
    assert.is(await page.getByRole('button', { name: 'Open in viewer' }).count(), 0, 'there is no viewer');
    await looksRight(page, 'studies-timeline');
    await page.getByRole('button', { name: 'Remove all 4 from list' }).click();
    await page.getByText('4 studies removed from the list.').waitFor();
    await untilRows(page, 1);
    await looksRight(page, 'studies-removed');
    await page.getByRole('button', { name: 'Undo' }).click();
    await untilRows(page, 5);
    await page.getByRole('button', { name: 'Remove all 4 from list' }).click();
    await untilRows(page, 1);
    await stage.visitor.setOffline(true);
    await page.reload();
    await page.getByText('Offline: you see only what this device knows.').waitFor();
    await page.getByText('4 studies removed from this list').waitFor();
    await page.getByRole('button', { name: 'Show them' }).click();
    await untilRows(page, 4);
    await row(page, 'B. K. …003').locator('.study-open').click();
    await looksRight(page, 'studies-put-back');
    await page.getByRole('button', { name: 'Put back on the list: B. K. …003' }).click();
    await untilRows(page, 3);
    await page.getByRole('button', { name: 'Put all 3 back' }).click();
    await untilRows(page, 4);
    await page.getByRole('button', { name: 'Remove all 4 from list' }).waitFor();
  },
);

test.run();
