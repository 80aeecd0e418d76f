/**
 * Notes and attachments of a case that is read blinded: role × route × field. A reader who has not signed is told none
 * of those of another reader, by any GET of the contract or any file; people who do not read it are told all of them
 * that their role is told.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case, CaseAttachments, CaseNotes, CaseTimeline } from '#shared/protocol/cases.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { deliverStudy, jsonOf, openTestCase } from '../testing/open-cases.ts';
import { askForExport, exportIn, fileOf } from '../testing/open-exports.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { REVIEW_PEOPLE, testPeople } from '../testing/test-people.ts';

/** The first reader writes a note, attaches a file, and closes the case with a reason. */
const WRITTEN = {
  note: 'Plainly a lobar pneumonia',
  name: 'lobar-drawing.pdf',
  bytes: '%PDF-1.7 lobar by hand',
  closed: 'Lobar, so done',
};
const FROM_ORGANISER = 'Febrile for three days';

const test = suite('writing in a blinded review');
let gateway: TestGateway & { pacs: TestPacs };
/** Of the last case that was opened. */
let study: string;
let seed = 985;
const ROLE = { ...REVIEW_PEOPLE, researcher: 'researcher', auditor: 'auditor' } as const;
type Who = keyof typeof ROLE;
const { as, idOf, nameOf, join } = testPeople(ROLE);

test.before(async () => {
  const pacs = openTestPacs();
  gateway = Object.assign(await openTestGateway({ pacs }), { pacs });
  await join(gateway);
  for (const format of ['csv', 'jsonl', 'pdf'] as const) {
    const definition = {
      title: format,
      redaction: 'full',
      format,
      fields: ['caseNumber', 'notes', 'attachments'],
    };
    const body = { name: `written-${format}`, definition };
    await jsonOf(gateway, 'POST /export-templates', { ...as('admin'), body, status: 201 });
  }
});
test.after(() => gateway.close());

async function openCase(): Promise<Case> {
  seed += 1;
  study = await deliverStudy(gateway, { ...as('technician'), seed, patientId: `PID-${seed}` });
  return openTestCase(gateway, as('admin').token, { studies: [study] });
}
async function openReview(
  caseId: string,
  readers: readonly Who[],
  type = 'chest-film-double',
): Promise<string> {
  const body = { id: randomUUID(), type, readers: readers.map(idOf) };
  await jsonOf(gateway, `POST /cases/${caseId}/reviews`, { ...as('admin'), body, status: 201 });
  gateway.wait(1);
  return body.id;
}
const noteAs = (who: Who, caseId: string, text: string): Promise<CaseNotes> =>
  jsonOf(gateway, `POST /cases/${caseId}/notes`, { ...as(who), body: { text }, status: 201 });
async function attachAs(who: Who, caseId: string, { name, bytes }: Pick<typeof WRITTEN, 'name' | 'bytes'>) {
  const form = new FormData();
  form.set('name', name);
  form.set('file', new Blob([bytes]));
  const path = `POST /cases/${caseId}/attachments`;
  return jsonOf<CaseAttachments>(gateway, path, { ...as(who), form, status: 201 });
}
async function closeAs(who: Who, caseId: string, reason: string): Promise<void> {
  const { version } = await jsonOf<Case>(gateway, `GET /cases/${caseId}`, as(who));
  await jsonOf(gateway, `POST /cases/${caseId}/close`, { ...as(who), body: { version, reason } });
}
async function sign(reviewId: string, who: Who): Promise<void> {
  const answers = { finding: 'normal', certainty: 4 };
  for (const [step, said] of [
    ['decision', { decision: 'accept', answers }],
    ['sign', {}],
  ] as const) {
    const { places } = await jsonOf<Review>(gateway, `GET /reviews/${reviewId}`, as(who));
    const { place, version } = places.find(({ isMine }) => isMine)!;
    const body = { id: randomUUID(), place, version, ...said };
    await jsonOf(gateway, `POST /reviews/${reviewId}/${step}`, { ...as(who), body });
  }
}
const codeOf = async (request: string, who: Who, body: unknown): Promise<string> => {
  const [method = '', path = ''] = request.split(' ');
  const answer = await gateway.call(method, path, { ...as(who), body });
  return ((await answer.json()) as { code?: string }).code ?? `${answer.status}`;
};

type About = { readonly caseId: string; readonly reviewId: string; readonly attachmentId: string };

