// test:all: every promise of a policy; held-under-policy.test.ts and relay.e2e.ts guard it by day
/**
 * An administrator's policy in a real Chromium against the running system: chosen by its title, applied on
 * the device with a project key that no script can read, and changed while a study waits offline. The study
 * is then held, with an explanation, until it is chosen again.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PolicyAnswer } from '#shared/protocol/api.ts';
import { derivePolicyKey } from '#shared/transfer/policy-key.ts';
import { ADMIN, ask, askAs } from '#testing/accounts.ts';
import {
  choose,
  instancesInPacs,
  keepScripts,
  onDisk,
  pressSend,
  signIn,
  untilPolicyKnown,
  type StudyOnDisk,
} from '#testing/app-page.ts';
import { allFiles } from '#testing/ask-orthanc.ts';
import { skipped } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { pressKey } from '#testing/press.ts';
import { syntheticStudy, type SyntheticStudy } from '#testing/synthetic-study.ts';
import { noWorldBecause, openOwnWorld, type OwnWorld } from '#testing/world.ts';
import { looksRight } from './testing/looks-right.ts';

const POLICY = {
  name: 'own',
  title: 'Institutions stay',
  deidentify: true,
  options: ['retain-institution-identity'],
  roles: ['admin'],
};
const ASKING = {
  name: 'names-with-reason',
  title: 'With names, for a reason',
  deidentify: false,
  options: [],
  asksReason: true,
  roles: ['admin'],
};
const INSTANCES = 4;
const HELD = 'The policy was changed while the study was waiting.';

const test = suite('an administrator’s policy');
const why = await noWorldBecause();

const studyOf = (seed: number): SyntheticStudy => syntheticStudy({ seed, instancesPerSeries: INSTANCES });
const filesOf = ({ instances }: SyntheticStudy): StudyOnDisk[] =>
  instances.map(({ fileName, bytes }) => onDisk(fileName, bytes));

interface AuditTrail {
  readonly rows: readonly { readonly event: string; readonly fields: { readonly reason?: string } }[];
}

/** The operations that a script of the page can perform with the keys in its database. */
function keysOnDevice(
  page: Page,
): Promise<{ readonly name: string; readonly type: string; readonly exported: string }[]> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open('relaypacs'));
    const rows = (await done(database.transaction('device').objectStore('device').getAll())) as {
      name: string;
      value: { keys?: Record<string, { held: CryptoKey | null }>; privateKey?: CryptoKey } | null;
    }[];
    database.close();
    const keys = rows.flatMap(({ name, value }) => {
      const held = Object.values(value?.keys ?? {}).map((key) => key.held ?? undefined);
      const all = name === 'policies' ? held : name === 'wrapping-pair' ? [value?.privateKey] : [];
      return all.map((key) => ({ name, key }));
    });
    const tried = keys.map(async ({ name, key }) => ({
      name,
      type: `${key?.algorithm.name} ${key?.type}`,
      exported: key
        ? await crypto.subtle.exportKey('jwk', key).then(
            () => 'yes',
            (error: Error) => error.name,
          )
        : 'no key',
    }));
    return Promise.all(tried);
  });
}

/** `before`: a step between choosing and Send. */
async function send(
  page: Page,
  study: SyntheticStudy,
  before: (page: Page) => Promise<void> = async () => undefined,
): Promise<void> {
  await choose(page, filesOf(study));
  await before(page);
  await pressSend(page);
}

async function choosePolicy(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Names are removed before sending/ }).click();
  await page.getByLabel(POLICY.title).check();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: new RegExp(`^${POLICY.title}`) }).waitFor();
}

/** The version of the policy that the page applies. */
function versionKept(page: Page): Promise<number | undefined> {
  return page.evaluate(async (name) => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open('relaypacs'));
    const row = (await done(database.transaction('device').objectStore('device').get('policies'))) as
      | { value: { policies: { name: string; version: number }[] } }
      | undefined;
    database.close();
    return row?.value.policies.find((policy) => policy.name === name)?.version;
  }, POLICY.name);
}

/** The planted values found in the PACS, without their endings. */
async function plantedInPacs(
  { orthanc }: OwnWorld,
  studies: readonly SyntheticStudy[],
): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const file of allFiles(orthanc)) {
    const text = file.toString('latin1');
    for (const value of studies.flatMap(({ planted }) => planted))
      if (text.includes(value)) found.add(value.replace(/^Qz([A-Z][a-z]+).*/, '$1'));
  }
  return found;
}

