/** The accounts that are given a key, the others that ask, and of how many patients. */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { policyAnswerSchema, pseudonymsAnswerSchema, type Role } from '#shared/protocol/api.ts';
import { PSEUDONYMS_AT_ONCE } from '#shared/protocol/limits.ts';
import type { PolicyDocument } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { parseBase64Url } from '#shared/transfer/base64url.ts';
import { blindPatients, createHeldSecrets, openSecrets } from '#shared/transfer/patient-secrets.ts';
import { createDevicePair, nameDevicePair, unwrapPolicyKey } from '#shared/transfer/wrapped-key.ts';
import { recordAudit } from '../audit/audit.ts';
import { createRouter } from '../http/route.ts';
import { insertPolicy } from '../policies/policy.store.ts';
import { countPatients, quotaUse, setAccountQuota, setSiteQuota } from '../policies/quota.store.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../testing/open-pipeline.ts';
import { createEvaluateThread, type EvaluateInTurn } from './evaluate-thread.ts';
import { pseudonymRoutes } from './pseudonyms.routes.ts';

const test = suite('pseudonyms');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());
let pipeline: TestPipeline;
let now = new Date('2026-03-01T12:00:00Z');
test.before.each(async () => {
  now = new Date('2026-03-01T12:00:00Z');
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground, now: () => now });
});
test.after.each(() => pipeline.close());

const mark = async (secret: CryptoKey | undefined) =>
  Buffer.from(await crypto.subtle.sign('HMAC', secret!, new Uint8Array(1))).toString('hex');
const patientsOf = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => `patient\0P${from + at}`);

type Asked = { readonly policy?: string; readonly version?: number; readonly blinded?: readonly string[] };

async function ask(patients: readonly string[], changes: Asked = {}) {
  const asked = blindPatients(patients);
  const body = {
    policy: 'deidentified',
    version: 1,
    blinded: asked.map(({ element }) => element),
    ...changes,
  };
  const answer = await pipeline.json<{ code?: string }>('POST', '/upload/pseudonyms', body);
  return { asked, answer, code: (answer as { code?: string }).code ?? 'answered' };
}

async function keysFor(roles: Role[], query = '') {
  pipeline.actAs(pipeline.accountId, roles);
  return policyAnswerSchema.parse(await pipeline.json('GET', `/upload/policy${query}`)).pseudonymKeys;
}

const OWN: PolicyDocument = {
  name: 'own',
  title: 'Own',
  deidentify: true,
  options: [],
  roles: ['technician'],
};

async function makePolicy(document: PolicyDocument): Promise<void> {
  const { siteId, accountId } = pipeline;
  await pipeline.tools.db
    .transaction()
    .execute((trx) => insertPolicy(trx, document, { siteId, by: accountId, now }));
}

test('technicians and administrators are given the key, wrapped to their device; a researcher never, nor a client that names no device', async () => {
  const pair = await createDevicePair();
  const query = `?deviceKey=${await nameDevicePair(pair)}`;
  const isGiven = async (...roles: Role[]) =>
    (await keysFor(roles, query)).map(({ wrapped }) => wrapped !== undefined);
  assert.equal(await isGiven('technician'), [true]);
  assert.equal(await isGiven('admin'), [true]);
  assert.equal(await isGiven('researcher'), [false]);
  assert.equal(await isGiven('researcher', 'technician', 'admin'), [false], 'whatever else the account may');
  assert.equal(await isGiven('radiologist'), [false]);
  assert.equal(await isGiven('auditor'), []);
  assert.equal(
    (await keysFor(['technician'])).map(({ wrapped }) => wrapped),
    [undefined],
  );
  for (const bad of ['x', 'A'.repeat(87)]) {
    const { code } = await pipeline.json<{ code: string }>('GET', `/upload/policy?deviceKey=${bad}`);
    assert.is(code, 'invalid-request', bad);
  }
});

