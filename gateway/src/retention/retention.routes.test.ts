/** `/admin/retention`: what is deleted, what is not, and how both are proven. */
import { createLocalJWKSet, compactVerify, type JSONWebKeySet } from 'jose';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import {
  deletionSchema,
  type Deletion,
  type Holds,
  type NewHold,
  type Retained,
  type Retention,
  RETENTION_DEFAULT,
  type RetentionDays,
} from '#shared/protocol/retention.ts';
import { until } from '#testing/gateway-under-test.ts';
import { audited } from '../testing/audited.ts';
import { deliverStudy, giveStudy, jsonOf, openTestCase } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';

const test = suite('retention');
type World = TestGateway & { readonly pacs: TestPacs };
let world: World;
let seed = 100;
test.before.each(async () => {
  const pacs = openTestPacs();
  // A PACS that tells which studies a patient has.
  Object.assign(pacs, {
    web: { get: () => Promise.reject(new Error('not asked')), takesLists: () => false },
  });
  const gateway = await openTestGateway({ pacs });
  world = { ...gateway, pacs };
});
test.after.each(() => world.close());

/** A session does not last as long as these tests wait. */
const admin = async () => ({ token: (await world.signIn()).accessToken });
const sender = async () => ({ token: (await world.userWith(['technician'])).accessToken });

const deliver = async (patientId: string | null = null): Promise<string> => {
  seed += 1;
  return deliverStudy(world, { ...(await sender()), seed, patientId });
};
const shown = async (): Promise<Retention> => jsonOf(world, 'GET /admin/retention', await admin());
const put = async (days: Partial<RetentionDays>, plan = false): Promise<Retention> =>
  jsonOf(world, `PUT /admin/retention?plan=${plan}`, {
    ...(await admin()),
    body: { ...RETENTION_DEFAULT, ...days },
  });
const countsOf = ({ kinds }: Retention, kind: Retained): number[] => {
  const { due, held, unproven } = kinds.find((one) => one.kind === kind)!;
  return [due, held, unproven];
};
const hold = async (subject: NewHold['subject']): Promise<{ id: string }> =>
  jsonOf(world, 'POST /admin/retention/holds', {
    ...(await admin()),
    body: { subject, reason: 'a court asks' },
    status: 201,
  });

/** Sets the days, and waits until they were carried out. */
async function carriedOut(days: Partial<RetentionDays>): Promise<Retention> {
  // A run that began before says an earlier time.
  world.wait(60_000);
  const asked = world.now();
  await put(days);
  return until('the run', async () => {
    const now = await shown();
    return now.ranAt !== null && new Date(now.ranAt) >= asked && now;
  });
}

async function proofOf(id: string): Promise<Deletion> {
  const jws = await (await world.call('GET', `/admin/retention/deletions/${id}`, await admin())).text();
  const jwks = await jsonOf<JSONWebKeySet>(world, 'GET /.well-known/jwks.json', {});
  const { payload } = await compactVerify(jws, createLocalJWKSet(jwks));
  return deletionSchema.parse(JSON.parse(new TextDecoder().decode(payload)));
}

const studiesLeft = async (): Promise<string[]> => {
  const rows = await world.database.db
    .selectFrom('study')
    .select('study_instance_uid as uid')
    .orderBy('uid')
    .execute();
  return rows.map(({ uid }) => uid);
};

test('deletes old studies that the PACS still has, with a proof, and none that is held or gone there', async () => {
  const old = await deliver();
  const ofPatient = await deliver('P-7');
  const held = await deliver();
  const lost = await deliver();
  for (const [uid, { study }] of world.pacs.held) if (study === lost) world.pacs.held.delete(uid);
  await hold({ of: 'study', studyInstanceUID: held });
  await hold({ of: 'patient', patientId: 'P-7' });
  world.wait(31 * DAY_MS);
  const young = await deliver();
  const planned = await put({ studies: 30 }, true);
  assert.equal(countsOf(planned, 'studies'), [2, 2, 0]);
  assert.equal([planned.days.studies, (await shown()).days.studies], [30, null], 'a plan changes nothing');
  const { deletions, trouble } = await carriedOut({ studies: 30 });
  assert.is(trouble, null);
  assert.equal(await studiesLeft(), [held, lost, ofPatient, young].toSorted());
  assert.equal(
    deletions.map(({ kind, count }) => [kind, count]),
    [['studies', 1]],
  );
  const proof = await proofOf(deletions[0]!.id);
  assert.equal([proof.items.length, proof.items[0]!['studyInstanceUID']], [1, old]);
  assert.match(String(proof.items[0]!['sha256']), /^[0-9a-f]{64}$/);
  const [event] = await audited(world.database.db, 'retention-deleted');
  assert.equal([event!.fields['deletionId'], event!.fields['count']], [proof.id, 1]);
  assert.ok(
    [...world.pacs.held.values()].some(({ study }) => study === old),
    'the PACS keeps it',
  );
});

