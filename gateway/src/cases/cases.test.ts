/** Cases through the real routes: who sees what of them, changes side by side, and what remains of a deleted one. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CASE_FINDINGS,
  type Case,
  type CaseList,
  type CaseNotes,
  type CasePatients,
  type CaseTimeline,
  NOTES_LIMIT,
} from '#shared/protocol/cases.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { audited } from '../testing/audited.ts';
import {
  codeOf,
  deliverStudy,
  jsonOf,
  noteOn,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import { testPeople } from '../testing/test-people.ts';

const NAME = 'Yamada^Kitsune';
const TITLE = 'Kitsune Yamada, second look';
const NOTE = 'Seen with Dr Oberhuber:\nold rib fracture';
const TAG = 'oberhuber-rounds';

const test = suite('cases');
let gateway: PacsGateway;
const PEOPLE = {
  ...({ technician: 'technician', radiologist: 'radiologist', researcher: 'researcher' } as const),
  ...({ auditor: 'auditor', admin: 'admin', sender: 'technician' } as const),
};
type Who = keyof typeof PEOPLE;
const { as, join: comeIn, idOf } = testPeople(PEOPLE);
let study: string;
let other: string;

test.before(async () => {
  gateway = await openPacsGateway();
  await comeIn(gateway);
  const patient = { patientName: NAME, patientId: 'PID-4711', birthDate: '19700101', sex: 'F' };
  study = await deliverStudy(gateway, { ...as('sender'), seed: 901, ...patient, accessionNumber: 'ACC-1' });
  other = await deliverStudy(gateway, { ...as('sender'), seed: 902, ...patient, accessionNumber: 'ACC-2' });
});
test.after(() => gateway.close());

const openOne = (body: Record<string, unknown> = {}): Promise<Case> =>
  openTestCase(gateway, as('radiologist').token, { title: TITLE, tags: [TAG], studies: [study], ...body });
const statusOf = (request: string, who: Who, body?: unknown): Promise<string> =>
  codeOf(gateway, request, { ...as(who), body });

test('each reader is told what is withheld from them, and of a patient a pseudonym', async () => {
  const { id } = await openOne();
  const setPolicy = (name: string) =>
    sql`update instance set policy_name = ${name} where study_id in
      (select id from study where study_instance_uid = ${study})`.execute(gateway.database.db);
  // The policy's name says that names were removed on the device.
  await setPolicy('deidentified');
  const words = ['title', 'tags', 'notes', 'attachments', 'patient'];
  for (const [who, query, withheld] of [
    ['radiologist', '', []],
    ['sender', '', ['patient']],
    ['admin', '?anonymise=1', words],
    ['researcher', '', [...words, 'people']],
  ] as const) {
    const seen = await jsonOf<Case>(gateway, `GET /cases/${id}${query}`, as(who));
    assert.equal([seen.withheld, seen.title], [withheld, withheld.length > 1 ? null : TITLE], who);
    if (who !== 'sender') assert.match(seen.pseudonym ?? '', /^P-[0-9A-Z]{4}-[0-9A-Z]{4}$/, who);
  }
  assert.is(await statusOf(`GET /cases/${id}/notes`, 'researcher'), 'not-allowed');
  assert.is(await statusOf(`GET /cases/${id}/patients`, 'sender'), 'not-allowed');
  await setPolicy('identified');
});

test('digits alone are the number of a case; with a dot they are a part of a Study Instance UID', async () => {
  const first = await openOne();
  await openOne({ studies: [other] });
  const found = async (q: string): Promise<number[]> =>
    (await jsonOf<CaseList>(gateway, `GET /cases?q=${q}`, as('admin'))).cases.map(({ number }) => number);
  assert.equal(await found(`${first.number}`), [first.number]);
  assert.equal(await found('999999999'), []);
  const digits = study.slice('2.25.'.length);
  assert.equal(await found(digits), [], 'the digits of a UID are no number of a case');
  assert.ok((await found(`.${digits}`)).includes(first.number));
});

test('the cases that have a study already are found by its whole UID, not by one that begins alike', async () => {
  const { number } = await openOne();
  const found = async (uid: string): Promise<number[]> =>
    (await jsonOf<CaseList>(gateway, `GET /cases?study=${uid}`, as('admin'))).cases.map((one) => one.number);
  assert.ok((await found(study)).includes(number));
  assert.equal([await found(study.slice(0, -1)), await found(`${study}0`)], [[], []]);
  assert.is(await statusOf('GET /cases?study=not-a-uid', 'admin'), 'invalid-request');
});

test('a model that gave no answer has not found nothing, and a correction is told with what was found', async () => {
  const { db } = gateway.database;
  const of = await deliverStudy(gateway, { ...as('sender'), seed: 917 });
  const { id } = await openOne({ studies: [of] });
  const findings = async () => {
    const listed = async (finding: string): Promise<boolean> => {
      const path = `GET /cases?finding=${finding}&limit=100`;
      const { cases } = await jsonOf<CaseList>(gateway, path, as('radiologist'));
      return cases.some((one) => one.id === id && one.finding === finding);
    };
    const found = await Promise.all(CASE_FINDINGS.map(listed));
    return CASE_FINDINGS.filter((_, at) => found[at]);
  };
  assert.equal(await findings(), ['not-examined']);
  await insertTestResult(db, { study: of, positive: null });
  assert.equal(await findings(), ['silent']);
  const result = await insertTestResult(db, { study: of, positive: false });
  assert.equal(await findings(), ['negative']);
  const verdict = { verdict: 'correct', verified_finding: 'pneumonia' } as const;
  await db.updateTable('inference_result').set(verdict).where('id', '=', result).execute();
  const { studies } = await jsonOf<Case>(gateway, `GET /cases/${id}`, as('radiologist'));
  const corrected = studies[0]!.results.find((one) => one.id === result)!;
  assert.equal(
    [corrected.positive, corrected.verdict, corrected.correctedFinding],
    [false, 'correct', 'pneumonia'],
  );
  await insertTestResult(db, { study: of, positive: true });
  assert.equal(await findings(), ['positive']);
});

test('a change names the fields whose value is another one, and without any there is none', async () => {
  const { id, version, title, tags, status, priority, dueOn } = await openOne();
  const all = { title, tags, status, priority, dueOn, assigneeId: null };
  const change = async (of: number, body: object) => {
    const said = { ...as('radiologist'), body: { ...all, ...body, version: of } };
    return (await jsonOf<Case>(gateway, `PATCH /cases/${id}`, said)).version;
  };
  const unchanged = await change(version, {});
  const changed = await change(unchanged, { priority: 'urgent', dueOn: '2030-02-01' });
  await change(changed, { priority: 'urgent', dueOn: '2030-02-01', title: 'Another title' });
  assert.equal([unchanged, changed], [version, version + 1]);
  const { events } = await jsonOf<CaseTimeline>(gateway, `GET /cases/${id}/timeline`, as('admin'));
  assert.equal(
    fieldsOf(
      events.filter(({ event }) => event === 'case-changed'),
      'fields',
    ),
    [{ changed: ['dueOn', 'priority'], dueOn: '2030-02-01', priority: 'urgent' }, { changed: ['title'] }],
    'a text is named and not repeated',
  );
});

test('only keepers write, and nobody overwrites what they have not seen', async () => {
  const { id, version } = await openOne();
  const own = { version, title: 'x' };
  assert.is(
    await statusOf(`PATCH /cases/${id}`, 'sender', own),
    'not-allowed',
    'though it is of their study',
  );
  const both = await Promise.all(
    ['First', 'Second'].map((title) => statusOf(`PATCH /cases/${id}`, 'admin', { version, title })),
  );
  assert.equal(both.sort(), ['200', 'case-changed']);
  const now = await jsonOf<Case>(gateway, `GET /cases/${id}`, as('admin'));
  const closed = await jsonOf<Case>(gateway, `POST /cases/${id}/close`, {
    ...as('radiologist'),
    body: { version: now.version, reason: 'Done' },
  });
  assert.is(closed.status, 'closed');
  const stale = { version: closed.version, title: 'Late' };
  assert.is(await statusOf(`PATCH /cases/${id}`, 'admin', stale), 'case-closed');
  assert.is(await statusOf(`POST /cases/${id}/reopen`, 'admin', { version: 1, reason: 'x' }), 'case-changed');
  const reason = 'The prior came';
  const body = { version: closed.version, reason };
  const opened = await jsonOf<Case>(gateway, `POST /cases/${id}/reopen`, { ...as('admin'), body });
  assert.equal([opened.status, opened.closedAt], ['open', null]);
  const { notes } = await jsonOf<CaseNotes>(gateway, `GET /cases/${id}/notes`, as('admin'));
  assert.equal(
    notes.map(({ kind, text }) => `${kind} ${text}`),
    ['closed Done', `reopened ${reason}`],
  );
  const again = { version: opened.version, reason: 'x' };
  assert.is(await statusOf(`POST /cases/${id}/reopen`, 'admin', again), 'case-not-closed');
});

test('is assigned only to an account that may open it', async () => {
  const { accounts } = await jsonOf<{ accounts: { id: string; username: string }[] }>(
    gateway,
    'GET /case-assignees',
    as('admin'),
  );
  const { id, version } = await openOne({ assigneeId: accounts[0]!.id });
  const technician = idOf('technician');
  assert.not.ok(accounts.some((account) => account.id === technician));
  const body = { version, assigneeId: technician };
  assert.is(await statusOf(`PATCH /cases/${id}`, 'admin', body), 'invalid-request');
});

test('several studies are one case only where the PACS says that they are of one patient', async () => {
  const stranger = await deliverStudy(gateway, { ...as('sender'), seed: 903, patientId: 'PID-5' });
  const { studies } = await openOne({ studies: [study, other] });
  assert.is(studies.length, 2);
  const open = (studies: string[]) => statusOf('POST /cases', 'admin', { title: 'x', studies });
  assert.is(await open([study, stranger]), 'case-of-several-patients');
  assert.is(await open(['2.25.404']), 'study-not-found');
  gateway.pacs.lie = 'down';
  assert.is(await open([study, other]), 'pacs-unreachable');
  const alone = await openOne();
  assert.is(alone.pseudonym, null, 'one alone needs no PACS');
  gateway.pacs.lie = 'honest';
  await jsonOf(gateway, `GET /cases/${alone.id}/patients`, as('admin'));
  const { pseudonym } = await jsonOf<Case>(gateway, `GET /cases/${alone.id}`, as('admin'));
  assert.match(pseudonym ?? '', /^P-/, 'learnt when its patient was asked for');
});

test('a study that the PACS lists under several patients is shown as nobody’s', async () => {
  const named = { patientName: NAME, patientId: 'PID-6' };
  const shared = await deliverStudy(gateway, { ...as('sender'), seed: 904, ...named });
  const { id } = await openOne({ studies: [shared] });
  const row = gateway.pacs.studies.find(({ studyInstanceUID }) => studyInstanceUID === shared)!;
  const toldOf = async () => {
    const { studies } = await jsonOf<CasePatients>(gateway, `GET /cases/${id}/patients`, as('admin'));
    return studies.map(({ patientName, patientId }) => [patientName, patientId]);
  };
  gateway.pacs.studies.unshift({ ...row });
  assert.equal(await toldOf(), [[NAME, 'PID-6']], 'twice under one patient');
  // Somebody has sent an image of another patient under its UID.
  gateway.pacs.studies.unshift({ ...row, patientName: 'Other^Patient', patientId: 'PID-7' });
  assert.equal(await toldOf(), [[null, null]]);
  assert.is((await openOne({ studies: [shared] })).pseudonym, null);
  const body = { title: 'x', studies: [shared, study] };
  assert.is(await statusOf('POST /cases', 'admin', body), 'case-of-several-patients');
  gateway.pacs.studies.splice(0, 2);
});

test('nothing that anybody typed, and no number of a patient, is in any table', async () => {
  const { id } = await openOne({ dueOn: '2026-12-24' });
  await noteOn(gateway, as('admin'), id, NOTE);
  await openOne({ studies: undefined, expected: { accessionNumber: 'OBERHUBER-17' } });
  const { rows } = await sql<{ tablename: string }>`
    select tablename from pg_tables where schemaname = 'public'`.execute(gateway.database.db);
  assert.ok(rows.length > 20);
  for (const { tablename } of rows) {
    const held = await sql<{ row: string }>`
      select to_jsonb(t)::text as row from ${sql.table(tablename)} t`.execute(gateway.database.db);
    const text = held.rows.map(({ row }) => row).join('\n');
    for (const typed of [NAME, TITLE, TAG, NOTE, 'PID-4711', 'OBERHUBER-17'])
      for (const form of [typed, JSON.stringify(typed).slice(1, -1), Buffer.from(typed).toString('hex')])
        assert.not.ok(text.includes(form), `${typed} in ${tablename}`);
  }
});

test('the key of a deleted case is gone from the disk, and its events stay', async () => {
  const keys = join(gateway.folder, 'keys', 'cases');
  const before = readdirSync(keys);
  const { id, version } = await openOne();
  const [own] = readdirSync(keys).filter((name) => !before.includes(name));
  assert.is(await statusOf(`DELETE /cases/${id}?version=${version}`, 'radiologist'), 'not-allowed');
  assert.is(await statusOf(`DELETE /cases/${id}?version=${version + 1}`, 'admin'), 'case-changed');
  assert.is(await statusOf(`DELETE /cases/${id}?version=${version}`, 'admin'), '204');
  assert.not.ok(existsSync(join(keys, own!)));
  assert.is(await statusOf(`GET /cases/${id}`, 'admin'), 'not-found');
  const events = (await audited(gateway.database.db)).filter(({ fields }) => fields['caseId'] === id);
  assert.equal(fieldsOf(events, 'event'), ['case-opened', 'case-deleted']);
});

test('a case takes a limited number of notes', async () => {
  const { id } = await openOne();
  const note = () => statusOf(`POST /cases/${id}/notes`, 'admin', { text: NOTE });
  assert.is(await note(), '201');
  await sql`insert into case_note (id, case_id, kind, sealed, by_account, at)
    select gen_random_uuid(), case_id, kind, sealed, by_account, at
    from case_note, generate_series(2, ${NOTES_LIMIT - 1}) where case_id = ${id}`.execute(
    gateway.database.db,
  );
  assert.is(await note(), '201');
  assert.is(await note(), 'case-full');
  const said = { version: 1, reason: 'Reported' };
  const close = (body: object) => statusOf(`POST /cases/${id}/close`, 'admin', body);
  assert.is(await close(said), 'case-full', 'its reason is a note too');
  assert.is(await close({ version: 1 }), '200');
});

test('reading a case, and reading whose it is, is one event each for an account, a case and a quarter of an hour', async () => {
  const { id } = await openOne();
  const readings = async (read = 'case-read'): Promise<number> => {
    const { events } = await jsonOf<CaseTimeline>(gateway, `GET /cases/${id}/timeline`, as('auditor'));
    return events.filter(({ event }) => event === read).length;
  };
  for (const path of ['?anonymise=1', '/notes', ''])
    await jsonOf(gateway, `GET /cases/${id}${path}`, as('radiologist'));
  assert.is(await readings(), 1);
  assert.is(await readings('case-patients-read'), 0);
  for (let again = 0; again < 2; again += 1)
    await jsonOf(gateway, `GET /cases/${id}/patients`, as('radiologist'));
  assert.equal([await readings(), await readings('case-patients-read')], [1, 1]);
  await jsonOf(gateway, `GET /cases/${id}`, as('admin'));
  assert.is(await readings(), 2);
  gateway.wait(15 * 60_000);
  await comeIn(gateway);
  await jsonOf(gateway, `GET /cases/${id}`, as('radiologist'));
  assert.is(await readings(), 3);
});

test.run();
