import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluateBlinded, ObliviousPrfError } from './oblivious-prf.ts';
import {
  blindPatients,
  createAskedSecrets,
  createGivenSecrets,
  openSecrets,
  secretsUnder,
  type AskElements,
} from './patient-secrets.ts';
import { parseBase64Url, toBase64Url } from './base64url.ts';
import { derivePolicyKey, keyNameOf, type PolicyKey } from './policy-key.ts';

const ROOT = new Uint8Array(32).fill(5);
const NAME = keyNameOf({ name: 'own' });
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Secrets cannot be read; their signatures tell them apart. */
const mark = async (secret: CryptoKey) =>
  hex(new Uint8Array(await crypto.subtle.sign('HMAC', secret, new Uint8Array(1))));

/** A gateway's answer under a key. */
const answering =
  ({ pair }: PolicyKey): AskElements =>
  async ({ blinded }) => {
    const { evaluated, proof } = evaluateBlinded(pair, blinded.map(parseBase64Url));
    return { evaluated: evaluated.map(toBase64Url), proof: toBase64Url(proof) };
  };

test('each policy and number has keys of its own, the same at every start', async () => {
  const seen = new Set<string>();
  for (const name of [NAME, { name: 'own', key: 2 }, { name: 'other', key: 1 }]) {
    const { pair, tagKey } = await derivePolicyKey(ROOT, name);
    const again = await derivePolicyKey(ROOT, name);
    assert.equal([again.pair, again.tagKey], [pair, tagKey]);
    for (const part of [pair.secretKey, pair.publicKey, tagKey]) seen.add(hex(part));
  }
  assert.is(seen.size, 9);
  let refused = false;
  await derivePolicyKey(new Uint8Array(31), NAME).catch((error: unknown) => {
    refused = error instanceof RangeError;
  });
  assert.ok(refused, 'a secret that could be guessed');
});

test('a holder of the key, and a device that asks the gateway, get the same secrets, patient by patient', async () => {
  const key = await derivePolicyKey(ROOT, NAME);
  const held = await secretsUnder(key);
  let requests = 0;
  const asked = createAskedSecrets((elements) => {
    requests += 1;
    return answering(key)(elements);
  }, key.pair.publicKey);
  const marks = new Set<string>();
  for (const patient of ['patient\0P1', 'patient\0P2', 'study\x001.2.3', 'patient\0P1']) {
    const one = await mark(await held.secretOf(patient));
    assert.is(await mark(await asked.secretOf(patient)), one, patient);
    marks.add(one);
  }
  assert.equal([marks.size, requests], [3, 3], 'a patient costs one evaluation');
});

test('an answer under another key than the published one is not believed, and the next one may be', async () => {
  const key = await derivePolicyKey(ROOT, NAME);
  const other = await derivePolicyKey(ROOT, { name: 'own', key: 2 });
  let answer = answering(other);
  const asked = createAskedSecrets((elements) => answer(elements), key.pair.publicKey);
  const refused = await asked.secretOf('patient\0P1').catch((error: unknown) => error);
  assert.instance(refused, ObliviousPrfError);
  answer = answering(key);
  const held = await secretsUnder(key);
  assert.is(await mark(await asked.secretOf('patient\0P1')), await mark(await held.secretOf('patient\0P1')));
});

test('several patients are asked at once; others than those are not to be had', async () => {
  const key = await derivePolicyKey(ROOT, NAME);
  const patients = ['patient\0P1', 'patient\0P2', 'patient\0P3'];
  const blinded = blindPatients(patients);
  const answer = await answering(key)({ blinded: blinded.map(({ element }) => element) });
  const given = createGivenSecrets(await openSecrets(blinded, answer, key.pair.publicKey));
  const held = await secretsUnder(key);
  for (const patient of patients)
    assert.is(await mark(await given.secretOf(patient)), await mark(await held.secretOf(patient)));
  assert.is(await given.secretOf('patient\0P4').catch(() => 'none'), 'none');
});

test.run();
