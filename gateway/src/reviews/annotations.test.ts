/** Annotations through the real routes: who draws, who sees what, what is refused, and what the PACS gets when. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ANNOTATIONS_LIMIT,
  LINE_POINTS_LIMIT,
  MARK_NUMBER_LIMIT,
  marksDigest,
  type Annotation,
  type PlaceAnnotations,
  type ReviewAnnotations,
} from '#shared/protocol/annotations.ts';
import type { CaseTimeline } from '#shared/protocol/cases.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readReport } from '#shared/dicom/content-tree.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { until } from '#testing/gateway-under-test.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import {
  codeOf as codeAt,
  deliverStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import {
  decideAndSign as signAt,
  decideTest,
  openTestReview,
  readReview,
  stepOf,
  withdraw,
} from '../testing/open-reviews.ts';
import { testFilm } from '../testing/open-subject.ts';
import { pointsAt } from '../testing/read-marks.ts';
import { REVIEW_PEOPLE, testPeople, type ReviewPerson as Who } from '../testing/test-people.ts';

const LABEL = 'Yamada, see Oberhuber';
const SEED = 991;
/** Size of the picture that `testFilm` makes. */
const ROWS = 96;
const COLUMNS = 80;

const test = suite('annotations');
let gateway: PacsGateway;
let study: string;
const { as, idOf, nameOf, join } = testPeople(REVIEW_PEOPLE);

test.before(async () => {
  gateway = await openPacsGateway();
  await join(gateway);
  study = await deliver(SEED);
  await deliver(SEED + 1);
});
test.after(() => gateway.close());

const deliver = (seed: number): Promise<string> =>
  deliverStudy(gateway, { ...as('technician'), seed, patientId: `PID-${seed}` });
async function openReview(readers: readonly Who[], studies = [study]): Promise<string> {
  const { id: caseId } = await openTestCase(gateway, as('admin').token, { studies });
  const type = readers.length === 1 ? 'chest-film' : 'chest-film-double';
  return (await openTestReview(gateway, as('admin'), caseId, { type, readers: readers.map(idOf) })).id;
}
const read = (review: string, who: Who): Promise<ReviewAnnotations> =>
  jsonOf(gateway, `GET /reviews/${review}/annotations`, as(who));

let lastNumber = 0;
function drawn(more: Partial<Annotation> = {}, seed = SEED): Annotation {
  const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = testFilm({ seed }).identifiers;
  const where = { studyInstanceUID, seriesInstanceUID, sopInstanceUID };
  const box = { kind: 'box' as const, frame: 1, points: pointsAt(10.5, 20, 30, 44.25) };
  lastNumber += 1;
  return { id: randomUUID(), number: lastNumber, ...where, ...box, label: LABEL, ...more };
}
type Put = {
  readonly id?: string;
  readonly place: number;
  readonly version: number;
  readonly annotations: readonly unknown[];
  readonly lastNumber?: number;
};
const put = (review: string, who: Who, body: Put): Promise<ReviewAnnotations> =>
  jsonOf(gateway, `PUT /reviews/${review}/annotations`, { ...as(who), body: { id: randomUUID(), ...body } });
/** The code of the refusal, or the status. */
const codeOf = (review: string, who: Who, body: Put): Promise<string> =>
  codeAt(gateway, `PUT /reviews/${review}/annotations`, { ...as(who), body: { id: randomUUID(), ...body } });
const tryOne = (review: string, version: number, ...annotations: unknown[]): Promise<string> =>
  codeOf(review, 'ana', { place: 1, version, annotations });
const versionOf = async (review: string): Promise<number> => (await read(review, 'ana')).places[0]!.version;

const decideAndSign = (review: string, who: Who, finding = 'normal') =>
  signAt(gateway, as(who), review, finding);