test('under a policy whose pseudonyms the gateway makes nobody is given the key', async () => {
  await makePolicy({ ...OWN, pseudonyms: 'gateway' });
  const query = `?deviceKey=${await nameDevicePair(await createDevicePair())}`;
  const given = await keysFor(['technician'], query);
  assert.equal(
    given.map(({ policy, wrapped }) => [policy, wrapped !== undefined]),
    [
      ['deidentified', true],
      ['own', false],
    ],
  );
});

test('an account that asks gets the same secrets as one that holds the key, with a proof; the audit trail says how many', async () => {
  const pair = await createDevicePair();
  const [key] = await keysFor(['technician'], `?deviceKey=${await nameDevicePair(pair)}`);
  const publicKey = parseBase64Url(key!.publicKey);
  const held = createHeldSecrets({ key: await unwrapPolicyKey(key!.wrapped!, pair), publicKey });
  pipeline.actAs(pipeline.accountId, ['researcher']);
  const patients = patientsOf(3);
  const { asked, answer } = await ask(patients);
  const given = await openSecrets(asked, pseudonymsAnswerSchema.parse(answer), publicKey);
  for (const patient of patients)
    assert.is(await mark(given.get(patient)), await mark(await held.secretOf(patient)));
  const rows = await pipeline.tools.db
    .selectFrom('audit')
    .select('fields')
    .where('site_id', '=', pipeline.siteId)
    .where('event', '=', 'pseudonyms-made')
    .execute();
  assert.is(rows.length, 1);
  assert.is(rows[0]!.fields.patients, 3);
});

test('a policy and a number of its key have secrets of their own', async () => {
  await makePolicy(OWN);
  const keys = await keysFor(['technician']);
  assert.is(new Set(keys.flatMap(({ publicKey, tagKey }) => [publicKey, tagKey])).size, 4);
});

test('a role, a policy or a version that may not send, and malformed elements, are refused; nothing is counted', async () => {
  await setAccountQuota(pipeline.tools.db, pipeline.siteId, pipeline.accountId, {
    uploads: 1,
    instances: 1,
    bytes: 1,
    patients: 1,
  });
  pipeline.actAs(pipeline.accountId, ['auditor']);
  assert.is((await ask(patientsOf(1))).code, 'not-allowed');
  pipeline.actAs(pipeline.accountId, ['researcher']);
  assert.is((await ask(patientsOf(1), { policy: 'identified' })).code, 'policy-not-allowed');
  assert.is((await ask(patientsOf(1), { version: 2 })).code, 'policy-withdrawn');
  assert.is((await ask(patientsOf(1), { policy: 'none' })).code, 'policy-withdrawn');
  for (const blinded of [[], [`A${'A'.repeat(43)}`], ['x'], ['A'.repeat(45)]])
    assert.is((await ask([], { blinded })).code, 'invalid-request', JSON.stringify(blinded));
  assert.is((await ask(patientsOf(PSEUDONYMS_AT_ONCE + 1))).code, 'invalid-request');
  pipeline.actAs(pipeline.accountId, ['technician']);
  assert.is((await ask(patientsOf(1), { policy: 'identified' })).code, 'invalid-request', 'it makes none');
  pipeline.actAs(pipeline.accountId, ['researcher']);
  assert.is((await ask(patientsOf(1))).code, 'answered');
});

