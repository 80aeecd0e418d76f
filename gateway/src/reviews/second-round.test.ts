/** A case that is read again: its new readers are told nothing of what earlier rounds wrote, judged and decided. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case, CaseAttachments, CaseList, CaseNotes, CaseTimeline } from '#shared/protocol/cases.ts';
import type { Result } from '#shared/protocol/inference.ts';
import type { CaseReview, Review } from '#shared/protocol/reviews.ts';
import {
  attachTo,
  deliverStudy,
  giveStudy,
  jsonOf,
  noteOn,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import {
  addReviewType,
  decideAndSign,
  definitionOf,
  openFoundCase,
  openTestReview,
  readReview,
  withdraw,
} from '../testing/open-reviews.ts';
import { REVIEW_PEOPLE, testPeople, type ReviewPerson as Who } from '../testing/test-people.ts';

const test = suite('a second round of a review');
let gateway: PacsGateway;
let seed = 1650;
const { as, idOf, nameOf, join } = testPeople(REVIEW_PEOPLE);

test.before(async () => {
  gateway = await openPacsGateway();
  await join(gateway);
  await addReviewType(gateway, as('admin'), 'double-open', { title: 'Two, open', hidesFinding: false });
});
test.after(() => gateway.close());

/** The case of a film in which a model found something. */
async function openCase(): Promise<{ readonly id: string; readonly result: string }> {
  seed += 1;
  const study = await deliverStudy(gateway, { ...as('technician'), seed, patientId: `PID-${seed}` });
  const result = await insertTestResult(gateway.database.db, { study, positive: true, at: gateway.now() });
  return { id: (await openTestCase(gateway, as('admin').token, { studies: [study] })).id, result };
}
const openReview = async (id: string, readers: readonly Who[], type: string): Promise<string> =>
  (await openTestReview(gateway, as('admin'), id, { type, readers: readers.map(idOf) })).id;
const sign = (review: string, who: Who, finding = 'pneumonia') =>
  decideAndSign(gateway, as(who), review, finding);
const note = (who: Who, caseId: string, text: string) => noteOn(gateway, as(who), caseId, text);
const end = (review: string) => withdraw(gateway, as('admin'), review);
const readNotes = async (who: Who, caseId: string): Promise<(string | null)[]> =>
  (await jsonOf<CaseNotes>(gateway, `GET /cases/${caseId}/notes`, as(who))).notes.map(({ text }) => text);

test('notes of an earlier round are hidden from new readers until they have signed', async () => {
  const { id } = await openCase();
  await note('ana', id, 'Before any round');
  gateway.wait(1);
  const first = await openReview(id, ['ana'], 'chest-film');
  await note('ana', id, 'Plainly lobar');
  await sign(first, 'ana');
  const second = await openReview(id, ['ben', 'cleo'], 'double-open');
  assert.equal(await readNotes('ben', id), ['Before any round']);
  await end(second);
  await note('cleo', id, 'Seems clear');
  gateway.wait(1);
  const third = await openReview(id, ['ana', 'ben'], 'double-open');
  assert.equal(await readNotes('ben', id), ['Before any round']);
  assert.is((await readNotes('admin', id)).length, 3);
  await sign(third, 'ben');
  assert.is((await readNotes('ben', id)).length, 3);
});

test('the verdict of an earlier round is hidden from new readers, on every page that has it', async () => {
  const { id, result } = await openCase();
  const first = await openReview(id, ['ana'], 'chest-film');
  await sign(first, 'ana');
  const second = await openReview(id, ['ben', 'cleo'], 'double-open');
  const verdicts = async (who: Who): Promise<unknown[]> => {
    const { studies } = await jsonOf<Case>(gateway, `GET /cases/${id}`, as(who));
    const { results } = studies[0]!;
    const page = await jsonOf<Result>(gateway, `GET /results/${result}`, as(who));
    const list = async (query: string) =>
      (await jsonOf<{ results: Result[] }>(gateway, `GET /results?${query}`, as(who))).results.filter(
        (one) => one.id === result,
      );
    return [
      ...results.map(({ verdict }) => verdict),
      ...[page, ...(await list('limit=50'))].map(({ verification }) => verification?.verdict ?? null),
      page.history?.length,
      (await list('verdict=agree')).length + (await list('verdict=correct')).length,
    ];
  };
  const said = await verdicts('admin');
  assert.equal(said.slice(3), [1, 1]);
  assert.equal(await verdicts('ben'), [null, null, null, 0, 0]);
  assert.equal(await verdicts('ana'), said, 'their own');
  await sign(second, 'ben');
  assert.equal(await verdicts('ben'), said);
});

