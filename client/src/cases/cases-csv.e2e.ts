// test:all: cases from a file; gateway/src/cases/case-csv.test.ts guards by day
/** Cases out as a file and in from one, in a real Chromium against the running system. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expect } from '#testing/expect.ts';
import { focusAndPress } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { chooseNames, namesHiddenFault } from '../testing/names-hidden.ts';
import { press } from '../testing/open-review.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('cases as files');
const walk = await walkScreens(test, {
  name: 'cases-csv',
  roles: ['technician', 'radiologist'],
  open: openWorld,
});

walk('a list is saved as CSV, and a file is mapped, refused by its rows and imported', async (stage) => {
  const { page, enter } = stage;
  await enter();
  await focusAndPress(page.getByRole('navigation').getByRole('link', { name: 'Cases' }), 'Enter');
  await press(page, 'Import a file');
  const dialog = page.getByRole('dialog');
  const choose = (rows: readonly string[]) =>
    dialog.getByLabel('CSV file').setInputFiles({
      name: 'cases.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(['Betreff,Auftrag,dueOn', ...rows].join('\r\n')),
    });
  const title = `Doe Jane, from a file of ${stage.account.username}`;
  await choose([`"${title}",NOT-THERE-9,31.12.2027`]);
  await dialog.getByText('Choose which column contains the title or the case ID').waitFor();
  await dialog.getByLabel('Betreff').selectOption('title');
  await dialog.getByText('Row 2: Due can’t be read.').waitFor();
  await expect(dialog.getByRole('button', { name: 'Import', exact: true })).toBeDisabled();
  await looksRight(page, 'cases-import');
  const input = dialog.getByLabel('CSV file');
  await Promise.all([page.waitForEvent('filechooser'), input.click()]);
  await expect(input, 'a file of the same name is another choice').toHaveValue('');
  await choose([`"${title}",NOT-THERE-9,2027-12-31`]);
  await dialog.getByText('A new case needs exactly one of study, accession number or Patient ID').waitFor();
  await dialog.getByLabel('Auftrag').selectOption('accessionNumber');
  await dialog.getByText('This will create 1 case').waitFor();
  const row = `"${title}",NOT-THERE-9,2027-12-31`;
  await choose([row, row]);
  await dialog.getByText('Row 3 is the same as row 2.').waitFor();
  await looksRight(page, 'cases-import-repeated');
  await choose([row]);
  await dialog.getByText('This will create 1 case').waitFor();
  await press(page, 'Import 1 row');
  await dialog.getByText('Created 1 case').waitFor();
  await press(page, 'Close');
  await page.getByRole('link', { name: title }).waitFor();
  await press(page, 'Save as CSV');
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    focusAndPress(dialog.getByRole('button', { name: 'Save the file' }), 'Enter'),
  ]);
  assert.is(saved.suggestedFilename(), 'cases.csv');
  const file = join(stage.folder, 'cases.csv');
  await saved.saveAs(file);
  assert.ok((await readFile(file, 'utf8')).includes(title));
});

walk('a list is exported for a purpose, followed until it is ready, saved and erased', async (stage) => {
  const { page, enter } = stage;
  await enter();
  await focusAndPress(page.getByRole('navigation').getByRole('link', { name: 'Cases' }), 'Enter');
  await focusAndPress(page.getByRole('link', { name: 'Exports' }), 'Enter');
  await page.getByText('No exports yet').waitFor();
  await looksRight(page, 'exports-none');
  await focusAndPress(page.getByRole('link', { name: 'Go to cases' }), 'Enter');
  await press(page, 'Export');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Content of the file').selectOption('cases-limited');
  await dialog
    .getByText('The file contains pseudonyms instead of names, and no text typed by people')
    .waitFor();
  await press(page, 'Create file');
  await dialog.getByText('Enter the purpose of the file.').waitFor();
  await looksRight(page, 'export-ask');
  await dialog.getByLabel('Purpose').pressSequentially('Reading times for Doe Jane');
  assert.is(await namesHiddenFault(page), null);
  await press(page, 'Create file');
  const row = page.getByRole('row').filter({ hasText: 'Reading times for Doe Jane' });
  await row.getByText('Ready', { exact: true }).waitFor();
  await looksRight(page, 'exports');
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    focusAndPress(row.getByRole('button', { name: 'Save the file' }), 'Enter'),
  ]);
  assert.is(saved.suggestedFilename(), 'cases-limited.csv');
  const file = join(stage.folder, 'cases-limited.csv');
  await saved.saveAs(file);
  assert.match(await readFile(file, 'utf8'), /^\ufeff?caseNumber,pseudonym,status/);
  await focusAndPress(row.getByRole('button', { name: 'Erase the file' }), 'Enter');
  await focusAndPress(dialog.getByRole('button', { name: 'Erase the file' }), 'Enter');
  await row.getByText('Cancelled. There is no file.').waitFor();
});

walk('a list is exported as a report to print, and saved', async (stage) => {
  const { page, enter } = stage;
  await enter();
  await focusAndPress(page.getByRole('navigation').getByRole('link', { name: 'Cases' }), 'Enter');
  await press(page, 'Export');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Content of the file').selectOption('report-limited');
  await dialog.getByText('A report for reading and printing, with at most 1,000 cases').waitFor();
  await dialog.getByLabel('Purpose').pressSequentially('For the meeting about Roe Richard');
  await looksRight(page, 'export-report');
  await press(page, 'Create file');
  const row = page.getByRole('row').filter({ hasText: 'For the meeting about Roe Richard' });
  await row.getByText('Ready', { exact: true }).waitFor();
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    focusAndPress(row.getByRole('button', { name: 'Save the file' }), 'Enter'),
  ]);
  assert.is(saved.suggestedFilename(), 'report-limited.pdf');
  const file = join(stage.folder, 'report-limited.pdf');
  await saved.saveAs(file);
  assert.match((await readFile(file)).toString('latin1'), /^%PDF-[\s\S]*%%EOF\s*$/);
});

walk('a file that names patients is saved after a question while names are hidden', async (stage) => {
  const { page, enter } = stage;
  await enter();
  await focusAndPress(page.getByRole('navigation').getByRole('link', { name: 'Cases' }), 'Enter');
  await press(page, 'Export');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Content of the file').selectOption('report-full');
  await dialog.getByText('The file names patients.').waitFor();
  await dialog.getByLabel('Purpose').pressSequentially('For the file of Weber Karl');
  await press(page, 'Create file');
  const row = page.getByRole('row').filter({ hasText: 'Report with identities' });
  await row.getByText('Ready', { exact: true }).waitFor();
  await chooseNames(page, true);
  await row.getByText('Weber Karl').waitFor({ state: 'detached' });
  let asked = 0;
  page.on('request', (request) => (asked += Number(request.url().endsWith('/file'))));
  await focusAndPress(row.getByRole('button', { name: 'Save the file' }), 'Enter');
  const sheet = page.getByRole('dialog', { name: 'Save the file even though names are hidden?' });
  await looksRight(page, 'export-names-hidden');
  await focusAndPress(sheet.getByRole('button', { name: 'Cancel' }), 'Enter');
  await sheet.waitFor({ state: 'detached' });
  assert.is(asked, 0);
  await focusAndPress(row.getByRole('button', { name: 'Save the file' }), 'Enter');
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    focusAndPress(sheet.getByRole('button', { name: 'Save anyway' }), 'Enter'),
  ]);
  assert.is(saved.suggestedFilename(), 'report-full.pdf');
});

test.run();
