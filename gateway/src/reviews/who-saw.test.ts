/** Readers who may still read blinded: nobody names themselves for a reading whose finding they saw, or takes it. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '#shared/protocol/cases.ts';
import type { Review, ReviewTypes } from '#shared/protocol/reviews.ts';
import { closeReadings } from '../audit/record-reading.ts';
import { deliverStudy, jsonOf, openTestCase } from '../testing/open-cases.ts';
import { askForExport, exportIn } from '../testing/open-exports.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import { REVIEW_PEOPLE, testPeople, type ReviewPerson as Who } from '../testing/test-people.ts';

const test = suite('readers who saw the finding');
let gateway: TestGateway & { pacs: TestPacs };
let seed = 1600;
const { as, idOf, join } = testPeople(REVIEW_PEOPLE);

test.before(async () => {
  const pacs = openTestPacs();
  gateway = Object.assign(await openTestGateway({ pacs }), { pacs });
  await join(gateway);
});
test.after(() => gateway.close());

async function openStudy(): Promise<string> {
  const { accessToken: token } = await gateway.userWith(['technician']);
  seed += 1;
  return deliverStudy(gateway, { token, seed, patientId: `PID-${seed}` });
}
/** The result's id. */
async function examine(study: string): Promise<string> {
  const id = await insertTestResult(gateway.database.db, { study, positive: true, at: gateway.now() });
  gateway.wait(1);
  return id;
}
const openCase = (study: string): Promise<Case> =>
  openTestCase(gateway, as('admin').token, { studies: [study] });

const codeOf = async (request: string, who: Who, body: unknown): Promise<string> => {
  const [method = '', path = ''] = request.split(' ');
  const answer = await gateway.call(method, path, { ...as(who), body });
  return ((await answer.json()) as { code?: string }).code ?? `${answer.status}`;
};
async function open(caseId: string, by: Who, readers?: readonly Who[], type = 'chest-film-double') {
  gateway.wait(1);
  const id = randomUUID();
  const code = await codeOf(`POST /cases/${caseId}/reviews`, by, { id, type, readers: readers?.map(idOf) });
  gateway.wait(1);
  return { id, code };
}
const take = (reviewId: string, who: Who): Promise<string> =>
  codeOf(`POST /reviews/${reviewId}/assign`, who, {
    ...{ id: randomUUID(), place: 1, version: 1, accountId: idOf(who) },
  });

test('nobody names themselves for a blinded reading of which they saw the finding; a colleague may', async () => {
  const study = await openStudy();
  await examine(study);
  const { id } = await openCase(study);
  assert.is((await open(id, 'ana', ['ana', 'ben'])).code, '201', 'has not opened it');
  const other = await openCase(await openStudy());
  await examine(other.studies[0]!.studyInstanceUID);
  await jsonOf(gateway, `GET /cases/${other.id}`, as('ana'));
  assert.is((await open(other.id, 'ana', ['ana', 'ben'])).code, 'review-finding-seen');
  assert.is((await open(other.id, 'ana', ['ben'])).code, '201', 'only for others');
  assert.is((await open(other.id, 'admin', ['ana', 'ben'])).code, '201', 'a colleague answers for it');
  assert.is(
    (await open(other.id, 'ana', ['ana'], 'chest-film')).code,
    '201',
    'nothing is hidden in this one',
  );
});

test('a person who names readers is told before of those who may have seen the finding, and a blinded one is not', async () => {
  const study = await openStudy();
  await examine(study);
  const { id } = await openCase(study);
  const seen = async (who: Who, query = ''): Promise<string[] | 'not told'> => {
    const path = `GET /cases/${id}/readers${query}`;
    const told = await jsonOf<{ seen: string[]; isTold: boolean }>(gateway, path, as(who));
    if (!told.isTold) assert.equal(told.seen, []);
    return told.isTold ? told.seen : 'not told';
  };
  assert.equal(await seen('ana'), []);
  await jsonOf(gateway, `GET /cases/${id}`, as('ana'));
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
  assert.is(
    await codeOf(`GET /cases/${other.id}/readers?review=${review.id}`, 'admin', undefined),
    'not-found',
  );
});

test('a review says which reader was given it after they saw what a model found', async () => {
  const study = await openStudy();
  await examine(study);
  const { id } = await openCase(study);
  await jsonOf(gateway, `GET /cases/${id}`, as('ana'));
  const named = await open(id, 'admin', ['ana', 'ben']);
  const seen = async (who: Who, reviewId: string) =>
    (await jsonOf<Review>(gateway, `GET /reviews/${reviewId}`, as(who))).seenBefore;
  assert.equal(await seen('admin', named.id), [1]);
  assert.equal(await seen('ana', named.id), [1]);
  assert.equal(await seen('ben', named.id), [], 'is not told of others');
  const free = await open(id, 'admin', []);
  const body = { id: randomUUID(), place: 2, version: 1, accountId: idOf('ana') };
  await jsonOf(gateway, `POST /reviews/${free.id}/assign`, { ...as('admin'), body });
  assert.equal(await seen('admin', free.id), [2]);
  assert.is(await take(free.id, 'cleo'), '200');
  assert.equal(await seen('admin', free.id), [2]);
});

