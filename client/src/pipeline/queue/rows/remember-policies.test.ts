import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import type { PolicyAnswer } from '#shared/protocol/api.ts';
import { ProjectKeyError, wrapProjectKey, type DevicePair } from '#shared/transfer/project-key.ts';
import { knownPolicies } from './device-notes.ts';
import { openDevice } from '../../../testing/open-queue.ts';
import { policyRequest, rememberPolicies } from './remember-policies.ts';

const KEY = crypto.getRandomValues(new Uint8Array(32));
const POLICY = { name: 'deidentified', version: 1, deidentify: true, options: [], roles: ['admin' as const] };

const deviceKeyOf = (path: string): string =>
  new URL(path, 'http://gateway').searchParams.get('deviceKey') ?? '';

async function answerTo(path: string): Promise<PolicyAnswer> {
  return {
    policies: [POLICY],
    default: 'deidentified',
    projectKey: await wrapProjectKey(KEY, deviceKeyOf(path)),
    projectKeyId: 'p1',
  };
}

test('a device asks with one key pair, even from two tabs at once, and keeps the answer with a key that cannot be read back', async () => {
  const { database } = await openDevice();
  const [path, again] = await Promise.all([policyRequest(database), policyRequest(database)]);
  assert.is(path, again);
  await rememberPolicies(database, await answerTo(path));
  const known = await knownPolicies(database);
  assert.equal(
    [known?.policies, known?.projectKeyId, known?.projectKey?.extractable],
    [[POLICY], 'p1', false],
  );
  assert.is(
    await (await createPseudonyms(known!.projectKey!)).originalDigest('ab'),
    await (await createPseudonyms(KEY)).originalDigest('ab'),
  );
  const pair = (await database.device.get('project-pair'))?.value as DevicePair;
  assert.is(pair.privateKey.extractable, false);
});

test('a project key that does not open leaves the known policies unchanged', async () => {
  const { database } = await openDevice();
  const other = await openDevice();
  await rememberPolicies(database, await answerTo(await policyRequest(database)));
  const foreign = await answerTo(await policyRequest(other.database));
  const refused = await rememberPolicies(database, { ...foreign, default: 'identified' }).catch(
    (error: unknown) => error,
  );
  assert.instance(refused, ProjectKeyError);
  assert.is((await knownPolicies(database))?.default, 'deidentified');
});

test('a person who may not de-identify receives policies without a key', async () => {
  const { database } = await openDevice();
  const known = await rememberPolicies(database, { policies: [], default: 'identified' });
  assert.equal([known.projectKey, known.projectKeyId, known.sealingKey], [null, null, null]);
});

test.run();
