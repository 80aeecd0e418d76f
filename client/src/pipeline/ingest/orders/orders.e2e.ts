// test:all: six studies and their orders; orders.test.ts guards the choices by day
/**
 * Studies and their orders in a real Chromium, from a list that was imported to a real Orthanc: one that fits is
 * confirmed, one is picked for the wrong patient after a second look, one study has no order, one has another
 * patient's number, and one is of its order's patient in every respect. States are inspected as in screens.e2e.ts.
 */
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import { tokenOf } from '#testing/accounts.ts';
import { choose, goOffline, onDisk, pressSend, type StudyOnDisk } from '#testing/app-page.ts';
import { filesOfStudy } from '#testing/ask-orthanc.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { syntheticStudy, type SyntheticStudy } from '#testing/synthetic-study.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../../../testing/looks-right.ts';

const test = suite('studies and their orders');
const walk = await walkScreens(test, {
  name: 'studies and their orders',
  roles: ['technician'],
  open: openWorld,
});

/** The day of every synthetic study. */
const DAY = '2024-02-29';

async function importOrders(
  { gateway, account }: Stage,
  rows: readonly (readonly string[])[],
): Promise<void> {
  const head = ['patientName', 'patientId', 'accessionNumber', 'description', 'scheduledOn', 'stepId'];
  const token = await tokenOf(gateway, account.username);
  const answer = await fetch(`${gateway.api}/worklist/import`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv', authorization: `Bearer ${token}` },
    body: [head, ...rows].map((row) => row.join(';')).join('\r\n'),
  });
  assert.is(((await answer.json()) as { imported: number }).imported, rows.length);
}

async function keepNames(page: Page): Promise<void> {
  await page.getByRole('button', { name: /Change$/ }).click();
  await page.getByLabel(/^Keep everything unchanged/).check();
  await page.getByRole('button', { name: 'Keep names' }).click();
}

const filesOf = ({ instances }: SyntheticStudy): StudyOnDisk[] =>
  instances.map(({ fileName, bytes }) => onDisk(fileName, bytes));

const cardOf = (page: Page, name: string): Locator =>
  page.getByRole('article').filter({ has: page.getByRole('heading', { name }) });

/** The study’s patient and number in the PACS, and the patient’s name in the record. */
async function heldOf({ orthanc }: Stage, { studyInstanceUID, instances }: SyntheticStudy) {
  const files = await until('the study in the PACS', async () => {
    const found = await filesOfStudy(orthanc, studyInstanceUID);
    return found.length === instances.length && found;
  });
  const read = await readInstance(bytesSource(files[0]!));
  if (read.kind !== 'ready') throw new Error(read.because);
  const { elements } = read.instance;
  const [record] = findElement(elements, 0x04000561)?.items ?? [];
  const originals = record && findElement(record.elements, 0x04000550)!.items![0]!.elements;
  const { patientName, patientId, accessionNumber } = describeInstance(read.instance);
  return {
    patient: [patientName, patientId],
    accessionNumber,
    original: originals ? textOf(findElement(originals, 0x00100010), read.instance) : null,
  };
}

/** Before Send, the values that the order replaces, and why; none is called unchanged. */
async function seesReplaced(page: Page, card: Locator): Promise<void> {
  await card.getByRole('link', { name: /^See what is sent/ }).click();
  await page.getByText(/^The order replaces \d+ values$/).waitFor();
  await page.getByText(/^In this image: .*PatientName, PatientID/).waitFor();
  const reason = page.getByText(/Set by the order picked for this study/).first();
  await reason.waitFor();
  await expect(page.getByText(/Nothing is changed|The policy changes nothing/)).toHaveCount(0);
  await looksRight(page, 'before-after-ordered');
  await page.locator('main').getByRole('link', { name: 'Upload' }).click();
}

/** An order of two days later: by going there, and by a search over the days around. Comes back to the first day. */
async function findsOnOtherDays(sheet: Locator, number: string): Promise<void> {
  const fred = sheet.getByRole('button', { name: /Order, Fred/ });
  await sheet.getByText('Orders for 29 Feb 2024').waitFor();
  await sheet.getByLabel('Name, ID or accession number').fill(number);
  await sheet.getByText(/^No order matches your search/).waitFor();
  for (let days = 0; days < 2; days += 1) await sheet.getByRole('button', { name: 'Day after' }).click();
  await sheet.getByText('Orders for 2 Mar 2024').waitFor();
  await fred.waitFor();
  for (let days = 0; days < 2; days += 1) await sheet.getByRole('button', { name: 'Day before' }).click();
  await sheet.getByText(/^No order matches your search/).waitFor();
  await sheet.getByLabel('Search 15 days before and after').check();
  await sheet.getByText('Orders from 14 Feb 2024 to 15 Mar 2024').waitFor();
  await fred.getByText(/2 Mar 2024/).waitFor();
  await sheet.getByLabel('Search 15 days before and after').uncheck();
}

/** A person who doubts looks at the orders again, and takes the same one. */
async function goBackAndUse(sheet: Locator, number: string): Promise<void> {
  await sheet.getByRole('button', { name: 'Back' }).click();
  await sheet.getByLabel('Name, ID or accession number').fill(number);
  await sheet.getByRole('button', { name: /Order, Dana/ }).click();
  await sheet.getByRole('button', { name: 'Use this order anyway' }).click();
}

