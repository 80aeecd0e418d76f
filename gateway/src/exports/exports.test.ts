/** Exports over the real routes: asked for once, made by a job, read by the account that asked, and gone in time. */
import { createHash, randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '#shared/protocol/cases.ts';
import type { Export, ExportList, ExportTemplates } from '#shared/protocol/exports.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { audited } from '../testing/audited.ts';
import {
  codeOf as codeAt,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { addTemplate, askForExport, exported, exportIn, fileOf, newExport } from '../testing/open-exports.ts';

const HOUR_MS = 3600 * 1000;
const PURPOSE = 'Audit for Dr Oberhuber';

const test = suite('exports');
let gateway: PacsGateway;
let admin: string;
let reader: string;

test.before(async () => {
  gateway = await openPacsGateway();
  admin = (await gateway.userWith(['admin'])).accessToken;
  reader = (await gateway.userWith(['radiologist'])).accessToken;
});
test.after(() => gateway.close());

let numbers = 0;
async function openOne(body: Record<string, unknown>): Promise<Case> {
  numbers += 1;
  const expected = { accessionNumber: `E-${numbers}` };
  const opened = await openTestCase(gateway, admin, { expected, ...body });
  gateway.wait(1);
  return opened;
}
const codeOf = (request: string, token: string, body?: unknown): Promise<string> =>
  codeAt(gateway, request, { token, body });
const eventsOf = async (id: string) =>
  (await audited(gateway.database.db, 'export-%')).filter(({ fields }) => fields['exportId'] === id);

test('CSV is read by a spreadsheet and runs nothing in it; JSON Lines has lists as lists', async () => {
  const { id } = await openOne({ title: '=HYPERLINK("http://x","y")', tags: ['a, b', '@SUM(1)'] });
  const fields = ['title', 'tags', 'caseNumber', 'closedAt'];
  const templates = { csv: 'formulas', jsonl: 'formulas-jsonl' } as const;
  for (const format of ['csv', 'jsonl'] as const) {
    await addTemplate(gateway, admin, templates[format], { redaction: 'full', format, fields });
  }
  const selection = { cases: [id] };
  const csv = await exported(gateway, reader, { template: templates.csv, selection });
  assert.match(
    csv,
    /^\uFEFFtitle,tags,caseNumber,closedAt\r\n"'=HYPERLINK\(""http:\/\/x"",""y""\)","""a, b"", @SUM\(1\)",\d+,\r\n$/,
  );
  const [line = '', rest] = (await exported(gateway, reader, { template: templates.jsonl, selection })).split(
    '\n',
  );
  const { caseNumber, ...typed } = JSON.parse(line) as Record<string, unknown>;
  assert.type(caseNumber, 'number');
  assert.equal(typed, { title: '=HYPERLINK("http://x","y")', tags: ['a, b', '@SUM(1)'], closedAt: null });
  assert.is(rest, '');
});

test('tables say in words of their own that no model has looked at a case', async () => {
  const { id } = await openOne({});
  for (const redaction of ['full', 'limited'] as const)
    for (const format of ['csv', 'jsonl'] as const) {
      const name = `findings-${redaction}-${format}`;
      await addTemplate(gateway, admin, name, { redaction, format, fields: ['finding'] });
      const file = await exported(gateway, reader, { template: name, selection: { cases: [id] } });
      const told = { csv: '\uFEFFfinding\r\nnot-examined\r\n', jsonl: '{"finding":"not-examined"}\n' };
      assert.is(file, told[format]);
    }
});

test('the digest, the size and the number of rows are of the bytes that are given out', async () => {
  await openOne({});
  const { id } = await askForExport(gateway, reader, {});
  const ready = await exportIn(gateway, reader, { id });
  const answer = await gateway.call('GET', `/exports/${id}/file`, { token: reader });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const digest = createHash('sha256').update(bytes);
  assert.is(answer.headers.get('repr-digest'), `sha-256=:${digest.copy().digest('base64')}:`);
  assert.is(ready.sha256, digest.digest('hex'));
  assert.equal([ready.bytes, Number(answer.headers.get('content-length'))], [bytes.length, bytes.length]);
  assert.is(ready.rows, bytes.toString('utf8').trimEnd().split('\r\n').length - 1);
  assert.equal([ready.done, ready.total], [ready.rows, ready.rows]);
  assert.match(
    answer.headers.get('content-disposition') ?? '',
    /^attachment; filename="cases-limited\.csv"$/,
  );
  assert.is(answer.headers.get('x-content-type-options'), 'nosniff');
});

test('the filters of the list choose the cases, and a case that is opened later is not in it', async () => {
  const urgent = await openOne({ priority: 'urgent' });
  await openOne({ priority: 'low' });
  const lines = async (filter: object): Promise<string[]> =>
    (await exported(gateway, reader, { selection: { filter } })).trimEnd().split('\r\n').slice(1);
  const found = await lines({ priority: 'urgent', assignee: 'nobody', from: '2020-01-01T00:00:00+01:00' });
  assert.equal(
    found.map((line) => line.split(',')[0]),
    [`${urgent.number}`],
  );
  assert.equal(await lines({ assignee: 'me' }), []);
  assert.equal(await lines({ to: '2020-01-01T00:00:00Z' }), []);
  assert.equal(await lines({ bodyPart: 'CHEST' }), []);
  const all = await lines({});
  gateway.wait(1000);
  const asked = await askForExport(gateway, reader, {});
  gateway.wait(1000);
  await openOne({});
  await exportIn(gateway, reader, { id: asked.id });
  const rows = (await fileOf(gateway, reader, asked.id)).toString('utf8').trimEnd().split('\r\n');
  assert.is(rows.length - 1, all.length);
});

test('a request that is sent again is the same export, and nobody else’s number serves for one', async () => {
  const asked = newExport({});
  const body = { ...asked, id: asked.id.toUpperCase() };
  const both = await Promise.all(
    [asked, body].map((one) => gateway.call('POST', '/exports', { token: reader, body: one })),
  );
  assert.equal(fieldsOf(both, 'status'), [201, 201]);
  await exportIn(gateway, reader, { id: asked.id });
  assert.is(await codeOf('POST /exports', reader, asked), '201');
  assert.is(await codeOf('POST /exports', admin, asked), 'not-found');
  const made = (await eventsOf(asked.id)).filter(({ event }) => event === 'export-made');
  assert.is(made.length, 1);
});

test('a purpose is asked for, kept as ciphertext, and read by its owner and administrators alone', async () => {
  for (const purpose of [undefined, '', '   ', 'x'.repeat(501), 'a\u0000b'])
    assert.is(await codeOf('POST /exports', reader, { ...newExport({}), purpose }), 'invalid-request');
  const { id } = await askForExport(gateway, reader, {
    purpose: `${PURPOSE}${'x'.repeat(500 - PURPOSE.length)}`,
  });
  const shown = await exportIn(gateway, reader, { id });
  assert.ok(shown.purpose?.startsWith(PURPOSE));
  const { exports } = await jsonOf<ExportList>(gateway, 'GET /exports', { token: admin });
  const seen = exports.find((one) => one.id === id);
  assert.equal([seen?.purpose, seen?.isMine], [shown.purpose, false]);
  const rows = await gateway.database.db.selectFrom('export_job').selectAll().execute();
  assert.not.ok(JSON.stringify(rows).includes(PURPOSE));
  assert.not.ok(rows.some(({ sealed_purpose }) => Buffer.from(sealed_purpose).includes(PURPOSE)));
  const events = JSON.stringify(await eventsOf(id));
  assert.not.ok(events.includes(PURPOSE));
  assert.ok(events.includes('"hasPurpose":true'));
});

test('limits hold from both sides', async () => {
  const cases = Array.from({ length: 1000 }, () => randomUUID());
  const asked = (selection: object) => codeOf('POST /exports', reader, { ...newExport({}), selection });
  assert.is(await asked({ cases: [...cases, randomUUID()] }), 'invalid-request');
  assert.is(await asked({ cases }), 'not-found', 'a thousand are looked for');
  assert.is(await asked({ cases: [] }), 'invalid-request');
  assert.is(await asked({ cases: [cases[0], cases[0]] }), 'invalid-request');
  assert.is(await asked({ filter: { from: '0001-01-01T00:00:00Z' } }), 'invalid-request');
  assert.is(await asked({ filter: { patientName: 'Yamada' } }), 'invalid-request');
  assert.is(await asked({}), 'invalid-request');
});

test('a link ends after 24 hours, whenever its file is erased', async () => {
  const { accessToken } = await gateway.signIn();
  const { id } = await askForExport(gateway, accessToken, {});
  const { expiresAt, finishedAt } = await exportIn(gateway, accessToken, { id });
  assert.is(Date.parse(expiresAt!) - Date.parse(finishedAt!), 24 * HOUR_MS);
  gateway.wait(24 * HOUR_MS - 1);
  assert.is((await fileOf(gateway, (await gateway.signIn()).accessToken, id)).length > 0, true);
  gateway.wait(1);
  const token = (await gateway.signIn()).accessToken;
  assert.is((await jsonOf<Export>(gateway, `GET /exports/${id}`, { token })).state, 'expired');
  assert.is(await codeOf(`GET /exports/${id}/file`, token), 'export-gone');
  const row = await gateway.database.db.selectFrom('export_job').selectAll().where('id', '=', id).execute();
  assert.is(row[0]?.state, 'ready', 'its file is not erased yet');
});

test('the head of a file is answered without reading it, and an export that waits has none', async () => {
  const token = (await gateway.signIn()).accessToken;
  const { id } = await askForExport(gateway, token, {});
  const { bytes } = await exportIn(gateway, token, { id });
  const head = await gateway.call('HEAD', `/exports/${id}/file`, { token });
  assert.equal([head.status, Number(head.headers.get('content-length'))], [200, bytes]);
  assert.is((await head.arrayBuffer()).byteLength, 0);
  await gateway.database.db.updateTable('export_job').set({ state: 'queued' }).where('id', '=', id).execute();
  assert.is(await codeOf(`GET /exports/${id}/file`, token), 'export-not-ready');
});

test('a template is changed by the version that was seen, and exports keep theirs', async () => {
  const token = (await gateway.signIn()).accessToken;
  const definition = { title: 'Ours', redaction: 'limited', format: 'csv', fields: ['caseNumber'] };
  const made = await jsonOf<ExportTemplates>(gateway, 'POST /export-templates', {
    token,
    body: { name: 'ours', definition },
    status: 201,
  });
  assert.equal(fieldsOf(made.templates, 'name'), made.templates.map(({ name }) => name).toSorted());
  const { id } = await askForExport(gateway, token, { template: 'ours' });
  const next = { version: 1, definition: { ...definition, fields: ['status', 'caseNumber'] } };
  await jsonOf(gateway, 'PUT /export-templates/ours', { token, body: next });
  assert.is(await codeOf('PUT /export-templates/ours', token, next), 'export-template-changed');
  for (const name of ['ours', 'cases-full'])
    assert.is(await codeOf('POST /export-templates', token, { name, definition }), 'export-template-changed');
  assert.is(await codeOf('PUT /export-templates/theirs', token, next), 'not-found');
  await exportIn(gateway, token, { id });
  assert.ok((await fileOf(gateway, token, id)).toString('utf8').startsWith('\uFEFFcaseNumber\r\n'));
  assert.match(await exported(gateway, token, { template: 'ours' }), /^\uFEFFstatus,caseNumber\r\n/);
  const wrong = [[], ['caseNumber', 'caseNumber'], ['patientName'], ['title'], ['secret']];
  for (const more of [...wrong.map((fields) => ({ fields })), { title: 'a\ud800' }]) {
    const body = { name: 'other', definition: { ...definition, ...more } };
    assert.is(await codeOf('POST /export-templates', token, body), 'invalid-request', JSON.stringify(more));
  }
});

test('an account has twenty exports at once, also when it asks for all of them in one moment, until it cancels one', async () => {
  const token = (await gateway.userWith(['radiologist'])).accessToken;
  const asked = Array.from({ length: 30 }, () => newExport({}));
  const codes = await Promise.all(asked.map((body) => codeOf('POST /exports', token, body)));
  assert.is(codes.filter((code) => code === '201').length, 20);
  assert.is(codes.filter((code) => code === 'too-many-exports').length, 10);
  await jsonOf(gateway, `POST /exports/${asked[codes.indexOf('201')]!.id}/cancel`, { token });
  await askForExport(gateway, token, {});
});

test('with a case its words are gone from files that were made before, and the export says why', async () => {
  const { accessToken } = await gateway.userWith(['radiologist']);
  const organiser = (await gateway.userWith(['admin'])).accessToken;
  const open = (title: string): Promise<Case> =>
    openTestCase(gateway, organiser, { title, expected: { accessionNumber: 'GONE' } });
  const gone = await open('Kitsune, to be deleted');
  const kept = await open('Kitsune, to be kept');
  await addTemplate(gateway, organiser, 'words', { redaction: 'full', fields: ['caseNumber', 'title'] });
  const made = async (cases: readonly Case[]): Promise<string> => {
    const selection = { cases: cases.map(({ id }) => id) };
    const { id } = await askForExport(gateway, accessToken, { template: 'words', selection });
    await exportIn(gateway, accessToken, { id });
    return id;
  };
  const both = await made([gone, kept]);
  const alone = await made([kept]);
  assert.match((await fileOf(gateway, accessToken, both)).toString('utf8'), /to be deleted/);
  const path = `/cases/${gone.id}?version=${gone.version}`;
  assert.is((await gateway.call('DELETE', path, { token: organiser })).status, 204);
  assert.is(await codeOf(`GET /exports/${both}/file`, accessToken), 'export-gone');
  const { state, trouble } = await jsonOf<Export>(gateway, `GET /exports/${both}`, { token: accessToken });
  assert.equal([state, trouble], ['failed', 'case-deleted']);
  assert.is(await codeOf(`POST /exports/${both}/cancel`, accessToken), 'job-ended');
  assert.match((await fileOf(gateway, accessToken, alone)).toString('utf8'), /to be kept/);
});

test.run();
