/** The mark "for early reading" of a device, through the real routes: who is told it, and what it puts first. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case, CaseList } from '#shared/protocol/cases.ts';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import type { ListedReview, Review } from '#shared/protocol/reviews.ts';
import type { UnreadStudies } from '#shared/protocol/unread-studies.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import {
  codeOf,
  deliverStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { askForExport, exportIn } from '../testing/open-exports.ts';
import { askOf, MARKED, nameStudy } from '../testing/open-film.ts';
import { openTestReview, readReview } from '../testing/open-reviews.ts';
import { testFilm } from '../testing/open-subject.ts';
import { REVIEW_PEOPLE, testPeople, type ReviewPerson as Who } from '../testing/test-people.ts';

const test = suite('marks for early reading');
let gateway: PacsGateway;
let seed = 1700;
const { as, idOf, join } = testPeople(REVIEW_PEOPLE);

test.before(async () => {
  gateway = await openPacsGateway();
  await join(gateway);
});
test.after(() => gateway.close());

const deliver = (triage: DeviceTriage): Promise<string> => {
  seed += 1;
  return deliverStudy(gateway, { ...as('technician'), seed, patientId: `PID-${seed}`, triage });
};
/** A case of a study of which the device said this. */
const openOne = async (triage: DeviceTriage): Promise<Case> =>
  openTestCase(gateway, as('admin').token, { studies: [await deliver(triage)] });

async function askFor(of: Case, who: Who, type = 'chest-film'): Promise<Review> {
  gateway.wait(1);
  return openTestReview(gateway, as('admin'), of.id, { type, readers: [idOf(who)] });
}
/** A reading that hides what models found, for the person who asks for it. */
const askBlinded = (of: Case, who: Who): Promise<string> => {
  gateway.wait(1);
  const body = { id: randomUUID(), type: 'chest-film-double', readers: [idOf(who)] };
  return codeOf(gateway, `POST /cases/${of.id}/reviews`, { ...as(who), body });
};

const listed = async (who: Who, query = ''): Promise<(readonly [string, boolean])[]> => {
  const { cases } = await jsonOf<CaseList>(gateway, `GET /cases?${query}`, as(who));
  return cases.map(({ id, isEarly }) => [id, isEarly]);
};
type Page = { readonly reviews: readonly ListedReview[]; readonly next: string | null };

test('a study that the device marked is shown so, found by it, and comes first among what is to be read', async () => {
  const plain = await openOne({ ...MARKED, score: 0.1, first: false });
  const marked = await openOne(MARKED);
  assert.equal(await listed('ana', 'early=marked'), [[marked.id, true]]);
  const all = new Map(await listed('ana'));
  assert.equal([all.get(marked.id), all.get(plain.id)], [true, false]);
  const { studies } = await jsonOf<Case>(gateway, `GET /cases/${marked.id}`, as('ana'));
  assert.equal(fieldsOf(studies, 'isEarly'), [true]);
  // A file has the cases that were opened before it was asked for.
  gateway.wait(1);
  const selection = { filter: { early: 'marked' as const } };
  const { id } = await askForExport(gateway, as('ana').token, { selection });
  assert.is((await exportIn(gateway, as('ana').token, { id })).rows, 1, 'in a file of the list too');
  for (const one of [plain, marked]) await askFor(one, 'ana');
  const first = await jsonOf<Page>(gateway, 'GET /reviews?list=todo&limit=1', as('ana'));
  assert.equal(
    fieldsOf(first.reviews, 'caseId', 'isEarly'),
    [[marked.id, true]],
    'although it was asked for last',
  );
  const rest = await jsonOf<Page>(gateway, `GET /reviews?list=todo&cursor=${first.next}`, as('ana'));
  assert.equal(fieldsOf(rest.reviews, 'caseId', 'isEarly'), [[plain.id, false]]);
});

test('a reader who reads without what models found is told of no mark until they have signed', async () => {
  const of = await openOne(MARKED);
  const review = await askFor(of, 'ben', 'chest-film-double');
  for (const [who, isTold] of [
    ['admin', true],
    ['ben', false],
    ['ana', false],
  ] as const) {
    const told = async (query: string) => new Map(await listed(who, query)).get(of.id);
    assert.equal([await told(''), await told('early=marked')], [isTold, isTold ? true : undefined], who);
    const { isEarly, studies } = await jsonOf<Case>(gateway, `GET /cases/${of.id}`, as(who));
    assert.equal([isEarly, studies[0]!.isEarly], [isTold, isTold], who);
    assert.is((await readReview(gateway, as(who), review.id)).isEarly, isTold, who);
  }
});

test('nobody who opened a case with such a mark names themselves for a blinded reading of it', async () => {
  const of = await openOne(MARKED);
  await jsonOf(gateway, `GET /cases/${of.id}`, as('cleo'));
  assert.is(await askBlinded(of, 'cleo'), 'review-finding-seen');
});

test('a list of what waits to be read shows the mark as all lists do, and bars nobody from a blinded reading', async () => {
  const study = await deliver(MARKED);
  const { studies } = await jsonOf<UnreadStudies>(gateway, 'GET /cases/unread-studies', as('cleo'));
  assert.is(studies.find(({ studyInstanceUID }) => studyInstanceUID === study)?.isEarly, true);
  const of = await openTestCase(gateway, as('admin').token, { studies: [study] });
  assert.is(await askBlinded(of, 'cleo'), '201');
  const told = await jsonOf<UnreadStudies>(gateway, 'GET /cases/unread-studies', as('cleo'));
  const row = told.studies.find(({ studyInstanceUID }) => studyInstanceUID === study);
  assert.equal([row?.isEarly, row?.isAsked], [false, true], 'to a reader without what models found');
});

test('a file of the cases with such a mark counts as having seen it', async () => {
  const of = await openOne(MARKED);
  gateway.wait(1);
  const selection = { filter: { early: 'marked' as const } };
  const { id } = await askForExport(gateway, as('cleo').token, { selection });
  await exportIn(gateway, as('cleo').token, { id });
  const all = await askForExport(gateway, as('ana').token, {});
  await exportIn(gateway, as('ana').token, all);
  assert.is(await askBlinded(of, 'cleo'), 'review-finding-seen');
  assert.is(await askBlinded(of, 'ana'), '201', 'has a file of all cases, which does not tell of the mark');
});

test('the mark of an image that nobody has brought counts for nothing', async () => {
  const of = await openOne({ ...MARKED, first: false });
  const named = testFilm({ seed: 1790, ofStudy: seed });
  await nameStudy(askOf(gateway), as('technician').token, [named], MARKED);
  assert.equal(
    new Map(await listed('ana')).get(of.id),
    false,
    'it was promised for the study, and never sent',
  );
});

test('the mark of an image that is in the PACS stands, whatever its sender says of it later', async () => {
  const of = await openOne(MARKED);
  const film = testFilm({ seed, ofStudy: seed });
  await nameStudy(askOf(gateway), as('technician').token, [film], { ...MARKED, first: false });
  assert.is(new Map(await listed('ana')).get(of.id), true);
});

test.run();
