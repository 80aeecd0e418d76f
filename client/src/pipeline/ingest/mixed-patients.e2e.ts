// test:all: each patient is found in the PACS; mixed-patients.test.ts guards the decisions by day
/**
 * A study that names two patients, in a real Chromium against the running system: it waits until a person has decided,
 * and then each patient's images are found under their own name, or were left out.
 */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, createAccount } from '#testing/accounts.ts';
import {
  choose,
  fillSignIn,
  filesOf,
  goOffline,
  instancesSentBy,
  pressSend,
  studiesSentBy,
  type StudyOnDisk,
} from '#testing/app-page.ts';
import { countTaps } from '#testing/count-taps.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { relay } from '../../../../scripts/relay.ts';
import { looksRight } from '../../testing/looks-right.ts';

const test = suite('a study of two patients');
const walk = await walkScreens(test, {
  name: 'a study of two patients',
  roles: ['technician'],
  open: openWorld,
});

const LENA = { name: 'Keller^Lena', id: '6120-777', birthDate: '19901005' };
const KARL = { name: 'Weber^Karl', id: '3300-001', birthDate: '19440229' };

/** Nine instances; the sixth is Karl's. */
function mixedUp({ seed }: Stage, nth: number): StudyOnDisk[] {
  const of = (patient: typeof LENA) =>
    filesOf({ seed: seed(nth), series: 1, instancesPerSeries: 9, modality: 'CT', patient });
  const karls = of(KARL);
  return of(LENA).map((file, at) => (at === 5 ? karls[at]! : file));
}

const untilInPacs = (stage: Stage, count: number) =>
  until(
    `${count} images to be in the PACS`,
    async () => (await instancesSentBy(stage, stage.account.username)) === count,
  );

/** With each patient's own name, ID, birth date, number of instances and files. */
async function namesBoth(place: ReturnType<Page['locator']>, file: string): Promise<void> {
  for (const said of [
    /Keller, Lena \(ID 6120-777\)[\s\S]*born 5 Oct 1990 · 8 images[\s\S]*and 5 more/,
    /Weber, Karl \(ID 3300-001\)[\s\S]*born 29 Feb 1944 · 1 image\n/,
  ])
    await expect(place).toHaveText(said, { useInnerText: true });
  await expect(place).toContainText(file);
}

walk(
  'is not sent by the ordinary press, and after a decision each patient has a row of their own',
  async (stage) => {
    const { page } = stage;
    const taps = await countTaps(page);
    await stage.enter();
    await taps.again();
    const picker = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose files' }).click();
    const files = mixedUp(stage, 1);
    await (await picker).setFiles(files);
    const card = page.locator('.card[data-going=held]');
    await card.getByText('Wrong patient?', { exact: false }).waitFor();
    await namesBoth(card, files[5]!.name);
    const send = page.locator('.send-button');
    await expect(send).toHaveText(/^Decide first: nothing can be sent yet/, { useInnerText: true });
    await expect(send).toBeDisabled();
    await looksRight(page, 'upload-mixed');
    await card.getByRole('link', { name: 'Decide' }).click();
    const decision = page.locator('.needs-item');
    await decision.locator('canvas').nth(1).waitFor();
    await namesBoth(decision, files[5]!.name);
    await page.getByText('9 images need your decision').first().waitFor();
    await expect(decision.locator('.button-main'), 'the page proposes none of the answers').toHaveCount(0);
    await looksRight(page, 'needs-mixed');
    await decision.getByRole('button', { name: /^These are different patients: send 2 studies/ }).click();
    await page.getByText('You decided to send 2 studies, one for each.', { exact: false }).waitFor();
    await page.getByRole('button', { name: /^Send 2 studies of 2 patients/ }).click();
    await expect.poll(taps.now, 'taps from the choice until both patients are sent').toBeLessThanOrEqual(6);
    await untilInPacs(stage, 9);
    await page.locator('[data-part=arrived] .queue-name', { hasText: '…777' }).waitFor();
    await page.locator('[data-part=arrived] .queue-name', { hasText: '…001' }).waitFor();
    await expect(page.locator('.queue-name a')).toHaveCount(2);
    for (const initials of ['K. W. ', 'L. K. '])
      await expect(page.locator('.queue-name a', { hasText: initials })).toHaveCount(1);
    await page.getByRole('link', { name: 'Upload', exact: true }).click();
    await choose(page, files);
    await page.getByText('The PACS has 9 images of this study, and you chose 9.', { exact: false }).waitFor();
  },
);

