/** The rights to see cases where roles, uploads or studies overlap: nobody sees more by having one more of them. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SMALLEST_CELL } from '#shared/protocol/analytics.ts';
import type { Role } from '#shared/protocol/api.ts';
import type { Case, CaseList, CaseTimeline } from '#shared/protocol/cases.ts';
import {
  deliverStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { askOf, nameStudy } from '../testing/open-film.ts';
import { testFilm } from '../testing/open-subject.ts';

const TITLE = 'Kitsune Yamada, second look';
const patient = { patientName: 'Yamada^Kitsune', patientId: 'PID-4711' };
const test = suite('rights to see cases');
let gateway: PacsGateway;
let keeper: string;
let sender: string;
let other: string;
/** Studies of one patient: `own` was sent by `sender`, `foreign` by `other`. */
let own: string;
let foreign: string;

test.before(async () => {
  gateway = await openPacsGateway();
  keeper = await tokenOf('admin');
  sender = await tokenOf('technician');
  other = await tokenOf('technician');
  own = await deliverStudy(gateway, { token: sender, seed: 951, ...patient });
  foreign = await deliverStudy(gateway, { token: other, seed: 952, ...patient });
});
test.after(() => gateway.close());

const tokenOf = async (...roles: Role[]): Promise<string> => (await gateway.userWith(roles)).accessToken;
const openOne = (studies: readonly string[]): Promise<Case> =>
  openTestCase(gateway, keeper, { title: TITLE, studies });
const statusOf = async (path: string, token: string): Promise<number> =>
  (await gateway.call('GET', path, { token })).status;
const listed = async (query: string, token: string): Promise<string[]> =>
  (await jsonOf<CaseList>(gateway, `GET /cases?${query}`, { token })).cases.map(({ id }) => id);

test('an auditor who sends or does research sees no more cases for it, and still the events of all', async () => {
  const { id } = await openOne([own]);
  for (const role of ['technician', 'researcher'] as const) {
    const token = await tokenOf('auditor', role);
    assert.is(await statusOf(`/cases/${id}`, token), 404, role);
    assert.equal(await listed('', token), [], role);
    assert.is(await statusOf(`/cases/${id}/timeline`, token), 200);
    assert.is(await statusOf(`/cases/${randomUUID()}/timeline`, token), 404);
  }
  const both = await tokenOf('auditor', 'technician');
  assert.is(await statusOf(`/cases/${id}/notes`, both), 404);
});

test('a technician who is a researcher too reads words in cases of their own studies, and in no others', async () => {
  const token = await tokenOf('technician', 'researcher');
  const mine = await deliverStudy(gateway, { token, seed: 953, ...patient });
  const sent = await openOne([mine]);
  const { id } = await openOne([own]);
  // The policy's name says that names were removed on the device.
  const policy = (name: string) =>
    sql`update instance set policy_name = ${name} where study_id in
      (select id from study where study_instance_uid = ${own})`.execute(gateway.database.db);
  await policy('deidentified');
  const seen = await jsonOf<Case>(gateway, `GET /cases/${id}`, { token });
  const list = await jsonOf<CaseList>(gateway, 'GET /cases', { token });
  assert.equal([seen.title, seen.createdBy], [null, null]);
  assert.ok(list.cases.some((found) => found.id === id));
  assert.not.ok(JSON.stringify(list).includes(TITLE));
  for (const part of ['notes', 'attachments', `attachments/${randomUUID()}`])
    assert.is(await statusOf(`/cases/${id}/${part}`, token), 404);
  assert.is((await jsonOf<Case>(gateway, `GET /cases/${sent.id}`, { token })).title, TITLE);
  for (const part of ['notes', 'attachments'])
    assert.is(await statusOf(`/cases/${sent.id}/${part}`, token), 200);
  await policy('identified');
});

test('an image that is sent under the UID of a study of somebody else opens no case', async () => {
  const { id } = await openOne([foreign]);
  const intruder = await tokenOf('technician');
  gateway.wait(1);
  await deliverStudy(gateway, { token: intruder, seed: 954, ofStudy: 952, ...patient });
  assert.is(await statusOf(`/cases/${id}`, intruder), 404);
  assert.is(await statusOf(`/cases/${id}/notes`, intruder), 404);
  assert.equal(await listed('', intruder), []);
  assert.is(await statusOf(`/cases/${id}`, other), 200);
});