test('an account asks of as many patients a day as its quota says, over all its requests; the next day it may again', async () => {
  const { db } = pipeline.tools;
  const quota = { uploads: 1, instances: 1, bytes: 1 };
  await setSiteQuota(db, pipeline.siteId, { ...quota, patients: 10 });
  pipeline.actAs(pipeline.accountId, ['researcher']);
  const codes = [await ask(patientsOf(8)), await ask(patientsOf(3)), await ask(patientsOf(2))];
  assert.equal(
    codes.map(({ code }) => code),
    ['answered', 'too-many-patients', 'answered'],
  );
  assert.is(
    (await ask(patientsOf(1))).code,
    'too-many-patients',
    'the same patient counts again: nobody can tell',
  );
  await setAccountQuota(db, pipeline.siteId, pipeline.accountId, { ...quota, patients: 11 });
  assert.is((await ask(patientsOf(1))).code, 'answered', 'its own quota');
  now = new Date('2026-02-28T12:00:00Z');
  assert.is((await ask(patientsOf(1))).code, 'too-many-patients', 'a clock that was set back gives nothing');
  now = new Date('2026-03-02T00:00:00Z');
  assert.is((await ask(patientsOf(8))).code, 'answered');
});

test('requests at once do not get past the quota together', async () => {
  const { db } = pipeline.tools;
  await setSiteQuota(db, pipeline.siteId, { uploads: 1, instances: 1, bytes: 1, patients: 10 });
  pipeline.actAs(pipeline.accountId, ['researcher']);
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask(patientsOf(4))));
  assert.is(answers.filter(({ code }) => code === 'answered').length, 2);
});

/** The routes with another evaluation, for a researcher. */
async function askWith(evaluate: EvaluateInTurn, patients: readonly string[]): Promise<Response> {
  const { accountId, siteId, tools } = pipeline;
  const user = { username: 't', scheme: 'bearer', epoch: 0, scope: 'session', device: null } as const;
  const app = createRouter();
  app.use(async (c, next) => {
    c.set('caller', { ...user, id: accountId, siteId, roles: ['researcher'] });
    await next();
  });
  app.route('/', pseudonymRoutes(tools, evaluate));
  app.onError((error) => new Response(error instanceof Problem ? error.code : null, { status: 500 }));
  const blinded = blindPatients(patients).map(({ element }) => element);
  return app.request('/upload/pseudonyms', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ policy: 'deidentified', version: 1, blinded }),
  });
}

test('while elements are evaluated the audit trail and the account stay open to others', async () => {
  const { db } = pipeline.tools;
  const evaluate = createEvaluateThread();
  const answer = await askWith(async (...asked) => {
    // Another request of the same account, and another entry of the trail.
    await db.transaction().execute(async (trx) => {
      await sql`set local lock_timeout = '10s'`.execute(trx);
      assert.ok(await countPatients(trx, pipeline.accountId, 1, now));
      const event = { event: 'login-failed', because: 'unknown-user', address: '127.0.0.1' } as const;
      await recordAudit(trx, pipeline.siteId, event, now);
    });
    return evaluate(...asked);
  }, patientsOf(2));
  assert.is(answer.status, 200);
});

test('an evaluation is not answered if others have used up the quota meanwhile, and none is begun after that', async () => {
  const { db } = pipeline.tools;
  await setSiteQuota(db, pipeline.siteId, { uploads: 1, instances: 1, bytes: 1, patients: 3 });
  const evaluate = createEvaluateThread();
  let evaluations = 0;
  const counting: EvaluateInTurn = async (...asked) => {
    evaluations += 1;
    assert.ok(await countPatients(db, pipeline.accountId, 2, now));
    return evaluate(...asked);
  };
  for (let times = 0; times < 2; times += 1)
    assert.is(await (await askWith(counting, patientsOf(2))).text(), 'too-many-patients');
  assert.is(evaluations, 1);
  assert.is((await quotaUse(db, pipeline.accountId, now))?.used.patients, 2);
  assert.is((await ask(patientsOf(1))).code, 'answered', 'nothing was counted that was not answered');
});

test('a quota of none lets nobody ask', async () => {
  await setSiteQuota(pipeline.tools.db, pipeline.siteId, { uploads: 1, instances: 1, bytes: 1, patients: 0 });
  pipeline.actAs(pipeline.accountId, ['researcher']);
  assert.is((await ask(patientsOf(1))).code, 'too-many-patients');
});

test.run();