/** The first of so many readings. */
async function storedOf(review: string, who: Who, count = 1): Promise<PlaceAnnotations> {
  const places = await until('the annotations to be in the PACS, or refused', async () => {
    const all = (await read(review, who)).places.filter(({ stored }) => stored !== null);
    return all.length === count && all.every(({ stored }) => stored!.state !== 'waiting') && all;
  });
  return places[0]!;
}
async function parsed(bytes: Uint8Array) {
  const held = await readInstance(bytesSource(bytes));
  if (held.kind === 'refused') throw assert.unreachable(held.because);
  return held.instance;
}

test('are shown as they were drawn, and change until the reading is signed', async () => {
  const review = await openReview(['ana']);
  assert.equal(await read(review, 'ana'), {
    places: [{ place: 1, version: 0, annotations: [], lastNumber: 0, state: 'open', stored: null }],
  });
  const first = drawn();
  const second = drawn({ kind: 'text', points: [[1, 2]], label: ' a note ' });
  const shown = await put(review, 'ana', { place: 1, version: 0, annotations: [first, second] });
  const kept = [first, { ...second, label: 'a note' }];
  assert.equal(shown.places, [
    { place: 1, version: 1, annotations: kept, lastNumber: second.number, state: 'open', stored: null },
  ]);
  await put(review, 'ana', { place: 1, version: 1, annotations: [first] });
  await decideAndSign(review, 'ana');
  assert.is(await tryOne(review, 2), 'review-ended');
  const { places } = await read(review, 'ben');
  assert.equal([places[0]!.annotations, places[0]!.state, places[0]!.version], [[first], 'signed', 2]);
  const rows = await gateway.database.db.selectFrom('review_annotations').select('sealed').execute();
  const held = rows.map(({ sealed }) => Buffer.from(sealed).toString('latin1')).join();
  assert.ok(held.length > 0 && !held.includes(LABEL) && !held.includes(first.id), 'sealed');
});

test('a number stays with its mark, is told as given once the mark is gone, and is never that of two', async () => {
  const review = await openReview(['ana']);
  const first = drawn({ number: 1 });
  const last = drawn({ number: 7 });
  await put(review, 'ana', { place: 1, version: 0, annotations: [first, drawn({ number: 2 }), last] });
  await put(review, 'ana', { place: 1, version: 1, annotations: [last] });
  const shown = await read(review, 'ana');
  assert.equal([shown.places[0]!.annotations, shown.places[0]!.lastNumber], [[last], 7]);
  // On the device two more were drawn and removed meanwhile.
  await put(review, 'ana', { place: 1, version: 2, annotations: [], lastNumber: 9 });
  assert.is((await read(review, 'ana')).places[0]!.lastNumber, 9);
  for (const [name, ...wrong] of [
    ['one number twice', first, drawn({ number: 1 })],
    ['no number', drawn({ number: 0 })],
    ['half a number', drawn({ number: 1.5 })],
    ['too high', drawn({ number: MARK_NUMBER_LIMIT + 1 })],
  ] as const)
    assert.is(await tryOne(review, 3, ...wrong), REFUSED, name);
  const { number: _, ...bare } = drawn();
  const counted = await put(review, 'ana', {
    place: 1,
    version: 3,
    annotations: [bare, { ...bare, id: last.id }],
  });
  assert.equal(
    fieldsOf(counted.places[0]!.annotations, 'number'),
    [1, 2],
    'marks without one get that of their place',
  );
});

test('a request that is sent again is done once, and of two devices one is told that the other was faster', async () => {
  const review = await openReview(['ana']);
  const body = { id: randomUUID(), place: 1, version: 0, annotations: [drawn()] };
  await put(review, 'ana', body);
  const again = await put(review, 'ana', body);
  assert.is(again.places[0]!.version, 1);
  assert.is(await codeOf(review, 'ana', { ...body, annotations: [] }), 'review-changed', 'another content');
  const both = await Promise.all([tryOne(review, 1, drawn()), tryOne(review, 1, drawn(), drawn())]);
  assert.equal(both.sort(), ['200', 'review-changed']);
  assert.is(await versionOf(review), 2);
  assert.is(await codeOf(review, 'ana', body), 'review-changed', 'one before the last');
  await put(review, 'ana', { ...body, id: randomUUID(), version: 2 });
  await decideAndSign(review, 'ana');
});

