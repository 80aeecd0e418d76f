/** Cases out as CSV and in again: nothing is half imported, nothing is doubled, and an export changes nothing. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CaseImport } from '#shared/protocol/case-csv.ts';
import type { Case, CaseList, CaseTimeline } from '#shared/protocol/cases.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { audited } from '../testing/audited.ts';
import {
  deliverStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { testPeople } from '../testing/test-people.ts';

const test = suite('cases as CSV');
let gateway: PacsGateway;
const PEOPLE = {
  technician: 'technician',
  radiologist: 'radiologist',
  reader: 'radiologist',
  admin: 'admin',
  researcher: 'researcher',
} as const;
type Who = keyof typeof PEOPLE;
const { as, join } = testPeople(PEOPLE);
let study: string;

test.before(async () => {
  gateway = await openPacsGateway();
  await join(gateway);
  const patient = { patientName: 'Yamada^Kitsune', patientId: 'PID-4711', accessionNumber: 'ACC-1' };
  study = await deliverStudy(gateway, { ...as('technician'), seed: 961, ...patient });
});
test.after(() => gateway.close());

const openOne = (body: Record<string, unknown> = {}): Promise<Case> =>
  openTestCase(gateway, as('admin').token, { studies: [study], ...body });
const send = (csv: string | Uint8Array<ArrayBuffer>, query: string, who: Who = 'admin'): Promise<Response> =>
  gateway.call('POST', `/cases/import?${query}`, {
    ...as(who),
    headers: { 'content-type': 'text/csv' },
    form: typeof csv === 'string' ? new TextEncoder().encode(csv) : csv,
  });
async function imported(csv: string, query = `id=${randomUUID()}`): Promise<CaseImport> {
  const answer = await send(csv, query);
  assert.is(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as CaseImport;
}
const exported = async (who: Who = 'admin', query = ''): Promise<string> => {
  const answer = await gateway.call('GET', `/cases?format=csv${query}`, as(who));
  assert.is(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/csv; charset=utf-8/);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await answer.arrayBuffer());
};
/** Everything of all cases that a change would touch. */
const stateOf = async (): Promise<string> => {
  const { rows } = await sql<{
    row: string;
  }>`select to_jsonb(c)::text as row from case_record c order by number`.execute(gateway.database.db);
  return rows.map(({ row }) => row).join('\n');
};
const readOne = (id: string): Promise<Case> => jsonOf(gateway, `GET /cases/${id}`, as('admin'));
const faults = ({ wrong }: CaseImport): string[] =>
  wrong.map(({ row, field, fault }) => `${row} ${field ?? '-'} ${fault}`);

test('an export that is imported changes nothing, whatever people have typed', async () => {
  await openOne({ title: '=HYPERLINK("http://x","y")', tags: ['a, b', '"q"', '-1', "'=x"] });
  await openOne({
    title: `"Ärztin"; @SUM(1), 'x'`,
    priority: 'urgent',
    dueOn: '2027-01-31',
    assigneeId: null,
  });
  const closed = await openOne({ title: '+49 89' });
  await jsonOf(gateway, `POST /cases/${closed.id}/close`, { ...as('admin'), body: { version: 1 } });
  const csv = await exported();
  assert.ok(csv.startsWith('\uFEFFid,version,number,title,'), 'spreadsheets read it as UTF-8');
  assert.match(csv, /,"'=HYPERLINK\(""http/);
  const before = await stateOf();
  const report = await imported(csv);
  assert.equal(faults(report), []);
  assert.equal([report.isImported, report.opened, report.changed], [true, 0, 0]);
  assert.is(report.unchanged, csv.trimEnd().split('\r\n').length - 1);
  assert.is(await stateOf(), before);
});

test('files that come slowly keep nobody else waiting', async () => {
  const slow = (['radiologist', 'reader'] as const).map((who) => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const headers = { authorization: `Bearer ${as(who).token}`, 'content-type': 'text/csv' };
    const init = { method: 'POST', headers, body: readable, duplex: 'half' } as RequestInit;
    const answered = gateway.api.request('http://localhost/cases/import?dryRun=true', init);
    return { answered, begun: writer.write(new TextEncoder().encode('title\nSlow\n')), writer };
  });
  await Promise.all(slow.map(({ begun }) => begun));
  assert.is((await imported('title\nFast\n', 'dryRun=true')).rows, 1);
  await Promise.all(slow.map(({ writer }) => writer.close()));
  for (const { answered } of slow) assert.is((await answered).status, 200);
});