/** The standing of each outcome of the case, oldest first, as the page of the case and the list of reviews tell it. */
async function outcomes(who: Who, caseId: string): Promise<CaseReview['outcomeNow'][]> {
  const [ofList, ofCase] = await Promise.all(
    ['/reviews?list=all&limit=200', `/cases/${caseId}/reviews`].map(async (path) => {
      const { reviews } = await jsonOf<{ reviews: CaseReview[] }>(gateway, `GET ${path}`, as(who));
      return reviews.filter((one) => one.caseId === caseId).map(({ outcomeNow }) => outcomeNow);
    }),
  );
  assert.equal(ofList, ofCase);
  return ofCase!;
}
async function read(caseId: string, who: Who, finding: string, type = 'chest-film'): Promise<string> {
  const review = await openReview(caseId, [who], type);
  await sign(review, who, finding);
  gateway.wait(1);
  return review;
}

test('readings that say the opposite of each other are told so until a third one decides, and a blinded reader is not', async () => {
  const { id } = await openCase();
  const first = await read(id, 'ana', 'pneumonia');
  assert.equal(await outcomes('ana', id), ['stands']);
  await read(id, 'ben', 'normal');
  const both = ['contradicted', 'contradicted'];
  assert.equal(await outcomes('admin', id), both);
  assert.equal(await outcomes('cleo', id), both);
  const third = await openReview(id, ['cleo'], 'double-open');
  assert.equal(await outcomes('cleo', id), [null, null, null], 'reads the case again');
  await end(third);
  await read(id, 'cleo', 'other');
  assert.equal(await outcomes('ana', id), [...both, null, 'stands'], 'takes neither side');
  await read(id, 'cleo', 'normal');
  assert.equal(await outcomes('ana', id), ['overruled', 'stands', null, 'replaced', 'stands']);
  assert.is((await readReview(gateway, as('ben'), first)).outcomeNow, 'overruled');
});

test('the list of cases says which case is disputed, and to nobody who reads it blinded or reads no reviews', async () => {
  const { id } = await openCase();
  const isDisputed = async (who: Who): Promise<boolean | undefined> =>
    (await jsonOf<CaseList>(gateway, 'GET /cases', as(who))).cases.find((one) => one.id === id)?.isDisputed;
  await read(id, 'ana', 'pneumonia');
  assert.is(await isDisputed('ana'), false);
  await read(id, 'ben', 'normal');
  assert.is(await isDisputed('ana'), true);
  assert.is(await isDisputed('admin'), true);
  assert.is(await isDisputed('technician'), false, 'is shown no reviews');
  const third = await openReview(id, ['cleo'], 'double-open');
  assert.is(await isDisputed('cleo'), false, 'reads the case again');
  await sign(third, 'cleo', 'normal');
  assert.is(await isDisputed('cleo'), true, 'has signed');
  await read(id, 'cleo', 'normal');
  assert.is(await isDisputed('admin'), false, 'a third reading decides');
});

test('the list of cases says what its readings found, and to nobody who reads it blinded or reads no reviews', async () => {
  const { id } = await openCase();
  const reading = async (who: Who): Promise<unknown> =>
    (await jsonOf<CaseList>(gateway, 'GET /cases', as(who))).cases.find((one) => one.id === id)?.reading;
  const open = await openReview(id, ['ana'], 'chest-film');
  assert.is(await reading('admin'), null, 'is being read');
  await sign(open, 'ana', 'normal');
  for (const who of ['ana', 'ben', 'admin'] as const) assert.is(await reading(who), 'negative', who);
  assert.is(await reading('technician'), null, 'is shown no reviews');
  const blinded = await openReview(id, ['cleo'], 'double-open');
  assert.is(await reading('cleo'), null, 'reads the case again');
  await end(blinded);
  gateway.wait(1);
  await read(id, 'ben', 'pneumonia');
  assert.is(await reading('admin'), null, 'readings contradict each other');
  await read(id, 'cleo', 'pneumonia');
  assert.is(await reading('ana'), 'positive', 'a third reading decides');
  await read(id, 'cleo', 'other');
  assert.is(await reading('ana'), 'positive', 'takes no side back');
});

