import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PolicyAnswer } from '#shared/protocol/api.ts';
import { toBase64Url } from '#shared/transfer/base64url.ts';
import { evaluateDirectly, importEvaluationKey } from '#shared/transfer/oblivious-prf.ts';
import { derivePolicyKey } from '#shared/transfer/policy-key.ts';
import { PolicyKeyError, wrapPolicyKey, type DevicePair } from '#shared/transfer/wrapped-key.ts';
import { knownPolicies, rememberUser } from './device-notes.ts';
import { openDevice } from '../../../testing/open-queue.ts';
import { policyRequest, rememberPolicies } from './remember-policies.ts';
import { failureOf } from '../../../testing/failure-of.ts';

const { pair: PAIR, tagKey } = await derivePolicyKey(new Uint8Array(32).fill(1), {
  name: 'deidentified',
  key: 1,
});
const SITE = { default: 'identified', labelHours: 12, lockMinutes: 15 };
const POLICY = { name: 'deidentified', version: 1, deidentify: true, options: [], roles: ['admin' as const] };
const SHOWN = {
  policy: 'deidentified',
  publicKey: toBase64Url(PAIR.publicKey),
  tagKey: toBase64Url(tagKey),
};
const INPUT = new TextEncoder().encode('P1');

const deviceKeyOf = (path: string): string =>
  new URL(path, 'http://gateway').searchParams.get('deviceKey') ?? '';

async function answerTo(path: string): Promise<PolicyAnswer> {
  const key = await importEvaluationKey(PAIR, true);
  const wrapped = await wrapPolicyKey(key, deviceKeyOf(path));
  return { ...SITE, policies: [POLICY], default: 'deidentified', pseudonymKeys: [{ ...SHOWN, wrapped }] };
}

test('a device asks with one key pair, even from two tabs at once, and keeps the answer with a key that cannot be read back', async () => {
  const { database } = await openDevice();
  const [path, again] = await Promise.all([policyRequest(database), policyRequest(database)]);
  assert.is(path, again);
  await rememberPolicies(database, await answerTo(path));
  const known = await knownPolicies(database);
  const { held, ...shown } = known!.keys.deidentified!;
  assert.equal([known?.policies, shown], [[POLICY], { publicKey: SHOWN.publicKey, tagKey: SHOWN.tagKey }]);
  assert.is(held?.extractable, false);
  assert.equal(
    await evaluateDirectly(held!, PAIR.publicKey, INPUT),
    await evaluateDirectly(await importEvaluationKey(PAIR), PAIR.publicKey, INPUT),
  );
  const pair = (await database.device.get('wrapping-pair'))?.value as DevicePair;
  assert.is(pair.privateKey.extractable, false);
});

test('a key that does not open leaves the known policies unchanged', async () => {
  const { database } = await openDevice();
  const other = await openDevice();
  await rememberPolicies(database, await answerTo(await policyRequest(database)));
  const foreign = await answerTo(await policyRequest(other.database));
  const refused = rememberPolicies(database, { ...foreign, default: 'identified' });
  assert.instance(await failureOf(refused), PolicyKeyError);
  assert.is((await knownPolicies(database))?.default, 'deidentified');
});

test('of the person before, whose device may hold a key, nothing is left for one who asks the gateway', async () => {
  const { database } = await openDevice();
  await rememberPolicies(database, await answerTo(await policyRequest(database)));
  await rememberPolicies(database, { ...SITE, policies: [POLICY], pseudonymKeys: [SHOWN] });
  assert.is((await knownPolicies(database))?.keys.deidentified?.held, null);
});

test('a key does not stay on the device when its person signs out, or another signs in', async () => {
  const userOf = (id: string) => ({ id, username: id, roles: ['technician' as const], siteId: 's' });
  for (const next of [null, userOf('b')]) {
    const { database } = await openDevice();
    const isHeld = async () => (await knownPolicies(database))?.keys.deidentified?.held !== null;
    await rememberUser(database, userOf('a'), 1);
    await rememberPolicies(database, await answerTo(await policyRequest(database)));
    await rememberUser(database, userOf('a'), 1);
    assert.ok(await isHeld(), 'the same person, without a network');
    await rememberUser(database, next, 1);
    assert.not(await isHeld());
  }
});

test('a person who may not de-identify receives policies without a key', async () => {
  const { database } = await openDevice();
  const known = await rememberPolicies(database, { ...SITE, policies: [], pseudonymKeys: [] });
  assert.equal([known.keys, known.sealingKey], [{}, null]);
});

test.run();
