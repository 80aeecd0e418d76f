/** Sample data is what the sample accounts made; all of it goes, and nothing else. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Review, ReviewTypes } from '#shared/protocol/reviews.ts';
import {
  sampleAccountsSchema,
  samplePatients,
  sampleRemovalSchema,
  sampleSchema,
} from '#shared/protocol/sample.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { until } from '#testing/gateway-under-test.ts';
import { countChangedDaysOfAll } from '../analytics/kept-days.ts';
import { resultDays } from '../analytics/result-days.ts';
import { reviewDays } from '../analytics/review-days.ts';
import { uploadDays } from '../analytics/upload-days.ts';
import { storeConfirmed, type Bytes } from '../testing/foreign-clients.ts';
import { deliverStudy, NOBODY, openTestCase } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { testFilm } from '../testing/open-subject.ts';

type World = TestGateway & { readonly pacs: TestPacs; readonly admin: string };

const test = suite('sample data');
let world: World;
test.before(async () => {
  const pacs = openTestPacs();
  const gateway = await openTestGateway({ pacs });
  world = { ...gateway, pacs, admin: (await gateway.signIn()).accessToken };
});
test.after(() => world.close());

const shown = async ({ call, admin }: World) =>
  sampleSchema.parse(await (await call('GET', '/admin/sample?destinations=1', { token: admin })).json());

/** Signed in as each, by name. */
async function openAccounts({ call, admin, signIn }: World): Promise<ReadonlyMap<string, string>> {
  const answer = await call('POST', '/admin/sample', { token: admin });
  const { accounts } = sampleAccountsSchema.parse(await answer.json());
  const tokens = new Map<string, string>();
  for (const { username, password } of accounts)
    tokens.set(username, (await signIn(username, password)).accessToken);
  return tokens;
}

/** All steps; the reasons of what is left. */
async function remove({ call, admin }: World): Promise<string[]> {
  const left: string[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const answer = await call('DELETE', `/admin/sample?after=${after}`, { token: admin });
    const step = sampleRemovalSchema.parse(await answer.json());
    left.push(...step.left.map(({ because, name, count }) => `${because} ${name} ${count}`));
    after = step.next;
  }
  return left;
}

/** How the PACS in memory deletes: told the Patient ID of each of its studies. */
function letDelete(pacs: TestPacs): void {
  Object.assign(pacs, {
    removeStudy: (async (study, isOf) => {
      const known = pacs.studies.find(({ studyInstanceUID }) => studyInstanceUID === study);
      if (!isOf(known?.patientId ?? '')) return 'other-patient';
      for (const [uid, instance] of pacs.held) if (instance.study === study) pacs.held.delete(uid);
      return 'removed';
    }) satisfies TestPacs['removeStudy'],
  });
}

