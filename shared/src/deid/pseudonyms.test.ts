import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isStandardUid } from '../dicom/uid.ts';
import { pseudonymsOf } from '#testing/deidentified-file.ts';
import { PATIENTS_LIMIT, patientKeyOf } from './patient-key.ts';
import {
  areTooMany,
  createPseudonyms,
  createRequests,
  createTagCheck,
  importHmacKey,
  PSEUDONYMS_LIMIT,
  request,
} from './pseudonyms.ts';
import type { Pseudonyms, ResolvedPseudonyms } from './pseudonyms.ts';

const patientKey = (id: string) => patientKeyOf({ id, issuer: '' }, 'id')!;
const P1 = patientKey('P1');
const P2 = patientKey('P2');

interface Wanted {
  readonly uids?: readonly string[];
  readonly identifiers?: readonly string[];
  readonly patient?: string;
}

function resolved(pseudonyms: Pseudonyms, { uids, identifiers, patient = P1 }: Wanted) {
  const requests = createRequests(patient);
  for (const uid of uids ?? []) requests.uids.add(uid);
  for (const identifier of identifiers ?? []) requests.identifiers.add(identifier);
  return pseudonyms.resolve(requests);
}
const uidOf = async (pseudonyms: Pseudonyms, uid: string, patient = P1) =>
  (await resolved(pseudonyms, { uids: [uid], patient })).uid(uid);
const identifierOf = async (pseudonyms: Pseudonyms, id: string, patient = P1) =>
  (await resolved(pseudonyms, { identifiers: [id], patient })).identifier(id);
const idOf = async (pseudonyms: Pseudonyms, id: string) =>
  (await resolved(pseudonyms, { patient: patientKey(id) })).patient(patientKey(id));

test('two devices with one key give the same pseudonyms, with another key, or of another policy, nothing is alike', async () => {
  const one = await pseudonymsOf(1);
  const two = await pseudonymsOf(1);
  assert.is(await uidOf(one, '1.2.3'), await uidOf(two, '1.2.3'));
  assert.is(await identifierOf(one, 'A1'), await identifierOf(two, 'A1'));
  assert.is(await idOf(one, 'P1'), await idOf(two, 'P1'));
  assert.is(await one.dayOffset(P1), await two.dayOffset(P1));
  assert.is(await one.originalDigest('ab', P1), await two.originalDigest('ab', P1));
  const others = [
    await pseudonymsOf(2),
    await pseudonymsOf(1, { name: 'other', key: 1 }),
    await pseudonymsOf(1, { name: 'deidentified', key: 2 }),
  ];
  for (const other of others) {
    assert.is.not(await uidOf(one, '1.2.3'), await uidOf(other, '1.2.3'));
    assert.is.not(await identifierOf(one, 'A1'), await identifierOf(other, 'A1'));
    assert.is.not(await idOf(one, 'P1'), await idOf(other, 'P1'));
    assert.is.not(await one.originalDigest('ab', P1), await other.originalDigest('ab', P1));
  }
});

test('all that a patient’s values become hangs on the patient: of two, nothing is alike', async () => {
  const pseudonyms = await pseudonymsOf(1);
  assert.is.not(await idOf(pseudonyms, 'P1'), await idOf(pseudonyms, 'P2'));
  assert.is.not(await uidOf(pseudonyms, '1.2.3', P1), await uidOf(pseudonyms, '1.2.3', P2));
  assert.is.not(await identifierOf(pseudonyms, 'A1', P1), await identifierOf(pseudonyms, 'A1', P2));
  assert.is.not(await pseudonyms.dayOffset(P1), await pseudonyms.dayOffset(P2));
  assert.is.not(await pseudonyms.originalDigest('ab', P1), await pseudonyms.originalDigest('ab', P2));
  // A Patient ID that stands somewhere as another identifier has nothing to do with the patient's pseudonym.
  assert.is.not(await idOf(pseudonyms, 'P1'), await identifierOf(pseudonyms, 'P1'));
});

test('a pseudonym is known again and stays, one of another key does not', async () => {
  const [ours, theirs] = await Promise.all([pseudonymsOf(1), pseudonymsOf(2)]);
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1, maxLength: 64 }), async (original) => {
      const uid = await uidOf(ours, original);
      assert.ok(isStandardUid(uid));
      assert.is(await uidOf(ours, uid), uid);
      assert.is.not(await uidOf(theirs, uid), uid);
      const identifier = await identifierOf(ours, original);
      assert.match(identifier, /^RP-[0-9A-Z]{26}$/);
      assert.is(await identifierOf(ours, identifier, P2), identifier);
      assert.is.not(await identifierOf(theirs, identifier), identifier);
      const id = await idOf(ours, identifier);
      assert.is(id, identifier, 'also as a Patient ID');
      assert.is.not(await idOf(theirs, identifier), identifier);
    }),
    { numRuns: 50 },
  );
});