test('a request whose answer was lost is answered after the signature too', async () => {
  const review = await openReview(['ana']);
  const body = { id: randomUUID(), place: 1, version: 0, annotations: [drawn()] };
  await put(review, 'ana', body);
  await decideAndSign(review, 'ana');
  assert.is((await put(review, 'ana', body)).places[0]!.state, 'signed');
});

test('are signed only as their author saw them: marks of another tab or device are not signed unseen', async () => {
  const review = await openReview(['ana']);
  const box = drawn();
  const ellipse = drawn({ kind: 'ellipse' });
  await put(review, 'ana', { place: 1, version: 0, annotations: [box] });
  await put(review, 'ana', { place: 1, version: 1, annotations: [ellipse] });
  await decideTest(gateway, as('ana'), review);
  const sign = async (seen?: readonly Annotation[]): Promise<string> => {
    const marks = seen && { marksDigest: await marksDigest(seen) };
    const body = await stepOf(gateway, as('ana'), review, { isMeant: true, ...marks });
    return codeAt(gateway, `POST /reviews/${review}/sign`, { ...as('ana'), body });
  };
  const elsewhere = { ...ellipse, points: pointsAt(1, 2, 3, 4) };
  for (const seen of [[box], [], [box, ellipse], [elsewhere], [{ ...ellipse, label: '' }]])
    assert.is(await sign(seen), 'review-marks-changed');
  assert.is((await read(review, 'ana')).places[0]!.state, 'open', 'nothing is signed');
  assert.is(await sign([ellipse]), '200');
  assert.equal((await read(review, 'ana')).places[0]!.annotations, [ellipse]);
  const none = await openReview(['ben']);
  await decideTest(gateway, as('ben'), none);
  const body = await stepOf(gateway, as('ben'), none, { isMeant: true, marksDigest: await marksDigest([]) });
  assert.is(await codeAt(gateway, `POST /reviews/${none}/sign`, { ...as('ben'), body }), '200');
});

test('belong to the reader who holds the place: others cannot change them, and whoever is given it begins with none', async () => {
  const review = await openReview(['ana', 'ben']);
  await put(review, 'ana', { place: 1, version: 0, annotations: [drawn()] });
  const none = { version: 0, annotations: [] };
  assert.is(await codeOf(review, 'ben', { place: 1, ...none }), 'review-not-yours');
  assert.is(await codeOf(review, 'cleo', { place: 0, ...none }), 'not-found');
  assert.is(await codeOf(review, 'admin', { place: 1, ...none }), 'not-allowed');
  assert.is(await codeOf(randomUUID(), 'ana', { place: 1, ...none }), 'not-found');
  const { places } = await readReview(gateway, as('admin'), review);
  const { version } = places.find(({ place }) => place === 1)!;
  const body = { id: randomUUID(), place: 1, version, accountId: idOf('cleo') };
  await jsonOf(gateway, `POST /reviews/${review}/assign`, { ...as('admin'), body });
  assert.is(await codeOf(review, 'ana', { place: 1, version: 1, annotations: [] }), 'review-not-yours');
  assert.equal((await read(review, 'cleo')).places[0]!.annotations, []);
  await withdraw(gateway, as('admin'), review);
  assert.is(await codeOf(review, 'cleo', { place: 1, ...none }), 'review-ended');
});

