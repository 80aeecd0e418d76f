// test:all: byte searches of whole reports; told-fields.test.ts guards who is told what by day
/**
 * Reports over the real routes, of cases with a name in every field, note, attachment, mark and image: full ones have
 * them, limited and anonymous ones have none.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '#shared/protocol/api.ts';
import type { Export } from '#shared/protocol/exports.ts';
import { createIdentitySearch } from '#testing/find-identities.ts';
import { insertTestResult } from '../../testing/insert-result.ts';
import {
  deliverStudy,
  jsonOf,
  noteOn,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../../testing/open-cases.ts';
import { askForExport, exportIn, fileOf } from '../../testing/open-exports.ts';
import { decideTest, openTestReview, signTest } from '../../testing/open-reviews.ts';
import { testFilm } from '../../testing/open-subject.ts';
import { pointsAt } from '../../testing/read-marks.ts';

const CASES = 6;
const SEED = 7100;
const NAME = 'Oberhuberin';
const BURNED_IN = 0x00280301;

const test = suite('reports of a gateway');
let gateway: PacsGateway;
let reader: Session;
let token: string;
const cases: string[] = [];

test.before(async () => {
  gateway = await openPacsGateway();
  reader = await gateway.userWith(['radiologist']);
  token = reader.accessToken;
  const technician = (await gateway.userWith(['technician'])).accessToken;
  for (let at = 0; at < CASES; at += 1) cases.push(await openPlanted(technician, SEED + at));
  gateway.wait(1);
});
test.after(() => gateway.close());

/** The last of them may have text in its picture: its header does not say. */
async function openPlanted(technician: string, seed: number): Promise<string> {
  const isLast = seed === SEED + CASES - 1;
  const study = await deliverStudy(gateway, {
    ...{ token: technician, seed, patientName: `${NAME}^Zoe`, patientId: `PID-${seed}99` },
    ...{ birthDate: '19800224', sex: 'F', accessionNumber: `ACC-${seed}99`, studyDate: '20261120' },
    description: `Chest of ${NAME}, lungs normal`,
    more: isLast ? [[BURNED_IN, 'CS', 'YES']] : [],
  });
  const title = `Film of ${NAME}`;
  const { id } = await openTestCase(gateway, token, { title, tags: [NAME], studies: [study] });
  await noteOn(gateway, { token }, id, `lungs normal, call ${NAME}`);
  await insertTestResult(gateway.database.db, { study, positive: true });
  await readAndMark(id, seed);
  return id;
}

async function readAndMark(caseId: string, seed: number): Promise<void> {
  const asked = { type: 'chest-film', readers: [reader.user.id] };
  const { id } = await openTestReview(gateway, { token }, caseId, asked);
  const { sopClassUID: _, ...where } = testFilm({ seed }).identifiers;
  const label = `by ${NAME}`;
  const mark = { id: randomUUID(), ...where, frame: 1, kind: 'box', points: pointsAt(10, 20, 30, 44), label };
  const annotations = { id: randomUUID(), place: 1, version: 0, annotations: [mark] };
  await jsonOf(gateway, `PUT /reviews/${id}/annotations`, { token, body: annotations });
  const answers = { finding: 'normal', certainty: 4, comment: `told ${NAME}` };
  await decideTest(gateway, { token }, id, { decision: 'correct', reason: `as ${NAME} says`, answers });
  await signTest(gateway, { token }, id);
}

async function report(
  template: string,
): Promise<{ made: Export; pdf: Buffer; words: string; images: number }> {
  const { id } = await askForExport(gateway, token, { template });
  const made = await exportIn(gateway, token, { id });
  const pdf = await fileOf(gateway, token, id);
  const text = execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdf }).toString();
  const images = pdf.toString('latin1').split('/Subtype /Image').length - 1;
  return { made, pdf, words: text.replace(/\s+/g, ' '), images };
}

test('full: names, notes, answers and marks are in it, and each image', async () => {
  const { made, pdf, words, images } = await report('report-full');
  for (const said of [NAME, `PID-${SEED}99`, '1980-02-24', `lungs normal, call ${NAME}`, `told ${NAME}`])
    assert.ok(words.includes(said), `${said} in ${words}`);
  assert.ok(words.includes(`1. box (${reader.user.username}): by ${NAME}`));
  assert.ok(
    words.includes(`Purpose: ${made.purpose}`) &&
      words.includes(`by ${reader.user.username} (a radiologist)`),
  );
  assert.is(images, CASES);
  assert.equal([made.rows, made.done, made.bytes], [CASES, CASES, pdf.length]);
  assert.is(made.sha256, createHash('sha256').update(pdf).digest('hex'));
  const answer = await gateway.call('HEAD', `/exports/${made.id}/file`, { token });
  assert.is(answer.headers.get('content-type'), 'application/pdf');
  assert.match(answer.headers.get('content-disposition') ?? '', /filename="report-full\.pdf"/);
});

test('limited: pseudonyms and roles, marks without words, and no image that may have text in it', async () => {
  const { pdf, words, images } = await report('report-limited');
  assert.not.match(words, new RegExp(`${NAME}|Zoe|PID-|1980|${reader.user.username}|Audit`, 'i'));
  assert.ok(words.includes('corrected by a reader') && words.includes('40 to 49 years'));
  assert.ok(words.includes('1. box') && words.includes('This image is left out'));
  assert.is(images, CASES - 1);
  assert.not.ok(pdf.includes(NAME));
});

test('anonymous: groups alone, no image, no name in any byte, and no moment', async () => {
  const { made, pdf, words, images } = await report('report-anonymous');
  assert.equal([made.rows, images], [CASES, 0]);
  assert.ok(words.includes('45 to 49 years') && words.includes('lungs normal'), words);
  assert.ok(words.includes('Nothing abnormal'));
  assert.not.match(words, new RegExp(`${NAME}|Zoe|PID|ACC-|1980|20261120|${reader.user.username}`, 'i'));
  assert.not.match(pdf.toString('latin1'), /CreationDate|ModDate/);
  const search = createIdentitySearch([NAME, `PID-${SEED}99`, '1980-02-24', `ACC-${SEED}99`]);
  assert.equal(search.inBytes(Buffer.concat([pdf, Buffer.from(words)])), []);
  const full = await report('report-full');
  const hit = search.inBytes(Buffer.concat([full.pdf, Buffer.from(full.words)]));
  assert.is(new Set(hit.map(({ identity }) => identity)).size, 4, 'a full one is hit');
});

test('anonymous: a name that has come into a closed field destroys the file, and the field is said', async () => {
  const version = `of ${NAME}`;
  await gateway.database.db.updateTable('inference_result').set({ version }).execute();
  const { id } = await askForExport(gateway, token, { template: 'report-anonymous' });
  const failed = await exportIn(gateway, token, { id, becomes: 'failed' });
  assert.equal([failed.trouble, failed.found], ['identity-found', { field: 'modelVersions', row: 1 }]);
  assert.is((await gateway.call('GET', `/exports/${id}/file`, { token })).status, 410);
});

test.run();
