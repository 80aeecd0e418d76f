/** The studies that wait to be read, and the patients of the rows of a list, through the real routes. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case, ManyPatients } from '#shared/protocol/cases.ts';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import type { UnreadStudies } from '#shared/protocol/unread-studies.ts';
import { until } from '#testing/gateway-under-test.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { audited } from '../testing/audited.ts';
import {
  deliverStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { MARKED } from '../testing/open-film.ts';
import { openTestReview } from '../testing/open-reviews.ts';
import { REVIEW_PEOPLE, testPeople } from '../testing/test-people.ts';

const test = suite('unread studies');
let gateway: PacsGateway;
let seed = 2700;
const { as, idOf, join } = testPeople(REVIEW_PEOPLE);

test.before.each(async () => {
  gateway = await openPacsGateway();
  await join(gateway);
});
test.after.each(() => gateway.close());

function deliver(triage?: DeviceTriage): Promise<string> {
  seed += 1;
  const of = { ...as('technician'), seed, patientId: `PID-${seed}`, patientName: `Doe^Number ${seed}` };
  return deliverStudy(gateway, triage === undefined ? of : { ...of, triage });
}
const page = (query = ''): Promise<UnreadStudies> =>
  jsonOf(gateway, `GET /cases/unread-studies?${query}`, as('ana'));
const NONE: UnreadStudies = { studies: [], count: null, next: null };
const uidsOf = ({ studies }: UnreadStudies): string[] =>
  studies.map(({ studyInstanceUID }) => studyInstanceUID);
type Named = { readonly studies: string[]; readonly by: string; readonly studyInstanceUID: string };
const eventsNamed = async (event: string): Promise<Named[]> =>
  fieldsOf(await audited(gateway.database.db, event), 'fields') as unknown as Named[];
const askFor = async (caseId: string): Promise<string> =>
  (await openTestReview(gateway, as('admin'), caseId, { type: 'chest-film', readers: [idOf('ana')] })).id;
/** From now on. */
async function makeSample(accountId: string): Promise<void> {
  await sql`insert into sample_account (site_id, account_id)
    select site_id, id from account where id = ${accountId}`.execute(gateway.database.db);
}
const close = ({ id, version }: Case, { token } = as('admin')): Promise<unknown> =>
  jsonOf(gateway, `POST /cases/${id}/close`, { token, body: { version } });

test('marked studies come first, then the newest, a page at a time, and their number is that of all pages', async () => {
  const early = await deliver(MARKED);
  const plain = [await deliver(), await deliver({ ...MARKED, first: false }), await deliver()];
  const expected = [early, ...plain.reverse()];
  const whole = await page();
  assert.equal([uidsOf(whole), whole.count, whole.next], [expected, null, null]);
  assert.equal(whole.studies[0], { ...whole.studies[0]!, isEarly: true, caseId: null, isAsked: false });
  assert.equal(whole.studies[0]!.modalities, ['DX']);
  const first = await page('limit=2');
  const rest = await page(`limit=2&cursor=${first.next}`);
  assert.equal([...uidsOf(first), ...uidsOf(rest)], expected);
  assert.is(rest.next, null);
  assert.equal(await page('limit=0'), { studies: [], count: 4, next: null });
  assert.is((await gateway.call('GET', '/cases/unread-studies?cursor=1~x~2', as('ana'))).status, 422);
  const noDay = 'cursor=1~2024-02-30T00:00:00.000Z~1.2';
  assert.is((await gateway.call('GET', `/cases/unread-studies?${noDay}`, as('ana'))).status, 422);
});

test('a study leads to its case, and waits until a reading of it is settled or the case is closed', async () => {
  const read = await deliver();
  const closed = await deliver();
  const cases = new Map<string, Case>();
  for (const study of [read, closed])
    cases.set(study, await openTestCase(gateway, as('admin').token, { studies: [study] }));
  const rows = async () => (await page()).studies.map((one) => [one.caseId, one.isAsked]);
  assert.equal(await rows(), [
    [cases.get(closed)!.id, false],
    [cases.get(read)!.id, false],
  ]);
  const review = await askFor(cases.get(read)!.id);
  assert.equal((await rows())[1], [cases.get(read)!.id, true]);
  const { db } = gateway.database;
  await db.updateTable('review').set({ state: 'settled' }).where('id', '=', review).execute();
  assert.equal(uidsOf(await page()), [closed]);
  await close(cases.get(closed)!);
  assert.equal([await page(), await page('limit=0')], [NONE, { ...NONE, count: 0 }]);
});