test('are blinded as answers are: a reader sees their own, an adjudicator all, everybody once the review is settled', async () => {
  const review = await openReview(['ana', 'ben']);
  await put(review, 'ana', { place: 1, version: 0, annotations: [drawn()] });
  await put(review, 'ben', { place: 2, version: 0, annotations: [drawn({ label: 'by ben' })] });
  await decideAndSign(review, 'ana', 'pneumonia');
  const seen = async (who: Who): Promise<string[][]> =>
    (await read(review, who)).places.map(({ annotations }) => annotations.map(({ label }) => label));
  assert.equal(
    [await seen('ana'), await seen('ben'), await seen('cleo'), await seen('admin')],
    [[[LABEL]], [['by ben']], [], []],
  );
  await decideAndSign(review, 'ben', 'normal');
  const labels = [[], [LABEL], ['by ben']];
  assert.equal([await seen('cleo'), await seen('ana'), await seen('admin')], [labels, [[LABEL]], []]);
  const heldOnes = () => [...gateway.pacs.held.values()].filter(({ bytes }) => bytes.includes('by ben'));
  assert.is(heldOnes().length, 0);
  const drawnByCleo = drawn({ kind: 'arrow', label: 'decided' });
  await put(review, 'cleo', { place: 0, version: 0, annotations: [drawnByCleo] });
  await decideAndSign(review, 'cleo', 'normal');
  labels[0] = ['decided'];
  for (const who of ['ana', 'ben', 'cleo', 'admin'] as const) assert.equal(await seen(who), labels);
  const anonymous = `GET /reviews/${review}/annotations?anonymise=1`;
  assert.not.ok(JSON.stringify(await jsonOf(gateway, anonymous, as('ben'))).includes('Yamada'));
  // The PACS gets them only now, each reading's apart from the others'.
  await storedOf(review, 'ana', 3);
  assert.is(heldOnes().length, 1);
  const roles = new Map<string, string>();
  for (const { place, stored } of (await read(review, 'ana')).places) {
    const { bytes } = gateway.pacs.held.get(stored!.reports[0]!.sopInstanceUID!)!;
    for (const label of ['decided', LABEL, 'by ben'])
      assert.is(bytes.includes(label), labels[place]!.includes(label), `${label} of ${place}`);
    const instance = await parsed(bytes);
    roles.set(instance.identifiers.seriesInstanceUID, describeInstance(instance).seriesDescription!);
    assert.ok(bytes.includes(place === 0 ? 'Adjudicator' : 'Reader'));
    assert.ok(bytes.includes(place === 0 ? 'The answers of this reading stand' : 'not of this reading'));
  }
  assert.equal([...roles.values()].sort(), [
    'Annotations of reader 1 of 2',
    'Annotations of reader 2 of 2',
    'Annotations of the adjudicator',
  ]);
});

const REFUSED = 'invalid-request';

test('lie on the pixels of an image of the case, in a frame that it has', async () => {
  const review = await openReview(['ana']);
  const at = (column: number, row: number) => drawn({ kind: 'point', points: [[column, row]] });
  assert.is(await tryOne(review, 0, at(0, 0), at(COLUMNS, ROWS)), '200');
  const elsewhere = drawn({}, SEED + 1);
  const wrong: Record<string, unknown> = {
    'right of it': at(COLUMNS + 0.01, 1),
    'below it': at(1, ROWS + 0.01),
    'left of it': at(-0.01, 1),
    'not a number': { ...drawn(), points: pointsAt(NaN, 1, 2, 2) },
    'a second frame': drawn({ frame: 2 }),
    'no frame': drawn({ frame: 0 }),
    'another case': elsewhere,
    'another case’s image under this study': { ...elsewhere, studyInstanceUID: study },
    'another series': drawn({ seriesInstanceUID: elsewhere.seriesInstanceUID }),
    'no such image': drawn({ sopInstanceUID: '2.25.4' }),
  };
  for (const [name, one] of Object.entries(wrong)) assert.is(await tryOne(review, 1, one), REFUSED, name);
  assert.is(await versionOf(review), 1, 'nothing half done');
});

