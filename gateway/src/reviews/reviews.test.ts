/** Reviews through the real routes: who reads what, over which route, until all have signed. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CASE_FINDINGS, type Case, type CaseList, type CaseTimeline } from '#shared/protocol/cases.ts';
import type { CaseReview, ListedReview, Review, ReviewTypes } from '#shared/protocol/reviews.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import {
  codeOf as codeAt,
  deliverStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import {
  decideTest,
  definitionOf,
  openTestReview,
  placeOf,
  readReview,
  signTest,
} from '../testing/open-reviews.ts';
import { REVIEW_PEOPLE, testPeople, type ReviewPerson as Who } from '../testing/test-people.ts';

const COMMENT = 'Yamada again, see Oberhuber';

const test = suite('reviews');
let gateway: PacsGateway;
let seed = 980;
let study: string;
let resultId: string;
const { as, idOf, nameOf, join } = testPeople(REVIEW_PEOPLE);

test.before(async () => {
  gateway = await openPacsGateway();
  await join(gateway);
});
/** A study that nobody has looked at: a finding that was seen counts in every other case of its study. */
test.before.each(async () => {
  seed += 1;
  study = await deliverStudy(gateway, { ...as('technician'), seed, patientId: 'PID-4711' });
  resultId = await insertTestResult(gateway.database.db, { study, positive: true });
});
test.after(() => gateway.close());

const openCase = (): Promise<Case> => openTestCase(gateway, as('admin').token, { studies: [study] });
const openReview = async (readers: readonly Who[], type = 'chest-film-double'): Promise<Review> =>
  openTestReview(gateway, as('admin'), (await openCase()).id, { type, readers: readers.map(idOf) });
const read = (id: string, who: Who): Promise<Review> => readReview(gateway, as(who), id);
const decide = (id: string, who: Who, finding: string, more: object = {}): Promise<Review> =>
  decideTest(gateway, as(who), id, { answers: { finding, certainty: 4, comment: COMMENT }, ...more });
const sign = (id: string, who: Who): Promise<Review> => signTest(gateway, as(who), id);
const codeOf = (request: string, who: Who, body?: unknown): Promise<string> =>
  codeAt(gateway, request, { ...as(who), body });
const give = (review: string, by: Who, to: Who, of: object): Promise<string> =>
  codeOf(`POST /reviews/${review}/assign`, by, { id: randomUUID(), version: 1, accountId: idOf(to), ...of });

/** Whether they are told what the model found, in the case, the list of results and its page. */
async function findsIn({ caseId }: Review, who: Who): Promise<boolean> {
  const paths = [`/cases/${caseId}`, `/results?study=${study}`, `/results/${resultId}`];
  const told = await Promise.all(
    paths.map(async (path) => (await gateway.call('GET', path, as(who))).text()),
  );
  const found = told.map((text) => text.includes('"positive":true'));
  assert.is(new Set(found).size, 1, `${who}: ${found}`);
  return found[0]!;
}

/** The filters that find the review's case, which is listed with that finding. */
async function findingsOf({ caseId }: Review, who: Who): Promise<string[]> {
  const found = await Promise.all(
    CASE_FINDINGS.map(async (finding) => {
      const path = `GET /cases?limit=200&finding=${finding}`;
      const { cases } = await jsonOf<CaseList>(gateway, path, as(who));
      return cases.filter(({ id }) => id === caseId).map((one) => (one.finding === finding ? finding : '?'));
    }),
  );
  return found.flat();
}

test('the second reader learns nothing of the first by a filter, a name or an event, until both have signed', async () => {
  const review = await openReview(['ana', 'ben']);
  await decide(review.id, 'ana', 'pneumonia');
  await sign(review.id, 'ana');
  const mine = await read(review.id, 'ben');
  assert.equal([mine.places.length, mine.hidesFinding, mine.state], [1, true, 'reading']);
  // Names of those who have opened the case would tell who reads it.
  const events = (who: Who) => jsonOf<CaseTimeline>(gateway, `GET /cases/${review.caseId}/timeline`, as(who));
  const told = JSON.stringify([mine, await events('ben')]);
  for (const hidden of [nameOf('ana'), idOf('ana'), 'review-signed'])
    assert.not.ok(told.includes(hidden), hidden);
  assert.ok(JSON.stringify(await events('admin')).includes('review-signed'));
  const findings = [];
  for (const who of ['ben', 'ana', 'admin'] as const) findings.push(await findingsOf(review, who));
  assert.equal(findings, [['hidden'], ['positive'], ['positive']], 'ana has signed');
  await decide(review.id, 'ben', 'pneumonia');
  const settled = await sign(review.id, 'ben');
  assert.equal([settled.state, settled.finalPlace, settled.places.length], ['settled', 1, 2]);
  assert.equal(await findingsOf(review, 'ben'), ['positive']);
});