/** Each GET of the contract that answers and ends. */
async function routesAbout({ caseId, reviewId, attachmentId }: About): Promise<string[]> {
  type Contract = { readonly paths: Record<string, Record<string, { responses: object }>> };
  const { paths } = (await (await gateway.call('GET', '/openapi.json')).json()) as Contract;
  return Object.entries(paths)
    .filter(
      ([, { get }]) => get !== undefined && !JSON.stringify(get.responses).includes('text/event-stream'),
    )
    .map(([path]) =>
      path
        .replace('/cases/{id}', `/cases/${caseId}`)
        .replace('{attachmentId}', attachmentId)
        .replace('/reviews/{id}', `/reviews/${reviewId}`)
        .replaceAll('{studyInstanceUID}', study)
        .replace('{uid}', study)
        .replaceAll(/\{\w+\}/g, randomUUID()),
    );
}

/** All that a person is told of the case: by every route, and by a file of every format. */
async function toldOf(who: Who, about: About): Promise<string> {
  const told: string[] = [];
  for (const path of await routesAbout(about)) {
    const answer = await gateway.call('GET', path, as(who));
    told.push(await answer.text());
  }
  if (!['radiologist', 'admin'].includes(ROLE[who])) return told.join('\n');
  for (const format of ['csv', 'jsonl', 'pdf'] as const) {
    const asked = { template: `written-${format}`, selection: { cases: [about.caseId] } };
    const { id } = await askForExport(gateway, as(who).token, asked);
    await exportIn(gateway, as(who).token, { id });
    const file = await fileOf(gateway, as(who).token, id);
    const text = format === 'pdf' ? execFileSync('pdftotext', ['-', '-'], { input: file }) : file;
    told.push(text.toString('utf8').replaceAll(/\s+/g, ' '));
  }
  return told.join('\n');
}

const fieldsIn = (told: string): string[] =>
  Object.entries(WRITTEN).flatMap(([field, text]) => (told.includes(text) ? [field] : []));
const ALL = Object.keys(WRITTEN);

/** Two read it; the first has written in every field. */
async function openWritten(readers: readonly Who[], type?: string): Promise<About> {
  const { id: caseId } = await openCase();
  const reviewId = await openReview(caseId, readers, type);
  await noteAs('admin', caseId, FROM_ORGANISER);
  await noteAs('ana', caseId, WRITTEN.note);
  const { attachments } = await attachAs('ana', caseId, WRITTEN);
  await closeAs('ana', caseId, WRITTEN.closed);
  return { caseId, reviewId, attachmentId: attachments.at(-1)!.id };
}

test('until they have signed, the second reader is told nothing over any road that the first wrote meanwhile', async () => {
  const about = await openWritten(['ana', 'ben']);
  const { caseId, reviewId, attachmentId } = about;
  await sign(reviewId, 'ana');
  const told = await toldOf('ben', about);
  assert.equal(fieldsIn(told), []);
  const happened = await jsonOf<CaseTimeline>(gateway, `GET /cases/${caseId}/timeline`, as('ben'));
  assert.not.ok(JSON.stringify(happened).includes(nameOf('ana')), 'nor by whom');
  assert.ok(told.includes(FROM_ORGANISER), 'the organiser reads nothing: their words are shown');
  assert.is(
    told.match(/\(2 more of other readers: hidden until you have signed\)/g)?.length,
    3,
    'said in each file',
  );
  const notes = await jsonOf<CaseNotes>(gateway, `GET /cases/${caseId}/notes`, as('ben'));
  const files = await jsonOf<CaseAttachments>(gateway, `GET /cases/${caseId}/attachments`, as('ben'));
  assert.equal([notes.notes.length, notes.hidden, files.attachments.length, files.hidden], [1, 2, 0, 1]);
  // An answer to writing lists what is there, too; and what is hidden cannot be fetched or removed.
  assert.equal(fieldsIn(JSON.stringify(await noteAs('ben', caseId, 'Seems clear'))), []);
  assert.equal(
    fieldsIn(JSON.stringify(await attachAs('ben', caseId, { name: 'b.pdf', bytes: '%PDF-' }))),
    [],
  );
  for (const method of ['GET', 'DELETE'])
    assert.is(
      (await gateway.call(method, `/cases/${caseId}/attachments/${attachmentId}`, as('ben'))).status,
      404,
    );
  // The reader who has signed is told, and so are people who read no place: each role as much as otherwise.
  for (const who of ['ana', 'admin', 'cleo', 'technician'] as const)
    assert.equal(fieldsIn(await toldOf(who, about)), ALL, who);
  for (const who of ['researcher', 'auditor'] as const)
    assert.equal(fieldsIn(await toldOf(who, about)), [], who);
  await sign(reviewId, 'ben');
  assert.equal(fieldsIn(await toldOf('ben', about)), ALL);
  const events = await jsonOf<CaseTimeline>(gateway, `GET /cases/${caseId}/timeline`, as('ben'));
  assert.is(events.events.filter(({ event }) => event === 'case-noted').length, 3);
});