test('a radiologist says for the site that a study needs no reading, in the audit trail, and may take it back', async () => {
  const study = await deliver();
  const call = async (method: string, uid = study) =>
    (await gateway.call(method, `/cases/unread-studies/${uid}/waiver`, as('cleo'))).status;
  assert.equal([await call('PUT'), await call('PUT')], [204, 204]);
  assert.equal(uidsOf(await page()), []);
  assert.equal([await call('DELETE'), uidsOf(await page())], [204, [study]]);
  assert.is(await call('PUT', '2.25.404'), 404);
  for (const event of ['reading-waived', 'reading-wanted'])
    assert.equal(await eventsNamed(event), [{ studyInstanceUID: study, by: idOf('cleo') }], event);
});

test('a study waits again once another image of it went to the PACS, whatever was said of it before', async () => {
  const waived = await deliver();
  const closed = await deliver();
  const call = () => gateway.call('PUT', `/cases/unread-studies/${waived}/waiver`, as('cleo'));
  await close(await openTestCase(gateway, as('admin').token, { studies: [closed] }));
  await call();
  assert.equal(uidsOf(await page()), []);
  for (const uid of [waived, closed])
    await sql`update instance set posted_at = now() + interval '20 seconds' where study_id in
      (select s.id from study s where s.study_instance_uid = ${uid})`.execute(gateway.database.db);
  assert.equal(uidsOf(await page()), [closed, waived]);
  gateway.wait(40_000);
  await call();
  assert.equal(uidsOf(await page()), [closed]);
});

test('a study waits on where its reader could not judge it', async () => {
  const study = await deliver();
  const of = await openTestCase(gateway, as('admin').token, { studies: [study] });
  const review = await askFor(of.id);
  const { db } = gateway.database;
  const event = randomUUID();
  const decide = (decision: string) =>
    sql`with e as (
      insert into review_event (review_id, id, place, version, step, by_account, decision, at)
      values (${review}, ${event}, 1, 2, 'decide', ${idOf('ana')}, ${decision}, now())
      on conflict (review_id, id) do update set decision = excluded.decision returning id)
    update review_place set decided_by_event = ${event} where review_id = ${review}`.execute(db);
  await sql`update review set state = 'settled', final_place = 1, settled_at = now()
    where id = ${review}`.execute(db);
  await decide('reject');
  assert.equal(uidsOf(await page()), [study]);
  await decide('accept');
  assert.equal(uidsOf(await page()), []);
});

test('a sample account decides about no study', async () => {
  const study = await deliver();
  const { user, ...tina } = await gateway.userWith(['radiologist']);
  const token = { token: tina.accessToken };
  await close(await openTestCase(gateway, tina.accessToken, { studies: [study] }), token);
  assert.equal(uidsOf(await page()), []);
  await makeSample(user.id);
  const waiver = `/cases/unread-studies/${study}/waiver`;
  assert.is((await gateway.call('PUT', waiver, token)).status, 403);
  const [row, ...others] = (await page()).studies;
  assert.equal([row?.studyInstanceUID, row?.caseId, others], [study, null, []]);
});

test('studies of sample accounts, and those of more than 30 days ago, do not wait', async () => {
  const sample = await deliver();
  const old = await deliver();
  const here = await deliver();
  const { db } = gateway.database;
  await sql`update study set created_at = ${new Date(Date.now() - 31 * 86_400_000)}
    where study_instance_uid = ${old}`.execute(db);
  assert.equal(uidsOf(await page()), [here, sample]);
  const { user } = await gateway.userWith(['technician']);
  await makeSample(user.id);
  await sql`update study set account_id = ${user.id} where study_instance_uid = ${sample}`.execute(db);
  assert.equal([uidsOf(await page()), (await page('limit=0')).count], [[here], 1]);
});