test('the tag key alone tells what is replaced, and makes or reverses nothing', async () => {
  const tagKey = new Uint8Array(32).fill(9);
  const secret = await importHmacKey(new Uint8Array(32).fill(1));
  const makes = await createPseudonyms({ secretOf: async () => secret }, tagKey);
  const checks = await createTagCheck(tagKey);
  const uid = await uidOf(makes, '1.2.3');
  const id = await idOf(makes, 'P1');
  assert.equal([await uidOf(checks, uid), await idOf(checks, id)], [uid, id]);
  for (const other of ['1.2.3', '2.25.1', uid.slice(0, -1)]) {
    const answer: string = await uidOf(checks, other);
    assert.is.not(answer, other);
    assert.not.ok(isStandardUid(answer), 'no UID is made up');
  }
  assert.is.not(await idOf(checks, 'P1'), 'P1');
  assert.is(await checks.originalDigest('ab', P1).catch(() => 'none'), 'none');
});

test('no secret is asked for where everything is replaced already', async () => {
  const makes = await pseudonymsOf(1);
  const uid = await uidOf(makes, '1.2.3');
  const patient = patientKey(await idOf(makes, 'P1'));
  const asked: string[] = [];
  const counting = await createPseudonyms(
    {
      secretOf: async (key) => {
        asked.push(key);
        return importHmacKey(new Uint8Array(32));
      },
    },
    new Uint8Array(32).fill(9),
  );
  const again: ResolvedPseudonyms = await resolved(makes, { uids: [uid], patient });
  assert.is(again.uid(uid), uid);
  await resolved(counting, { uids: ['1.2.3', '1.2.4'], identifiers: ['A1'] });
  assert.ok(asked.length > 0 && asked.every((key) => key === P1), 'of its own patient alone');
});

test('no two of ten thousand identifiers merge', async () => {
  const pseudonyms = await pseudonymsOf(1);
  const uids = Array.from({ length: 10_000 }, (_, index) => `1.2.${index}`);
  const made = await resolved(pseudonyms, { uids });
  assert.is(new Set(uids.map((uid) => made.uid(uid))).size, uids.length);
});

test('every patient moves by a number of days of their own, at least a month back', async () => {
  const pseudonyms = await pseudonymsOf(1);
  const days: number[] = [];
  for (let at = 0; at < 200; at += 1) days.push(await pseudonyms.dayOffset(patientKey(`P${at}`)));
  assert.ok(days.every((offset) => offset <= -30 && offset >= -3679));
  assert.ok(new Set(days).size > 180);
});

test('a key that can be guessed is refused', async () => {
  let refused = false;
  await importHmacKey(new Uint8Array(16)).catch((error: unknown) => (refused = error instanceof RangeError));
  assert.ok(refused);
});

test('of many originals only some are computed side by side', async () => {
  const pseudonyms = await pseudonymsOf(1);
  await uidOf(pseudonyms, '1.2');
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
    const uids = Array.from({ length: 3_000 }, (_, at) => `1.2.${at}`);
    const made = await resolved(pseudonyms, { uids });
    assert.is(new Set(uids.map((uid) => made.uid(uid))).size, 3_000);
  } finally {
    crypto.subtle.sign = sign;
  }
  assert.ok(most <= 300, `${most} at once`);
});

test('a header is noted to ask for too much before it has filled the memory', () => {
  const requests = createRequests(P1);
  for (let at = 0; at < PSEUDONYMS_LIMIT; at += 1) request(requests.uids, String(at));
  assert.not.ok(areTooMany(requests));
  for (let at = 0; at < 10; at += 1) request(requests.uids, `more ${at}`);
  assert.ok(areTooMany(requests));
  assert.is(requests.uids.size, PSEUDONYMS_LIMIT + 1);
  const patients = createRequests(P1);
  for (let at = 1; at < PATIENTS_LIMIT; at += 1) request(patients.patients, patientKey(`Q${at}`));
  assert.not.ok(areTooMany(patients));
  request(patients.patients, P2);
  assert.ok(areTooMany(patients), 'each patient costs an evaluation');
  assert.ok(areTooMany(createRequests(patientKey('x'.repeat(5000)))));
});

test.run();
