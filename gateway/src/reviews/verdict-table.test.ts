/**
 * Page, report in the PACS, dashboard, calibration and file for evaluation tell one truth about each finding of a
 * model × review of its study × signature × press on the page of the result.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readReport, type ContentItem } from '#shared/dicom/content-tree.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { SOP_CLASSES } from '#shared/dicom/registry.ts';
import type { ModelFigures } from '#shared/protocol/analytics.ts';
import type { Result } from '#shared/protocol/inference.ts';
import { until } from '#testing/gateway-under-test.ts';
import { insertResultInstances } from '../results/result-instance.store.ts';
import { recordView } from '../results/result-view.store.ts';
import { giveStudy, jsonOf, openPacsGateway, openTestCase, type PacsGateway } from '../testing/open-cases.ts';
import { decideTest, openFoundCase, openTestReview, stepOf } from '../testing/open-reviews.ts';
import { buildFilm } from '../testing/open-subject.ts';
import { REVIEW_PEOPLE, testPeople, type ReviewPerson as Who } from '../testing/test-people.ts';

const test = suite('verdicts, all together');
let gateway: PacsGateway;
const { as, idOf, nameOf, join } = testPeople(REVIEW_PEOPLE);
test.before(async () => {
  gateway = await openPacsGateway();
  await join(gateway);
});
test.after(() => gateway.close());

type Found = boolean | null;
type Outcome = 'pneumonia' | 'normal';
type Reviewed = {
  readonly type: 'chest-film' | 'chest-film-double';
  readonly outcome: Outcome;
  readonly isSigned: boolean;
  readonly readers?: readonly Who[];
};
type Press = { readonly verdict: 'agree' | 'correct'; readonly finding?: string };
type Cell = { readonly found: Found; readonly review: Reviewed | null; readonly press: Press };

const FOUND: readonly Found[] = [true, false, null];
const OUTCOMES: readonly Outcome[] = ['pneumonia', 'normal'];
const TYPES = ['chest-film', 'chest-film-double'] as const;
const REVIEWS: readonly (Reviewed | null)[] = [
  null,
  ...TYPES.flatMap((type) =>
    OUTCOMES.flatMap((outcome) => [true, false].map((isSigned) => ({ type, outcome, isSigned }))),
  ),
];
const PRESSES: readonly Press[] = [
  { verdict: 'agree' },
  ...['normal', 'pneumonia', 'other'].map((finding) => ({ verdict: 'correct', finding }) as const),
];
const CELLS: readonly Cell[] = FOUND.flatMap((found) =>
  REVIEWS.flatMap((review) => PRESSES.map((press) => ({ found, review, press }))),
);

const OWN: Readonly<Record<string, Outcome>> = { true: 'pneumonia', false: 'normal' };
const wordsOf = ({ verdict, finding }: Press): string =>
  verdict === 'agree' ? 'agree' : `correct ${finding}`;
/** A correction to what the model said is agreement. */
const meantBy = ({ found, press }: Cell): string =>
  press.finding !== undefined && press.finding === OWN[`${found}`] ? 'agree' : wordsOf(press);
/** By a signed review whose readers were shown the finding. */
function byReview({ found, review }: Cell): string | null {
  if (!review?.isSigned || review.type !== 'chest-film' || found === null) return null;
  return review.outcome === OWN[`${found}`] ? 'agree' : `correct ${review.outcome}`;
}
/** Null: it says something else than the signed review. */
function pressed(cell: Cell): string | null {
  const said = meantBy(cell);
  if (!cell.review?.isSigned || cell.found === null) return said;
  const outcome = said === 'agree' ? OWN[`${cell.found}`] : said.replace('correct ', '');
  return outcome === cell.review.outcome ? said : null;
}

async function review(
  id: string,
  study: string,
  { type, outcome, isSigned, readers = type === 'chest-film' ? ['ana'] : ['ana', 'ben'] }: Reviewed,
  found: Found,
): Promise<string> {
  const one = await openTestReview(gateway, as('admin'), id, { type, readers: readers.map(idOf) });
  const decision =
    found === null || type !== 'chest-film' || outcome === OWN[`${found}`] ? 'accept' : 'correct';
  for (const who of readers) {
    const body = { decision, answers: { finding: outcome, certainty: 4 }, reason: 'a reason' };
    await decideTest(gateway, as(who), one.id, body);
    if (!isSigned) continue;
    const step = await stepOf(gateway, as(who), one.id, {});
    const signed = await gateway.call('POST', `/reviews/${one.id}/sign`, { ...as(who), body: step });
    assert.is(signed.status, 200, `${study} ${await signed.text()}`);
  }
  return one.id;
}