test('are as many, as long and as wordy as they may be, and no more', async () => {
  const review = await openReview(['ana']);
  let version = 0;
  const takes = async (isTaken: boolean, name: string, ...annotations: unknown[]): Promise<void> => {
    assert.is(await tryOne(review, version, ...annotations), isTaken ? '200' : REFUSED, name);
    if (isTaken) version += 1;
  };
  const many = (count: number) => Array.from({ length: count }, () => drawn());
  await takes(true, 'as many as may be', ...many(ANNOTATIONS_LIMIT));
  await takes(false, 'one more', ...many(ANNOTATIONS_LIMIT + 1));
  const line = (count: number) =>
    drawn({ kind: 'line', points: Array.from({ length: count }, (_, at) => [at % COLUMNS, at % ROWS]) });
  await takes(true, 'a long line', line(LINE_POINTS_LIMIT));
  await takes(false, 'a longer one', line(LINE_POINTS_LIMIT + 1));
  await takes(false, 'a line of one point', line(1));
  for (const kind of ['arrow', 'box', 'ellipse', 'length'] as const) {
    await takes(true, kind, drawn({ kind }));
    await takes(false, `${kind} of three points`, { ...line(3), kind });
  }
  for (const kind of ['point', 'text'] as const) {
    await takes(true, kind, drawn({ kind, points: [[1, 1]] }));
    await takes(false, `${kind} of two points`, drawn({ kind }));
  }
  await takes(true, 'a long label', drawn({ label: 'x'.repeat(200) }));
  await takes(false, 'a longer one', drawn({ label: 'x'.repeat(201) }));
  await takes(true, 'no label', drawn({ label: '' }));
  await takes(false, 'a text of nothing', drawn({ kind: 'text', points: [[1, 1]], label: ' ' }));
  await takes(false, 'control characters', drawn({ label: 'a\u0000b' }));
  const twice = drawn();
  await takes(false, 'one id twice', twice, twice);
  await takes(false, 'no such kind', { ...drawn(), kind: 'curve' });
});

test('go to the PACS once the review is settled, under the patient of the study, each reading in a report of its own', async () => {
  const review = await openReview(['ana', 'ben']);
  await put(review, 'ana', { place: 1, version: 0, annotations: [drawn({ label: 'of ana' })] });
  await put(review, 'ben', { place: 2, version: 0, annotations: [drawn({ label: 'of ben' })] });
  const before = new Set(gateway.pacs.held.keys());
  await decideAndSign(review, 'ana');
  await decideAndSign(review, 'ben');
  await storedOf(review, 'ben', 2);
  const { places } = await read(review, 'ben');
  const added = [...gateway.pacs.held].filter(([uid]) => !before.has(uid));
  assert.equal(
    added.map(([uid, { study: of }]) => [uid, of]).sort(),
    places.map(({ stored }) => [stored!.reports[0]!.sopInstanceUID!, study]).sort(),
  );
  for (const [at, who] of (['ana', 'ben'] as const).entries()) {
    const { stored } = places[at]!;
    assert.equal([stored!.state, stored!.reports.length], ['in-pacs', 1]);
    const { bytes } = gateway.pacs.held.get(stored!.reports[0]!.sopInstanceUID!)!;
    assert.is(readReport(await parsed(bytes))?.verification, 'VERIFIED');
    for (const inside of [`of ${who}`, 'Film^Child', nameOf(who), 'The readers agreed'])
      assert.ok(bytes.includes(inside), inside);
    assert.not.ok(bytes.includes(who === 'ana' ? 'of ben' : 'of ana'));
  }
  // With a receipt, as every instance.
  await until('the receipts', async () =>
    (await read(review, 'ben')).places.every(({ stored }) =>
      stored!.reports.every(({ receipt }) => receipt !== null),
    ),
  );
});

const receiptsOf = async (review: string, who: Who) =>
  (await read(review, who)).places.flatMap(({ stored }) => stored!.reports);