test('rows open cases for studies and numbers, and change the cases that they name', async () => {
  const { id, version } = await openOne({ title: 'Before', tags: ['old'], priority: 'low' });
  const { accounts } = await jsonOf<{ accounts: { id: string; username: string }[] }>(
    gateway,
    'GET /case-assignees',
    as('admin'),
  );
  const person = accounts[0]!;
  const csv = [
    'ID;Version;Title;Priority;Tags;Due;Assignee;Studies;Accession number;Remark',
    `${id};${version};After;urgent;"new, ""a, b""";2027-02-03;${person.username};${study};;x`,
    `;;By study;;;;;${study};;`,
    ';;By number;High;one, two;;;;ACC-77;',
    ';;Already here;;;;;;ACC-1;',
  ].join('\n');
  const preview = await imported(csv, 'dryRun=true');
  assert.equal([preview.isImported, preview.opened, preview.changed], [false, 3, 1]);
  assert.equal(preview.columns.at(-1), { header: 'Remark', field: null });
  assert.is(preview.preview[0]?.[2], 'After');
  assert.is((await readOne(id)).title, 'Before', 'a dry run takes nothing');
  const report = await imported(csv);
  assert.equal([report.isImported, report.opened, report.changed, faults(report)], [true, 3, 1, []]);
  const changed = await readOne(id);
  assert.equal(
    [changed.version, changed.title, changed.tags, changed.priority, changed.dueOn, changed.assignee?.id],
    [version + 1, 'After', ['new', 'a, b'], 'urgent', '2027-02-03', person.id],
  );
  const { cases } = await jsonOf<CaseList>(gateway, 'GET /cases?limit=3', as('admin'));
  assert.equal(fieldsOf(cases, 'title', 'expects', 'studyCount'), [
    ['Already here', null, 1],
    ['By number', 'accession-number', 0],
    ['By study', null, 1],
  ]);
  assert.equal([cases[1]?.tags, cases[1]?.priority], [['one', 'two'], 'high']);
  const { events } = await jsonOf<CaseTimeline>(gateway, `GET /cases/${id}/timeline`, as('admin'));
  assert.ok(events.some(({ event, fields }) => event === 'case-changed' && 'importId' in fields));
});

test('rows that say the same as an earlier one are told, and may be meant', async () => {
  const csv = [
    'title,patientId,tags',
    'Twice,P-1,a',
    'Alone,P-1,a',
    'Twice,P-1,a',
    'Twice,P-1,b',
    'Twice , P-1,a',
  ].join('\n');
  for (const query of ['dryRun=true', `id=${randomUUID()}`]) {
    const report = await imported(csv, query);
    assert.equal([report.opened, report.wrongRows, report.repeatedRows], [5, 0, 2]);
    assert.equal(report.repeated, [
      { row: 4, of: 2 },
      { row: 6, of: 2 },
    ]);
  }
});

test('a list of tags may be of 1 024 characters', async () => {
  const listOf = (characters: number): string => `"a,${' '.repeat(characters - 3)}b"`;
  const csv = `title,patientId,tags\nLong,P-2,${listOf(1024)}\nLonger,P-2,${listOf(1025)}`;
  const report = await imported(csv, 'dryRun=true');
  assert.equal([report.opened, faults(report)], [1, ['3 tags invalid']]);
});

test('one wrong row, and nothing is in; each is named with its reason', async () => {
  const { id, version } = await openOne({ title: 'Stays' });
  const closed = await openOne({ title: 'Closed' });
  await jsonOf(gateway, `POST /cases/${closed.id}/close`, { ...as('admin'), body: { version: 1 } });
  const rows = [
    `${id},${version},Changed,open,routine,,,${study},`,
    ',,,,,,,,ACC-2',
    ',,No number,,,,,,',
    `,,Both,,,,,${study},ACC-2`,
    ',,x,,soon,,,,ACC-2',
    ',,x,,,31.12.2027,,,ACC-2',
    ',,x,,,,nobody-here,,ACC-2',
    ',,x,,,,,2.25.404,',
    ',,x,,,,,,A*',
    `${randomUUID()},1,x,,,,,,`,
    `${id},${version},Again,open,routine,,,${study},`,
    `${closed.id},2,New title,closed,routine,,,${study},`,
    ',,x,closed,,,,,ACC-2',
    ',,short',
  ];
  const csv = ['id,version,title,status,priority,dueOn,assignee,studies,accessionNumber', ...rows].join(
    '\r\n',
  );
  const before = await stateOf();
  for (const query of ['dryRun=true', `id=${randomUUID()}`]) {
    const report = await imported(csv, query);
    assert.equal(
      faults(report).sort((a, b) => parseInt(a, 10) - parseInt(b, 10)),
      [
        '3 title missing',
        '4 - one-number',
        '5 - one-number',
        '6 priority invalid',
        '7 dueOn invalid',
        '8 assignee nobody',
        '9 studies unknown-study',
        '10 accessionNumber invalid',
        '11 id unknown-case',
        '12 id twice',
        '13 - closed',
        '14 status invalid',
        '15 - cells',
      ],
    );
    assert.equal([report.isImported, report.wrongRows, report.rows], [false, 13, 14]);
  }
  assert.is(await stateOf(), before);
  const left = await gateway.database.db.selectFrom('case_import_row').selectAll().execute();
  assert.equal(left, []);
});