test('the file of cases keeps apart what models found and what people signed, and says nothing to who may not know', async () => {
  const { id } = await openCase();
  const inFile = async (who: Who): Promise<readonly (string | undefined)[]> => {
    const file = await (await gateway.call('GET', '/cases?format=csv', as(who))).text();
    const [head = '', ...rows] = file.replace('\uFEFF', '').split('\r\n');
    const cells = rows.find((row) => row.startsWith(id))!.split(',');
    const at = head.split(',');
    assert.is(cells.length, at.length, 'no cell holds a comma');
    return [cells[at.indexOf('modelFinding')], cells[at.indexOf('reading')]];
  };
  assert.equal(await inFile('admin'), ['positive', ''], 'nobody has signed');
  await read(id, 'ana', 'normal');
  assert.equal(await inFile('admin'), ['positive', 'negative']);
  assert.is((await inFile('technician'))[1], undefined, 'is shown no reviews');
  await read(id, 'ben', 'pneumonia');
  assert.equal(await inFile('admin'), ['positive', 'contradicted']);
});

test('the list of reviews says what each settled one found, and not to who reads its case again', async () => {
  const { id } = await openCase();
  const found = async (who: Who): Promise<unknown[]> => {
    const listed = await jsonOf<{ reviews: Review[] }>(gateway, 'GET /reviews?list=all&limit=200', as(who));
    return listed.reviews.filter(({ caseId }) => caseId === id).map(({ positive }) => positive);
  };
  await read(id, 'ana', 'pneumonia');
  await read(id, 'ben', 'normal');
  await read(id, 'ana', 'other');
  for (const who of ['ana', 'cleo', 'admin'] as const)
    assert.equal(await found(who), [true, false, null], who);
  const blinded = await openReview(id, ['cleo'], 'double-open');
  assert.equal(await found('cleo'), [null, null, null, null]);
  await sign(blinded, 'cleo', 'normal');
  assert.equal(await found('cleo'), [true, false, null, null], 'the last one is not settled');
});

test('the list of results tells the signed review of a study, also to technicians, and not to who reads it again', async () => {
  const { id, result } = await openCase();
  const behind = async (who: Who): Promise<unknown> => {
    const { results } = await jsonOf<{ results: Result[] }>(gateway, 'GET /results?limit=50', as(who));
    const listed = results.find((one) => one.id === result)!;
    assert.equal((await jsonOf<Result>(gateway, `GET /results/${result}`, as(who))).review, listed.review);
    return listed.review === undefined ? 'not told' : (listed.review?.positive ?? listed.review);
  };
  assert.is(await behind('ana'), null);
  const first = await openReview(id, ['ana', 'ben'], 'double-open');
  for (const who of ['ana', 'ben'] as const) await sign(first, who, 'normal');
  for (const who of ['ana', 'ben', 'admin'] as const) assert.is(await behind(who), false, who);
  const asked = { asked_id: randomUUID(), job_id: null, cached: false, at: gateway.now() };
  const ofTechnician = { result_id: result, account_id: idOf('technician'), ...asked };
  await gateway.database.db.insertInto('result_request').values(ofTechnician).execute();
  assert.is(await behind('technician'), false, 'a verdict alone could say the opposite');
  const again = await openReview(id, ['cleo', 'ben'], 'double-open');
  assert.is(await behind('cleo'), 'not told', 'reads the study again');
  await end(again);
  assert.is(await behind('cleo'), false);
});

test('contradicting readings of a case with two studies are told with the results of both', async () => {
  const one = await openFoundCase(gateway, as('admin'), [true]);
  const other = await openFoundCase(gateway, as('admin'), [true]);
  await giveStudy(gateway, one.caseId, other.study);
  await read(one.caseId, 'ana', 'pneumonia');
  await read(one.caseId, 'ben', 'normal');
  const { results } = await jsonOf<{ results: Result[] }>(gateway, 'GET /results?limit=50', as('admin'));
  for (const id of [...one.results, ...other.results])
    assert.is(results.find((result) => result.id === id)?.review?.positive, null);
});