test('readers who differ are decided between by a third, who sees both answers and no name', async () => {
  const review = await openReview(['ana', 'ben']);
  await decide(review.id, 'ana', 'pneumonia');
  await decide(review.id, 'ben', 'normal');
  await sign(review.id, 'ana');
  await sign(review.id, 'ben');
  // By load: there is one radiologist left.
  const asked = await read(review.id, 'cleo');
  assert.is(asked.state, 'adjudication');
  assert.is((await placeOf(gateway, as('cleo'), review.id)).place, 0);
  const sides = asked.places.filter(({ place }) => place > 0);
  assert.equal(
    sides.map(({ said, reader }) => [said?.answers['finding'], said?.answers['comment'], reader]),
    [
      ['pneumonia', COMMENT, null],
      ['normal', COMMENT, null],
    ],
  );
  for (const name of ['ana', 'ben'] as const) assert.not.ok(JSON.stringify(asked).includes(nameOf(name)));
  // Still nothing of each other.
  assert.is((await read(review.id, 'ana')).places.length, 1);
  await decide(review.id, 'cleo', 'pneumonia', { decision: 'correct', reason: 'The lateral film shows it' });
  const settled = await sign(review.id, 'cleo');
  assert.equal([settled.state, settled.finalPlace], ['settled', 0]);
  const steps = (await read(review.id, 'ana')).history.map(({ step, place }) => `${step} ${place}`);
  const readings = 'assign 1, assign 2, decide 1, decide 2, sign 1, sign 2';
  assert.is(steps.join(', '), `open null, ${readings}, adjudicate null, decide 0, sign 0, settle null`);
});

test('a decision changes until it is signed, is sent twice and done once, and names what came between', async () => {
  const review = await openReview(['ana'], 'chest-film');
  const answers = { finding: 'other', certainty: 2, comment: COMMENT };
  const said = { id: randomUUID(), place: 1, version: 1, decision: 'accept', answers, reason: '' };
  const path = `POST /reviews/${review.id}/decision`;
  for (let sent = 0; sent < 2; sent += 1) await jsonOf(gateway, path, { ...as('ana'), body: said });
  assert.is(await codeOf(path, 'ana', { ...said, answers: { ...answers, certainty: 3 } }), 'review-changed');
  assert.is(await codeOf(path, 'ben', { ...said, id: randomUUID(), version: 2 }), 'review-not-yours');
  const changed = await decide(review.id, 'ana', 'normal');
  assert.is(changed.places[0]?.version, 3);
  const late = await gateway.call('POST', `/reviews/${review.id}/decision`, {
    ...as('ana'),
    body: { ...said, id: randomUUID(), version: 2 },
  });
  const { code, detail } = (await late.json()) as { code: string; detail: string };
  assert.equal([code, /^Since then: decide by you at \d/.test(detail)], ['review-changed', true]);
  const signing = { place: 1, version: 3, isMeant: true };
  const both = await Promise.all(
    [1, 2].map(() => codeOf(`POST /reviews/${review.id}/sign`, 'ana', { id: randomUUID(), ...signing })),
  );
  assert.equal(both.sort(), ['200', 'review-ended']);
  assert.is(await codeOf(path, 'ana', { ...said, id: randomUUID(), version: 4 }), 'review-ended');
  const { places, history } = await read(review.id, 'ana');
  assert.is(places[0]?.said?.answers['finding'], 'normal');
  assert.equal(fieldsOf(history, 'step'), ['open', 'assign', 'decide', 'decide', 'sign', 'settle']);
});

