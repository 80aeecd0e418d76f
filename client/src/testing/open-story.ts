/**
 * The people of the sample data, each on a device of their own, and what each does with a case: for tests of the road
 * of a case in a browser.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Download, Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import type { Case, CaseList } from '#shared/protocol/cases.ts';
import { ADMIN, ask, askAs, createAccount, PASSWORD, type Account } from '#testing/accounts.ts';
import { mouseAndTouch, type Hands } from '#testing/hands.ts';
import { openOwnWorld, type World } from '#testing/world.ts';
import { createPdfReader } from '../../../gateway/src/exports/anonymous/read-pdf.ts';
import { relay } from '../../../scripts/relay.ts';
import { sampleStudies } from '../../../scripts/relay/sample/sample-studies.ts';

/** A world of its own with the first so many studies of the sample data, and their cases. */
export async function openSample(studies: number): Promise<World> {
  const world = await openOwnWorld();
  const args = ['--studies', String(studies), '--json', '--user', ADMIN, '--gateway', world.gateway.api];
  const said: string[] = [];
  const code = await relay(['sample', ...args], {
    env: { RELAY_PASSWORD: PASSWORD },
    signal: new AbortController().signal,
    print: () => undefined,
    say: (line) => void said.push(line),
  });
  assert.is(code, 0, said.join('\n'));
  return world;
}

export type HandsOf = (page: Page) => Hands;
export type Person = {
  readonly world: World;
  readonly account: Account;
  readonly page: Page;
  readonly hands: Hands;
  /** The gateway's answers to this person's page. */
  readonly answers: Promise<string>[];
  leave(): Promise<void>;
};

/** Signs in on a device of their own. */
export async function come(
  world: World,
  account: Account,
  handsOf: HandsOf = mouseAndTouch,
): Promise<Person> {
  const visitor = await world.openVisitor();
  const page = await visitor.newPage();
  const answers: Promise<string>[] = [];
  page.on('response', (answer) => {
    if (answer.url().includes('/api/')) answers.push(answer.text().catch(() => ''));
  });
  const hands = handsOf(page);
  await page.goto(world.address);
  await hands.type(page.getByLabel('User name'), account.username);
  await hands.type(page.getByLabel('Password', { exact: true }), PASSWORD);
  await hands.press(page.getByRole('button', { name: 'Sign in' }));
  await page.getByRole('heading', { name: 'Read', level: 1 }).waitFor();
  return { world, account, page, hands, answers, leave: () => visitor.close() };
}

export const radiologist = (world: World, name: string): Promise<Account> =>
  createAccount(world.gateway, name, ['radiologist']);

/** A button that takes presses. */
export const button = (page: Page, name: string) =>
  page.getByRole('button', { name, exact: true, disabled: false }).first();

/** The case of a study of the sample data, counted from one. */
export async function caseOf({ gateway }: World, study: number): Promise<Case> {
  const uid = sampleStudies(study)[study - 1]!.studyInstanceUID;
  const { cases } = await askAs<CaseList>(gateway, ADMIN, `/cases?q=${uid}`);
  return askAs<Case>(gateway, ADMIN, `/cases/${cases[0]!.id}`);
}

export async function toCases({ page, hands }: Person): Promise<void> {
  await hands.press(page.getByRole('navigation').first().getByRole('link', { name: 'Cases' }));
  await page.getByRole('heading', { name: 'Cases', level: 1 }).waitFor();
}

export async function chooseAnswers(
  { page, hands }: Person,
  finding: string,
  comment: string,
): Promise<void> {
  const form = page.getByRole('region', { name: 'Your answers' });
  await hands.tick(form.getByLabel(finding, { exact: true }));
  await hands.tick(form.getByLabel('5 Certain'));
  if (comment !== '') await hands.type(form.getByLabel('Comment'), comment);
}

