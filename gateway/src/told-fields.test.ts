/**
 * Role × field × route × ownership: a case in which everything is planted that people type, attach, answer, draw,
 * export or save, and that the PACS says of its patient. Every kind of reader asks every route that answers a question
 * about it. The table names the readers who are told a field; to all others no answer tells it. A route of the
 * contract that is new is asked too.
 */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Annotation } from '#shared/protocol/annotations.ts';
import type { Role, Session } from '#shared/protocol/api.ts';
import type { CaseView } from '#shared/protocol/case-views.ts';
import type { Case, CaseAttachments } from '#shared/protocol/cases.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { insertTestResult } from './testing/insert-result.ts';
import { deliverStudy, jsonOf, openTestCase } from './testing/open-cases.ts';
import { askForExport, exportIn } from './testing/open-exports.ts';
import { openTestGateway, type CallOptions, type TestGateway } from './testing/open-gateway.ts';
import { openTestPacs, type TestPacs } from './testing/open-pacs.ts';
import { testFilm } from './testing/open-subject.ts';

const SEED = 881;
const PATIENT = {
  patientName: 'Yamada^Kitsune',
  patientId: 'PID-4711',
  accessionNumber: 'ACC-4712',
  birthDate: '19800224',
  description: 'Thorax of Mrs Fuchs',
};

/** `one` and `two` read the case, `keeper` opened it, `exporter` exports it; nobody of them did anything else. */
const ROLES_OF = {
  admin: ['admin'],
  keeper: ['radiologist'],
  exporter: ['radiologist'],
  radiologist: ['radiologist'],
  one: ['radiologist'],
  two: ['radiologist'],
  sender: ['technician'],
  technician: ['technician'],
  researcher: ['researcher'],
  auditor: ['auditor'],
} as const satisfies Readonly<Record<string, readonly Role[]>>;
type Who = keyof typeof ROLES_OF;
const EVERYBODY = Object.keys(ROLES_OF) as Who[];
const KEEPERS: readonly Who[] = ['admin', 'keeper', 'exporter', 'radiologist', 'one', 'two'];

const test = suite('fields of a case');
let gateway: TestGateway & { pacs: TestPacs };
const people = new Map<Who, Session>();
const as = (who: Who): { token: string } => ({ token: people.get(who)!.accessToken });
const idOf = (who: Who): string => people.get(who)!.user.id;

test.before(async () => {
  const pacs = openTestPacs();
  gateway = Object.assign(await openTestGateway({ pacs }), { pacs });
  for (const who of EVERYBODY) people.set(who, await gateway.userWith(ROLES_OF[who]));
});
test.after(() => gateway.close());

type World = {
  readonly study: string;
  readonly result: string;
  readonly caseId: string;
  readonly attachment: string;
  readonly attachedByReader: string;
  readonly review: string;
  readonly exported: string;
  readonly view: string;
  readonly mark: string;
};
let world: World;

const post = <T>(who: Who, path: string, body: unknown, status = 201): Promise<T> =>
  jsonOf<T>(gateway, `POST ${path}`, { ...as(who), body, status });

async function attach(who: Who, caseId: string, word: string): Promise<string> {
  const form = new FormData();
  form.set('name', `${word}-name.pdf`);
  form.set('file', new Blob([`%PDF-1.7 ${word}-words`]));
  const path = `POST /cases/${caseId}/attachments`;
  const { attachments } = await jsonOf<CaseAttachments>(gateway, path, {
    ...as(who),
    form,
    status: 201,
  });
  return attachments.at(-1)!.id;
}

const markOn = (): Annotation => {
  const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = testFilm({ seed: SEED }).identifiers;
  const where = { studyInstanceUID, seriesInstanceUID, sopInstanceUID, frame: 1 };
  return { ...where, id: randomUUID(), number: 1, kind: 'point', points: [[4, 5]], label: 'MARK-label' };
};

/** The two readers give the same answers, each with words of their own. */
async function readAs(who: 'one' | 'two', review: string): Promise<void> {
  const { places } = await jsonOf<Review>(gateway, `GET /reviews/${review}`, as(who));
  const { place, version } = places.find(({ isMine }) => isMine)!;
  const comment = who === 'one' ? 'COMMENT-words' : 'nothing more';
  const answers = { finding: 'pneumonia', certainty: 4, comment };
  const reason = who === 'one' ? 'REASON-words' : '';
  const said = { id: randomUUID(), place, version, decision: 'accept', answers, reason };
  await post(who, `/reviews/${review}/decision`, said, 200);
  await post(who, `/reviews/${review}/sign`, { id: randomUUID(), place, version: version + 1 }, 200);
}

