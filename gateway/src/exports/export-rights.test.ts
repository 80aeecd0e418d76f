/** The rights to export: role × redaction × owner, and identities where none may be. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROLES, type Role } from '#shared/protocol/api.ts';
import { EXPORT_FIELD_NAMES, tellsField, type ExportList } from '#shared/protocol/exports.ts';
import { audited } from '../testing/audited.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import {
  attachTo,
  deliverStudy,
  jsonOf,
  noteOn,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import {
  addTemplate as addTo,
  askForExport,
  exported,
  exportIn,
  newExport,
} from '../testing/open-exports.ts';
import { decideTest, openTestReview, signTest } from '../testing/open-reviews.ts';

/** The patient, as the PACS has her, and words of people in which she is named. */
const PATIENT = {
  patientName: 'Yamada^Kitsune',
  patientId: 'PID-4711',
  accessionNumber: 'ACC-4712',
  birthDate: '19800224',
  sex: 'F',
  studyDate: '20261120',
  description: 'Thorax Yamada Kitsune',
};
const TYPED = {
  title: 'Kitsune, second look',
  tag: 'yamada-rounds',
  note: 'Oberhuber called Yamada',
  attachment: 'kitsune-yamada.pdf',
  reason: 'Mrs Yamada moved',
  comment: 'as in Kitsune 2019',
};

const test = suite('rights to export');
let gateway: PacsGateway;
const tokens = new Map<Role, string>();
const names = new Map<Role, string>();
const ids = new Map<Role, string>();
let caseId: string;
let study: string;
let reviewer: string;

test.before(async () => {
  gateway = await openPacsGateway();
  for (const role of ROLES) {
    const { accessToken, user } = await gateway.userWith([role]);
    tokens.set(role, accessToken);
    names.set(role, user.username);
    ids.set(role, user.id);
  }
  study = await deliverStudy(gateway, { token: tokens.get('technician')!, seed: 991, ...PATIENT });
  caseId = await openNamedCase();
  gateway.wait(1);
});
test.after(() => gateway.close());

const as = (role: Role): { token: string } => ({ token: tokens.get(role)! });

/** With everything that people may type into a case, a result with a verdict, and a review that is settled. */
async function openNamedCase(): Promise<string> {
  const { title, tag, note, attachment, reason, comment } = TYPED;
  const assigneeId = ids.get('radiologist')!;
  const body = { title, tags: [tag], studies: [study], assigneeId };
  const { id } = await openTestCase(gateway, tokens.get('admin')!, body);
  await noteOn(gateway, as('admin'), id, note);
  await attachTo(gateway, as('admin'), id, { name: attachment });
  await insertTestResult(gateway.database.db, { study, positive: true });
  const session = await gateway.userWith(['radiologist']);
  reviewer = session.user.username;
  const asked = { type: 'chest-film', readers: [session.user.id] };
  const { id: review } = await openTestReview(gateway, as('admin'), id, asked);
  const by = { token: session.accessToken };
  const answers = { finding: 'pneumonia', certainty: 4, comment };
  await decideTest(gateway, by, review, { decision: 'correct', answers, reason });
  await signTest(gateway, by, review);
  return id;
}

const addTemplate = (name: string, definition: object) => addTo(gateway, as('admin').token, name, definition);
const statusOf = async (method: string, path: string, token: string, body?: unknown): Promise<number> =>
  (await gateway.call(method, path, { token, ...(body === undefined ? {} : { body }) })).status;

test('a limited export with every field that it may have names nobody, in CSV and in JSON Lines', async () => {
  const fields = EXPORT_FIELD_NAMES.filter((field) => tellsField('limited', field));
  for (const format of ['csv', 'jsonl'] as const) {
    await addTemplate(`limited-${format}`, { format, fields });
    const text = await exported(gateway, tokens.get('radiologist')!, { template: `limited-${format}` });
    const people = [...names.values(), reviewer];
    const { sex: _, ...identities } = PATIENT;
    for (const hidden of [...Object.values(identities), ...Object.values(TYPED), study, caseId, ...people])
      assert.not.ok(text.toLowerCase().includes(hidden.toLowerCase()), `${hidden} in ${text}`);
    for (const word of ['yamada', 'kitsune', 'oberhuber', 'chest-film.comment'])
      assert.not.ok(text.toLowerCase().includes(word), `${word} in ${text}`);
    // The positive control: the row is there, with what may be told.
    for (const told of ['P-', '40 to 49', '2026-11', 'CHEST', 'pneumonia', 'chest-film.finding=pneumonia'])
      assert.ok(text.includes(told), `${told} in ${text}`);
  }
});

