import { createCipheriv, createECDH, hkdfSync } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { wrappedPolicyKeySchema } from '../protocol/api.ts';
import { deriveEvaluationPair, evaluateDirectly, importEvaluationKey } from './oblivious-prf.ts';
import {
  createDevicePair,
  nameDevicePair,
  PolicyKeyError,
  unwrapPolicyKey,
  wrapPolicyKey,
} from './wrapped-key.ts';

const PAIR = deriveEvaluationPair(crypto.getRandomValues(new Uint8Array(32)), 'test');
const KEY = await importEvaluationKey(PAIR, true);
const PLAIN = new Uint8Array(await crypto.subtle.exportKey('pkcs8', KEY));
const INPUT = new TextEncoder().encode('P1');

async function wrapped() {
  const pair = await createDevicePair();
  return {
    pair,
    answer: wrappedPolicyKeySchema.parse(await wrapPolicyKey(KEY, await nameDevicePair(pair))),
  };
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

const isRefused = async (work: Promise<unknown>, said?: string): Promise<void> =>
  assert.instance(await refusal(work), PolicyKeyError, said);

/** The same text with one bit of the byte at `at` turned. */
function spoilt(text: string, at: number): string {
  const bytes = Buffer.from(text, 'base64url');
  bytes[at]! ^= 1;
  return bytes.toString('base64url');
}

test('the device that asked opens the key, and evaluates as with the plain one', async () => {
  const { pair, answer } = await wrapped();
  const opened = await unwrapPolicyKey(answer, pair);
  assert.equal(
    await evaluateDirectly(opened, PAIR.publicKey, INPUT),
    await evaluateDirectly(KEY, PAIR.publicKey, INPUT),
  );
});

test('a key opens that another program wrapped, and its wrapping key is of both public keys', async () => {
  const pair = await createDevicePair();
  const device = Buffer.from(await nameDevicePair(pair), 'base64url');
  const wrap = (...points: Buffer[]) => {
    const own = createECDH('prime256v1');
    const ephemeral = own.generateKeys();
    const info = Buffer.concat([Buffer.from('relaypacs policy key v1'), ...points, ephemeral]);
    const key = hkdfSync('sha256', own.computeSecret(device), '', info, 32);
    const cipher = createCipheriv('aes-256-gcm', new Uint8Array(key), Buffer.alloc(12));
    const sealed = [cipher.update(PLAIN), cipher.final(), cipher.getAuthTag()];
    return {
      ephemeral: ephemeral.toString('base64url'),
      key: Buffer.concat(sealed).toString('base64url'),
    };
  };
  const opened = await unwrapPolicyKey(wrap(device), pair);
  assert.equal(
    await evaluateDirectly(opened, PAIR.publicKey, INPUT),
    await evaluateDirectly(KEY, PAIR.publicKey, INPUT),
  );
  await isRefused(unwrapPolicyKey(wrap(), pair), 'the device is not in the context');
});

test('neither the opened key nor the half that opens can be read back', async () => {
  const { pair, answer } = await wrapped();
  const opened = await unwrapPolicyKey(answer, pair);
  assert.equal([opened.extractable, opened.usages, opened.algorithm.name], [false, ['deriveBits'], 'ECDH']);
  for (const key of [opened, pair.privateKey])
    for (const format of ['pkcs8', 'jwk'] as const)
      assert.is(((await refusal(crypto.subtle.exportKey(format, key))) as Error).name, 'InvalidAccessError');
});

test('the answers contain nothing of the key, and no two are alike', async () => {
  const { pair, answer } = await wrapped();
  const again = await wrapPolicyKey(KEY, await nameDevicePair(pair));
  assert.is.not(again.ephemeral, answer.ephemeral);
  assert.is.not(again.key, answer.key);
  const travels = Buffer.concat([
    Buffer.from(answer.ephemeral, 'base64url'),
    Buffer.from(answer.key, 'base64url'),
  ]);
  const { secretKey } = PAIR;
  for (let at = 0; at + 8 <= secretKey.length; at += 1)
    assert.not.ok(travels.includes(secretKey.subarray(at, at + 8)));
});

test('another device’s key does not open it, and a key changed on the way cannot be opened', async () => {
  const { pair, answer } = await wrapped();
  const other = await wrapped();
  await isRefused(unwrapPolicyKey(answer, other.pair));
  await isRefused(unwrapPolicyKey({ ...answer, ephemeral: other.answer.ephemeral }, pair));
  const keys = [0, 7, 8, 39].map((at) => spoilt(answer.key, at));
  for (const key of [...keys, answer.key.slice(0, -12), '?'])
    await isRefused(unwrapPolicyKey({ ...answer, key }, pair), key);
  // Off the curve, and no point at all.
  for (const ephemeral of [spoilt(answer.ephemeral, 40), answer.ephemeral.slice(0, 80)])
    await isRefused(unwrapPolicyKey({ ...answer, ephemeral }, pair));
});

test('a device that names no public key is refused', async () => {
  const device = await nameDevicePair(await createDevicePair());
  for (const name of ['', 'A'.repeat(87), spoilt(device, 3), device.slice(0, 44)])
    await isRefused(wrapPolicyKey(KEY, name), name);
});

test.run();
