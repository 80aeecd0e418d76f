// test:all: byte searches of whole exports; told-fields.test.ts guards who is told what by day
/** Reviews in exports, over the real routes: each answer and mark with its reader, and models that are hidden. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '#shared/protocol/api.ts';
import type { ReviewAnnotations } from '#shared/protocol/annotations.ts';
import type { CaseReview, Review } from '#shared/protocol/reviews.ts';
import { until } from '#testing/gateway-under-test.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import {
  deliverStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { askForExport, exported, exportIn, fileOf } from '../testing/open-exports.ts';
import { decideAndSign, openTestReview, placeOf } from '../testing/open-reviews.ts';
import { testFilm } from '../testing/open-subject.ts';
import { pointsAt } from '../testing/read-marks.ts';

const SEED = 7300;

const test = suite('reviews in exports');
let gateway: PacsGateway;
const people: Session[] = [];
let caseId: string;

test.before(async () => {
  gateway = await openPacsGateway();
  for (let at = 0; at < 3; at += 1) people.push(await gateway.userWith(['radiologist']));
  const technician = (await gateway.userWith(['technician'])).accessToken;
  const study = await deliverStudy(gateway, { token: technician, seed: SEED });
  const admin = (await gateway.userWith(['admin'])).accessToken;
  caseId = (await openTestCase(gateway, admin, { studies: [study] })).id;
  await insertTestResult(gateway.database.db, { study, positive: true });
  gateway.wait(1);
});
test.after(() => gateway.close());

const open = async (type: string, readers: readonly Session[]): Promise<string> => {
  const asked = { type, readers: readers.map(({ user }) => user.id) };
  return (await openTestReview(gateway, { token: people[2]!.accessToken }, caseId, asked)).id;
};

async function read(review: string, { accessToken: token }: Session, finding: string): Promise<void> {
  const { place } = await placeOf(gateway, { token }, review);
  const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = testFilm({ seed: SEED }).identifiers;
  const where = { studyInstanceUID, seriesInstanceUID, sopInstanceUID, frame: 1 };
  const mark = { id: randomUUID(), ...where, kind: 'box', points: pointsAt(10, 20, 30, 44), label: '' };
  const body = { id: randomUUID(), place, version: 0, annotations: [mark] };
  await jsonOf(gateway, `PUT /reviews/${review}/annotations`, { token, body });
  await decideAndSign(gateway, { token }, review, finding);
}

const told = async (template: string, { accessToken }: Session): Promise<Record<string, unknown>> => {
  const selection = { cases: [caseId] };
  return JSON.parse(await exported(gateway, accessToken, { template, selection })) as Record<string, unknown>;
};

test('a reader who is blinded is told that the models’ answers are hidden; an adjudication keeps all answers apart', async () => {
  const [ana, ben, cleo] = people as [Session, Session, Session];
  const review = await open('chest-film-double', [ana, ben]);
  const blind = await told('findings-limited', ana);
  assert.equal([blind['models'], blind['scores']], [['hidden'], [null]]);
  await read(review, ana, 'normal');
  await read(review, ben, 'pneumonia');
  await read(review, cleo, 'pneumonia');
  await read(await open('chest-film', [ben]), ben, 'other');
  const { models, answers, reviewTypes } = await told('findings-limited', ana);
  assert.not.equal(models, ['hidden']);
  assert.equal(reviewTypes, ['chest-film-double', 'chest-film']);
  assert.equal(answers, [
    ...['chest-film-double.finding=pneumonia', 'chest-film-double.certainty=4'],
    ...['chest-film-double@reader-1.finding=normal', 'chest-film-double@reader-1.certainty=4'],
    ...['chest-film-double@reader-2.finding=pneumonia', 'chest-film-double@reader-2.certainty=4'],
    ...['chest-film.finding=other', 'chest-film.certainty=4'],
  ]);
  await read(await open('chest-film', [ana]), ana, 'normal');
  const again = (await told('findings-limited', ana))['answers'] as string[];
  assert.equal(again.slice(-2), ['chest-film#2.finding=normal', 'chest-film#2.certainty=4']);
});

test('a report names the reader of each answer and mark, and has a mark that was taken over once', async () => {
  const [ana, ben, cleo] = people.map(({ user }) => user.username);
  const token = people[0]!.accessToken;
  const { id } = await askForExport(gateway, token, {
    template: 'report-full',
    selection: { cases: [caseId] },
  });
  await exportIn(gateway, token, { id });
  const pdf = await fileOf(gateway, token, id);
  const text = execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdf }).toString();
  const words = text.replace(/\s+/g, ' ');
  for (const said of [
    'The readers differed. The adjudicator',
    `Read by: ${cleo} (the adjudicator), ${ana} (reader 1), ${ben} (reader 2)`,
    `Differs, reader 1 (${ana}): What does the film show? Nothing abnormal (differs);`,
    `Agrees, reader 2 (${ben}): What does the film show? Pneumonia;`,
    `X1, A1, B1 of review 1. box (${cleo}, the adjudicator of review 1; ${ana}, reader 1 of review 1; ${ben}, reader 2 of review 1)`,
    `1 of review 2. box (${ben}, review 2)`,
    `1 of review 3. box (${ana}, review 3)`,
    '“Accept what was found”, chosen by the adjudicator',
    '“Accept what was found”, chosen by a reader',
  ])
    assert.ok(words.includes(said), `${said} in ${words}`);
});

test('every format says that a reader could judge the case where no model had found anything', async () => {
  const { accessToken: token } = people[1]!;
  const study = await deliverStudy(gateway, {
    token: (await gateway.userWith(['technician'])).accessToken,
    seed: SEED + 1,
  });
  const { id: bare } = await openTestCase(gateway, token, { studies: [study] });
  const asked = { id: randomUUID(), type: 'chest-film', readers: [people[1]!.user.id] };
  const of = `/reviews/${asked.id}`;
  await jsonOf<Review>(gateway, `POST /cases/${bare}/reviews`, { token, body: asked, status: 201 });
  const said = { decision: 'accept', answers: { finding: 'normal', certainty: 3 } };
  await jsonOf(gateway, `POST ${of}/decision`, {
    token,
    body: { id: randomUUID(), place: 1, version: 1, ...said },
  });
  await jsonOf(gateway, `POST ${of}/sign`, { token, body: { id: randomUUID(), place: 1, version: 2 } });
  const selection = { cases: [bare] };
  const { id } = await askForExport(gateway, token, { template: 'report-full', selection });
  await exportIn(gateway, token, { id });
  const input = await fileOf(gateway, token, id);
  const words = execFileSync('pdftotext', ['-layout', '-', '-'], { input }).toString().replace(/\s+/g, ' ');
  assert.ok(words.includes('“Assessable”, chosen by a reader'), words);
  const row = await exported(gateway, token, { template: 'findings-limited', selection });
  assert.equal((JSON.parse(row) as { readonly decisions: unknown }).decisions, ['judged']);
  const [, line] = (await exported(gateway, token, { template: 'cases-limited', selection })).split('\r\n');
  assert.match(line!, /,judged,/);
});

test('a reader who reads the case again, blinded, is told by no road how it was read before, until they have signed', async () => {
  const [ana, , cleo] = people as [Session, Session, Session];
  const dora = await gateway.userWith(['radiologist']);
  const eve = await gateway.userWith(['radiologist']);
  const { accessToken: token } = dora;
  const reviews = async (by: Session) =>
    (
      await jsonOf<{ reviews: CaseReview[] }>(gateway, `GET /cases/${caseId}/reviews`, {
        token: by.accessToken,
      })
    ).reviews;
  const settled = (await reviews(cleo)).filter(({ state }) => state === 'settled');
  const marksOf = async ({ id }: { id: string }) =>
    (await jsonOf<ReviewAnnotations>(gateway, `GET /reviews/${id}/annotations`, { token })).places;
  const answersTold = async (by: Session) => (await told('findings-limited', by))['answers'] as string[];
  const setLeaves = async (by: Session) => {
    const asked = { template: 'instances-limited', selection: { cases: [caseId] } };
    const { id } = await askForExport(gateway, by.accessToken, asked);
    const { leftOut } = await exportIn(gateway, by.accessToken, { id });
    return leftOut.find(({ because }) => because === 'read-blinded')?.count ?? 0;
  };
  await until('the marks to be in the PACS', async () =>
    (await Promise.all(settled.map(marksOf))).flat().every(({ stored }) => stored?.state === 'in-pacs'),
  );
  const before = await answersTold(dora);
  assert.ok(settled.length > 1 && before.length > 0);
  assert.is(await setLeaves(dora), 0);
  const again = await open('chest-film-double', [dora, eve]);
  assert.equal(await answersTold(dora), []);
  for (const review of settled) {
    const seen = (await reviews(dora)).find(({ id }) => id === review.id)!;
    assert.equal([seen.state, seen.places, seen.finalPlace], ['settled', [], null]);
    assert.equal(await marksOf(review), []);
    const { history } = await jsonOf<Review>(gateway, `GET /reviews/${review.id}`, { token });
    assert.ok(history.every(({ by, to, decision }) => by === null && to === null && decision === null));
  }
  assert.ok((await setLeaves(dora)) >= settled.length, 'marks of each');
  assert.equal(await answersTold(ana), before, 'who read it before, and does not again');
  await read(again, dora, 'normal');
  assert.equal((await answersTold(dora)).slice(0, before.length), before);
  assert.is(await setLeaves(dora), 0);
});

test.run();