test('a correction is not replaced by an earlier signature of a review that settles after it', async () => {
  const { id } = await openCase();
  const slow = await openReview(id, ['ana', 'ben'], 'double-open');
  await sign(slow, 'ana', 'normal');
  await read(id, 'ana', 'pneumonia');
  await sign(slow, 'ben', 'normal');
  assert.equal(await outcomes('admin', id), ['contradicted', 'contradicted']);
  gateway.wait(1);
  await read(id, 'ana', 'other');
  assert.equal(await outcomes('admin', id), ['contradicted', 'contradicted', 'stands'], 'takes no side back');
});

test('readings contradict each other where the same is asked, of whatever type or version', async () => {
  const definition = await definitionOf(gateway, as('admin'), 'chest-film');
  const change = (version: number, changes: Partial<typeof definition>) => {
    const body = { version, definition: { ...definition, ...changes } };
    return jsonOf(gateway, 'PUT /review-types/film', { ...as('admin'), body });
  };
  await addReviewType(gateway, as('admin'), 'film', { like: 'chest-film' });
  const { id } = await openCase();
  await read(id, 'ana', 'pneumonia', 'film');
  await change(1, { title: 'Film, renamed' });
  await read(id, 'ben', 'normal', 'film');
  assert.equal(await outcomes('admin', id), ['contradicted', 'contradicted']);
  const { finding } = definition.form.properties;
  const properties = { ...definition.form.properties, finding: { ...finding!, title: 'Is there fluid?' } };
  await change(2, { form: { ...definition.form, properties } });
  await read(id, 'cleo', 'normal', 'film');
  assert.equal(
    await outcomes('admin', id),
    ['contradicted', 'contradicted', 'stands'],
    'asks for something else',
  );
  await read(id, 'cleo', 'normal');
  assert.equal(await outcomes('admin', id), ['overruled', 'stands', 'stands', 'stands']);
});

test('a settled review tells what came after it in its case, and a blinded reader of it learns nothing', async () => {
  const { id } = await openCase();
  const first = await openReview(id, ['ana'], 'chest-film');
  await note('ana', id, 'Before it was settled');
  gateway.wait(1);
  await sign(first, 'ana');
  gateway.wait(1);
  const told = async (who: Who, review: string) => {
    const path = `/reviews/${review}`;
    const { notesAfter, laterNotes, readingsAfter } = await jsonOf<Review>(gateway, `GET ${path}`, as(who));
    const { reviews } = await jsonOf<{ reviews: CaseReview[] }>(gateway, `GET /cases/${id}/reviews`, as(who));
    const row = reviews.find((one) => one.id === review)!;
    assert.equal([row.notesAfter, row.readingsAfter], [notesAfter, readingsAfter]);
    assert.is(laterNotes.length, notesAfter);
    return [laterNotes.map(({ text, by }) => [text, by]), readingsAfter.map((one) => [one.id, one.by])];
  };
  assert.equal(await told('cleo', first), [[], []]);
  await note('ana', id, 'Lobar, on the right');
  const noted = [['Lobar, on the right', nameOf('ana')]];
  assert.equal(await told('cleo', first), [noted, []]);
  const second = await openReview(id, ['ben', 'cleo'], 'double-open');
  assert.equal(await told('ben', first), [[], []], 'reads the case again');
  gateway.wait(1);
  await sign(second, 'ben', 'other');
  assert.equal(await told('ben', first), [noted, []]);
  assert.equal(await told('cleo', first), [[], []], 'has not signed');
  await sign(second, 'cleo', 'other');
  const after = [noted, [[second, [nameOf('ben'), nameOf('cleo')]]]];
  assert.equal(await told('ana', first), after);
  assert.equal(await told('cleo', first), after);
  assert.equal(await told('admin', second), [[], []], 'the last');
  await openReview(id, ['ana', 'ben'], 'double-open');
  assert.equal(await told('ben', first), [[], []], 'reads the case once more');
  assert.equal(await told('cleo', first), after);
});