const EMPTY = {
  ...{ status: '', priority: '', assignee: '', due: '', opened: '', from: '', to: '' },
  ...{ modality: '', bodyPart: '', early: '', finding: '', sort: 'newest' },
};

test.before(async () => {
  const study = await deliverStudy(gateway, { ...as('sender'), seed: SEED, sex: 'F', ...PATIENT });
  const result = await insertTestResult(gateway.database.db, { study, positive: true });
  const { accounts } = await jsonOf<{ accounts: { id: string }[] }>(
    gateway,
    'GET /case-assignees',
    as('keeper'),
  );
  assert.ok(accounts.some(({ id }) => id === idOf('exporter')));
  const body = { title: 'TITLE-words', tags: ['TAG-words'], studies: [study], assigneeId: idOf('exporter') };
  const { id: caseId } = await openTestCase(gateway, as('keeper').token, body);
  await post('keeper', `/cases/${caseId}/notes`, { text: 'NOTE-words' });
  const attachment = await attach('keeper', caseId, 'ATTACHED');
  // The review begins after that.
  gateway.wait(1);
  const readers = [idOf('one'), idOf('two')];
  const opening = { id: randomUUID(), type: 'chest-film-double', readers };
  const { id: review } = await post<Review>('keeper', `/cases/${caseId}/reviews`, opening);
  const mark = markOn();
  const drawn = { id: randomUUID(), place: 1, version: 0, annotations: [mark] };
  await jsonOf(gateway, `PUT /reviews/${review}/annotations`, { ...as('one'), body: drawn });
  await post('one', `/cases/${caseId}/notes`, { text: 'READING-note' });
  const attachedByReader = await attach('one', caseId, 'READING');
  await readAs('one', review);
  gateway.wait(1);
  const asked = { template: 'cases-full', purpose: 'PURPOSE-words' };
  const { id: exported } = await askForExport(gateway, as('exporter').token, asked);
  await exportIn(gateway, as('exporter').token, { id: exported });
  const view = await post<CaseView>('exporter', '/case-views', { name: 'VIEW-name', filters: EMPTY });
  world = {
    study,
    result,
    caseId,
    attachment,
    attachedByReader,
    review,
    exported,
    view: view.id,
    mark: mark.id,
  };
});

/** The routes that ask nothing about a case: pictures of the PACS, settings, accounts, and streams that do not end. */
const NOT_ASKED =
  /^\/(dicom-web|admin|auth|health|version|metrics|events|worklist|upload\/(policy|files)|\.well-known|audit|models)\b|\/events$/;
/** Lists of all accounts that may be given something, about no case. */
const OF_ACCOUNTS = /^\/(case-assignees|review-types)$/;

type Operation = { readonly 'x-roles'?: readonly Role[] };

/** Every other GET of the contract, about the planted case; a path that it could not fill fails. */
async function questions(): Promise<readonly string[]> {
  const contract = await (await gateway.call('GET', '/openapi.json')).json();
  const { paths } = contract as { paths: Record<string, Record<string, Operation>> };
  const asked = Object.keys(paths).filter((path) => paths[path]!['get'] && !NOT_ASKED.test(path));
  const { study, result, caseId, attachment, attachedByReader, review, exported } = world;
  const job = randomUUID();
  const filled = asked.map((path) =>
    path
      .replace('{attachmentId}', attachment)
      .replace('/cases/{id}', `/cases/${caseId}`)
      .replace('/reviews/{id}', `/reviews/${review}`)
      .replace('/exports/{id}', `/exports/${exported}`)
      .replace('/results/{id}', `/results/${result}`)
      .replace(/\/(jobs|upload)\/\{id\}/, `/$1/${job}`)
      .replace('{method}', 'image')
      .replace('{sopInstanceUID}', `${study}.1.1`)
      .replace(/\{(transactionUID|studyInstanceUID)\}/, study),
  );
  assert.equal(
    filled.filter((path) => path.includes('{')),
    [],
    'every path is about the planted case',
  );
  for (const there of ['/cases', '/reviews', '/exports', '/results', '/analytics/reviews', '/evaluation'])
    assert.ok(filled.includes(there), there);
  return [
    ...filled.filter((path) => !OF_ACCOUNTS.test(path)),
    `/cases/${caseId}/attachments/${attachedByReader}`,
    ...['/cases?format=csv', `/cases?q=${study}`, '/cases?finding=positive', '/cases?assignee=nobody'],
    ...[
      '/reviews?list=all',
      '/reviews?list=free',
      `/results?study=${study}`,
      '/analytics/reviews?modality=DX',
    ],
  ];
}

