/** Cases in a radiologist's hands and by keyboard alone, in a real Chromium against the running system. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesOf, sendStudy } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress, pressKey } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { press } from '../testing/open-review.ts';
import { looksRight } from '../testing/looks-right.ts';
import { openFilters } from '../testing/open-filters.ts';

const test = suite('cases');
const walk = await walkScreens(test, {
  name: 'cases',
  roles: ['radiologist', 'technician', 'admin'],
  open: openWorld,
});

const TITLE = 'Second look at Doe Jane';
const HURRIED = 'Before the ward round of Roe Richard';
const LATER = 'Compare with the prior';
const AGAIN = 'The same study once more';
const OTHERS = 'There is another case with this study';
const SEARCH = 'Patient, accession or case number, study UID, or status';

/** The next letters come when the search has begun and the page is not painted yet. */
async function typeWhileAsking(field: HTMLElement | SVGElement, more: string): Promise<void> {
  const input = field as HTMLInputElement;
  input.form!.requestSubmit();
  await Promise.resolve();
  input.value += more;
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

/** From a case: nobody has this name, and one case is of this patient. */
async function searchByPatient(page: Page, patientId: string): Promise<void> {
  await focusAndPress(page.getByRole('link', { name: 'All cases' }), 'Enter');
  await openFilters(page);
  await page.getByRole('combobox', { name: /^Status/ }).selectOption('');
  const patient = page.getByLabel(SEARCH);
  await patient.fill('Nobody Doe');
  await patient.evaluate(typeWhileAsking, ' Jane');
  await focusAndPress(patient, 'Enter');
  await expect(patient).toHaveValue('Nobody Doe Jane');
  await page.getByText('No cases match this search and these filters.').waitFor();
  await looksRight(page, 'cases-patient-none');
  // Nobody has to press Enter.
  await patient.fill(patientId);
  await page.getByRole('link', { name: TITLE }).waitFor();
  await expect(page.locator('a.list-link'), 'the PACS knows one study of this patient').toHaveCount(1);
  await page.getByRole('row').getByText(patientId).waitFor();
  assert.not.ok(page.url().includes(patientId), 'no patient is in the address');
}

/** The form sends all of them; what happened names those that are different now. */
async function changeTwoFields(page: Page): Promise<void> {
  await page.getByText('Case changed: assignee').waitFor();
  await press(page, 'Edit case');
  await page.getByRole('dialog').getByLabel('Priority').selectOption('high');
  await page.getByRole('dialog').getByLabel('Due').fill('2020-03-02');
  await focusAndPress(page.getByRole('dialog').getByRole('button', { name: 'Save' }), 'Enter');
  await page.getByText('Case changed: due date, priority').waitFor();
}

/** Without a review, in which they could be marked. */
async function looksAtImages(page: Page): Promise<void> {
  await press(page, 'Look at the images');
  const images = page.getByRole('region', { name: 'Images of the case' });
  await images.getByRole('img', { name: /^Image 1 of/ }).waitFor();
  await press(page, 'Hide the images');
  await images.waitFor({ state: 'detached' });
}

/** From the page of the study, of which there is a case: that one is offered first, and each names the other. */
async function findsItsCase(page: Page): Promise<void> {
  await focusAndPress(page.getByRole('link', { name: /^Studies/ }), 'Enter');
  await page.locator('.segment', { hasText: 'Yours' }).click();
  await page.locator('[data-part=arrived] .queue-name a').first().click();
  await press(page, 'Create case');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('A case with this study already exists.').waitFor();
  await focusAndPress(dialog.getByRole('link', { name: TITLE }), 'Enter');
  await page.getByRole('heading', { name: TITLE }).waitFor();
  await expect(page.getByText(OTHERS), 'it is the only one').toHaveCount(0);
  await page.goBack();
  await press(page, 'Create case');
  await dialog.getByLabel('Title').pressSequentially(AGAIN);
  await focusAndPress(dialog.getByLabel('Title'), 'Enter');
  await page.getByRole('heading', { name: AGAIN }).waitFor();
  await page.locator('.notice', { hasText: OTHERS }).getByRole('link', { name: TITLE }).click();
  await page.getByRole('heading', { name: TITLE }).waitFor();
  await page.locator('.notice', { hasText: OTHERS }).getByRole('link', { name: AGAIN }).waitFor();
}

walk('a radiologist opens a case, writes in it, closes it and finds it again, by keyboard', async (stage) => {
  const { page, enter, seed } = stage;
  await enter();
  await sendStudy(page, filesOf({ seed: seed(0), instancesPerSeries: 1, rows: 64, columns: 64 }));
  await page.locator('[data-part=arrived] .queue-name a').first().click();
  await press(page, 'Create case');
  await page.getByRole('heading', { name: 'Create a case' }).waitFor();
  const dialog = page.getByRole('dialog');
  await focusAndPress(dialog.getByLabel('Title'), 'Enter');
  await dialog.getByText('Enter a title.').waitFor();
  await dialog.getByLabel('Tags').fill('Doe Jane');
  await looksRight(page, 'case-form');
  await dialog.getByLabel('Title').pressSequentially(TITLE);
  await dialog.getByLabel('Priority').selectOption('urgent');
  await dialog.getByLabel('Due').fill('2020-03-01');
  await focusAndPress(dialog.getByLabel('Title'), 'Enter');
  await page.getByRole('heading', { name: TITLE }).waitFor();
  await page.getByText('Overdue since').waitFor();
  await looksAtImages(page);
  await press(page, 'Assign to me');
  await page.getByRole('button', { name: 'Assign to me' }).waitFor({ state: 'detached' });
  await page.getByLabel('New note').pressSequentially('Opacity of Doe Jane?');
  await press(page, 'Add note');
  await page.getByRole('region', { name: 'Notes' }).getByText('Opacity of Doe Jane?').waitFor();
  const pdf = { name: 'Doe Jane.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7\n%%EOF') };
  const chooser = page.getByLabel('Attach a PDF');
  await chooser.setInputFiles({ ...pdf, buffer: Buffer.from('MZ') });
  await page.getByText('This file is not a valid PDF, PNG or JPEG.').waitFor();
  await chooser.setInputFiles(pdf);
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    focusAndPress(page.getByRole('button', { name: 'Save Doe Jane.pdf' }), 'Enter'),
  ]);
  assert.is(saved.suggestedFilename(), 'Doe Jane.pdf');
  const about = page.getByRole('region', { name: 'Studies' });
  await expect(about).toContainText(/RP-\w+/);
  const patientId = /RP-\w+/.exec(await about.innerText())![0];
  await focusAndPress(page.locator('summary'), 'Enter');
  await page.getByText('Note added').waitFor();
  await changeTwoFields(page);
  await looksRight(page, 'case');
  assert.not.ok((await page.title()).includes(TITLE), 'the window’s title names nobody');
  assert.not.ok(page.url().includes('Second'), 'nor does the address');
  await press(page, 'Close case');
  await page.getByLabel('Final note (optional)').pressSequentially('Settled with the prior of Doe Jane.');
  await looksRight(page, 'case-close');
  await focusAndPress(page.getByRole('dialog').getByRole('button', { name: 'Close case' }), 'Enter');
  await page.getByText('Settled with the prior of Doe Jane.').waitFor();
  await focusAndPress(page.getByRole('link', { name: 'All cases' }), 'Enter');
  await page.getByRole('heading', { name: 'Cases' }).waitFor();
  await openFilters(page);
  await page.getByRole('combobox', { name: /^Status/ }).selectOption('closed');
  await focusAndPress(page.getByRole('link', { name: TITLE }), 'Enter');
  await press(page, 'Reopen case');
  await page.getByRole('dialog').getByLabel('Reason').pressSequentially('The prior came.');
  await focusAndPress(page.getByRole('dialog').getByRole('button', { name: 'Reopen case' }), 'Enter');
  await page.getByText('The prior came.').waitFor();
  await searchByPatient(page, patientId);
  await findsItsCase(page);
});