/** Rows of every table that is not the trail of what happened, or counts minutes; after the days are counted. */
async function countRows({ database: { db } }: World): Promise<Record<string, number>> {
  for (const kept of [uploadDays, resultDays, reviewDays]) await countChangedDaysOfAll(db, kept);
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public' and tablename not in ('audit', 'tally')`.execute(
    db,
  );
  const counts: Record<string, number> = {};
  for (const { name } of rows) {
    const counted = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(name)}`.execute(db);
    if (counted.rows[0]!.n > 0) counts[name] = counted.rows[0]!.n;
  }
  return counts;
}

async function openSampleCase(world: World, tokens: ReadonlyMap<string, string>, study: string) {
  const token = tokens.get('sample-radiologist')!;
  const { id } = await openTestCase(world, token, { studies: [study] });
  await world.call('POST', `/cases/${id}/notes`, { token, body: { text: 'Look at the left lung.' } });
  const body = { id: randomUUID(), type: 'chest-film-double' };
  assert.is((await world.call('POST', `/cases/${id}/reviews`, { token, body })).status, 201);
  return id;
}

test('stays, and is named, where its PACS keeps it; once a person has deleted it there it goes', async () => {
  const tokens = await openAccounts(world);
  const token = tokens.get('sample-technician')!;
  await deliverStudy(world, { token, seed: 11, patientId: 'SAMPLE-1' });
  assert.equal((await shown(world)).keepers, ['default']);
  assert.equal(await remove(world), ['no-deletion default 1']);
  assert.is((await shown(world)).studies, 1);
  world.pacs.lie = 'down';
  assert.equal(await remove(world), ['pacs-unreachable default 1']);
  world.pacs.lie = 'honest';
  world.pacs.held.clear();
  assert.equal(await remove(world), []);
  assert.equal(await shown(world), { accounts: 0, studies: 0, cases: 0, keepers: ['default'] });
});

test('is counted by its accounts, and goes with every row of it', async () => {
  letDelete(world.pacs);
  const own = await world.userWith(['technician']);
  const real = await deliverStudy(world, { token: own.accessToken, seed: 1, patientId: 'REAL-1' });
  const before = await countRows(world);
  const tokens = await openAccounts(world);
  const token = tokens.get('sample-technician')!;
  const uids = [];
  for (const seed of [2, 3, 4, 5, 6, 7])
    uids.push(await deliverStudy(world, { token, seed, patientId: `SAMPLE-${seed}` }));
  await openSampleCase(world, tokens, uids[0]!);
  assert.equal(await shown(world), { accounts: 4, studies: 6, cases: 1, keepers: [] });
  assert.equal(await remove(world), []);
  assert.equal(await shown(world), { accounts: 0, studies: 0, cases: 0, keepers: [] });
  assert.equal(await countRows(world), before);
  assert.equal(
    [...world.pacs.held.values()].map(({ study }) => study),
    [real],
    'the study of a person stays',
  );
  const removals = world.database.db.selectFrom('audit').where('event', '=', 'sample-study-removed');
  const named = (await removals.select('fields').execute()).map(({ fields }) => JSON.stringify(fields));
  assert.ok(
    uids.every((uid) => named.some((fields) => fields.includes(uid))),
    'each is in the audit trail',
  );
  assert.equal(await remove(world), [], 'nothing is left to be removed');
});

test('keeps an account that a person’s case names, and says which', async () => {
  const tokens = await openAccounts(world);
  const me = await world.call('GET', '/auth/me', { token: tokens.get('sample-radiologist')! });
  const { id: assigneeId } = (await me.json()) as { id: string };
  const asked = { expected: { patientId: 'P' } };
  const body = { title: 'A case', ...asked, assigneeId };
  const assigned = await world.call('POST', '/cases', { token: world.admin, body });
  assert.is(assigned.status, 422, 'no case of a person is assigned to it');
  const { id, version } = await openTestCase(world, world.admin, asked);
  const note = { token: tokens.get('sample-radiologist')!, body: { text: 'I was here.' } };
  assert.is((await world.call('POST', `/cases/${id}/notes`, note)).status, 201);
  assert.equal(await remove(world), ['named-elsewhere sample-radiologist 1']);
  assert.is((await shown(world)).accounts, 1);
  const asRadiologist = await world.call('GET', '/auth/me', { token: tokens.get('sample-radiologist')! });
  assert.is(asRadiologist.status, 401, 'nobody signs in with it any more');
  const gone = await world.call('DELETE', `/cases/${id}?version=${version}`, { token: world.admin });
  assert.is(gone.status, 204);
  assert.equal(await remove(world), []);
  assert.is((await shown(world)).accounts, 0);
});

test('its readers are never chosen for real patients, nor people for it; nor do its readings count as work', async () => {
  const tokens = await openAccounts(world);
  const people = [await world.userWith(['radiologist']), await world.userWith(['radiologist'])];
  const [ana, ben] = people.map(({ user }) => user.id) as [string, string];
  const token = tokens.get('sample-technician')!;
  const sampleStudy = await deliverStudy(world, { token, seed: 51, patientId: 'SAMPLE-51' });
  const technician = await world.userWith(['technician']);
  const real = { token: technician.accessToken, seed: 52, patientId: 'REAL-52' };
  const realStudy = await deliverStudy(world, real);
  const sampleCase = await openTestCase(world, tokens.get('sample-radiologist')!, { studies: [sampleStudy] });
  const realCase = await openTestCase(world, world.admin, { studies: [realStudy] });
  const review = async (caseId: string, more: object = {}) => {
    const body = { id: randomUUID(), type: 'chest-film', ...more };
    const answer = await world.call('POST', `/cases/${caseId}/reviews`, { token: world.admin, body });
    const { places } = (await answer.json()) as Partial<Review>;
    return { status: answer.status, readers: places?.map(({ reader }) => reader?.username) };
  };
  for (let round = 0; round < 4; round += 1) {
    const { readers } = await review(sampleCase.id);
    assert.ok(readers![0]!.startsWith('sample-'), `${readers}`);
  }
  // By hand a person may look around; it is no work where patients wait.
  for (let round = 0; round < 3; round += 1) await review(sampleCase.id, { readers: [ana] });
  const nameOf = (id: string) => people.find(({ user }) => user.id === id)!.user.username;
  const chosen = [];
  for (let round = 0; round < 4; round += 1) chosen.push((await review(realCase.id)).readers![0]!);
  assert.equal(chosen.sort(), [nameOf(ana), nameOf(ana), nameOf(ben), nameOf(ben)].sort());
  const reader = (await (
    await world.call('GET', '/auth/me', { token: tokens.get('sample-radiologist')! })
  ).json()) as { id: string };
  assert.is((await review(realCase.id, { readers: [reader.id] })).status, 422);
  const offered = async (as: string) =>
    ((await (await world.call('GET', '/review-types', { token: as })).json()) as ReviewTypes).readers.filter(
      ({ username }) => username.startsWith('sample-'),
    ).length;
  assert.equal([await offered(world.admin), await offered(tokens.get('sample-radiologist')!)], [0, 3]);
  const { db } = world.database;
  await db.deleteFrom('case_record').where('id', 'in', [sampleCase.id, realCase.id]).execute();
  letDelete(world.pacs);
  assert.equal(await remove(world), []);
  for (const { user } of people)
    await world.call('PATCH', `/admin/users/${user.id}`, { token: world.admin, body: { disabled: true } });
});

test('takes no account that a person has, and gives its own new passwords', async () => {
  const { call, admin, signIn } = world;
  const first = await openAccounts(world);
  await openAccounts(world);
  const ended = await call('GET', '/auth/me', { token: first.get('sample-technician')! });
  assert.is(ended.status, 401, 'the sessions of the passwords before have ended');
  assert.equal(await remove(world), []);
  const body = { username: 'sample-technician', password: 'my own long password', roles: ['technician'] };
  assert.is((await call('POST', '/admin/users', { token: admin, body })).status, 201);
  const refused = await call('POST', '/admin/sample', { token: admin });
  assert.equal([refused.status, ((await refused.json()) as { code: string }).code], [409, 'user-exists']);
  assert.is((await shown(world)).accounts, 0);
  await signIn('sample-technician', 'my own long password');
  const { db } = world.database;
  await db
    .updateTable('account')
    .set({ username: 'me' })
    .where('username', '=', 'sample-technician')
    .execute();
});

test('is never more than that: another patient’s study and one that a person sent too are kept', async () => {
  letDelete(world.pacs);
  const tokens = await openAccounts(world);
  const token = tokens.get('sample-technician')!;
  const other = await deliverStudy(world, { token, seed: 21, patientId: 'REAL-2' });
  const unnamed = await deliverStudy(world, { token, seed: 23, patientId: `RP-${'0'.repeat(26)}` });
  await world.database.db
    .updateTable('study')
    .set({ policy_name: 'deidentified' })
    .where('study_instance_uid', '=', unnamed)
    .execute();
  const own = await world.userWith(['technician']);
  const both = await deliverStudy(world, { token, seed: 22, patientId: 'SAMPLE-2' });
  await deliverStudy(world, { token: own.accessToken, seed: 22, patientId: 'SAMPLE-2' });
  assert.equal((await remove(world)).sort(), ['named-elsewhere null 1', 'other-patient default 2']);
  const held = new Set([...world.pacs.held.values()].map(({ study }) => study));
  assert.ok(held.has(both) && held.has(other) && held.has(unnamed));
});

test('goes without its names too, which only the policy’s key tells apart from another patient’s', async () => {
  letDelete(world.pacs);
  const { pacs } = world;
  const token = (await openAccounts(world)).get('sample-technician')!;
  const { bytes } = testFilm({ seed: 24, more: [[0x00100020, 'LO', samplePatients()[0]!]] });
  const before = new Set(pacs.held.keys());
  const path = '/dicom-web/studies?policy=deidentified';
  assert.is((await storeConfirmed(world, token, { files: [bytes as Bytes], path })).status, 200);
  const [[uid, { study, bytes: stored }]] = [...pacs.held].filter(([held]) => !before.has(held)) as [
    [string, { study: string; bytes: Buffer }],
  ];
  const film = await parsed(new Uint8Array(stored));
  const patientId = textOf(findElement(film.elements, 0x00100020), film)!;
  assert.match(patientId, /^RP-/);
  pacs.studies.push({ ...NOBODY, studyInstanceUID: study, patientId });
  // What was confirmed is on the road until its key is destroyed.
  await until('the study to be done', async () => {
    const { db } = world.database;
    const open = db.selectFrom('study').select('id').where('state', '<>', 'closed');
    return (await open.where('study_instance_uid', '=', study).execute()).length === 0;
  });
  await remove(world);
  assert.not.ok(pacs.held.has(uid));
});

test('is no case that a rule opened for a study which a person sent too', async () => {
  const { call, admin } = world;
  const rule = {
    ...{ name: 'all', enabled: true, when: {}, occasion: 'delivered', title: 'By rule' },
    ...{ casePriority: 'high', tags: [], review: null },
  };
  const ruled = await call('PUT', '/admin/rules/cases', { token: admin, body: { rules: [rule] } });
  assert.is(ruled.status, 200);
  const casesOf = async (study: string): Promise<string[]> => {
    const answer = await call('GET', `/cases?q=${study}`, { token: admin });
    return ((await answer.json()) as { cases: { id: string }[] }).cases.map(({ id }) => id);
  };
  const tokens = await openAccounts(world);
  const sample = { token: tokens.get('sample-technician')!, seed: 31, patientId: 'SAMPLE-3' };
  const study = await deliverStudy(world, sample);
  const [opened] = await until('the case of the rule', async () => {
    const cases = await casesOf(study);
    return cases.length > 0 && cases;
  });
  const own = await world.userWith(['technician']);
  await deliverStudy(world, { ...sample, token: own.accessToken });
  const left = await remove(world);
  assert.equal(await casesOf(study), [opened], 'the case stays');
  assert.ok(left.includes('named-elsewhere null 2') || left.includes('named-elsewhere null 1'), `${left}`);
});

test('readings that its readers held of a case that a person shares go to people when it is removed', async () => {
  const { call, admin, database } = world;
  letDelete(world.pacs);
  const rule = {
    ...{ name: 'read', enabled: true, when: {}, occasion: 'delivered', title: 'By rule' },
    ...{ casePriority: 'high', tags: [], review: 'chest-film' },
  };
  await call('PUT', '/admin/rules/cases', { token: admin, body: { rules: [rule] } });
  const tokens = await openAccounts(world);
  const sample = { token: tokens.get('sample-technician')!, seed: 61, patientId: 'SAMPLE-61' };
  const study = await deliverStudy(world, sample);
  const held = () =>
    database.db
      .selectFrom('review_place as p')
      .innerJoin('review as r', 'r.id', 'p.review_id')
      .innerJoin('case_study as s', 's.case_id', 'r.case_id')
      .leftJoin('account as a', 'a.id', 'p.account_id')
      .select(['p.state', 'a.username'])
      .where('s.study_instance_uid', '=', study)
      .execute();
  const [first] = await until('the review of the rule', async () => {
    const places = await held();
    return places.length > 0 && places;
  });
  assert.ok(first!.username?.startsWith('sample-'), `${first!.username}`);
  await call('PUT', '/admin/rules/cases', { token: admin, body: { rules: [] } });
  const reader = await world.userWith(['radiologist']);
  const own = await world.userWith(['technician']);
  await deliverStudy(world, { ...sample, token: own.accessToken });
  await remove(world);
  assert.equal(await held(), [{ state: 'assigned', username: reader.user.username }]);
});

test.run();