test('two who sign at once settle it once', async () => {
  const review = await openReview(['ana', 'ben']);
  await decide(review.id, 'ana', 'normal');
  await decide(review.id, 'ben', 'normal');
  await Promise.all([sign(review.id, 'ana'), sign(review.id, 'ben')]);
  const { history, state } = await read(review.id, 'ana');
  assert.equal([state, history.filter(({ step }) => step === 'settle').length], ['settled', 1]);
});

test('a reader who hands a place on, and means to take it back, does not look at the finding meanwhile', async () => {
  const review = await openReview(['ana', 'ben']);
  assert.is(await give(review.id, 'ana', 'cleo', { place: 1 }), '200');
  for (const who of ['ana', 'ben', 'cleo'] as const) assert.not.ok(await findsIn(review, who), who);
  assert.is(await give(review.id, 'ana', 'ana', { place: 1, version: 2 }), '200');
  assert.not.ok(await findsIn(review, 'cleo'));
  for (const who of ['ana', 'ben'] as const) {
    await decide(review.id, who, 'normal');
    await sign(review.id, who);
  }
  for (const who of ['ana', 'ben', 'cleo'] as const) assert.ok(await findsIn(review, who), who);
});

test('while a place is free nobody who may take it is told the finding', async () => {
  const review = await openReview([]);
  for (const who of ['ana', 'ben', 'cleo'] as const) assert.not.ok(await findsIn(review, who), who);
  assert.ok(await findsIn(review, 'admin'));
  assert.is(await give(review.id, 'ana', 'ana', { place: 1 }), '200');
  assert.is(await give(review.id, 'admin', 'cleo', { place: 2 }), '200');
  assert.equal(
    [await findsIn(review, 'ana'), await findsIn(review, 'ben')],
    [false, true],
    'no place is free',
  );
});

test('a type names each kind of image once', async () => {
  const definition = { ...(await definitionOf(gateway, as('ana'), 'chest-film')), modalities: ['CR', 'CR'] };
  assert.is(await codeOf('POST /review-types', 'admin', { name: 'twice', definition }), 'invalid-request');
});

test('answers that the form does not ask for are refused, and what was typed is in no table', async () => {
  const review = await openReview(['ana'], 'chest-film');
  const of = { id: randomUUID(), place: 1, version: 1, decision: 'accept', reason: '' };
  const path = `POST /reviews/${review.id}/decision`;
  const refused = [
    { ...of, answers: { finding: 'normal' } },
    { ...of, answers: { finding: 'cancer', certainty: 1 } },
    { ...of, answers: { finding: 'normal', certainty: 9 } },
    { ...of, answers: { finding: 'normal', certainty: 1, more: 'x' } },
    { ...of, decision: 'correct', answers: { finding: 'normal', certainty: 1 } },
    { ...of, decision: 'reject', answers: {} },
    { ...of, decision: 'reject', reason: 'blurred', answers: { finding: 'normal', certainty: 1 } },
  ];
  for (const body of refused) assert.is(await codeOf(path, 'ana', body), 'invalid-request');
  const blind = await openReview(['ana', 'ben']);
  const corrected = { ...of, decision: 'correct', reason: 'x', answers: { finding: 'normal', certainty: 1 } };
  assert.is(await codeOf(`POST /reviews/${blind.id}/decision`, 'ana', corrected), 'invalid-request');
  await decide(review.id, 'ana', '', { decision: 'reject', answers: {}, reason: COMMENT });
  await decide(blind.id, 'ana', 'other');
  const { rows } = await sql<{ row: string }>`
    select to_jsonb(t)::text as row from review_event t union all select to_jsonb(a)::text from audit a`.execute(
    gateway.database.db,
  );
  assert.ok(rows.length > 20);
  for (const form of [COMMENT, Buffer.from(COMMENT).toString('hex')])
    assert.not.ok(rows.some(({ row }) => row.includes(form)));
});