export async function openReading(person: Person, of: Case): Promise<void> {
  const { page, hands } = person;
  await toCases(person);
  await hands.press(page.getByRole('navigation').first().getByRole('link', { name: /^Read/ }));
  await hands.press(page.getByRole('link', { name: new RegExp(`, case ${of.number}\\b`) }));
  await page.getByRole('heading', { name: new RegExp(`, case ${of.number}$`) }).waitFor();
}

/** The text of a file that was saved; of a report that of its pages. */
async function textOf({ folder }: World, saved: Download): Promise<string> {
  const file = join(folder, saved.suggestedFilename());
  await saved.saveAs(file);
  const bytes = await readFile(file);
  // Images are in no report that is anonymous, and a report with images is not read here.
  if (!file.endsWith('anonymous.pdf')) return bytes.toString('utf8');
  const texts: string[] = [];
  const reader = createPdfReader(({ text }) => texts.push(text));
  reader.pass(bytes);
  reader.end();
  return texts.join('\n');
}

type Asked = { readonly template: string; readonly purpose: string };

/** With the sheet of an export open. */
export async function exportFile(
  { world, page, hands }: Person,
  { template, purpose }: Asked,
): Promise<string> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('option', { name: template }).waitFor({ state: 'attached' });
  await hands.pick(dialog.getByLabel('Content of the file'), template);
  await hands.type(dialog.getByLabel('Purpose'), purpose);
  await hands.press(button(page, 'Create file'));
  const row = page.getByRole('row').filter({ hasText: purpose });
  await row.getByText('Ready', { exact: true }).waitFor();
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    hands.press(row.getByRole('button', { name: 'Save the file' })),
  ]);
  return textOf(world, saved);
}

/** Two states on the way. */
type Seen = Readonly<Record<'contradicts' | 'answered', (page: Page) => Promise<void>>>;

/** Reads the case of a study alone, is told that a model says otherwise, decides, signs, and saves a report. */
export async function approveAndExport(person: Person, study: number, seen?: Seen): Promise<void> {
  const { world, account, page, hands } = person;
  const of = await caseOf(world, study);
  const body = { id: crypto.randomUUID(), type: 'chest-film', readers: [account.id] };
  const path = `/cases/${of.id}/reviews`;
  assert.is((await ask(world.gateway, ADMIN, { method: 'POST', path, body })).status, 201);
  await openReading(person, of);
  const found = page.getByRole('region', { name: 'What models found' });
  const said = 'Below the threshold';
  await found.getByText(said).first().waitFor();
  await found.getByText('Not for diagnostic use').waitFor();
  await hands.tick(page.getByLabel('Accept what was found', { exact: true }));
  await chooseAnswers(person, 'Pneumonia', '');
  await hands.press(button(page, 'Save the answers'));
  await page.getByText('You can change it until you sign.').waitFor();
  await hands.press(button(page, 'Sign'));
  const question = page.getByRole('dialog', { name: 'Which of the two is right?' });
  await question.getByText(`Models found: ${said}`).waitFor();
  await question.getByText('Not for diagnostic use').waitFor();
  await seen?.contradicts(page);
  await hands.press(question.getByRole('button', { name: 'Change it first' }));
  await chooseAnswers(person, 'Nothing abnormal', '');
  await hands.press(button(page, 'Save the answers'));
  await page.getByText('You can change it until you sign.').waitFor();
  await seen?.answered(page);
  await hands.press(button(page, 'Sign'));
  await page.getByRole('region', { name: 'Answers of the readers' }).waitFor();
  await hands.press(page.getByRole('link', { name: 'Open the case' }));
  await page.getByRole('heading', { name: of.title!, level: 1 }).waitFor();
  await page.getByRole('region', { name: 'Studies' }).getByText('Not for diagnostic use').waitFor();
  await hands.press(button(page, 'Export'));
  await page.getByRole('heading', { name: 'Export this case' }).waitFor();
  const asked = { template: 'Report under pseudonyms · PDF', purpose: 'Second opinion' };
  const report = await exportFile(person, asked);
  assert.match(report, /^%PDF-[\s\S]*%%EOF\s*$/);
}