test('also of a review that shows what models found, as long as more than one reads it', async () => {
  const { types } = await jsonOf<{ types: { name: string; definition: object }[] }>(
    gateway,
    'GET /review-types',
    as('admin'),
  );
  const { definition } = types.find(({ name }) => name === 'chest-film')!;
  const body = { name: 'two-open', definition: { ...definition, title: 'Two', readers: 2 } };
  await jsonOf(gateway, 'POST /review-types', { ...as('admin'), body, status: 201 });
  assert.equal(fieldsIn(await toldOf('ben', await openWritten(['ana', 'ben'], 'two-open'))), []);
  // One reader who is shown everything is blinded to nobody.
  const alone = await openWritten(['ben'], 'chest-film');
  assert.equal(fieldsIn(await toldOf('ben', alone)), ALL);
});

test('notes of before the review are shown, and those in another case of its study are hidden', async () => {
  const { id: caseId } = await openCase();
  const other = await openTestCase(gateway, as('admin').token, { studies: [study] });
  await noteAs('ana', caseId, 'Old film of 2019 is the same');
  gateway.wait(1);
  await openReview(caseId, ['ana', 'ben']);
  await noteAs('ana', other.id, WRITTEN.note);
  const read = async (id: string): Promise<string[]> =>
    (await jsonOf<CaseNotes>(gateway, `GET /cases/${id}/notes`, as('ben'))).notes.map(({ text }) => text!);
  assert.equal(await read(caseId), ['Old film of 2019 is the same']);
  assert.equal(await read(other.id), []);
});

test('while a place is free no radiologist is told; nobody takes a place who was told before', async () => {
  const free = await openWritten(['ana']);
  assert.equal(fieldsIn(await toldOf('cleo', free)), []);
  assert.equal(fieldsIn(await toldOf('admin', free)), ALL);
  const give = (by: Who, to: Who, { reviewId }: About): Promise<string> =>
    codeOf(`POST /reviews/${reviewId}/assign`, by, {
      ...{ id: randomUUID(), place: 2, version: 1, accountId: idOf(to) },
    });
  assert.is(await give('cleo', 'cleo', free), '200', 'blinded until now');
  const taken = await openWritten(['ana', 'ben']);
  assert.is(await give('cleo', 'cleo', taken), '200', 'has not opened it');
  const told = await openWritten(['ana', 'ben']);
  assert.equal(fieldsIn(await toldOf('cleo', told)), ALL, 'no place is free');
  assert.is(await give('cleo', 'cleo', told), 'review-finding-seen');
  assert.is(await give('admin', 'cleo', told), '200', 'a colleague answers for it');
});

test('readers change no title, tag, priority or due date meanwhile; an organiser does, and readers again afterwards', async () => {
  const { id: caseId } = await openCase();
  const reviewId = await openReview(caseId, ['ana', 'ben']);
  const change = async (who: Who, set: object): Promise<string> => {
    const { version } = await jsonOf<Case>(gateway, `GET /cases/${caseId}`, as('admin'));
    return codeOf(`PATCH /cases/${caseId}`, who, { version, ...set });
  };
  const imported = async (who: Who, title: string): Promise<string> => {
    const { version } = await jsonOf<Case>(gateway, `GET /cases/${caseId}`, as('admin'));
    const answer = await gateway.call('POST', `/cases/import?id=${randomUUID()}`, {
      ...as(who),
      form: new TextEncoder().encode(`id,version,title\r\n${caseId},${version},${title}\r\n`),
      headers: { 'content-type': 'text/csv' },
    });
    return answer.text();
  };
  const hints = [{ priority: 'urgent' }, { dueOn: '2027-01-02' }];
  for (const set of [{ title: WRITTEN.note }, { tags: ['lobar'] }, ...hints])
    assert.is(await change('ana', set), 'review-blinded');
  assert.match(await imported('ana', WRITTEN.note), /"fault":"blinded"/);
  assert.is(await change('ana', { status: 'on-hold' }), '200');
  assert.is(await change('admin', { title: 'Chest, febrile' }), '200');
  assert.match(await imported('admin', 'Chest and fever'), /"isImported":true/);
  for (const who of ['ana', 'ben'] as const) await sign(reviewId, who);
  assert.is(await change('ana', { title: WRITTEN.note }), '200');
});

test.run();