test('the adjudicator reads what readers wrote, and not who wrote it', async () => {
  const { id } = await openCase();
  const review = await openReview(id, ['ana', 'ben'], 'double-open');
  await note('ana', id, 'Plainly lobar');
  await note('admin', id, 'Febrile');
  await attachTo(gateway, as('ana'), id, { name: 'drawing.pdf' });
  await sign(review, 'ana');
  await sign(review, 'ben', 'normal');
  const told = async (who: Who) => {
    const { notes } = await jsonOf<CaseNotes>(gateway, `GET /cases/${id}/notes`, as(who));
    const { attachments } = await jsonOf<CaseAttachments>(gateway, `GET /cases/${id}/attachments`, as(who));
    const { events } = await jsonOf<CaseTimeline>(gateway, `GET /cases/${id}/timeline`, as(who));
    return [...notes, ...attachments, ...events.filter(({ event }) => event === 'case-noted')].map(
      ({ by }) => by,
    );
  };
  const ana = nameOf('ana');
  const admin = nameOf('admin');
  assert.equal(await told('cleo'), [null, admin, null, null, admin], 'may take the place');
  const body = { id: randomUUID(), place: 0, version: 1, accountId: idOf('cleo') };
  await gateway.call('POST', `/reviews/${review}/assign`, { ...as('admin'), body });
  assert.equal(await told('cleo'), [null, admin, null, null, admin]);
  assert.equal(await told('admin'), [ana, admin, ana, ana, admin]);
  await sign(review, 'cleo');
  assert.equal(await told('cleo'), [ana, admin, ana, ana, admin]);
});

/** Accounts that may have seen it, as a person is told who names readers of `review` or, without it, of a new one. */
const seenBy = async (caller: { token: string }, caseId: string, review?: string): Promise<string[]> => {
  const path = `/cases/${caseId}/readers${review === undefined ? '' : `?review=${review}`}`;
  return (await jsonOf<{ seen: string[] }>(gateway, `GET ${path}`, caller)).seen.toSorted();
};
const seen = (who: Who, caseId: string, review?: string) => seenBy(as(who), caseId, review);
const look = async (who: Who, caseId: string): Promise<void> => {
  await jsonOf(gateway, `GET /cases/${caseId}`, as(who));
  gateway.wait(1);
};

test('while a case is read, no radiologist is told who opened it, whether findings are hidden or not', async () => {
  const { id } = await openCase();
  const review = await openReview(id, ['ana', 'ben'], 'double-open');
  await note('ben', id, 'Plainly lobar');
  for (const who of ['ben', 'cleo'] as const) await look(who, id);
  assert.equal(await seen('admin', id), [idOf('ben'), idOf('cleo')].toSorted());
  assert.equal(await seen('admin', id, review), [idOf('cleo')]);
  for (const who of ['ana', 'cleo'] as const) {
    assert.equal(await seen(who, id), [], who);
    assert.equal(await seen(who, id, review), [], `${who}, of the review`);
  }
  await end(review);
  assert.equal(await seen('ana', id), [idOf('ben'), idOf('cleo')].toSorted());
});

test('a person who decides between readers is not told who opened the case', async () => {
  const { id } = await openCase();
  const review = await openReview(id, ['ana', 'ben'], 'double-open');
  for (const who of ['ana', 'ben'] as const) await look(who, id);
  await sign(review, 'ana');
  await sign(review, 'ben', 'normal');
  assert.equal(await seen('cleo', id), []);
  await sign(review, 'cleo');
  assert.equal(await seen('cleo', id), [idOf('ana'), idOf('ben'), idOf('cleo')].toSorted(), 'it is settled');
});

test('an administrator who is a radiologist too is not told who opened a case that they may come to read', async () => {
  const { accessToken: token } = await gateway.userWith(['admin', 'radiologist']);
  const { id } = await openCase();
  await openReview(id, ['ana', 'ben'], 'double-open');
  await look('ben', id);
  assert.equal(await seenBy({ token }, id), [idOf('ben')], 'every place is taken');
  await openReview(id, ['cleo'], 'double-open');
  assert.equal(await seenBy({ token }, id), [], 'a place is free');
});

test.run();
