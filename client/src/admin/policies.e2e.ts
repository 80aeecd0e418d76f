/** Policies in an administrator's hands, in a real Chromium against the running system. */
import type { Locator } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AdminPolicy } from '#shared/protocol/policy.ts';
import { REASONS } from '#shared/protocol/reasons.ts';
import { ADMIN, ask, askAs } from '#testing/accounts.ts';
import { filesOf } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openOwnWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('policies of an administrator');
const walk = await walkScreens(test, {
  name: 'policies of an administrator',
  roles: ['admin'],
  open: openOwnWorld,
});

async function openPolicies({ page, enter }: Stage): Promise<void> {
  await enter();
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('link', { name: 'Policies' }).click();
  await page.getByRole('button', { name: 'Add a policy' }).waitFor();
}

/** A name that must not stay on the screen while names are hidden. */
const JANE = { name: 'Doe^Jane', id: 'PID-JANE' };

const policiesAt = async ({ gateway }: Stage): Promise<readonly AdminPolicy[]> =>
  (await askAs<{ policies: AdminPolicy[] }>(gateway, ADMIN, '/admin/policies')).policies;
const policyAt = async (stage: Stage, name: string): Promise<AdminPolicy | undefined> =>
  (await policiesAt(stage)).find((policy) => policy.name === name);

const save = (sheet: Locator): Promise<void> => sheet.getByRole('button', { name: 'Save' }).click();
const tick = (sheet: Locator, name: string): Locator => sheet.getByRole('checkbox', { name, exact: true });
/** What the list says is done to an element. */
const doneTo = (sheet: Locator, keyword: string, done: string): Locator =>
  sheet.locator('.change', { hasText: keyword }).first().getByText(done, { exact: true });

walk('a policy with wrong values names each at its field, and the gateway gets nothing', async (stage) => {
  const { page } = stage;
  await openPolicies(stage);
  await page.getByRole('button', { name: 'Add a policy' }).click();
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('Name in records').fill('Research CT');
  await sheet.getByLabel('Rules for single elements').fill('0008,1030 keep\nStudy Date remove');
  await sheet.getByLabel('Number of the pseudonym key').fill('many');
  for (const role of ['Technician', 'Radiologist', 'Researcher', 'Administrator'])
    await tick(sheet, role).uncheck();
  await save(sheet);
  for (const wrong of [
    'Enter a name of lower-case letters, digits and single hyphens that no built-in policy has.',
    'Enter a title of one line, at most 80 characters.',
    'Choose at least one role.',
    'This line is not a tag and an action, or names a tag twice: “Study Date remove”',
    'Enter a whole number from 1 to 1 000 000.',
  ])
    await sheet.getByText(wrong).waitFor();
  await expect(sheet.getByLabel('Name in records')).toBeFocused();
  await looksRight(page, 'policy-form');
  await sheet.getByLabel('Name in records').fill('research-ct');
  await sheet.getByLabel('Title').fill('Research CT');
  await tick(sheet, 'Administrator').check();
  await sheet.getByLabel('Number of the pseudonym key').fill('2');
  await sheet.getByLabel('Rules for single elements').fill('0010,0010 keep');
  await save(sheet);
  await sheet.getByText(/^No rule may change the attribute 00100010/).waitFor();
  await expect(sheet.getByLabel('Rules for single elements')).toBeFocused();
  assert.is(await policyAt(stage, 'research-ct'), undefined);
});

walk(
  'a new policy is tried on a file as it is edited, and is at the gateway as it was chosen',
  async (stage) => {
    const { page } = stage;
    const name = 'tried-first';
    await openPolicies(stage);
    await page.getByRole('button', { name: 'Add a policy' }).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('Name in records').fill(name);
    await sheet.getByLabel('Title').fill('Institution stays');
    await tick(sheet, 'Radiologist').uncheck();
    await sheet.getByLabel('Keep the institution').check();
    await sheet.getByLabel('Rules for single elements').fill('(0008,1090) remove');
    const [file] = filesOf({ seed: stage.seed(0), instancesPerSeries: 1, patient: JANE });
    await sheet.getByLabel('DICOM file').setInputFiles(file!);
    await doneTo(sheet, 'PatientName', 'Replaced').waitFor();
    const search = sheet.getByRole('searchbox');
    await sheet.getByText('All', { exact: true }).click();
    await search.fill('InstitutionName');
    await doneTo(sheet, 'InstitutionName', 'Kept').waitFor();
    await sheet.getByLabel('Keep the institution').uncheck();
    await doneTo(sheet, 'InstitutionName', 'Kept').waitFor({ state: 'detached' });
    await sheet.getByLabel('Keep the institution').check();
    await doneTo(sheet, 'InstitutionName', 'Kept').waitFor();
    await save(sheet);
    await page.getByRole('heading', { name: 'Institution stays' }).waitFor();
    const made = await policyAt(stage, name);
    assert.equal(made?.versions[0]?.policy, {
      name,
      title: 'Institution stays',
      deidentify: true,
      options: ['retain-institution-identity'],
      roles: ['technician', 'researcher', 'admin'],
      rules: { attributes: { '00081090': 'remove' } },
      vault: true,
    });
    await looksRight(page, 'policies');
    await page.getByRole('button', { name: 'Try on a file: Institution stays' }).click();
    await sheet.getByLabel('DICOM file').setInputFiles(file!);
    await doneTo(sheet, 'PatientName', 'Replaced').waitFor();
    await looksRight(page, 'policy-tried');
    const letter = { name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear colleague') };
    await sheet.getByLabel('DICOM file').setInputFiles(letter);
    await sheet.getByRole('status').getByText(REASONS['not-dicom'].title).waitFor();
  },
);

walk(
  'a policy gets a new version that says what changed, not behind another’s back, and is withdrawn',
  async (stage) => {
    const { page, gateway } = stage;
    const name = 'in-two-versions';
    const policy = { name, title: 'Two versions', deidentify: false, options: [], roles: ['admin'] };
    const made = await ask(gateway, ADMIN, { method: 'POST', path: '/admin/policies', body: policy });
    assert.is(made.status, 201);
    await openPolicies(stage);
    await page.getByRole('link', { name: 'Two versions' }).click();
    const details = page.getByRole('article', { name: 'Two versions' });
    await details.getByText('The first version.').waitFor();
    await details.getByRole('button', { name: 'Edit: Two versions' }).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('Ask why names are kept').check();
    await tick(sheet, 'Technician').check();
    await save(sheet);
    await details.getByText('Ask why names are kept: Yes (before: No)').waitFor();
    await details.getByText('Who may use it: Technician · Administrator (before: Administrator)').waitFor();
    assert.is((await policyAt(stage, name))?.inForce, 2);
    await details.getByRole('button', { name: 'Edit: Two versions' }).click();
    await sheet.getByLabel('Description').fill('For one ward');
    const meanwhile = { replaces: 2, policy };
    await askAs(gateway, ADMIN, `/admin/policies/${name}`, meanwhile);
    await save(sheet);
    await sheet.getByText('Someone else has changed the policy in the meantime.').waitFor();
    await sheet.getByRole('button', { name: 'Cancel' }).click();
    await details.getByText('Version 3').waitFor();
    await details.getByRole('button', { name: 'Withdraw: Two versions' }).click();
    await page.getByRole('heading', { name: 'Withdraw this policy?' }).waitFor();
    await looksRight(page, 'policy-withdraw');
    await sheet.getByRole('button', { name: 'Withdraw' }).click();
    await details.getByText('Nothing is accepted under this policy.').waitFor();
    assert.is((await policyAt(stage, name))?.inForce, null);
  },
);

test.run();