async function filters(page: Page): Promise<void> {
  await openFilters(page);
  const opened = page.getByRole('combobox', { name: /^Case created/ });
  await opened.selectOption('90');
  await expect(page).toHaveURL(/#\/cases\?opened=90$/);
  await opened.selectOption('days');
  await page.getByLabel('Last day (UTC)').fill('2020-03-01');
  await page.getByText('No cases match these filters.').waitFor();
  await opened.selectOption('7');
  await page.getByRole('link', { name: HURRIED }).first().waitFor();
  await page.getByRole('combobox', { name: /^Body part/ }).selectOption('CHEST');
  await page.getByRole('link', { name: HURRIED }).first().waitFor({ state: 'detached' });
}

/** By the word of a status or a priority, and by a number as the list writes it. */
async function searchesByWords(page: Page): Promise<void> {
  const search = page.getByLabel(SEARCH);
  await search.fill('Closed');
  await page.getByText('Press Enter to show only cases with “closed”.').waitFor();
  await focusAndPress(search, 'Enter');
  await expect(page).toHaveURL(/[?&]status=closed/);
  await expect(page.locator('a.list-link')).toHaveCount(0);
  await press(page, 'Clear the filters');
  const hurried = page.getByRole('row', { name: HURRIED });
  const [number] = /Case \d+/.exec(await hurried.innerText())!;
  await search.fill(number);
  await focusAndPress(search, 'Enter');
  await page.getByRole('link', { name: LATER }).waitFor({ state: 'detached' });
  const found = page.getByRole('link', { name: HURRIED });
  await focusAndPress(found, 'Enter');
  await expect(page).toHaveURL(/#\/cases\/[\da-f-]{36}$/);
  // The list is gone, and not only its address.
  await page.getByRole('heading', { name: HURRIED }).waitFor();
  await page.goBack();
  await expect(search, 'comes back to the search').toHaveValue(number.replace('Case ', ''));
  await expect(found, 'and to the row').toBeFocused();
  await search.fill('');
  await page.getByRole('link', { name: LATER }).waitFor();
}

walk(
  'the list is filtered, hidden and walked by keyboard, and its address keeps the filters',
  async (stage) => {
    const { page, enter } = stage;
    await enter();
    await focusAndPress(page.getByRole('navigation').getByRole('link', { name: 'Cases' }), 'Enter');
    await expect(page.locator('h1'), 'though its page is loaded first').toBeFocused();
    for (const title of [LATER, HURRIED]) {
      await press(page, 'Create case');
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Title').pressSequentially(title);
      await dialog
        .getByLabel('Number, as in the PACS')
        .pressSequentially(`NOT-THERE-${stage.account.id.slice(0, 4)}`);
      await dialog.getByLabel('Assign to').selectOption({ label: stage.account.username });
      await focusAndPress(dialog.getByLabel('Title'), 'Enter');
      await page.getByRole('heading', { name: title }).waitFor();
      await page.getByText('Waiting for a study with this accession number').waitFor();
      await focusAndPress(page.getByRole('link', { name: 'All cases' }), 'Enter');
      await page.getByRole('link', { name: title }).waitFor();
    }
    await openFilters(page);
    await page.getByRole('combobox', { name: /^Assigned to/ }).selectOption('me');
    await expect(page.locator('a.list-link')).toHaveCount(2);
    await expect(page).toHaveURL(/#\/cases\?assignee=me$/);
    await looksRight(page, 'cases');
    await focusAndPress(page.getByRole('link', { name: HURRIED }), 'ArrowDown');
    await expect(page.getByRole('link', { name: LATER })).toBeFocused();
    await page.getByLabel(SEARCH).fill('Doe Jane');
    await page.getByLabel('Hide names and titles').click();
    await page.getByText('Not shown to you').waitFor();
    await expect(page).toHaveURL(/#\/cases\?assignee=me$/);
    await page.getByRole('link', { name: HURRIED }).waitFor({ state: 'detached' });
    await page.reload();
    await expect(page.locator('a.list-link')).toHaveCount(2);
    await expect(page.locator('main')).not.toContainText(HURRIED);
    await looksRight(page, 'cases-hidden');
    await press(page, 'Export');
    const templates = page.getByRole('dialog').getByLabel('Content of the file');
    await templates.locator('[value=cases-limited]').waitFor({ state: 'attached' });
    await expect(templates.locator('[value=cases-full]'), 'no file with names').toHaveCount(0);
    await pressKey(page, 'Escape');
    await focusAndPress(page.getByLabel('Hide names and titles'), 'Space');
    await page.getByRole('link', { name: HURRIED }).waitFor();
    await searchesByWords(page);
    await focusAndPress(page.locator('h1'), '/');
    await expect(page.getByLabel(SEARCH)).toBeFocused();
    // Nobody has to press Enter.
    await page.keyboard.type('999999999');
    await page.getByText('No cases match this search and these filters.').waitFor();
    await looksRight(page, 'cases-none');
    await press(page, 'Clear the filters');
    await page.getByRole('link', { name: HURRIED }).first().waitFor();
    await filters(page);
  },
);

walk('a list is saved as a view, opened, renamed and deleted by keyboard', async ({ page, enter }) => {
  await enter();
  await focusAndPress(page.getByRole('navigation').getByRole('link', { name: 'Cases' }), 'Enter');
  await openFilters(page);
  const priority = page.getByRole('combobox', { name: /^Priority/ });
  await priority.selectOption('urgent');
  const opened = page.getByRole('combobox', { name: /^Case created/ });
  await opened.selectOption('days');
  await page.getByLabel('First day (UTC)').fill('2026-01-31');
  await page.waitForURL(/#\/cases\?priority=urgent&opened=days&from=2026-01-31$/);
  await press(page, 'Save this view');
  const dialog = page.getByRole('dialog');
  await focusAndPress(dialog.getByLabel('Name'), 'Enter');
  await dialog.getByText('Enter a name for the view.').waitFor();
  await looksRight(page, 'case-view-save');
  await dialog.getByLabel('Name').pressSequentially('Urgent ones of Doe Jane');
  await focusAndPress(dialog.getByLabel('Name'), 'Enter');
  const views = page.getByRole('navigation', { name: 'Saved views' });
  const saved = views.getByRole('link', { name: 'Urgent ones of Doe Jane' });
  await views.locator('[aria-current]', { hasText: 'Urgent ones of Doe Jane' }).waitFor();
  await priority.selectOption('');
  await views.locator('[aria-current]').waitFor({ state: 'detached' });
  await page.reload();
  await focusAndPress(saved, 'Enter');
  await views.locator('[aria-current]').waitFor();
  await expect(priority).toHaveValue('urgent');
  await expect(page.getByLabel('First day (UTC)')).toHaveValue('2026-01-31');
  await looksRight(page, 'cases-views');
  await press(page, 'Rename the view');
  await dialog.getByLabel('Name').fill('Urgent, all of them');
  await focusAndPress(dialog.getByLabel('Name'), 'Enter');
  await views.getByRole('link', { name: 'Urgent, all of them' }).waitFor();
  await focusAndPress(page.getByLabel('Hide names and titles'), 'Space');
  await views.getByRole('link', { name: 'View 1' }).waitFor();
  await focusAndPress(page.getByLabel('Hide names and titles'), 'Space');
  await press(page, 'Delete the view');
  await focusAndPress(dialog.getByRole('button', { name: 'Delete the view' }), 'Enter');
  // With the last view its tabs are gone.
  await views.waitFor({ state: 'detached' });
});

test.run();
