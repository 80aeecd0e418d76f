/** A reader's decision about what models found: it agrees with the answers, and becomes the finding's verdict. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ModelFigures } from '#shared/protocol/analytics.ts';
import type { AuditPage } from '#shared/protocol/audit-page.ts';
import type { Result } from '#shared/protocol/inference.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { jsonOf, openPacsGateway, type PacsGateway } from '../testing/open-cases.ts';
import {
  addReviewType,
  decideTest,
  definitionOf,
  openFoundCase,
  openTestReview,
  placeOf,
  stepOf,
} from '../testing/open-reviews.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import { REVIEW_PEOPLE, testPeople, type ReviewPerson as Who } from '../testing/test-people.ts';

const test = suite('verdicts of reviews');
let gateway: PacsGateway;
const { as, idOf, join } = testPeople(REVIEW_PEOPLE);
test.before(async () => {
  gateway = await openPacsGateway();
  await join(gateway);
});
test.after(() => gateway.close());

type Opened = { readonly study: string; readonly review: Review; readonly results: readonly string[] };
/** Opens a review of a study of its own, in which models found this. */
async function open(found: readonly (boolean | null)[], type: string, ...readers: Who[]): Promise<Opened> {
  const { study, caseId, results } = await openFoundCase(gateway, as('admin'), found);
  const review = await openTestReview(gateway, as('admin'), caseId, { type, readers: readers.map(idOf) });
  return { study, review, results };
}

type Said = { readonly decision?: string; readonly finding: string; readonly isMeant?: boolean };
/** Decides and signs. The state of the review, or the code of the refusal. */
async function read({ review: { id } }: Opened, who: Who, said: Said): Promise<string> {
  await decide(id, who, said);
  return sign(id, who, said.isMeant);
}
async function decide(id: string, who: Who, { decision = 'accept', finding }: Said): Promise<void> {
  const answers = decision === 'reject' ? {} : { finding, certainty: 4 };
  await decideTest(gateway, as(who), id, { decision, answers, reason: 'PLANTED words' });
}
async function sign(id: string, who: Who, isMeant?: boolean): Promise<string> {
  const body = await stepOf(gateway, as(who), id, { isMeant });
  const answer = await gateway.call('POST', `/reviews/${id}/sign`, { ...as(who), body });
  const { code, state } = (await answer.json()) as { readonly code?: string; readonly state?: string };
  return code ?? state!;
}

const listOf = (query: string): Promise<{ results: Result[] }> =>
  jsonOf(gateway, `GET /results?${query}`, as('admin'));
/** Verdicts, as the list of results tells them. */
async function verdictsOf({ results }: Opened): Promise<(string | null)[]> {
  const { results: listed } = await listOf('limit=100');
  return results.map((id) => {
    const { verification } = listed.find((one) => one.id === id)!;
    return verification && [verification.verdict, verification.finding ?? []].flat().join(' ');
  });
}
async function inFigures() {
  const asked = 'from=2026-11-01&to=2026-11-30';
  const figures = await jsonOf<ModelFigures>(gateway, `GET /analytics/models?${asked}`, as('admin'));
  const { agreed, corrected } = figures.models.find(({ id }) => id === 'pneumonia')!.total!;
  const answer = await gateway.call('GET', `/evaluation?${asked}`, as('admin'));
  const lines = (await answer.text()).split('\r\n');
  const isVerdict = (word: string) => lines.filter((line) => line.includes(`,${word},`)).length;
  return { agreed, corrected, agreedInFile: isVerdict('agree'), correctedInFile: isVerdict('correct') };
}

test('a signature is refused while decision and answers contradict each other, unless it is meant', async () => {
  const contradicting: readonly [boolean, string, string][] = [
    [true, 'accept', 'normal'],
    [false, 'accept', 'pneumonia'],
    [true, 'correct', 'pneumonia'],
    [false, 'correct', 'normal'],
  ];
  for (const [found, decision, finding] of contradicting) {
    const one = await open([found, null], 'chest-film', 'ana');
    assert.is(await read(one, 'ana', { decision, finding }), 'review-contradicts', `${found} ${decision}`);
    assert.is((await placeOf(gateway, as('ana'), one.review.id)).state, 'decided');
    assert.is(await sign(one.review.id, 'ana', true), 'settled');
    assert.equal(await verdictsOf(one), [null, null], 'it says two things: no verdict');
  }
});