test('a change that nobody has seen is not overwritten, and no row of that file is in', async () => {
  const { id } = await openOne({ title: 'First' });
  const csv = await exported();
  await jsonOf(gateway, `PATCH /cases/${id}`, { ...as('admin'), body: { version: 1, title: 'Second' } });
  const report = await imported(csv.replace(',First,', ',Third,'));
  assert.equal([report.isImported, report.wrong.at(-1)?.fault], [false, 'outdated']);
  assert.is((await readOne(id)).title, 'Second');
});

test('an import that is sent again adds nothing, and nobody else’s number serves for one', async () => {
  const csv = 'title,accessionNumber\r\nOnce,ACC-50\r\n';
  const query = `id=${randomUUID()}`;
  const both = await Promise.all([imported(csv, query), imported(csv, query)]);
  const third = await imported(csv, query);
  for (const report of [...both, third]) assert.equal([report.isImported, report.opened], [true, 1]);
  const { cases } = await jsonOf<CaseList>(gateway, 'GET /cases', as('admin'));
  assert.is(cases.filter(({ title }) => title === 'Once').length, 1);
  assert.is((await send(csv, query, 'radiologist')).status, 403);
  assert.is((await send(csv, '')).status, 422, 'an import without a number could be doubled');
  const shared = `id=${randomUUID()}`;
  const answers = await Promise.all((['admin', 'radiologist'] as const).map((who) => send(csv, shared, who)));
  assert.equal(answers.map(({ status }) => status).sort(), [200, 403]);
});

test('columns are mapped by hand, and a file without any that is known is shown', async () => {
  const csv = 'Betreff,Auftrag\r\nVon Hand,ACC-60\r\n';
  const shown = await imported(csv, 'dryRun=true');
  assert.equal([faults(shown), shown.preview], [['1 - no-columns'], [['Von Hand', 'ACC-60']]]);
  const mapped = await imported(csv, `columns=title,accessionNumber&id=${randomUUID()}`);
  assert.equal([mapped.isImported, mapped.opened], [true, 1]);
  assert.is((await send(csv, 'dryRun=true&columns=title,title')).status, 422);
  assert.is((await send(csv, 'dryRun=true&columns=title,cost')).status, 422);
});

test('broken files are refused with their row, and no import waits for a PACS that is away', async () => {
  assert.equal(faults(await imported('title,accessionNumber\r\nx,"A', 'dryRun=true')), ['2 - quotes']);
  const latin = Buffer.from('title,accessionNumber\r\nM\xfcller,ACC-3\r\n', 'latin1');
  const answer = await send(new Uint8Array(latin), 'dryRun=true');
  assert.equal(faults((await answer.json()) as CaseImport), ['2 title not-utf8']);
  gateway.pacs.lie = 'down';
  assert.is((await send('title,accessionNumber\r\nx,ACC-4\r\n', 'dryRun=true')).status, 502);
  gateway.pacs.lie = 'honest';
});

test('an export has the columns that its reader is shown, changes nothing when it is imported, and is an event', async () => {
  await openOne({ title: 'Kitsune Yamada, second look', tags: ['oberhuber-rounds'] });
  await sql`update instance set policy_name = 'deidentified' where study_id in
    (select id from study where study_instance_uid = ${study})`.execute(gateway.database.db);
  for (const [who, query] of [
    ['researcher', ''],
    ['admin', '&anonymise=1'],
  ] as const) {
    const csv = await exported(who, query);
    assert.match(csv, /^\uFEFFid,version,number,status,/);
    assert.equal([csv.includes(study), csv.includes('createdBy')], [true, who === 'admin']);
  }
  const before = await stateOf();
  const anonymous = await imported(await exported('admin', '&anonymise=1'));
  assert.equal([anonymous.isImported, anonymous.changed, faults(anonymous)], [true, 0, []]);
  assert.is(await stateOf(), before, 'columns that are left out empty nothing');
  const events = await audited(gateway.database.db, 'cases-exported');
  assert.ok(
    events.some(({ fields }) => Number(fields['cases']) > 0 && `${fields['withheld']}`.includes('title')),
  );
});

test.run();