/** By route: what this reader is answered. */
async function askAll(who: Who): Promise<ReadonlyMap<string, string>> {
  const told = new Map<string, string>();
  for (const path of await questions()) {
    const answer = await gateway.call('GET', path, as(who));
    assert.ok(answer.status < 500 || answer.status === 503, `${path} as ${who}: ${answer.status}`);
    // A refusal is looked at too.
    told.set(path, Buffer.from(await answer.arrayBuffer()).toString('latin1'));
  }
  return told;
}
/** A field, what was planted in it, and who is told it. */
type Row = readonly [field: string, planted: string, told: readonly Who[]];

const TYPED: readonly Who[] = [...KEEPERS, 'sender'];
const READERS: readonly Who[] = ['one'];
/** The words of a reader are hidden from the other one. */
const BUT_TWO = TYPED.filter((who) => who !== 'two');

const rowsWhileRead = (): readonly Row[] => [
  ['title', 'TITLE-words', TYPED],
  ['tag', 'TAG-words', TYPED],
  ['note', 'NOTE-words', TYPED],
  ['name of an attachment', 'ATTACHED-name.pdf', TYPED],
  ['attachment', 'ATTACHED-words', TYPED],
  ['note of a reader', 'READING-note', BUT_TWO],
  ['name of a reader’s attachment', 'READING-name.pdf', BUT_TWO],
  ['attachment of a reader', 'READING-words', BUT_TWO],
  ['patient’s name', PATIENT.patientName, KEEPERS],
  ['Patient ID', PATIENT.patientId, KEEPERS],
  ['accession number', PATIENT.accessionNumber, KEEPERS],
  ['birth date', PATIENT.birthDate, KEEPERS],
  ['study description', PATIENT.description, KEEPERS],
  ['answer', 'COMMENT-words', READERS],
  ['reason', 'REASON-words', READERS],
  ['mark', 'MARK-label', READERS],
  ['id of a mark', world.mark, READERS],
  ['result of a model', world.result, [...KEEPERS.filter((who) => who !== 'two'), 'auditor']],
  // The keeper has opened the review, and is told for whom it waits; an auditor reads the events of a case.
  ['who reads', people.get('two')!.user.username, ['admin', 'keeper', 'two', 'auditor']],
  ['purpose of an export', 'PURPOSE-words', ['admin', 'exporter']],
  ['saved view', 'VIEW-name', ['exporter']],
];

async function isToldAs(rows: readonly Row[], among = EVERYBODY): Promise<void> {
  const wrong: string[] = [];
  for (const who of among) {
    const told = await askAll(who);
    for (const [field, planted, allowed] of rows) {
      const routes = [...told].filter(([, text]) => text.includes(planted)).map(([path]) => path);
      if (allowed.includes(who) && routes.length === 0) wrong.push(`${who} is not told the ${field}`);
      if (!allowed.includes(who))
        wrong.push(...routes.map((path) => `${who} is told the ${field} by ${path}`));
    }
  }
  assert.equal(wrong, []);
}

test('while a case is read, each reader is told what the table says, and nothing else, by any route', async () => {
  await isToldAs(rowsWhileRead());
});

test('asked without names, no route tells anybody what may hold one', async () => {
  const rows = rowsWhileRead().filter(([field]) =>
    /title|tag|note|attachment|patient|Patient|number|birth|desc/.test(field),
  );
  // A file has what its template has, whoever looks at the screen.
  const routes = (await questions()).filter((path) => !path.endsWith('/file'));
  for (const who of [...KEEPERS, 'sender'] as const)
    for (const path of routes) {
      const asked = `${path}${path.includes('?') ? '&' : '?'}anonymise=1`;
      const text = await (await gateway.call('GET', asked, as(who))).text();
      for (const [field, planted] of rows)
        assert.not.ok(text.includes(planted), `${who}: ${field} by ${path}`);
    }
});