/** Puts the image into the PACS, and the model's own report on its way there. */
async function keepImage(study: string, result: string): Promise<void> {
  const uid = (part: number) => study + '.1'.repeat(part - 1);
  const image = { rows: 8, columns: 8, bitsAllocated: 8, bitsStored: 8, pixels: new Uint8Array(64) } as const;
  const { identifiers, bytes } = buildFilm({ uid, sopClassUID: SOP_CLASSES.DX, image }, []);
  gateway.pacs.held.set(identifiers.sopInstanceUID, { study, bytes: Buffer.from(bytes) });
  const own = { kind: 'SR', seriesInstanceUID: `${study}.2`, sopInstanceUID: `${study}.2.1` } as const;
  const { db } = gateway.database;
  await db.transaction().execute((trx) => insertResultInstances(trx, result, 1, [own]));
}

/** Makes the cell, presses, and reads what the page then says. */
async function walk(cell: Cell) {
  const { db } = gateway.database;
  const { study, caseId, results } = await openFoundCase(gateway, as('admin'), [cell.found]);
  const result = results[0]!;
  await keepImage(study, result);
  const reviewId = cell.review && (await review(caseId, study, cell.review, cell.found));
  await recordView(db, { resultId: result, accountId: idOf('cleo'), at: gateway.now() });
  const read = () => jsonOf<Result>(gateway, `GET /results/${result}`, as('cleo'));
  const before = await read();
  const reason = cell.press.verdict === 'correct' ? { reason: 'a reason' } : {};
  const answer = await gateway.call('POST', `/results/${result}/verify`, {
    ...as('cleo'),
    body: { ...cell.press, ...reason },
    headers: { 'if-match': `"${before.revision}"` },
  });
  const { code = null } = (await answer.json()) as { readonly code?: string };
  const { verification, review: behind } = await read();
  const page = verification && {
    said: wordsOf({ ...verification, finding: verification.finding ?? undefined } as Press),
    by: verification.by,
  };
  return { result, reviewId, code, page, behind: behind ?? null };
}

/** Every item below, with its concept and its value as words. */
const itemsOf = ({ items }: ContentItem): readonly (readonly [string | undefined, string])[] =>
  items.flatMap((item) => [[item.name?.value, wordOf(item)] as const, ...itemsOf(item)]);
function wordOf({ value }: ContentItem): string {
  if (value.kind === 'code') return value.code.scheme === 'SCT' ? value.code.meaning : value.code.value;
  return value.kind === 'name' ? value.name : '';
}

const textsOf = ({ value, items }: ContentItem): readonly string[] => [
  ...(value.kind === 'text' ? [value.text] : []),
  ...items.flatMap(textsOf),
];

async function allSent(): Promise<boolean> {
  const metrics = await (await gateway.call('GET', '/metrics', as('admin'))).text();
  return !/queue="verified-report",state="\w+"\} [1-9]/.test(metrics);
}

/** The verdict that stands, as the newest report in the PACS tells it; null: no verdict made one. */
async function reportOf(id: string, name: string) {
  const { revision, instances } = await jsonOf<Result>(gateway, `GET /results/${id}`, as('cleo'));
  const newest = instances.filter(({ kind }) => kind === 'SR').at(-1)!;
  assert.is(newest.revision, revision, name);
  if (revision === 1) return null;
  const isThere = () => gateway.pacs.held.get(newest.sopInstanceUID);
  const { bytes } = await until('the report to be in the PACS', isThere);
  const read = await readInstance(bytesSource(bytes));
  if (read.kind === 'refused') throw assert.unreachable(read.because);
  const { content, completion, verification, verifiers } = readReport(read.instance)!;
  const items = itemsOf(content);
  const all = (concept: string) => items.flatMap(([name, word]) => (name === concept ? [word] : []));
  const [found, ...finding] = all('121071');
  return {
    ...{ found, said: [...all('VERDICT'), ...finding].join(' ').toLowerCase(), by: all('121008') },
    isDisputed: textsOf(content).some((text) => text.startsWith('Signed reviews of this study contradict')),
    ...{ completion, verification, verifiers: verifiers.map(({ name }) => name) },
  };
}