test('a place is taken, handed on and taken away; nobody reads twice', async () => {
  const { id: caseId } = await openCase();
  const body = { id: randomUUID(), type: 'chest-film-double', readers: [] };
  const opening = `POST /cases/${caseId}/reviews`;
  for (let sent = 0; sent < 2; sent += 1) assert.is(await codeOf(opening, 'ben', body), '201');
  assert.is(await codeOf(opening, 'ana', body), 'review-changed');
  const hand = (by: Who, place: number, to: Who, version = 1) => give(body.id, by, to, { place, version });
  const free = async (who: Who) =>
    (
      await jsonOf<{ reviews: ListedReview[] }>(gateway, 'GET /reviews?list=free&limit=200', as(who))
    ).reviews.some(({ id }) => id === body.id);
  assert.ok(await free('ana'));
  const both = await Promise.all([hand('ana', 1, 'ana'), hand('cleo', 1, 'cleo')]);
  assert.equal(both.sort(), ['200', 'review-changed']);
  const holder = ((await read(body.id, 'ana')).places.some(({ isMine }) => isMine) ? 'ana' : 'cleo') as Who;
  assert.not.ok(await free(holder));
  assert.is(await hand(holder, 2, holder), 'invalid-request');
  assert.is(await hand('ben', 2, 'technician'), 'invalid-request');
  await decide(body.id, holder, 'normal');
  assert.is(await hand('ben', 1, 'ben', 3), 'review-not-yours');
  assert.is(await hand('admin', 1, 'ben', 3), '200');
  assert.is((await placeOf(gateway, as('ben'), body.id)).said, null, 'it starts again');
  assert.is(
    await codeOf(`POST /reviews/${body.id}/withdraw`, 'cleo', { id: randomUUID() }),
    'review-not-yours',
  );
  const gone = { id: randomUUID() };
  for (let sent = 0; sent < 2; sent += 1)
    assert.is(await codeOf(`POST /reviews/${body.id}/withdraw`, 'ben', gone), '200');
  assert.is(await hand('admin', 2, 'ana'), 'review-ended');
});

test('a reading of any images can be asked for, and forms of a chest film say what they are for', async () => {
  const { types } = await jsonOf<ReviewTypes>(gateway, 'GET /review-types', as('ana'));
  const fits = types.map(({ name, definition: { modalities, bodyParts } }) => [name, modalities, bodyParts]);
  for (const name of ['chest-film', 'chest-film-double'])
    assert.equal(
      fits.find(([one]) => one === name),
      [name, ['CR', 'DX'], ['CHEST']],
    );
  const review = await openReview(['ana'], 'general-reading');
  const answers = { finding: 'abnormal', urgency: 'soon', impression: 'Calculus in the left kidney' };
  await decide(review.id, 'ana', 'abnormal', { answers });
});

test('a review type is made, has versions, and open reviews keep theirs', async () => {
  const { types, readers } = await jsonOf<ReviewTypes>(gateway, 'GET /review-types', as('ana'));
  assert.equal(fieldsOf(readers, 'id'), (['ana', 'ben', 'cleo'] as const).map(idOf));
  const { definition } = types.find(({ name }) => name === 'chest-film')!;
  const review = await openReview(['ana'], 'chest-film');
  const alone = { id: randomUUID(), type: 'chest-film', adjudicator: idOf('cleo') };
  assert.is(await codeOf(`POST /cases/${review.caseId}/reviews`, 'ana', alone), 'invalid-request');
  const next = { version: 1, definition: { ...definition, title: 'Chest film, short', readers: 2 } };
  const path = 'PUT /review-types/chest-film';
  const both = await Promise.all([codeOf(path, 'ana', next), codeOf(path, 'admin', next)]);
  assert.equal(both.sort(), ['200', 'review-type-changed']);
  assert.equal(
    [(await read(review.id, 'ana')).typeVersion, (await read(review.id, 'ana')).title],
    [1, 'Chest film'],
  );
  const { typeVersion, places } = await openReview(['ana'], 'chest-film');
  assert.equal([typeVersion, places.length], [2, 2]);
  const made = { name: 'hip', definition: { ...definition, title: 'Hip' } };
  assert.is(await codeOf('POST /review-types', 'ana', made), '201');
  for (const name of ['hip', 'chest-film-double'])
    assert.is(await codeOf('POST /review-types', 'ana', { ...made, name }), 'review-type-changed');
  assert.is(await codeOf('PUT /review-types/knee', 'ana', next), 'not-found');
});

