// test:all: rules in an administrator’s hands; gateway/src/rules/rules.routes.test and forwarding.test guard by day
/** Rules in an administrator’s hands, in a real Chromium against the running system. */
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesOf, sendStudy } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress } from '#testing/press.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { openOwnWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('rules in an administrator’s hands');
const walk = await walkScreens(test, {
  name: 'rules in an administrator’s hands',
  roles: ['admin'],
  open: openOwnWorld,
});

async function fillWrongPolicy(page: Page): Promise<void> {
  const policy = page.getByRole('dialog').getByLabel('Policy', { exact: true });
  await policy.fill('identifed');
  await page.getByText('This site has no policy “identifed”').waitFor();
  const choices = await policy.getAttribute('list');
  await expect(page.locator(`[id="${choices}"] option[value="identified"]`)).toHaveCount(1);
}

/** The list shows it at once, and the next change is made on what the gateway has. */
async function removeRule(page: Page, name: string): Promise<void> {
  const removed = page.waitForResponse((answer) => answer.request().method() === 'PUT');
  await page.getByRole('button', { name: `Remove ${name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  assert.ok((await removed).ok());
  await page.getByRole('article', { name }).waitFor({ state: 'detached' });
}

/** Values that were typed before say nothing of a study that was sent. */
async function tryOneThatWasSent(page: Page, tried: Locator): Promise<void> {
  await tried.getByLabel('Modality', { exact: true }).fill('MR');
  await tried.getByRole('combobox', { name: 'A study that was sent' }).selectOption({ index: 1 });
  await tried.getByText('Modality: CT', { exact: true }).waitFor();
  await tried.getByText('Policy: deidentified', { exact: true }).waitFor();
  await expect(tried.getByLabel('Modality', { exact: true })).toHaveCount(0);
  await tried.getByRole('button', { name: 'Test' }).click();
  await tried.getByText(/because of “CT stays”\.$/).waitFor();
  await looksRight(page, 'rules-tried');
}

async function openRules(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('link', { name: /^Rules/ }).click();
  await page.getByText('No rules yet. The setting of each destination applies').waitFor();
}

walk('rules are made, ordered, tried, switched off and removed', async (stage) => {
  const { page, seed } = stage;
  await stage.enter();
  await sendStudy(page, filesOf({ seed: seed(1), series: 1, instancesPerSeries: 1 }));
  await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
  await openRules(page);
  await looksRight(page, 'rules-empty');
  const add = async (name: string, fields: Readonly<Record<string, string>>): Promise<void> => {
    await page.getByRole('button', { name: 'Add a rule for where studies go' }).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('Name', { exact: true }).fill(name);
    for (const [label, value] of Object.entries(fields))
      await sheet.getByLabel(label, { exact: true }).fill(value);
    await sheet.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('article', { name }).waitFor();
  };
  await page.getByRole('button', { name: 'Add a rule for where studies go' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Enter a unique name of at most 64 characters').waitFor();
  await fillWrongPolicy(page);
  await looksRight(page, 'rule-form');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await add('waits', { Policy: 'identifed' });
  const waits = page.getByRole('article', { name: 'waits' });
  await waits.getByText('This site has no policy “identifed”').waitFor();
  await removeRule(page, 'waits');
  await add('CT stays', { Modality: 'CT, PT' });
  await add('MR stays', { Modality: 'mr', 'Study description': '*skull*' });
  const list = page.getByRole('region', { name: 'Where studies go' });
  const names = list.getByRole('article').getByRole('heading');
  const saved = () => page.waitForResponse((answer) => answer.request().method() === 'PUT');
  await expect(names).toHaveText(['CT stays', 'MR stays']);
  await page
    .getByRole('article', { name: 'MR stays' })
    .getByText('Rule 2 of 2, in order of checking')
    .waitFor();
  const moved = saved();
  await focusAndPress(page.getByRole('button', { name: 'Move up MR stays' }), 'Enter');
  await moved;
  await list.locator('li:first-child').getByRole('article', { name: 'MR stays' }).waitFor();
  const switched = saved();
  await page.getByRole('checkbox', { name: 'Turned on MR stays' }).uncheck();
  await switched;
  await page.reload();
  await page.getByRole('article', { name: 'CT stays' }).waitFor();
  await expect(names).toHaveText(['MR stays', 'CT stays']);
  const tried = page.getByRole('region', { name: 'Test the rules' });
  await tried.getByLabel('Modality', { exact: true }).fill('CT');
  await tried.getByRole('button', { name: 'Test' }).click();
  await tried.getByText('The rule is turned off. The study does not meet its conditions either.').waitFor();
  await tried
    .getByText(/^The study would be sent to default \(primary\).*because of “CT stays”\.$/)
    .waitFor();
  await page.getByRole('heading', { name: 'Where studies go' }).scrollIntoViewIfNeeded();
  await looksRight(page, 'rules');
  await tryOneThatWasSent(page, tried);
  for (const name of ['MR stays', 'CT stays']) await removeRule(page, name);
  await page.getByText('No rules yet. The setting of each destination applies').waitFor();
});

walk('a rule for models says what it misses', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await page.goto(`${new URL(page.url()).origin}/#/admin/rules`);
  await page.getByRole('button', { name: 'Add a rule for models' }).click();
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('Name', { exact: true }).fill('chest films');
  await sheet.getByLabel('Body part', { exact: true }).fill('CHEST');
  await sheet.getByRole('button', { name: 'Save' }).click();
  await sheet.getByText('Choose 1 to 8 models').waitFor();
  await sheet.getByRole('group', { name: 'Models to run' }).getByRole('checkbox').first().check();
  await sheet.getByRole('button', { name: 'Save' }).click();
  const films = page.getByRole('article', { name: 'chest films' });
  await expect(films).toContainText('Body part: CHEST · CR and DX');
  const tried = page.getByRole('region', { name: 'Test the rules' });
  await tried.getByRole('combobox', { name: 'Rules' }).selectOption({ label: 'Models to run' });
  await tried.getByLabel('Modality', { exact: true }).fill('DX');
  await tried.getByRole('button', { name: 'Test' }).click();
  await tried.getByText('The body part is not known. The rule requires CHEST.').waitFor();
  await removeRule(page, 'chest films');
});

walk('a rule for cases says when it opens one, and is tried', async ({ page, enter }) => {
  await enter();
  await page.goto(`${new URL(page.url()).origin}/#/admin/rules`);
  await page.getByRole('button', { name: 'Add a rule for cases' }).click();
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('Name', { exact: true }).fill('second look');
  await sheet.getByLabel('Turned on').uncheck();
  await sheet.getByLabel('Account (user name)', { exact: true }).fill('nobody-of-this-name');
  await sheet.getByRole('button', { name: 'Save' }).click();
  await sheet.getByText('Enter a case title').waitFor();
  await expect(sheet.getByLabel('Body part', { exact: true }), 'it may not ask for it').toHaveCount(0);
  await sheet
    .getByRole('combobox', { name: 'Create when' })
    .selectOption({ label: 'A model finds an abnormality' });
  await sheet.getByText('No rule runs a model on studies.').waitFor();
  await sheet.getByLabel('Title of the case').fill('A model found an abnormality');
  await sheet.getByRole('combobox', { name: 'Also request a review' }).selectOption('chest-film');
  await looksRight(page, 'rule-case');
  await sheet.getByRole('button', { name: 'Save' }).click();
  const made = page.getByRole('article', { name: 'second look' });
  await expect(made).toContainText('A model finds an abnormality: “A model found an abnormality” (routine)');
  const tried = page.getByRole('region', { name: 'Test the rules' });
  await tried.getByRole('combobox', { name: 'Rules' }).selectOption({ label: 'Cases to create' });
  await tried.getByLabel('Account (user name)', { exact: true }).fill('nobody-of-this-name');
  await tried.getByRole('button', { name: 'Test' }).click();
  await tried.getByText('The rule is turned off. The study meets its conditions.').waitFor();
  const switched = page.waitForResponse((answer) => answer.request().method() === 'PUT');
  await page.getByRole('checkbox', { name: 'Turned on second look' }).check();
  await switched;
  await tried.getByRole('button', { name: 'Test' }).click();
  await tried.getByText('Creates “A model found an abnormality”.').waitFor();
  await removeRule(page, 'second look');
});

test.run();