walk(
  'is sent without a left-out patient and a damaged image, which is said before and after',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    const files = mixedUp(stage, 2);
    const last = files.at(-1)!;
    await choose(page, [...files.slice(0, -1), { ...last, buffer: last.buffer.subarray(0, -100) }]);
    await page.getByText('1 image of this study is damaged. Copy it again.').waitFor();
    await page.locator('.send-bar').getByRole('link', { name: 'Decide' }).click();
    const leaveOut = page.getByRole('button', { name: 'Leave out 1 image: Weber, Karl (ID 3300-001)' });
    await leaveOut.click();
    const card = page.locator('.card[data-going=sent]', { hasText: 'Keller, Lena' });
    await card.getByText('You left these out. They will not be sent.').waitFor();
    await card.getByText('Weber, Karl (ID 3300-001)', { exact: false }).waitFor();
    await looksRight(page, 'upload-patient-left-out');
    await card.getByRole('button', { name: 'Decide again' }).click();
    await page.locator('.card[data-going=held]').getByRole('link', { name: 'Decide' }).click();
    await leaveOut.click();
    await pressSend(page);
    await untilInPacs(stage, 7);
    await page.locator('[data-part=arrived] .queue-name a', { hasText: '…777' }).click();
    await page.getByText('1 image left out: not in the PACS').waitFor();
    await page.getByText('1 image damaged or missing on the disc: not in the PACS').waitFor();
    await expect(page.locator('.track [data-place=left-out]').first()).toHaveText(/^2\s+not stored$/, {
      useInnerText: true,
    });
    await page.getByText('Show 9 images').click();
    await page.getByText('1 image left out, and not sent: of another patient').waitFor();
    await page.getByText('1 image damaged or missing on the disc, and not sent').waitFor();
    await page
      .getByText(
        'Your study is in the PACS. 2 files chosen on this device were not sent. Keep their disc or files if you need any.',
      )
      .waitFor();
    await isSaidInTheList(page, stage.address);
    await looksRight(page, 'studies-kept-back');
    await isSaidOnPaper(stage);
    await page.getByRole('link', { name: 'Upload', exact: true }).click();
    await choose(page, files);
    await page.getByText('7 of its 8 images are already in the PACS; 1 is new and will be sent.').waitFor();
    await page.getByText('You left these out. They will not be sent.').waitFor();
    const other = await stage.openVisitor();
    const { username } = await createAccount(stage.gateway, 'auditor', ['auditor']);
    const watching = await other.newPage();
    await watching.goto(stage.address);
    await fillSignIn(watching, username);
    await watching.getByRole('heading', { level: 1 }).waitFor();
    await isSaidInTheList(watching, stage.address, stage.account.username);
    await watching.getByText(`sent by ${stage.account.username}`, { exact: false }).first().waitFor();
    await other.close();
  },
);

walk('an ID that a study on this device has under another name is pointed out before Send', async (stage) => {
  const { page } = stage;
  await stage.enter();
  const of = (nth: number, name: string) => {
    const patient = { ...KARL, name };
    return filesOf({ seed: stage.seed(nth), series: 1, instancesPerSeries: 1, modality: 'CT', patient });
  };
  await choose(page, of(3, KARL.name));
  await goOffline(page);
  await pressSend(page);
  await page.getByRole('link', { name: 'Upload', exact: true }).click();
  await choose(page, of(4, LENA.name));
  const said = page.locator('.notice', {
    hasText: 'you already sent a study with this Patient ID but another name',
  });
  await said.waitFor();
  await expect(said).toHaveText(
    /^Wrong patient\?[\s\S]*Keller, Lena \(ID 3300-001\)\. In the other study: Weber, Karl$/,
    {
      useInnerText: true,
    },
  );
});

/** In the list, where it says what is missing and why. */
async function isSaidInTheList(page: Page, address: string, sender = ''): Promise<void> {
  await page.goto(`${address}/#/studies`);
  // In a list of everybody's, studies of other tests may stand above, and it draws what fits the window.
  if (sender !== '') await page.getByLabel('Search').fill(sender);
  const row = page.locator('.queue-row', { hasText: '7 of 9 in the PACS' });
  await row.getByText('1 left out: of another patient · 1 damaged or missing', { exact: false }).waitFor();
}

/** On the sheet of the receipt, and where its file is checked. */
async function isSaidOnPaper({ gateway, account, folder }: Stage): Promise<void> {
  const [uid] = await studiesSentBy({ gateway }, account.username);
  const sheet = await ask(gateway, account.username, { path: `/studies/${uid}/receipt.pdf` });
  const file = join(folder, 'left-out.pdf');
  await writeFile(file, Buffer.from(await sheet.arrayBuffer()));
  const words = execFileSync('pdftotext', ['-layout', file, '-']).toString().replace(/\s+/g, ' ');
  assert.match(words, '7 of 9 images are in the PACS. For the others, the reason is given below.');
  assert.match(words, '1 left out by a person: of another patient');
  assert.match(words, '1 damaged or missing on the disc');
  const printed: string[] = [];
  const around = {
    env: {},
    signal: new AbortController().signal,
    print: (line: string) => void printed.push(line),
    say: (line: string) => assert.unreachable(line),
  };
  const keys = `${gateway.api}/.well-known/jwks.json`;
  assert.is(await relay(['receipt', 'verify', file, '--jwks', keys], around), 0);
  assert.match(
    printed.join(),
    '7 stored, 1 left out by a person: of another patient, 1 damaged or missing on the disc, and not sent.',
  );
}

test.run();