test('a full export has the identities that the PACS tells now, and what people typed', async () => {
  await addTemplate('everything', { redaction: 'full', format: 'jsonl', fields: EXPORT_FIELD_NAMES });
  const text = await exported(gateway, tokens.get('radiologist')!, { template: 'everything' });
  const row = JSON.parse(text.trimEnd()) as Record<string, unknown>;
  assert.equal(Object.keys(row), [...EXPORT_FIELD_NAMES]);
  for (const there of [...Object.values(PATIENT), ...Object.values(TYPED), study, caseId, reviewer])
    assert.ok(text.includes(there), `${there} in ${text}`);
  assert.equal(
    [row['models'], row['scores'], row['positives'], row['bodyParts'], row['decisions']],
    [['pneumonia'], [0.9], [true], ['CHEST'], ['correct']],
  );
  assert.equal([row['assignee'], row['readers']], [names.get('radiologist'), [reviewer]]);
  const told = JSON.stringify(await audited(gateway.database.db));
  for (const hidden of [PATIENT.patientName, PATIENT.patientId, ...Object.values(TYPED)])
    assert.not.ok(told.includes(hidden), hidden);
});

test('each role asks for the files that tell as much as it may know', async () => {
  for (const role of ROLES) {
    const tells = role === 'admin' || role === 'radiologist';
    for (const [template, may] of [
      ['cases-full', tells],
      ['cases-limited', tells],
      ['cases-anonymous', tells || role === 'researcher'],
    ] as const) {
      const made = await statusOf('POST', '/exports', tokens.get(role)!, newExport({ template }));
      assert.is(made, may ? 201 : 403, `${role} ${template}`);
    }
  }
});

test('somebody else’s export is not listed and not cancelled; an administrator cancels it', async () => {
  const owner = tokens.get('radiologist')!;
  const other = (await gateway.userWith(['radiologist'])).accessToken;
  const { id } = await askForExport(gateway, owner, { template: 'cases-full' });
  assert.is(await statusOf('POST', `/exports/${id}/cancel`, other), 404);
  assert.equal((await jsonOf<ExportList>(gateway, 'GET /exports', { token: other })).exports, []);
  assert.is(await statusOf('POST', `/exports/${id}/cancel`, tokens.get('admin')!), 200);
});

test('an account whose roles have changed reads no file that it may no longer ask for', async () => {
  const session = await gateway.userWith(['radiologist']);
  const { id } = await askForExport(gateway, session.accessToken, {});
  await exportIn(gateway, session.accessToken, { id });
  const roles: readonly Role[] = ['researcher'];
  await jsonOf(gateway, `PATCH /admin/users/${session.user.id}`, { ...as('admin'), body: { roles } });
  const now = (await gateway.signIn(session.user.username, 'a long password')).accessToken;
  assert.is(await statusOf('GET', `/exports/${id}/file`, now), 403);
  assert.is(await statusOf('POST', '/exports', now, newExport({})), 403);
});

test('the list is read page by page, newest first', async () => {
  const token = (await gateway.userWith(['radiologist'])).accessToken;
  const asked: string[] = [];
  for (let at = 0; at < 3; at += 1) asked.push((await askForExport(gateway, token, {})).id);
  const first = await jsonOf<ExportList>(gateway, 'GET /exports?limit=2', { token });
  const next = await jsonOf<ExportList>(gateway, `GET /exports?limit=2&cursor=${first.next}`, { token });
  const ids = [...first.exports, ...next.exports].map(({ id }) => id);
  assert.equal([ids, next.next], [asked.toReversed(), null]);
});

test.run();