test('the queue is in the order of urgency and continues where it ended', async () => {
  const { id, version } = await openCase();
  const low = await openReview(['cleo'], 'hip');
  await jsonOf(gateway, `PATCH /cases/${id}`, { ...as('admin'), body: { version, priority: 'urgent' } });
  const body = await openTestReview(gateway, as('admin'), id, { type: 'hip', readers: [idOf('cleo')] });
  type Page = { readonly reviews: ListedReview[]; readonly next: string | null };
  const first = await jsonOf<Page>(gateway, 'GET /reviews?limit=1', as('cleo'));
  assert.is(first.reviews[0]?.id, body.id);
  const rest = await jsonOf<Page>(gateway, `GET /reviews?cursor=${first.next}`, as('cleo'));
  assert.ok(rest.reviews.some((one) => one.id === low.id));
  assert.not.ok(rest.reviews.some((one) => one.id === body.id));
  assert.is(await codeOf('GET /reviews?cursor=9~1', 'cleo'), 'invalid-request');
});

test('the person who asked for a review sees who has not signed, and no answer', async () => {
  const { id: caseId } = await openCase();
  const ask = (readers: readonly Who[]) =>
    openTestReview(gateway, as('cleo'), caseId, { readers: readers.map(idOf) });
  const seen = async (id: string) =>
    (await read(id, 'cleo')).places.map(({ reader, state, said }) => [reader?.username, state, said]);
  const theirs = await ask(['ana', 'ben']);
  await decide(theirs.id, 'ana', 'pneumonia');
  await sign(theirs.id, 'ana');
  assert.equal(await seen(theirs.id), [
    [nameOf('ana'), 'signed', null],
    [nameOf('ben'), 'assigned', null],
  ]);
  const own = await ask(['cleo', 'ben']);
  assert.equal((await seen(own.id))[1], [nameOf('ben'), 'assigned', null]);
  await decide(own.id, 'ben', 'normal');
  await sign(own.id, 'ben');
  assert.equal((await seen(own.id))[1], [undefined, 'signed', null]);
  assert.is((await read(own.id, 'ben')).places.length, 1, 'nobody else');
  const listed = () => jsonOf<{ reviews: CaseReview[] }>(gateway, `GET /cases/${caseId}/reviews`, as('cleo'));
  const { reviews } = await listed();
  assert.equal(
    reviews.map(({ finalPlace, definition }) => [finalPlace, definition.readers]),
    [
      [null, 2],
      [null, 2],
    ],
  );
  await decide(theirs.id, 'ben', 'pneumonia');
  await sign(theirs.id, 'ben');
  const { state, places, finalPlace } = (await listed()).reviews[0]!;
  assert.equal([state, places, finalPlace], ['settled', [], null], 'who reads the case too has not signed');
});

test('a person who was named decides where readers differ, and reads no place before', async () => {
  const { id: caseId } = await openCase();
  const ask = (more: object, status: number) => {
    const body = {
      id: randomUUID(),
      type: 'chest-film-double',
      readers: [idOf('ana'), idOf('ben')],
      ...more,
    };
    return jsonOf<Review>(gateway, `POST /cases/${caseId}/reviews`, { ...as('cleo'), body, status });
  };
  for (const adjudicator of [idOf('ana'), idOf('technician'), randomUUID()]) await ask({ adjudicator }, 422);
  const dora = await gateway.userWith(['radiologist']);
  const { id } = await ask({ adjudicator: dora.user.id }, 201);
  const byTurn = await ask({ adjudicator: dora.user.id, readers: [] }, 201);
  assert.ok(byTurn.places.every(({ reader }) => reader?.id !== dora.user.id));
  for (const [who, finding] of [
    ['ana', 'pneumonia'],
    ['ben', 'normal'],
  ] as const) {
    await decide(id, who, finding);
    await sign(id, who);
  }
  const token = dora.accessToken;
  const { state, places } = await jsonOf<Review>(gateway, `GET /reviews/${id}`, { token });
  assert.equal([state, places.find(({ isMine }) => isMine)?.place], ['adjudication', 0]);
});

test.run();
