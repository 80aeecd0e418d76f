/** Readers who may still read blinded: nobody names themselves for a reading whose finding they saw, or takes it. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '#shared/protocol/cases.ts';
import { closeReadings } from '../audit/record-reading.ts';
import {
  codeOf as codeAt,
  deliverStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { addTemplate, askForExport, exportIn } from '../testing/open-exports.ts';
import { addReviewType, decideAndSign, readReview, withdraw } from '../testing/open-reviews.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import { REVIEW_PEOPLE, testPeople, type ReviewPerson as Who } from '../testing/test-people.ts';

const test = suite('readers who saw the finding');
let gateway: PacsGateway;
let seed = 1600;
const { as, idOf, join } = testPeople(REVIEW_PEOPLE);

test.before(async () => {
  gateway = await openPacsGateway();
  await join(gateway);
});
test.after(() => gateway.close());

async function openStudy(): Promise<string> {
  seed += 1;
  return deliverStudy(gateway, { ...as('technician'), seed, patientId: `PID-${seed}` });
}
/** The result's id. */
async function examine(study: string): Promise<string> {
  const id = await insertTestResult(gateway.database.db, { study, positive: true, at: gateway.now() });
  gateway.wait(1);
  return id;
}
const openCase = (study: string): Promise<Case> =>
  openTestCase(gateway, as('admin').token, { studies: [study] });

const codeOf = (request: string, who: Who, body?: unknown): Promise<string> =>
  codeAt(gateway, request, { ...as(who), body });
async function open(caseId: string, by: Who, readers?: readonly Who[], type = 'chest-film-double') {
  gateway.wait(1);
  const id = randomUUID();
  const code = await codeOf(`POST /cases/${caseId}/reviews`, by, { id, type, readers: readers?.map(idOf) });
  gateway.wait(1);
  return { id, code };
}
const assign = (review: string, by: Who, to: Who, place = 1): Promise<string> =>
  codeOf(`POST /reviews/${review}/assign`, by, { id: randomUUID(), place, version: 1, accountId: idOf(to) });
const take = (review: string, who: Who): Promise<string> => assign(review, who, who);
const seenBefore = async (who: Who, review: string) =>
  (await readReview(gateway, as(who), review)).seenBefore;
/** Opens a case of a film in which a model found something, or is about to. */
async function openExamined(): Promise<Case> {
  const study = await openStudy();
  await examine(study);
  return openCase(study);
}
const look = (caseId: string, who: Who) => jsonOf(gateway, `GET /cases/${caseId}`, as(who));

test('nobody names themselves for a blinded reading of which they saw the finding; a colleague may', async () => {
  const { id } = await openExamined();
  assert.is((await open(id, 'ana', ['ana', 'ben'])).code, '201', 'has not opened it');
  const other = await openCase(await openStudy());
  await examine(other.studies[0]!.studyInstanceUID);
  await look(other.id, 'ana');
  assert.is((await open(other.id, 'ana', ['ana', 'ben'])).code, 'review-finding-seen');
  assert.is((await open(other.id, 'ana', ['ben'])).code, '201', 'only for others');
  assert.is((await open(other.id, 'admin', ['ana', 'ben'])).code, '201', 'a colleague answers for it');
  const plain = await open(other.id, 'ana', ['ana'], 'chest-film');
  assert.is(plain.code, '201', 'nothing is hidden in this one');
});

test('a person who names readers is told before of those who may have seen the finding, and a blinded one is not', async () => {
  const { id } = await openExamined();
  const seen = async (who: Who, query = ''): Promise<string[] | 'not told'> => {
    const path = `GET /cases/${id}/readers${query}`;
    const told = await jsonOf<{ seen: string[]; isTold: boolean }>(gateway, path, as(who));
    if (!told.isTold) assert.equal(told.seen, []);
    return told.isTold ? told.seen : 'not told';
  };
  assert.equal(await seen('ana'), []);
  await look(id, 'ana');
  gateway.wait(1);
  assert.equal(await seen('ana'), [idOf('ana')]);
  assert.equal(await seen('admin'), [idOf('ana')]);
  const review = await open(id, 'admin', ['ben', 'cleo']);
  assert.equal(await seen('admin', `?review=${review.id}`), [idOf('ana')]);
  assert.is(await seen('ben'), 'not told', 'reads it blinded');
  assert.is(await seen('ben', `?review=${review.id}`), 'not told');
  const plain = await open(id, 'admin', ['ana'], 'chest-film');
  assert.equal(await seen('ana', `?review=${plain.id}`), [], 'nothing is hidden in this one');
  const other = await openCase(await openStudy());
  assert.is(await codeOf(`GET /cases/${other.id}/readers?review=${review.id}`, 'admin'), 'not-found');
});