test('a signed decision on a finding is its verdict: in the list, its filter, the figures and the evaluation', async () => {
  const before = await open([true, false, null], 'chest-film', 'ana');
  assert.is(await read(before, 'ana', { finding: 'other' }), 'settled');
  assert.equal(await verdictsOf(before), ['agree', 'agree', null]);
  const corrected = await open([true, false], 'chest-film', 'ana');
  assert.is(await read(corrected, 'ana', { decision: 'correct', finding: 'normal' }), 'settled');
  assert.equal(await verdictsOf(corrected), ['correct normal', null], 'the finding that was wrong alone');
  const missed = await open([false], 'chest-film', 'ana');
  assert.is(await read(missed, 'ana', { decision: 'correct', finding: 'pneumonia' }), 'settled');
  assert.equal(await verdictsOf(missed), ['correct pneumonia']);
  const unread = await open([true], 'chest-film', 'ana');
  assert.is(await read(unread, 'ana', { decision: 'reject', finding: '' }), 'settled');
  assert.equal(await verdictsOf(unread), [null]);
  const { results } = await listOf('verdict=correct&limit=100');
  assert.equal(results.map(({ id }) => id).sort(), [corrected.results[0]!, missed.results[0]!].sort());
  assert.equal(await inFigures(), { agreed: 2, corrected: 2, agreedInFile: 2, correctedInFile: 2 });
  const one = await jsonOf<Result>(gateway, `GET /results/${missed.results[0]}`, as('ana'));
  assert.equal([one.revision, one.verification?.by], [2, idOf('ana')]);
  assert.not.ok(JSON.stringify(one).includes('PLANTED'), 'the reason stays with the case');
});

test('readers who were not shown the finding give no verdict; the one who decides between them does', async () => {
  const blind = await open([true], 'chest-film-double', 'ana', 'ben');
  assert.is(await read(blind, 'ana', { finding: 'normal' }), 'reading');
  assert.is(await read(blind, 'ben', { finding: 'normal' }), 'settled');
  assert.equal(await verdictsOf(blind), [null]);
  const differing = await open([true], 'chest-film-double', 'ana', 'ben');
  assert.is(await read(differing, 'ana', { finding: 'normal' }), 'reading');
  assert.is(await read(differing, 'ben', { finding: 'pneumonia' }), 'adjudication');
  assert.equal(await verdictsOf(differing), [null]);
  assert.is(await read(differing, 'cleo', { finding: 'normal' }), 'review-contradicts');
  assert.is(await read(differing, 'cleo', { finding: 'pneumonia' }), 'settled');
  assert.equal(await verdictsOf(differing), ['agree']);
  const trail = await jsonOf<AuditPage>(gateway, `GET /audit/events?study=${differing.study}`, as('admin'));
  const steps = trail.rows.map(({ event }) => event);
  for (const step of ['result-verified', 'review-settled', 'review-signed'])
    assert.ok(steps.includes(step), `${step} is in the trail of the study`);
});

test('a finding that came after the decision gets no verdict', async () => {
  const early = await open([true], 'chest-film', 'ana');
  const { id } = early.review;
  await decide(id, 'ana', { finding: 'pneumonia' });
  gateway.wait(1);
  const { db } = gateway.database;
  const late = await insertTestResult(db, { study: early.study, positive: false, at: gateway.now() });
  assert.is(await sign(id, 'ana'), 'settled');
  assert.equal(await verdictsOf({ ...early, results: [early.results[0]!, late] }), ['agree', null]);
});

test('a type that does not say which answers mean a finding contradicts nothing', async () => {
  const { form } = await definitionOf(gateway, as('admin'), 'chest-film');
  const finding = { ...form.properties['finding'], 'x-positive': undefined, 'x-negative': undefined };
  const properties = { ...form.properties, finding };
  await addReviewType(gateway, as('admin'), 'open', { like: 'chest-film', form: { ...form, properties } });
  const one = await open([true], 'open', 'ana');
  assert.is(await read(one, 'ana', { finding: 'normal' }), 'settled');
});

test.run();