test('a study that was named before somebody else sent it opens no case, and closes none to the sender', async () => {
  const late = testFilm({ seed: 956, ofStudy: 955 });
  const intruder = await tokenOf('technician');
  await nameStudy(askOf(gateway), intruder, [late]);
  const { id } = await openOne([await deliverStudy(gateway, { token: sender, seed: 955, ...patient })]);
  gateway.wait(1);
  await deliverStudy(gateway, { token: intruder, seed: 956, ofStudy: 955 });
  for (const part of ['', '/notes', '/attachments']) {
    assert.is(await statusOf(`/cases/${id}${part}`, intruder), 404);
    assert.is(await statusOf(`/cases/${id}${part}`, sender), 200);
  }
  assert.equal(await listed('', intruder), []);
  assert.ok((await listed('', sender)).includes(id));
});

test('filters tell nothing of a study or a result that the reader is not shown', async () => {
  const { id } = await openOne([own, foreign]);
  await gateway.database.db
    .insertInto('inference_result')
    .values({
      id: randomUUID(),
      site_id: sql`(select site_id from case_record where id = ${id})`,
      ...{ cache_key: 'foreign', model_id: 'm', version: '1', model_digest: '', input_digest: '' },
      ...{ study_instance_uid: foreign, sop_instance_uid: '2.25.10009523' },
      finding: JSON.stringify({ positive: true, image: { kind: 'CXR' } }),
      models: '[]',
      created_at: gateway.now(),
    })
    .execute();
  const finds = async (query: string, token: string): Promise<boolean> =>
    (await listed(query, token)).includes(id);
  assert.not.ok(await finds('bodyPart=HAND', keeper));
  const seen = async (token: string) =>
    (await jsonOf<Case>(gateway, `GET /cases/${id}`, { token })).studies.flatMap((study) => study.bodyParts);
  assert.equal([await seen(keeper), await seen(sender)], [['CHEST'], []]);
  for (const query of [`q=${foreign}`, 'finding=positive', 'bodyPart=CHEST']) {
    assert.ok(await finds(query, keeper), query);
    assert.not.ok(await finds(query, sender), query);
  }
  for (const query of [`q=${own}`, 'finding=not-examined', 'modality=DX'])
    assert.ok(await finds(query, sender), query);
});

test('the timeline names no account to a researcher, by no field', async () => {
  const { id, version } = await openOne([own]);
  await sql`update instance set policy_name = 'deidentified' where study_id in
    (select id from study where study_instance_uid = ${own})`.execute(gateway.database.db);
  const { accounts } = await jsonOf<{ accounts: { id: string }[] }>(gateway, 'GET /case-assignees', {
    token: keeper,
  });
  const assigneeId = accounts[0]!.id;
  const body = { version, assigneeId, priority: 'high' };
  await jsonOf(gateway, `PATCH /cases/${id}`, { token: keeper, body });
  const path = `GET /cases/${id}/timeline`;
  const { events } = await jsonOf<CaseTimeline>(gateway, path, { token: await tokenOf('researcher') });
  assert.ok(events.some(({ fields }) => fields['priority'] === 'high'));
  assert.not.ok(JSON.stringify(events).includes(assigneeId));
});

test('researchers are told how many cases they are not shown from the smallest cell on; those who see all, of none', async () => {
  const researcher = await tokenOf('researcher');
  const both = await tokenOf('researcher', 'admin');
  const told = (token: string) => jsonOf(gateway, 'GET /cases/not-shown', { token });
  await gateway.database.db.deleteFrom('case_record').execute();
  assert.equal(await told(researcher), { cases: 0, isMore: false });
  for (let opened = 1; opened <= SMALLEST_CELL + 1; opened += 1) {
    await openTestCase(gateway, keeper, { expected: { patientId: `PID-${opened}` } });
    const cases = opened < SMALLEST_CELL ? null : opened;
    assert.equal(await told(researcher), { cases, isMore: false }, `${opened}`);
  }
  for (const token of [keeper, both]) assert.equal(await told(token), { cases: 0, isMore: false });
});

test.run();
