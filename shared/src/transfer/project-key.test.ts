import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createPseudonyms, createRequests } from '../deid/pseudonyms.ts';
import { wrappedProjectKeySchema } from '../protocol/api.ts';
import {
  createDevicePair,
  nameDevicePair,
  ProjectKeyError,
  unwrapProjectKey,
  wrapProjectKey,
} from './project-key.ts';

const KEY = crypto.getRandomValues(new Uint8Array(32));

async function wrapped(key = KEY) {
  const pair = await createDevicePair();
  return {
    pair,
    answer: wrappedProjectKeySchema.parse(await wrapProjectKey(key, await nameDevicePair(pair))),
  };
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

/** The same text with one bit of the byte at `at` turned. */
function spoilt(text: string, at: number): string {
  const bytes = Buffer.from(text, 'base64url');
  bytes[at]! ^= 1;
  return bytes.toString('base64url');
}

test('the device that asked opens the key, and has the pseudonyms of the plain bytes', async () => {
  for (const bytes of [
    KEY,
    crypto.getRandomValues(new Uint8Array(40)),
    crypto.getRandomValues(new Uint8Array(128)),
  ]) {
    const { pair, answer } = await wrapped(bytes);
    const opened = await createPseudonyms(await unwrapProjectKey(answer, pair));
    const plain = await createPseudonyms(bytes);
    const asked = {
      ...createRequests(),
      uids: new Set(['1.2.3']),
      identifiers: new Set(['P1']),
      dayOffsets: new Set(['P1']),
    };
    const ours = await opened.resolve(asked);
    const theirs = await plain.resolve(asked);
    assert.equal(
      [ours.uid('1.2.3'), ours.identifier('P1'), ours.dayOffset('P1')],
      [theirs.uid('1.2.3'), theirs.identifier('P1'), theirs.dayOffset('P1')],
    );
    assert.is(await opened.originalDigest('ab'), await plain.originalDigest('ab'));
  }
});

test('neither the opened key nor the half that opens can be read back', async () => {
  const { pair, answer } = await wrapped();
  const opened = await unwrapProjectKey(answer, pair);
  assert.equal([opened.extractable, opened.usages, opened.algorithm.name], [false, ['sign'], 'HMAC']);
  for (const format of ['raw', 'jwk'] as const)
    assert.is(((await refusal(crypto.subtle.exportKey(format, opened))) as Error).name, 'InvalidAccessError');
  assert.is(
    ((await refusal(crypto.subtle.exportKey('pkcs8', pair.privateKey))) as Error).name,
    'InvalidAccessError',
  );
});

test('the answers contain nothing of the key, and no two are alike', async () => {
  const { pair, answer } = await wrapped();
  const again = await wrapProjectKey(KEY, await nameDevicePair(pair));
  assert.is.not(again.ephemeral, answer.ephemeral);
  assert.is.not(again.key, answer.key);
  const travels = Buffer.concat([
    Buffer.from(answer.ephemeral, 'base64url'),
    Buffer.from(answer.key, 'base64url'),
  ]);
  for (let at = 0; at + 8 <= KEY.length; at += 1) assert.not.ok(travels.includes(KEY.subarray(at, at + 8)));
});

test('another device’s key does not open it, and a key changed on the way cannot be opened', async () => {
  const { pair, answer } = await wrapped();
  const other = await wrapped();
  assert.instance(await refusal(unwrapProjectKey(answer, other.pair)), ProjectKeyError);
  assert.instance(
    await refusal(unwrapProjectKey({ ...answer, ephemeral: other.answer.ephemeral }, pair)),
    ProjectKeyError,
  );
  for (const at of [0, 7, 8, 39])
    assert.instance(
      await refusal(unwrapProjectKey({ ...answer, key: spoilt(answer.key, at) }, pair)),
      ProjectKeyError,
    );
  assert.instance(
    await refusal(unwrapProjectKey({ ...answer, key: answer.key.slice(0, -12) }, pair)),
    ProjectKeyError,
  );
  assert.instance(await refusal(unwrapProjectKey({ ...answer, key: '?' }, pair)), ProjectKeyError);
  // Off the curve, and no point at all.
  for (const ephemeral of [spoilt(answer.ephemeral, 40), answer.ephemeral.slice(0, 80)]) {
    assert.instance(await refusal(unwrapProjectKey({ ...answer, ephemeral }, pair)), ProjectKeyError);
  }
});

test('a key that cannot be wrapped whole is refused and never padded, and so is a device that names no public key', async () => {
  const device = await nameDevicePair(await createDevicePair());
  for (const bytes of [0, 24, 31, 33, 39])
    assert.instance(await refusal(wrapProjectKey(new Uint8Array(bytes), device)), RangeError, String(bytes));
  assert.is(await refusal(wrapProjectKey(new Uint8Array(32), device)), null);
  for (const name of ['', 'A'.repeat(87), spoilt(device, 3), device.slice(0, 44)])
    assert.instance(await refusal(wrapProjectKey(KEY, name)), ProjectKeyError, name);
});

test.run();