test('say what they wait for, and when the PACS had them first, however many receipts name them later', async () => {
  const slow = await deliver(SEED + 4);
  const first = await openReview(['ana'], [slow]);
  const second = await openReview(['ben'], [slow]);
  await put(first, 'ana', { place: 1, version: 0, annotations: [drawn({}, SEED + 4)] });
  await put(second, 'ben', { place: 1, version: 0, annotations: [drawn({}, SEED + 4)] });
  gateway.pacs.lie = 'failing';
  await decideAndSign(first, 'ana');
  await until('the report to wait', async () => (await receiptsOf(first, 'ana'))[0]?.waiting != null);
  const [waiting] = await receiptsOf(first, 'ana');
  assert.equal([waiting!.state, waiting!.receipt, waiting!.confirmedAt], ['waiting', null, null]);
  assert.is(waiting!.instance?.sopInstanceUID, waiting!.sopInstanceUID);
  gateway.pacs.lie = 'honest';
  const named = (review: string, who: Who) =>
    until('a receipt', async () => {
      const [report] = await receiptsOf(review, who);
      return report!.receipt !== null && report!;
    });
  const before = await named(first, 'ana');
  assert.equal(
    [before.state, before.waiting, before.confirmedAt],
    ['in-pacs', null, before.receipt!.issuedAt],
  );
  await decideAndSign(second, 'ben');
  await named(second, 'ben');
  const after = await named(first, 'ana');
  assert.is.not(after.receipt!.id, before.receipt!.id);
  assert.is(after.confirmedAt, before.confirmedAt);
});

test('are named in the timelines of their study and its case, and not as a study that somebody sent', async () => {
  const marked = await deliver(SEED + 5);
  const review = await openReview(['ana'], [marked]);
  await put(review, 'ana', { place: 1, version: 0, annotations: [drawn({}, SEED + 5)] });
  await decideAndSign(review, 'ana');
  await until('the receipt', async () => (await receiptsOf(review, 'ana'))[0]?.receipt != null);
  const { caseId } = await readReview(gateway, as('ana'), review);
  const ofCase = `GET /cases/${caseId}/timeline`;
  const steps = async (who: Who, request: string): Promise<string[][]> => {
    const { events } = await jsonOf<CaseTimeline>(gateway, request, as(who));
    const told = (isAdded: boolean) =>
      events
        .filter(({ event, added }) => STEPS.includes(event) && (added !== undefined) === isAdded)
        .map(({ event }) => event);
    for (const { added } of events) assert.equal(added ?? MARKS, MARKS);
    return [told(false), told(true)];
  };
  // The sender's own receipt is written again, of the study with its marks.
  for (const request of [ofCase, `GET /studies/${marked}/timeline`])
    assert.equal(await steps('admin', request), [[...STEPS, 'receipt-issued'], STEPS], request);
  // Ben reads the case without what models found: nothing that the gateway added is told.
  await openTestReview(gateway, as('admin'), caseId, { readers: [idOf('ben'), idOf('cleo')] });
  assert.equal((await steps('ben', ofCase))[1], []);
  assert.equal((await steps('ana', ofCase))[1], STEPS);
});
const STEPS = ['upload-opened', 'study-forwarded', 'receipt-issued'];
const MARKS = { marks: true, models: [] };

test('that cannot go to the PACS say why; without any the PACS gets nothing', async () => {
  const lost = await deliver(SEED + 2);
  const review = await openReview(['ana'], [lost]);
  await put(review, 'ana', { place: 1, version: 0, annotations: [drawn({}, SEED + 2)] });
  gateway.pacs.held.delete(testFilm({ seed: SEED + 2 }).identifiers.sopInstanceUID);
  await decideAndSign(review, 'ana');
  const { stored } = await storedOf(review, 'ana');
  const [report] = stored!.reports;
  assert.equal(
    [stored!.state, report!.because, report!.sopInstanceUID],
    ['refused', 'study-not-found', null],
  );
  const empty = await openReview(['ana']);
  await decideAndSign(empty, 'ana');
  assert.is((await read(empty, 'ana')).places[0]!.stored, null);
});

test('wait for a PACS that does not answer: nothing is kept that nobody could check', async () => {
  const unseen = await deliver(SEED + 3);
  const review = await openReview(['ana'], [unseen]);
  gateway.pacs.lie = 'down';
  assert.is(await tryOne(review, 0, drawn({}, SEED + 3)), 'pacs-unreachable');
  gateway.pacs.lie = 'honest';
  assert.is(await tryOne(review, 0, drawn({}, SEED + 3)), '200');
});

test.run();