/** Both answer alike, so the review ends. */
async function readToTheEnd(reviewId: string, readers: readonly Who[]): Promise<void> {
  const steps = [
    ['decision', { decision: 'accept', answers: { finding: 'normal', certainty: 4 } }],
    ['sign', { isMeant: true }],
  ] as const;
  for (const who of readers)
    for (const [step, given] of steps) {
      const { places } = await jsonOf<Review>(gateway, `GET /reviews/${reviewId}`, as(who));
      const { place, version } = places.find(({ isMine }) => isMine)!;
      const body = { id: randomUUID(), place, version, ...given };
      await jsonOf(gateway, `POST /reviews/${reviewId}/${step}`, { ...as(who), body });
    }
}

const GIVEN: Readonly<Record<string, (caseId: string) => Promise<string>>> = {
  'named when it is opened': async (caseId) => (await open(caseId, 'cleo', ['cleo', 'ben'])).id,
  'given a free place': async (caseId) => {
    const { id } = await open(caseId, 'cleo', ['cleo']);
    const body = { id: randomUUID(), place: 2, version: 1, accountId: idOf('ben') };
    await jsonOf(gateway, `POST /reviews/${id}/assign`, { ...as('cleo'), body });
    return id;
  },
};
for (const [how, give] of Object.entries(GIVEN))
  test(`a blinded reader learns only afterwards that the other one may have seen a finding: ${how}`, async () => {
    const study = await openStudy();
    await examine(study);
    const { id: caseId } = await openCase(study);
    await jsonOf(gateway, `GET /cases/${caseId}`, as('ben'));
    const id = await give(caseId);
    const seen = async (who: Who) =>
      (await jsonOf<Review>(gateway, `GET /reviews/${id}`, as(who))).seenBefore;
    assert.equal(await seen('admin'), [2]);
    assert.equal([await seen('cleo'), await seen('ana')], [[], []]);
    await readToTheEnd(id, ['cleo', 'ben']);
    assert.equal([await seen('cleo'), await seen('ana')], [[2], [2]]);
  });

test('a reader who withdraws their own review to look opens none for themselves again', async () => {
  const study = await openStudy();
  await examine(study);
  const { id } = await openCase(study);
  const first = await open(id, 'ana', ['ana', 'ben']);
  await jsonOf(gateway, `POST /reviews/${first.id}/withdraw`, { ...as('ana'), body: { id: randomUUID() } });
  await jsonOf(gateway, `GET /cases/${id}`, as('ana'));
  assert.is((await open(id, 'ana', ['ana', 'ben'])).code, 'review-finding-seen');
});

/** Its file tells nothing of a result. */
async function bareTemplate(): Promise<string> {
  const name = `bare-${seed}`;
  const definition = { title: 'Numbers', redaction: 'limited', format: 'csv', fields: ['caseNumber'] };
  const body = { name, definition };
  await jsonOf(gateway, 'POST /export-templates', { ...as('admin'), body, status: 201 });
  return name;
}

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
    const { id } = await askForExport(gateway, token, { selection, template: await bareTemplate() });
    await exportIn(gateway, token, { id });
  },
  'another case of the study': async (study) => {
    await examine(study);
    await jsonOf(gateway, `GET /cases/${(await openCase(study)).id}`, as('ben'));
  },
  'the case again, in the quarter of an hour of a first look': async (study, caseId) => {
    await jsonOf(gateway, `GET /cases/${caseId}`, as('ben'));
    gateway.wait(1);
    await examine(study);
    await jsonOf(gateway, `GET /cases/${caseId}`, as('ben'));
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
  const { types } = await jsonOf<ReviewTypes>(gateway, 'GET /review-types', as('ana'));
  const { definition } = types.find((type) => type.name === 'chest-film-double')!;
  const name = `turn-${seed}`;
  const body = { name, definition: { ...definition, title: 'In turn', assignment: 'turn' } };
  await jsonOf(gateway, 'POST /review-types', { ...as('admin'), body, status: 201 });
  const { id } = await open(caseId, 'admin', undefined, name);
  const { places } = await jsonOf<Review>(gateway, `GET /reviews/${id}`, as('admin'));
  return places.map(({ reader }) => reader?.id);
}

test.run();