test('a review says which reader was given it after they saw what a model found', async () => {
  const { id } = await openExamined();
  await look(id, 'ana');
  const named = await open(id, 'admin', ['ana', 'ben']);
  assert.equal(await seenBefore('admin', named.id), [1]);
  assert.equal(await seenBefore('ana', named.id), [1]);
  assert.equal(await seenBefore('ben', named.id), [], 'is not told of others');
  const free = await open(id, 'admin', []);
  assert.is(await assign(free.id, 'admin', 'ana', 2), '200');
  assert.equal(await seenBefore('admin', free.id), [2]);
  assert.is(await take(free.id, 'cleo'), '200');
  assert.equal(await seenBefore('admin', free.id), [2]);
});

const GIVEN: Readonly<Record<string, (caseId: string) => Promise<string>>> = {
  'named when it is opened': async (caseId) => (await open(caseId, 'cleo', ['cleo', 'ben'])).id,
  'given a free place': async (caseId) => {
    const { id } = await open(caseId, 'cleo', ['cleo']);
    assert.is(await assign(id, 'cleo', 'ben', 2), '200');
    return id;
  },
};
for (const [how, give] of Object.entries(GIVEN))
  test(`a blinded reader learns only afterwards that the other one may have seen a finding: ${how}`, async () => {
    const { id: caseId } = await openExamined();
    await look(caseId, 'ben');
    const id = await give(caseId);
    const seen = (who: Who) => seenBefore(who, id);
    assert.equal(await seen('admin'), [2]);
    assert.equal([await seen('cleo'), await seen('ana')], [[], []]);
    for (const who of ['cleo', 'ben'] as const) await decideAndSign(gateway, as(who), id);
    assert.equal([await seen('cleo'), await seen('ana')], [[2], [2]]);
  });

test('a reader who withdraws their own review to look opens none for themselves again', async () => {
  const { id } = await openExamined();
  const first = await open(id, 'ana', ['ana', 'ben']);
  await withdraw(gateway, as('ana'), first.id);
  await look(id, 'ana');
  assert.is((await open(id, 'ana', ['ana', 'ben'])).code, 'review-finding-seen');
});

/** Each tells the reader of a result of the study. */
const LOOKS: Readonly<Record<string, (study: string, caseId: string) => Promise<void>>> = {
  'the page of the result': async (study) => {
    await jsonOf(gateway, `GET /results/${await examine(study)}`, as('ben'));
  },
  'the page of the result, an hour ago': async (study) => {
    await jsonOf(gateway, `GET /results/${await examine(study)}`, as('ben'));
    const later = new Date(gateway.now().getTime() + 3_600_000);
    await closeReadings({ db: gateway.database.db, now: () => later });
  },
  'a file of one’s own': async (study, caseId) => {
    await examine(study);
    const { token } = as('ben');
    const { id } = await askForExport(gateway, token, { selection: { cases: [caseId] } });
    await exportIn(gateway, token, { id });
  },
  'a file of cases that were chosen by it': async (study) => {
    await examine(study);
    const { token } = as('ben');
    const selection = { filter: { finding: 'positive' as const } };
    // The file tells nothing of a result.
    const template = await addTemplate(gateway, as('admin').token, `bare-${seed}`, {
      fields: ['caseNumber'],
    });
    const { id } = await askForExport(gateway, token, { selection, template });
    await exportIn(gateway, token, { id });
  },
  'another case of the study': async (study) => {
    await examine(study);
    await look((await openCase(study)).id, 'ben');
  },
  'the case again, in the quarter of an hour of a first look': async (study, caseId) => {
    await look(caseId, 'ben');
    gateway.wait(1);
    await examine(study);
    await look(caseId, 'ben');
  },
};
for (const [name, look] of Object.entries(LOOKS))
  test(`a finding that was seen counts over each way: ${name}`, async () => {
    const study = await openStudy();
    const { id } = await openCase(study);
    await look(study, id);
    const review = await open(id, 'admin', []);
    assert.is(await take(review.id, 'ben'), 'review-finding-seen');
    assert.is(await take(review.id, 'ana'), '200', 'saw nothing');
    assert.ok(!(await inTurn(id)).includes(idOf('ben')), 'nor chosen in turn');
  });

/** The accounts chosen for a blinded review with more places than people. */
async function inTurn(caseId: string): Promise<(string | undefined)[]> {
  const turn = { title: 'In turn', assignment: 'turn' };
  const name = await addReviewType(gateway, as('admin'), `turn-${seed}`, turn);
  const { id } = await open(caseId, 'admin', undefined, name);
  const { places } = await readReview(gateway, as('admin'), id);
  return places.map(({ reader }) => reader?.id);
}

test.run();