walk(
  'one fits and is confirmed, one is picked for another patient, and the PACS has both as ordered',
  async (stage) => {
    const { page, seed } = stage;
    const number = (nth: number): string => `O${seed(nth)}`;
    const studyOf = (nth: number, name: string): SyntheticStudy =>
      syntheticStudy({ seed: seed(nth), instancesPerSeries: 1, patient: { name, id: number(nth) } });
    const fitting = studyOf(1, 'Study^Ann');
    const picked = studyOf(2, 'Study^Ben');
    const without = studyOf(3, 'Study^Cem');
    await importOrders(stage, [
      ['Order^Ann', number(1), `A${number(1)}`.slice(0, 16), 'Chest', DAY, 'S1'],
      ['Order^Dana', number(4), `A${number(4)}`.slice(0, 16), 'Hand', DAY, 'S4'],
      ['Order^Fred', number(5), `A${number(5)}`.slice(0, 16), 'Foot', '2024-03-02', 'S5'],
    ]);
    await stage.enter();
    await choose(page, filesOf(fitting));
    await page.getByRole('heading', { name: '1 study found' }).waitFor();
    await expect(page.getByText('Choose an order'), 'under a policy that removes names').toHaveCount(0);
    await keepNames(page);
    const ann = cardOf(page, 'Study, Ann');
    await ann.getByText(/has the same Patient ID, but a different name or birth date/).waitFor();
    await ann.getByText('Order, Ann').waitFor();
    await looksRight(page, 'order-other-name');
    await choose(page, [...filesOf(picked), ...filesOf(without)]);
    await page.getByRole('heading', { name: '3 studies found' }).waitFor();
    await ann.getByRole('button', { name: /^Use this order anyway/ }).click();
    await ann.getByText(/^Sent with order/).waitFor();
    await ann.getByText('Wrong patient?').waitFor();
    const ben = cardOf(page, 'Study, Ben');
    await ben.getByRole('button', { name: /^Choose an order/ }).click();
    const sheet = page.getByRole('dialog');
    await findsOnOtherDays(sheet, number(5));
    await sheet.getByLabel('Name, ID or accession number').fill(number(4));
    await looksRight(page, 'order-sheet');
    await sheet.getByRole('button', { name: /Order, Dana/ }).click();
    await page.getByRole('heading', { name: 'Wrong patient?' }).waitFor();
    await sheet.getByText('Order, Dana').waitFor();
    await sheet.getByText('Study, Ben').waitFor();
    await looksRight(page, 'order-wrong-patient');
    await goBackAndUse(sheet, number(4));
    await ben.getByText('Wrong patient?').waitFor();
    await cardOf(page, 'Study, Cem')
      .getByRole('button', { name: /^Choose an order/ })
      .waitFor();
    await seesReplaced(page, ben);
    // A study that has arrived is listed without a name.
    await goOffline(page);
    await pressSend(page);
    await page.getByText('Order, Dana').first().waitFor();
    await expect(page.getByText('Study, Ben'), 'it is listed by whom it is sent as').toHaveCount(0);
    await stage.visitor.setOffline(false);
    assert.equal(await heldOf(stage, fitting), {
      patient: ['Order^Ann', number(1)],
      accessionNumber: `A${number(1)}`.slice(0, 16),
      original: 'Study^Ann',
    });
    const { patient, original } = await heldOf(stage, picked);
    assert.equal([patient, original], [['Order^Dana', number(4)], 'Study^Ben']);
    const untouched = await heldOf(stage, without);
    assert.equal([untouched.patient, untouched.original], [['Study^Cem', number(3)], null]);
  },
);

walk(
  'an order of the same ID, name and day is proposed without a doubt, and the PACS has the study as ordered',
  async (stage) => {
    const { page, seed } = stage;
    const name = 'Study^Gil';
    const id = `O${seed(1)}`;
    const today = `A${id}`.slice(0, 16);
    await importOrders(stage, [
      [name, id, `B${id}`.slice(0, 16), 'Foot', '2024-03-02', 'S2'],
      [name, id, today, 'Chest', DAY, 'S1'],
      ['Order^Hal', `O${seed(2)}`, `C${id}`.slice(0, 16), 'Hand', DAY, 'S3'],
    ]);
    const study = syntheticStudy({ seed: seed(1), instancesPerSeries: 1, patient: { name, id } });
    await stage.enter();
    await choose(page, filesOf(study));
    await keepNames(page);
    const gil = cardOf(page, 'Study, Gil');
    await gil.getByText(`Matches order ${today} · Chest`, { exact: true }).waitFor();
    const doubts = page.getByText(/Wrong patient\?|all the same/);
    await expect(doubts).toHaveCount(0);
    await looksRight(page, 'order-fits');
    await gil.getByRole('button', { name: 'Use this order for the study of Study, Gil' }).click();
    await gil.getByText(`Sent with order: ${today} · Chest`, { exact: true }).waitFor();
    await expect(doubts).toHaveCount(0);
    await pressSend(page);
    const { patient, accessionNumber } = await heldOf(stage, study);
    assert.equal([patient, accessionNumber], [[name, id], today]);
  },
);

walk(
  'a study with the number of another patient’s order is pointed out, and can be sent without it',
  async (stage) => {
    const { page, seed } = stage;
    const study = syntheticStudy({
      seed: seed(1),
      instancesPerSeries: 1,
      patient: { name: 'Study^Eve', id: `O${seed(1)}` },
    });
    const read = await readInstance(bytesSource(study.instances[0]!.bytes));
    if (read.kind !== 'ready') throw new Error(read.because);
    const { accessionNumber } = describeInstance(read.instance);
    await importOrders(stage, [['Order^Finn', `O${seed(2)}`, accessionNumber!, 'Chest', DAY, 'S1']]);
    await stage.enter();
    await choose(page, filesOf(study));
    await keepNames(page);
    const eve = cardOf(page, 'Study, Eve');
    await eve.getByText('Wrong patient?').waitFor();
    await eve.getByText(/Order, Finn/).waitFor();
    await pressSend(page);
    assert.equal((await heldOf(stage, study)).patient, ['Study^Eve', `O${seed(1)}`]);
  },
);

test.run();