test('deletes what was under hold once the hold has ended', async () => {
  const study = await deliver();
  const { id } = await hold({ of: 'study', studyInstanceUID: study });
  world.wait(31 * DAY_MS);
  await carriedOut({ studies: 30 });
  assert.equal(await studiesLeft(), [study]);
  const path = `/admin/retention/holds/${id}/end`;
  assert.is((await world.call('POST', path, await admin())).status, 204);
  assert.is((await world.call('POST', path, await admin())).status, 404, 'it has ended');
  await carriedOut({ studies: 30 });
  assert.equal(await studiesLeft(), []);
  const { holds } = await jsonOf<Holds>(world, 'GET /admin/retention/holds', await admin());
  assert.equal([holds.length, holds[0]!.reason, holds[0]!.endedAt !== null], [1, 'a court asks', true]);
});

test('deletes nothing while a PACS does not tell what the patient under hold has', async () => {
  const study = await deliver();
  await hold({ of: 'patient', patientId: 'P-8' });
  world.wait(31 * DAY_MS);
  world.pacs.lie = 'deaf-to-searches';
  const { trouble, deletions } = await carriedOut({ studies: 30 });
  assert.equal([trouble, deletions, await studiesLeft()], ['holds-unknown', [], [study]]);
});

test('keeps what lies where no PACS tells whose it is, while a patient is under hold', async () => {
  const study = await deliver();
  await hold({ of: 'patient', patientId: 'P-9' });
  Object.assign(world.pacs, { web: undefined });
  world.wait(31 * DAY_MS);
  assert.equal((await carriedOut({ studies: 30 })).deletions, []);
  assert.equal(await studiesLeft(), [study]);
});

test('keeps everything while the PACS is away', async () => {
  const study = await deliver();
  world.wait(31 * DAY_MS);
  world.pacs.lie = 'down';
  const { trouble } = await carriedOut({ studies: 30 });
  assert.equal([trouble, await studiesLeft()], ['pacs-unreachable', [study]]);
});

test('deletes receipts before their studies, which still say that they arrived', async () => {
  const study = await deliver();
  const { rows } = await sql<{ id: string }>`select id from upload`.execute(world.database.db);
  const path = `/upload/${rows[0]!.id}`;
  assert.is((await world.call('GET', `${path}/receipt`, await admin())).status, 200);
  world.wait(31 * DAY_MS);
  const { deletions } = await carriedOut({ receipts: 30 });
  assert.equal(
    deletions.map(({ kind, count }) => [kind, count]),
    [['receipts', 1]],
  );
  assert.is((await world.call('GET', `${path}/receipt`, await admin())).status, 410);
  assert.is((await jsonOf<{ state: string }>(world, `GET ${path}/status`, await admin())).state, 'closed');
  assert.equal(await studiesLeft(), [study]);
});

test('deletes closed cases with their keys, unless they or one of their studies are held', async () => {
  const study = await deliver();
  const titles = ['old', 'held', 'of a held study', 'open'];
  const cases = [];
  for (const title of titles)
    cases.push(await openTestCase(world, (await admin()).token, { title, studies: [await deliver()] }));
  await giveStudy(world, cases[2]!.id, study);
  for (const { id, version } of cases.slice(0, 3)) {
    const body = { version, reason: 'done' };
    await jsonOf(world, `POST /cases/${id}/close`, { ...(await admin()), body });
  }
  await hold({ of: 'case', number: cases[1]!.number });
  await hold({ of: 'study', studyInstanceUID: study });
  for (const { id, version } of cases.slice(1, 3)) {
    const path = `/cases/${id}?version=${version + 1}`;
    const refused = await world.call('DELETE', path, await admin());
    assert.equal([refused.status, ((await refused.json()) as { code: string }).code], [409, 'under-hold']);
  }
  world.wait(400 * DAY_MS);
  const { deletions } = await carriedOut({ cases: 365 });
  const left = await world.database.db.selectFrom('case_record').select('number').orderBy('number').execute();
  assert.equal(
    left.map(({ number }) => number),
    cases.slice(1).map(({ number }) => number),
  );
  const proof = await proofOf(deletions[0]!.id);
  assert.equal(proof.items, [{ id: cases[0]!.id, number: cases[0]!.number }]);
});

test('refuses days that are none, and lets no other role set them', async () => {
  const body = { ...RETENTION_DEFAULT, studies: 0 };
  assert.is((await world.call('PUT', '/admin/retention', { ...(await admin()), body })).status, 422);
  const set = { ...(await sender()), body: RETENTION_DEFAULT };
  assert.is((await world.call('PUT', '/admin/retention', set)).status, 403);
  const missing = { subject: { of: 'case', number: 999 }, reason: 'none' };
  const answer = await world.call('POST', '/admin/retention/holds', { ...(await admin()), body: missing });
  assert.is(answer.status, 404);
});

test.run();
