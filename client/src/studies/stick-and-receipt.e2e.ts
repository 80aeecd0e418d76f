// test:all: sticks and photos of receipts; stick-queue.test and receipt-verify.test guard by day
/**
 * Things that leave a device without its network, in a real Chromium against the running system: studies in a file for
 * a USB stick, which another machine sends, and a receipt that anybody can check.
 */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PASSWORD } from '#testing/accounts.ts';
import { filesOf, instancesSentBy, sendStudy } from '#testing/app-page.ts';
import { countTaps } from '#testing/count-taps.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { readSheetCode } from '#testing/read-sheet-code.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { relay } from '../../../scripts/relay.ts';
import { changeStudies } from '../testing/change-studies.ts';
import { PATIENTS, queue, untilInPacs } from '../testing/day-list.ts';
import { looksRight } from '../testing/looks-right.ts';
import { deviceNow } from '../testing/send-half.ts';

const test = suite('a stick and a receipt');
const walk = await walkScreens(test, {
  name: 'a stick and a receipt',
  roles: ['technician'],
  open: openWorld,
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

walk.installed(
  'without a network studies are saved to a file, which another machine sends',
  async (stage) => {
    const { page, visitor, folder } = stage;
    // A dialog of the system cannot be answered by a test; without it the file is a download.
    await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'showSaveFilePicker'));
    await stage.enter();
    await until('the device to be enrolled', async () =>
      (await deviceNow(page)).rights.some(({ enrolled }) => enrolled),
    );
    await visitor.setOffline(true);
    await queue(stage, PATIENTS.slice(2));
    // Offered where the studies wait, for all of them, before anybody thinks of selecting some.
    await page.getByText('No network at this place at all?', { exact: false }).waitFor();
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
    await page.getByText('Delete that file too').waitFor();
    await page.getByRole('button', { name: 'Keep sending' }).click();
    assert.is(await sendFrom(stage, file), 0);
    assert.is(await instancesSentBy(stage, stage.account.username), 4);
    await visitor.setOffline(false);
    await untilInPacs(stage, 4);
  },
);

walk.installed(
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
    await page.getByText('4 images need your decision').first().waitFor();
    await page.getByRole('button', { name: 'Save for a USB stick' }).click();
    const save = page.getByRole('button', { name: /^Save 1 study/ });
    await save.waitFor();
    const missing = page.getByText('Not in the file: 4 images waiting for your decision.', { exact: false });
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
  await page.getByText('encrypted studies saved for a USB stick').first().waitFor();
  await page.getByText('Give it to your IT staff', { exact: false }).waitFor();
  await expect(page.getByText('Choose the folder that the modality exported')).toHaveCount(0);
  await looksRight(page, 'upload-stick');
  await page.getByRole('link', { name: /^Studies/ }).click();
}

walk.installed(
  'yesterday’s study and its receipt are three taps away, and the receipt is a page with a signed code',
  async (stage) => {
    const { page, address } = stage;
    const taps = await countTaps(page);
    await stage.enter();
    await queue(stage, PATIENTS.slice(2, 3));
    await untilInPacs(stage, 2);
    await changeStudies(page, ({ queuedAt, completedAt }) => ({
      queuedAt: queuedAt! - 86_400_000,
      completedAt: completedAt! - 86_400_000,
    }));
    await page.goto(address);
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    await taps.again();
    await page.getByRole('link', { name: /^Studies/ }).click();
    await page.getByRole('button', { name: 'Receipt: B. K. …003' }).click();
    await page.getByRole('link', { name: 'Save as PDF' }).waitFor();
    const bottoms = () =>
      page
        .locator('.sheet-actions > *')
        .evaluateAll((all) => new Set(all.map((button) => button.getBoundingClientRect().bottom)).size);
    await expect.poll(bottoms, 'its buttons stand in one row').toBe(1);
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
  await page
    .getByText('This device has no camera, or this page is not allowed to use it', { exact: false })
    .waitFor();
  const input = page.getByLabel('Choose a photo or PDF');
  await input.setInputFiles(new URL('../../public/icon-512.png', import.meta.url).pathname);
  await page.getByText('No code found in this photo').waitFor();
  await input.setInputFiles(photo);
  await page.getByText('The code is genuine').waitFor();
  await page.getByText('Compare it with the paper', { exact: false }).waitFor();
  await expect(page.locator('.check-facts')).toHaveText(
    /In the PACS\s+2 images\s+Confirmed\s+.+\(\d{4}-\d\d-\d\d \d\d:\d\d UTC\)/,
    {
      useInnerText: true,
    },
  );
  await looksRight(page, 'receipt-checked');
  await page.getByRole('button', { name: 'Check another receipt' }).click();
  await input.setInputFiles(join(folder, 'receipt.pdf'));
  await page.getByText('This receipt is genuine').waitFor();
  await page.getByRole('button', { name: 'Check another receipt' }).click();
  const code = await readSheetCode(await readFile(join(folder, 'receipt.pdf')));
  await page.getByLabel(/^Or paste the text/).fill(`${code.slice(0, -8)}AAAAAAAA`);
  await page.getByRole('button', { name: 'Check this text' }).click();
  await page.getByText('This receipt is not genuine').waitFor();
  await looksRight(page, 'receipt-false');
  await page.getByLabel(/^Or paste the text/).fill(code);
  await page.getByRole('button', { name: 'Check this text' }).click();
  await page.getByText('The code is genuine').waitFor();
}

test.run();
