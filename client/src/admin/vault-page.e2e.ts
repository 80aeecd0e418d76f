/**
 * The vault in an administrator's hands, in a real Chromium against the running system. The commands that the page
 * shows are run as they stand there, each by the person whom the page names.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { VaultAnswer } from '#shared/protocol/vault.ts';
import { ADMIN, askAs, createAccount, PASSWORD } from '#testing/accounts.ts';
import { askOrthanc } from '#testing/ask-orthanc.ts';
import { expect } from '#testing/expect.ts';
import { runRelay } from '#testing/run-relay.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openOwnWorld } from '#testing/world.ts';
import { looksRight } from '../testing/looks-right.ts';

const test = suite('the page of the vault');
const walk = await walkScreens(test, {
  name: 'the page of the vault',
  roles: ['admin'],
  open: openOwnWorld,
});

const vaultsAt = ({ gateway }: Stage): Promise<VaultAnswer> => askAs(gateway, ADMIN, '/admin/vault');

/** Runs a command of the command line, which must end well. */
async function relay(args: readonly string[]): Promise<string> {
  const { code, out, said } = await runRelay(args, {
    RELAY_PASSWORD: PASSWORD,
    RELAY_VAULT_PASSPHRASE: 'a passphrase for both',
  });
  assert.is(code, 0, said);
  return out;
}

/** Runs the command that the page shows, with the file of a half in the place of its name there. */
async function runShown(shown: Locator, half: string): Promise<string> {
  const [program, ...args] = (await shown.textContent())!.trim().split(' ');
  assert.is(program, 'relay');
  return relay(args.map((word) => (word === 'half.json' ? half : word)));
}

async function sendStudy({ folder, gateway, account, seed, orthanc }: Stage): Promise<string> {
  const files = join(folder, 'files');
  await mkdir(files);
  const { instances } = syntheticStudy({ seed: seed(0), instancesPerSeries: 1 });
  for (const { fileName, bytes } of instances) await writeFile(join(files, fileName), bytes);
  const as = ['--user', account.username, '--gateway', gateway.api];
  await relay(['upload', files, '--policy', 'deidentified', '--wait', ...as]);
  const [patient] = JSON.parse((await askOrthanc(orthanc, '/patients?expand')).toString()) as {
    MainDicomTags: { PatientID: string };
  }[];
  return patient!.MainDicomTags.PatientID;
}

/** Makes a vault of this account and the other one, after two mistakes. */
async function makeVault(stage: Stage, other: string): Promise<void> {
  const { page, account } = stage;
  await page.getByRole('button', { name: 'Make a vault' }).click();
  const sheet = page.getByRole('dialog');
  const make = sheet.getByRole('button', { name: 'Make a vault' });
  await sheet.getByLabel('One holder').selectOption(account.username);
  await make.click();
  await sheet.getByRole('alert').getByText('Choose an account.').waitFor();
  await sheet.getByLabel('The other holder').selectOption(account.username);
  await make.click();
  await sheet.getByText('Choose another account: two people must hold the halves.').waitFor();
  await expect(sheet.getByLabel('The other holder')).toBeFocused();
  await looksRight(page, 'vault-form');
  assert.equal((await vaultsAt(stage)).vaults, []);
  await sheet.getByLabel('The other holder').selectOption(other);
  await make.click();
}

walk(
  'a vault is made by two people, opened by both together, and deleted once it is closed',
  async (stage) => {
    const { page, gateway, account, folder } = stage;
    const otto = await createAccount(gateway, 'otto', ['auditor']);
    const halves = { own: join(folder, 'own.half'), other: join(folder, 'other.half') };
    await stage.enter();
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('link', { name: 'Vault' }).click();
    await page.getByText('This site has no vault.').waitFor();
    await looksRight(page, 'vault-none');

    await makeVault(stage, otto.username);

    const vault = page.getByRole('region', { name: `Vault of ${account.username} and ${otto.username}` });
    await vault.getByText('Waits for the halves of its key').waitFor();
    await looksRight(page, 'vault-waiting');
    const halfOf = (name: string) =>
      vault.getByText(new RegExp(`^relay vault half half.json --user ${name} `));
    await runShown(halfOf(account.username), halves.own);
    await runShown(halfOf(otto.username), halves.other);
    await page.reload();
    await vault.getByText('Takes identities').waitFor();
    await page.getByText('Nobody has asked for an identity.').waitFor();
    const pseudonym = await sendStudy(stage);

    const asking = ['--reason', 'incidental-finding', '--gateway', gateway.api, '--user', otto.username];
    await relay(['vault', 'ask', pseudonym, ...asking]);
    await page.reload();
    await vault.getByText('1 entry of 1 patient').waitFor();
    const requests = page.getByRole('region', { name: 'Requests to open an identity' });
    const approved = requests.getByText('Approved · Incidental finding');
    await requests.getByText('Asked · Incidental finding').waitFor();
    await runShown(requests.getByText(/^relay vault approve /), halves.own);
    await page.reload();
    await approved.waitFor();
    const opened = await runShown(requests.getByText(/^relay vault open /), halves.other);
    assert.match(opened, /Qz/, 'who it is');
    await relay(['vault', 'ask', pseudonym, ...asking]);
    await page.reload();
    await requests.getByText(/opened /).waitFor();
    await looksRight(page, 'vault');

    const toAnswer = requests.getByRole('listitem').filter({ hasText: 'Asked · ' });
    await toAnswer.getByRole('button', { name: /^Refuse: RP-/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
    await requests.getByText('Refused · Incidental finding').waitFor();
    assert.equal((await vaultsAt(stage)).requests.map(({ state }) => state).sort(), ['approved', 'refused']);

    await vault.getByRole('button', { name: /^Close: / }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await vault.getByText('Closed: takes no more identities').waitFor();
    await vault.getByRole('button', { name: /^Delete: / }).click();
    await page.getByText('The identities of 1 patient are lost').waitFor();
    await looksRight(page, 'vault-delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('This site has no vault.').waitFor();
    assert.equal((await vaultsAt(stage)).vaults, []);
  },
);

test.run();
