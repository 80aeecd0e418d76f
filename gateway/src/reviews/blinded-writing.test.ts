// test:all: every route for every reader; told-fields.test.ts and second-round.test.ts guard blinded reading by day
/**
 * Notes and attachments of a case that is read blinded. A reader who has not signed is told none of those of another
 * reader, by its pages or any file; told-fields.test.ts asks every route for every role.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case, CaseAttachments, CaseNotes, CaseTimeline } from '#shared/protocol/cases.ts';
import {
  attachTo,
  codeOf as codeAt,
  deliverStudy,
  jsonOf,
  noteOn,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { addTemplate, askForExport, exportIn, fileOf } from '../testing/open-exports.ts';
import { addReviewType, decideAndSign, openTestReview } from '../testing/open-reviews.ts';
import { REVIEW_PEOPLE, testPeople, type ReviewPerson as Who } from '../testing/test-people.ts';

/** The first reader writes a note, attaches a file, and closes the case with a reason. */
const WRITTEN = {
  note: 'Plainly a lobar pneumonia',
  name: 'lobar-drawing.pdf',
  bytes: '%PDF-1.7 lobar by hand',
  closed: 'Lobar, so done',
};
const FORMATS = ['csv', 'jsonl', 'pdf'] as const;
const FROM_ORGANISER = 'Febrile for three days';

const test = suite('writing in a blinded review');
let gateway: PacsGateway;
/** Study of the last case that was opened. */
let study: string;
let seed = 985;
const { as, idOf, nameOf, join } = testPeople(REVIEW_PEOPLE);

test.before(async () => {
  gateway = await openPacsGateway();
  await join(gateway);
  const fields = ['caseNumber', 'notes', 'attachments'];
  for (const format of FORMATS)
    await addTemplate(gateway, as('admin').token, `written-${format}`, { redaction: 'full', format, fields });
});
test.after(() => gateway.close());

async function openCase(): Promise<Case> {
  seed += 1;
  study = await deliverStudy(gateway, { ...as('technician'), seed, patientId: `PID-${seed}` });
  return openTestCase(gateway, as('admin').token, { studies: [study] });
}
const openReview = async (id: string, readers: readonly Who[], type = 'chest-film-double') =>
  (await openTestReview(gateway, as('admin'), id, { type, readers: readers.map(idOf) })).id;
const noteAs = (who: Who, caseId: string, text: string) => noteOn(gateway, as(who), caseId, text);
const attachAs = (who: Who, caseId: string, file: Pick<typeof WRITTEN, 'name' | 'bytes'>) =>
  attachTo(gateway, as(who), caseId, file);
async function closeAs(who: Who, caseId: string, reason: string): Promise<void> {
  const { version } = await jsonOf<Case>(gateway, `GET /cases/${caseId}`, as(who));
  await jsonOf(gateway, `POST /cases/${caseId}/close`, { ...as(who), body: { version, reason } });
}
const sign = (review: string, who: Who) => decideAndSign(gateway, as(who), review);
const codeOf = (request: string, who: Who, body: unknown): Promise<string> =>
  codeAt(gateway, request, { ...as(who), body });

type About = { readonly caseId: string; readonly reviewId: string; readonly attachmentId: string };

/** All that a person is told of it: by the pages of the case, and by a file of every format. */
async function toldOf(who: Who, { caseId, attachmentId }: About): Promise<string> {
  const told: string[] = [];
  for (const path of ['', '/notes', '/attachments', `/attachments/${attachmentId}`, '/timeline'])
    told.push(await (await gateway.call('GET', `/cases/${caseId}${path}`, as(who))).text());
  for (const format of FORMATS) {
    const asked = { template: `written-${format}`, selection: { cases: [caseId] } };
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
  // The reader who has signed is told, and so are people who read no place.
  for (const who of ['ana', 'admin', 'cleo'] as const)
    assert.equal(fieldsIn(await toldOf(who, about)), ALL, who);
  await sign(reviewId, 'ben');
  assert.equal(fieldsIn(await toldOf('ben', about)), ALL);
  const events = await jsonOf<CaseTimeline>(gateway, `GET /cases/${caseId}/timeline`, as('ben'));
  assert.is(events.events.filter(({ event }) => event === 'case-noted').length, 3);
});

test('also of a review that shows what models found, as long as more than one reads it', async () => {
  await addReviewType(gateway, as('admin'), 'two-open', { like: 'chest-film', readers: 2 });
  assert.equal(fieldsIn(await toldOf('ben', await openWritten(['ana', 'ben'], 'two-open'))), []);
  // A single reader who is shown everything is blinded to nobody.
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