test('the patients of the rows of a list are one question and one event that names the studies', async () => {
  const ofCase = await deliver();
  const alone = await deliver();
  const { id } = await openTestCase(gateway, as('admin').token, { studies: [ofCase] });
  const body = { cases: [id, randomUUID()], studies: [alone, '2.25.404'] };
  const ask = () => jsonOf<ManyPatients>(gateway, 'POST /cases/patients', { ...as('ana'), body });
  const told = await ask();
  assert.equal(
    told.cases.map((one) => [one.id, one.studies.map(({ patientName }) => patientName)]),
    [[id, [`Doe^Number ${seed - 1}`]]],
  );
  assert.equal(fieldsOf(told.studies, 'studyInstanceUID', 'patientName'), [[alone, `Doe^Number ${seed}`]]);
  await ask();
  const [event, ...others] = await eventsNamed('patients-read');
  assert.equal([[...event!.studies].sort(), event!.by, others], [[ofCase, alone].sort(), idOf('ana'), []]);
  const many = { cases: [], studies: Array.from({ length: 26 }, (_, at) => `2.25.${at}`) };
  const refused = await gateway.call('POST', '/cases/patients', { ...as('ana'), body: many });
  assert.is(refused.status, 422);
});

/** So many cases of 20 studies each, of which one is in the PACS. */
async function openLargeCases(count: number): Promise<string[]> {
  const study = await deliver();
  const ids: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const { id } = await openTestCase(gateway, as('admin').token, { studies: [study] });
    ids.push(id);
    await sql`insert into case_study (case_id, site_id, study_instance_uid, added_at)
      select case_id, site_id, '2.25.9' || ${`${at}`} || n, added_at from case_study, generate_series(100, 118) n
      where case_id = ${id}`.execute(gateway.database.db);
  }
  return ids;
}

test('one request asks the PACS for at most 100 studies, and names the cases to ask for again', async () => {
  const ids = await openLargeCases(6);
  const ask = (cases: readonly string[]) =>
    jsonOf<ManyPatients>(gateway, 'POST /cases/patients', { ...as('admin'), body: { cases, studies: [] } });
  const first = await ask(ids);
  assert.is(
    new Set(first.cases.flatMap(({ studies }) => studies.map((one) => one.studyInstanceUID))).size,
    96,
  );
  assert.is((await eventsNamed('patients-read'))[0]!.studies.length, 96);
  assert.is(first.later.length, 1);
  const rest = await ask(first.later);
  assert.equal([...first.cases, ...rest.cases].map(({ id }) => id).sort(), ids.toSorted());
  assert.equal(rest.later, []);
});

test('lists together ask the PACS six questions at a time, and no more of a list that failed or was left', async () => {
  const ids = await openLargeCases(2);
  const asked: ((outcome: 'fails' | 'answers') => void)[] = [];
  gateway.pacs.searchStudies = () =>
    new Promise((resolve, reject) => {
      asked.push((outcome) =>
        outcome === 'fails' ? reject(new PacsUnreachable('away', null)) : resolve([]),
      );
    });
  const left = new AbortController();
  const ask = (id: string | undefined, signal?: AbortSignal) =>
    gateway.call('POST', '/cases/patients', {
      ...as('admin'),
      ...{ body: { cases: [id], studies: [] }, ...(signal && { signal }) },
    });
  const failing = ask(ids[0]);
  await until('six questions', () => asked.length === 6);
  const leaving = ask(ids[1], left.signal);
  await until('both lists', async () => (await eventsNamed('patients-read')).length === 2);
  assert.is(asked.length, 6);
  asked[0]!('fails');
  assert.is((await failing).status, 502);
  await until('a question of the other list', () => asked.length === 7);
  left.abort();
  for (let at = 1; at < 7; at += 1) asked[at]!('answers');
  assert.is(((await (await leaving).json()) as { code: string }).code, 'called-off');
  assert.is(asked.length, 7);
});

test.run();
