import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isStandardUid } from '../dicom/uid.ts';
import {
  areTooMany,
  createPseudonyms,
  createRequests,
  importProjectKey,
  PSEUDONYMS_LIMIT,
  request,
} from './pseudonyms.ts';
import type { Pseudonyms } from './pseudonyms.ts';

const keyOf = (seed: number) => new Uint8Array(32).fill(seed);
const uidOf = async (pseudonyms: Pseudonyms, uid: string) =>
  (await pseudonyms.resolve({ ...createRequests(), uids: new Set([uid]) })).uid(uid);
const identifierOf = async (pseudonyms: Pseudonyms, id: string) =>
  (await pseudonyms.resolve({ ...createRequests(), identifiers: new Set([id]) })).identifier(id);
const daysOf = async (pseudonyms: Pseudonyms, id: string) =>
  (await pseudonyms.resolve({ ...createRequests(), dayOffsets: new Set([id]) })).dayOffset(id);

test('two devices with one key give the same pseudonyms, with another key nothing is alike', async () => {
  const [one, two, other] = await Promise.all([
    createPseudonyms(keyOf(1)),
    createPseudonyms(await importProjectKey(keyOf(1))),
    createPseudonyms(keyOf(2)),
  ]);
  assert.is(await uidOf(one, '1.2.3'), await uidOf(two, '1.2.3'));
  assert.is(await identifierOf(one, 'P1'), await identifierOf(two, 'P1'));
  assert.is(await daysOf(one, 'P1'), await daysOf(two, 'P1'));
  assert.is(await one.originalDigest('ab'), await two.originalDigest('ab'));
  assert.is.not(await uidOf(one, '1.2.3'), await uidOf(other, '1.2.3'));
  assert.is.not(await identifierOf(one, 'P1'), await identifierOf(other, 'P1'));
  assert.is.not(await one.originalDigest('ab'), await other.originalDigest('ab'));
});

test('a pseudonym is known again and stays, one of another project does not', async () => {
  const [ours, theirs] = await Promise.all([createPseudonyms(keyOf(1)), createPseudonyms(keyOf(2))]);
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 64 }), async (original) => {
      const uid = await uidOf(ours, original);
      assert.ok(isStandardUid(uid));
      assert.is(await uidOf(ours, uid), uid);
      assert.is.not(await uidOf(theirs, uid), uid);
      const identifier = await identifierOf(ours, original);
      assert.match(identifier, /^RP-[0-9A-Z]{26}$/);
      assert.is(await identifierOf(ours, identifier), identifier);
      assert.is.not(await identifierOf(theirs, identifier), identifier);
    }),
    { numRuns: 50 },
  );
});

test('no two of ten thousand identifiers merge', async () => {
  const pseudonyms = await createPseudonyms(keyOf(1));
  const uids = new Set(Array.from({ length: 10_000 }, (_, index) => `1.2.${index}`));
  const resolved = await pseudonyms.resolve({ ...createRequests(), uids });
  assert.is(new Set([...uids].map((uid) => resolved.uid(uid))).size, uids.size);
});

test('every patient moves by a number of days of their own, at least a month back', async () => {
  const pseudonyms = await createPseudonyms(keyOf(1));
  const patients = new Set(Array.from({ length: 200 }, (_, index) => `P${index}`));
  const resolved = await pseudonyms.resolve({ ...createRequests(), dayOffsets: patients });
  const days = [...patients].map((patient) => resolved.dayOffset(patient));
  assert.ok(days.every((offset) => offset <= -30 && offset >= -3679));
  assert.ok(new Set(days).size > 180);
});

test('a key that can be guessed is refused', async () => {
  let refused = false;
  await createPseudonyms(new Uint8Array(16)).catch(
    (error: unknown) => (refused = error instanceof RangeError),
  );
  assert.ok(refused);
});

test('of many originals only some are computed side by side', async () => {
  const { sign } = crypto.subtle;
  let running = 0;
  let most = 0;
  crypto.subtle.sign = async (...of: Parameters<typeof sign>) => {
    running += 1;
    most = Math.max(most, running);
    return sign.apply(crypto.subtle, of).finally(() => {
      running -= 1;
    });
  };
  try {
    const uids = new Set(Array.from({ length: 3_000 }, (_, at) => `1.2.${at}`));
    const resolved = await (await createPseudonyms(keyOf(1))).resolve({ ...createRequests(), uids });
    assert.is(new Set([...uids].map((uid) => resolved.uid(uid))).size, 3_000);
  } finally {
    crypto.subtle.sign = sign;
  }
  assert.ok(most <= 300, `${most} at once`);
});

test('a header is noted to ask for too much before it has filled the memory', () => {
  const requests = createRequests();
  for (let at = 0; at < PSEUDONYMS_LIMIT; at += 1) request(requests.uids, String(at));
  assert.not.ok(areTooMany(requests));
  for (let at = 0; at < 10; at += 1) request(requests.uids, `more ${at}`);
  assert.ok(areTooMany(requests));
  assert.is(requests.uids.size, PSEUDONYMS_LIMIT + 1);
});

test.run();