async function counted() {
  const asked = 'from=2026-11-01&to=2026-11-30';
  const figures = await jsonOf<ModelFigures>(gateway, `GET /analytics/models?${asked}`, as('admin'));
  const { total, calibration } = figures.models.find(({ id }) => id === 'pneumonia')!;
  const bins = calibration.flatMap(({ figures: of }) => (of === null ? [] : [of]));
  const text = await (await gateway.call('GET', `/evaluation?${asked}`, as('admin'))).text();
  const lines = text.split('\r\n').map((line) => line.split(','));
  const inFile = (word: string) => lines.filter((cells) => cells.includes(word)).length;
  return {
    ...{ agreed: total!.agreed, corrected: total!.corrected },
    ...{ agreedInFile: inFile('agree'), correctedInFile: inFile('correct') },
    confirmed: Math.round(bins.reduce((sum, { results, confirmed }) => sum + results * confirmed, 0)),
  };
}

const FOUND_CODES: Readonly<Record<string, string>> = {
  ...{ true: 'AT-OR-ABOVE', false: 'BELOW', null: 'NOT-SCORED' },
};
/** By whose verdict; null: there is none. */
function inReport({ found }: Cell, said: string | null, by: string) {
  if (said === null) return null;
  const flags = { completion: 'COMPLETE', verification: 'VERIFIED', verifiers: [by], isDisputed: false };
  return { found: FOUND_CODES[`${found}`], said, by: [by], ...flags };
}

test('a page, a report, a file and a figure say the same, and nobody presses a signed review away', async () => {
  const reports = new Map<string, readonly [string, ReturnType<typeof inReport>]>();
  let agreed = 0;
  let corrected = 0;
  let confirmed = 0;
  for (const cell of CELLS) {
    const name = JSON.stringify(cell);
    const { result, code, page, behind, reviewId } = await walk(cell);
    const said = pressed(cell);
    assert.is(code, said === null ? 'review-stands' : null, name);
    const verdict = said ?? byReview(cell);
    const by = said === null ? 'ana' : 'cleo';
    assert.equal(page, verdict && { said: verdict, by: idOf(by) }, name);
    reports.set(result, [name, inReport(cell, verdict, nameOf(by))]);
    const stands = cell.review?.isSigned
      ? { id: reviewId, positive: cell.review.outcome === 'pneumonia' }
      : null;
    assert.equal(behind && { id: behind.id, positive: behind.positive }, stands, name);
    if (verdict === 'agree') agreed += 1;
    else if (verdict !== null) corrected += 1;
    if (cell.found === null || verdict === null) continue;
    if (verdict === 'agree' ? cell.found : verdict === 'correct pneumonia') confirmed += 1;
  }
  await until('every verdict to be on its way', allSent);
  for (const [result, [name, told]] of reports) assert.equal(await reportOf(result, name), told, name);
  const file = { agreedInFile: agreed, correctedInFile: corrected };
  assert.equal(await counted(), { agreed, corrected, ...file, confirmed });
});

test('a press on a page from before the review is told of the review, not of a newer revision', async () => {
  const { study, caseId, results } = await openFoundCase(gateway, as('admin'), [true]);
  const result = results[0]!;
  await keepImage(study, result);
  await recordView(gateway.database.db, { resultId: result, accountId: idOf('cleo'), at: gateway.now() });
  const press = async (body: Press & { readonly reason?: string }) => {
    const headers = { 'if-match': '"1"' };
    const answer = await gateway.call('POST', `/results/${result}/verify`, { ...as('cleo'), body, headers });
    return ((await answer.json()) as { readonly code?: string }).code;
  };
  await review(caseId, study, { type: 'chest-film', outcome: 'normal', isSigned: true }, true);
  assert.is(await press({ verdict: 'agree' }), 'review-stands');
  assert.is(await press({ verdict: 'correct', finding: 'normal', reason: 'a reason' }), 'result-changed');
});

test('where signed reviews contradict each other, no press decides, and the page says so until another reading does', async () => {
  for (const found of [true, false]) {
    const { study, caseId, results } = await openFoundCase(gateway, as('admin'), [found]);
    const result = results[0]!;
    await keepImage(study, result);
    const read = () => jsonOf<Result>(gateway, `GET /results/${result}`, as('cleo'));
    const sign = (outcome: Outcome, who: Who) =>
      review(caseId, study, { type: 'chest-film', outcome, isSigned: true, readers: [who] }, found);
    await sign('normal', 'ana');
    const second = await sign('pneumonia', 'ben');
    await recordView(gateway.database.db, { resultId: result, accountId: idOf('cleo'), at: gateway.now() });
    const { revision, review: behind } = await read();
    assert.equal([behind?.id, behind?.positive], [second, null]);
    const reported = async () => {
      await until('every verdict to be on its way', allSent);
      const report = await reportOf(result, study);
      return [report?.said, report?.by, report?.isDisputed];
    };
    const verdictOf = (outcome: Outcome) => (outcome === OWN[`${found}`] ? 'agree' : `correct ${outcome}`);
    assert.equal(await reported(), [verdictOf('pneumonia'), [nameOf('ben')], true]);
    for (const press of PRESSES) {
      const answer = await gateway.call('POST', `/results/${result}/verify`, {
        ...as('cleo'),
        body: { ...press, ...(press.verdict === 'correct' && { reason: 'a reason' }) },
        headers: { 'if-match': `"${revision}"` },
      });
      const { code } = (await answer.json()) as { readonly code?: string };
      assert.is(code, 'review-stands', wordsOf(press));
    }
    const third = await sign('normal', 'cleo');
    const { review: decided } = await read();
    assert.equal([decided?.id, decided?.positive], [third, false]);
    assert.equal(await reported(), [verdictOf('normal'), [nameOf('cleo')], false]);
  }
});