test('of a de-identified study a researcher is told the pseudonym, and nobody’s words', async () => {
  await sql`update instance set policy_name = 'deidentified' where study_id in
    (select id from study where study_instance_uid = ${world.study})`.execute(gateway.database.db);
  const { pseudonym } = await jsonOf<Case>(gateway, `GET /cases/${world.caseId}`, as('researcher'));
  assert.match(pseudonym!, /^P-/);
  const rows = rowsWhileRead().filter(([field]) => field !== 'result of a model');
  const names = ['keeper', 'exporter'].map(
    (who): Row => [`name of the ${who}`, people.get(who as Who)!.user.username, []],
  );
  await isToldAs([...rows, ...names], ['researcher']);
  await sql`update instance set policy_name = 'identified' where study_id in
    (select id from study where study_instance_uid = ${world.study})`.execute(gateway.database.db);
});

test('once the review is settled, those who keep cases are told who said and drew what', async () => {
  await readAs('two', world.review);
  const settled = ['answer', 'reason', 'mark', 'id of a mark', 'result of a model', 'who reads'];
  const rows = rowsWhileRead().map(([field, planted, told]): Row => {
    if (!settled.includes(field) && told !== BUT_TWO) return [field, planted, told];
    if (told === BUT_TWO) return [field, planted, TYPED];
    const others = told.filter((who) => !KEEPERS.includes(who));
    const byEvents: Who[] = field === 'who reads' ? ['sender'] : [];
    return [field, planted, [...KEEPERS, ...others, ...byEvents]];
  });
  await isToldAs(rows);
});

/** A file or attachment by its link: who asks, for what, and what is answered. */
test('a link is its account’s own: guessed, of another account, of another case, expired or cancelled it is nothing', async () => {
  const { exported, caseId, attachment } = world;
  const status = async (who: Who, path: string, options: CallOptions = {}): Promise<number> => {
    const answer = await gateway.call('GET', path, { ...as(who), ...options });
    await answer.body?.cancel();
    return answer.status;
  };
  const { id: other } = await openTestCase(gateway, as('keeper').token, {
    expected: { accessionNumber: 'A9' },
  });
  const file = `/exports/${exported}/file`;
  const table: readonly (readonly [Who, string, number])[] = [
    ['exporter', file, 200],
    ['admin', file, 404],
    ['radiologist', file, 404],
    ['researcher', file, 404],
    ['sender', file, 403],
    ['auditor', file, 403],
    ['exporter', `/exports/${randomUUID()}/file`, 404],
    ['exporter', `/exports/${caseId}/file`, 404],
    ['keeper', `/cases/${caseId}/attachments/${attachment}`, 200],
    ['sender', `/cases/${caseId}/attachments/${attachment}`, 200],
    ['technician', `/cases/${caseId}/attachments/${attachment}`, 404],
    ['researcher', `/cases/${caseId}/attachments/${attachment}`, 403],
    ['auditor', `/cases/${caseId}/attachments/${attachment}`, 403],
    ['keeper', `/cases/${other}/attachments/${attachment}`, 404],
    ['keeper', `/cases/${caseId}/attachments/${randomUUID()}`, 404],
    ['two', `/reviews/${randomUUID()}/annotations`, 404],
  ];
  for (const [who, path, expected] of table)
    assert.is(await status(who, path), expected, `${path} as ${who}`);
  const stranger = await gateway.call('GET', file);
  assert.is(stranger.status, 401);
  gateway.wait(24 * 3600 * 1000 + 1);
  const late = (await gateway.signIn(people.get('exporter')!.user.username, 'a long password')).accessToken;
  assert.is(await status('exporter', file, { token: late }), 410, 'after a day');
  const again = await gateway.call('POST', '/exports', {
    token: late,
    body: { id: randomUUID(), template: 'cases-limited', selection: { filter: {} }, purpose: 'For a moment' },
  });
  const { id } = (await again.json()) as { id: string };
  await exportIn(gateway, late, { id });
  await gateway.call('POST', `/exports/${id}/cancel`, { token: late });
  assert.is(await status('exporter', `/exports/${id}/file`, { token: late }), 410, 'cancelled');
});

test.run();