if (why !== null) {
  skipped('an administrator’s policy', why);
} else {
  const first = studyOf(41);
  const second = studyOf(42);
  let app: OwnWorld;
  let page: Page;
  const answers: string[] = [];
  test.before(async () => {
    app = await openOwnWorld();
    const made = await ask(app.gateway, ADMIN, { method: 'POST', path: '/admin/policies', body: POLICY });
    assert.is(made.status, 201);
    page = await (await app.openVisitor()).newPage();
    page.on(
      'response',
      (response) =>
        void (
          response.url().includes('/upload/policy') &&
          response.text().then(
            (text) => answers.push(text),
            () => undefined,
          )
        ),
    );
    await page.goto(app.address);
    await signIn(page);
    await untilPolicyKnown(page);
    await keepScripts(page);
  });
  test.after(async () => app.close());

  test('is chosen by its title, and only the values that it keeps arrive', async () => {
    await send(page, first, choosePolicy);
    await until('the study to be in the PACS', async () => (await instancesInPacs(app)) === INSTANCES);
    assert.equal(await plantedInPacs(app, [first]), new Set(['Institution']));
  });

  test('is applied with a key that is never sent unwrapped and that no script can read', async () => {
    const root = await readFile(join(app.dataDir, 'keys', 'pseudonyms.key'));
    const { pair } = await derivePolicyKey(root, { name: POLICY.name, key: 1 });
    const secrets = [root, Buffer.from(pair.secretKey)];
    await until('an answer about policies', () => answers.length > 0);
    for (const answer of answers) {
      const { pseudonymKeys } = JSON.parse(answer) as PolicyAnswer;
      assert.equal(
        pseudonymKeys.map(({ policy, wrapped }) => [policy, wrapped?.ephemeral.length]),
        [
          ['deidentified', 87],
          [POLICY.name, 87],
        ],
      );
      for (const secret of secrets)
        for (const form of ['base64url', 'base64', 'hex'] as const)
          assert.not.ok(answer.includes(secret.toString(form).replace(/=+$/, '')), form);
    }
    const kept = async () => (await keysOnDevice(page)).sort((a, b) => a.name.localeCompare(b.name));
    await expect.poll(kept).toEqual([
      { name: 'policies', type: 'ECDH private', exported: 'InvalidAccessError' },
      { name: 'policies', type: 'ECDH private', exported: 'InvalidAccessError' },
      { name: 'wrapping-pair', type: 'ECDH private', exported: 'InvalidAccessError' },
    ]);
  });

  test('that is changed while a study waits holds it with an explanation; chosen again, it is sent under the current version', async () => {
    await page.getByRole('link', { name: 'Upload' }).click();
    app.link.cut();
    await send(page, second, choosePolicy);
    await page.getByText(`You can close this page: ${INSTANCES} images are safe here`).waitFor();
    const changed = await ask(app.gateway, ADMIN, {
      method: 'PUT',
      path: '/admin/policies/own',
      body: { replaces: 1, policy: { ...POLICY, options: [] } },
    });
    assert.is(changed.status, 200);
    app.link.mend();
    await page.getByText(HELD).first().waitFor();
    assert.is(await instancesInPacs(app), INSTANCES);
    await page.getByRole('link', { name: 'Upload' }).click();
    await send(page, second, async () => {
      await until('the page to know the current version', async () => (await versionKept(page)) === 2);
      await choosePolicy(page);
    });
    await until('the study to be in the PACS', async () => (await instancesInPacs(app)) === 2 * INSTANCES);
    assert.equal(await plantedInPacs(app, [second]), new Set());
    await page.getByText(HELD).first().waitFor({ state: 'detached' });
  });

  test('that asks why names are kept asks before each Send, and the audit trail has the answer', async () => {
    const third = studyOf(43);
    const asked = await ask(app.gateway, ADMIN, { method: 'POST', path: '/admin/policies', body: ASKING });
    assert.is(asked.status, 201);
    await page.reload();
    await page.getByRole('link', { name: 'Upload' }).click();
    await choose(page, filesOf(third));
    await page.getByRole('button', { name: /^Names are removed before sending/ }).click();
    await page.getByLabel(ASKING.title).check();
    await page.getByRole('button', { name: 'Keep names' }).click();
    const send = page.locator('.send-button');
    await send.click();
    const sheet = page.getByRole('dialog', { name: 'Why are names kept?' });
    await expect(sheet.getByRole('button', { name: /^Send/ })).toBeDisabled();
    await looksRight(page, 'send-reason');
    await pressKey(page, 'Escape');
    await sheet.waitFor({ state: 'detached' });
    await send.click();
    await sheet.getByLabel('Requested by the patient').check();
    await sheet.getByRole('button', { name: 'Send 1 study' }).click();
    await until('the study to be in the PACS', async () => (await instancesInPacs(app)) === 3 * INSTANCES);
    const { rows } = await askAs<AuditTrail>(app.gateway, ADMIN, '/audit?limit=1000');
    const reasons = rows.flatMap(({ event, fields }) => (event === 'upload-opened' ? [fields.reason] : []));
    assert.equal(reasons, [undefined, undefined, 'patient-request']);
  });
}

test.run();