test('readings of one study contradict each other also if they are of two cases', async () => {
  const { study, caseId, results } = await openFoundCase(gateway, as('admin'), [true]);
  const sign = (id: string, outcome: Outcome, who: Who) =>
    review(id, study, { type: 'chest-film', outcome, isSigned: true, readers: [who] }, true);
  const { id } = await openTestCase(gateway, as('admin').token, { expected: { accessionNumber: 'A7' } });
  await giveStudy(gateway, id, study);
  await sign(caseId, 'pneumonia', 'ana');
  await sign(id, 'normal', 'ben');
  const behind = async () =>
    (await jsonOf<Result>(gateway, `GET /results/${results[0]}`, as('cleo'))).review?.positive;
  assert.is(await behind(), null);
  await sign(id, 'normal', 'cleo');
  assert.is(await behind(), false);
});

test('a verdict that was given before a blinded review is replaced once the review settles otherwise', async () => {
  const agree = async (result: string) => {
    await recordView(gateway.database.db, { resultId: result, accountId: idOf('cleo'), at: gateway.now() });
    const answer = await gateway.call('POST', `/results/${result}/verify`, {
      ...as('cleo'),
      body: { verdict: 'agree' },
      headers: { 'if-match': '"1"' },
    });
    assert.is(answer.status, 200);
  };
  const told = async (result: string) => {
    const { verification: now } = await jsonOf<Result>(gateway, `GET /results/${result}`, as('cleo'));
    return now && [now.verdict, now.finding, now.by];
  };
  for (const [models, outcome, after] of [
    [[true], 'normal', [['correct', 'normal', 'ana']]],
    [[true], 'pneumonia', [['agree', null, 'cleo']]],
    [[false], 'pneumonia', [['correct', 'pneumonia', 'ana']]],
    // One of the two images is enough for a positive study.
    [
      [true, false],
      'pneumonia',
      [
        ['agree', null, 'cleo'],
        ['agree', null, 'cleo'],
      ],
    ],
  ] as const) {
    const { study, caseId, results } = await openFoundCase(gateway, as('admin'), [...models]);
    for (const result of results) await agree(result);
    await review(caseId, study, { type: 'chest-film-double', outcome, isSigned: true }, models[0]);
    const now = [];
    for (const result of results) now.push(await told(result));
    assert.equal(
      now,
      after.map(([verdict, finding, who]) => [verdict, finding, idOf(who)]),
      `${models} ${outcome}`,
    );
  }
});

test('a blinded reader is told no outcome of a study by the other study of its case', async () => {
  const { study, caseId, results } = await openFoundCase(gateway, as('admin'), [true]);
  const prior = `${study}.9`;
  await giveStudy(gateway, caseId, prior);
  await review(caseId, study, { type: 'chest-film', outcome: 'normal', isSigned: true }, true);
  const told = async (who: Who) => {
    const one = await jsonOf<Result>(gateway, `GET /results/${results[0]}`, as(who));
    const list = await jsonOf<{ readonly results: readonly Result[] }>(
      gateway,
      `GET /results?study=${study}&limit=10`,
      as(who),
    );
    return [one.review?.positive, ...list.results.map((each) => each.review?.positive)];
  };
  assert.equal(await told('ben'), [false, false]);
  const { id } = await openTestCase(gateway, as('admin').token, { expected: { accessionNumber: 'A2' } });
  await giveStudy(gateway, id, prior);
  const readers = [idOf('ben'), idOf('cleo')];
  await openTestReview(gateway, as('admin'), id, { type: 'chest-film-double', readers });
  assert.equal(await told('ben'), [undefined, undefined]);
  assert.equal(await told('ana'), [false, false], 'who signed it knows it');
});

test.run();
