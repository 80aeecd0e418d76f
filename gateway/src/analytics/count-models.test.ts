/** Figures of models over results whose bins and verdicts are known; and what of them researchers are not told. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SMALLEST_CELL, type ModelFigures } from '#shared/protocol/analytics.ts';
import type { Role } from '#shared/protocol/api.ts';
import type { Database } from '../database/database.ts';
import { insertTestScored, siteOf, type TestScored } from '../testing/insert-figures.ts';
import { listResults } from '../results/list-results.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { askedOf, wholeMonths } from './asked.ts';
import { countModels, guardBins } from './count-models.ts';

const test = suite('figures of models');
const NOW = new Date('2026-11-23T12:00:00Z');
const YEAR = { from: '2026-01-01', to: '2026-12-31' };
let database: Database;
let site: string;

test.before(async () => {
  database = await openTestDatabase();
  site = await siteOf(database.db);
  for (const scored of RESULTS) await insertTestScored(database.db, scored);
});
test.after(() => database.close());

const ask = (roles: Role[], query: object = YEAR): Promise<ModelFigures> =>
  countModels(database.db, {
    caller: { id: randomUUID(), siteId: site, roles },
    asked: roles.includes('researcher') ? wholeMonths(askedOf(query, NOW), NOW) : askedOf(query, NOW),
    isGuarded: roles.includes('researcher'),
  });
const totalOf = ({ models }: ModelFigures, of = '1.0.0') =>
  models.find(({ version }) => version === of)?.total;

/** 40 women in January, 3 men in January, 20 men in March; each of a study of its own, every tenth score of ten. */
const RESULTS: readonly TestScored[] = Array.from({ length: 63 }, (_, at): TestScored => {
  const isMan = at >= 40;
  return {
    ...{ study: `2.25.${at}`, at: at < 43 ? '2026-01-15T10:00:00Z' : '2026-03-15T10:00:00Z' },
    ...{ score: (at % 10) / 10 + 0.05, differs: at % 9 === 0 },
    patient: { sex: isMan ? 'M' : 'F', ageBand: '50-59' },
    class: at % 2 === 0 ? 'DX' : 'CR',
    ...verdictOf(at),
  };
});

function verdictOf(at: number): Pick<TestScored, 'verdict' | 'correctedTo'> {
  if (at % 3 === 2) return {};
  if (at % 6 === 1) return { verdict: 'correct', correctedTo: at % 10 >= 5 ? 'normal' : 'viral pneumonia' };
  return { verdict: 'agree' };
}

/** By hand, once more. */
function binsOf(rows: readonly TestScored[]) {
  const judged = rows.filter(({ verdict }) => verdict !== undefined);
  return Array.from({ length: 10 }, (_, bin) => {
    const own = judged.filter(({ score }) => Math.floor(score! * 10) === bin);
    const confirmed = own.filter(({ score, verdict, correctedTo }) =>
      verdict === 'agree' ? score! >= 0.5 : correctedTo !== 'normal',
    );
    const meanScore = own.reduce((sum, { score }) => sum + score!, 0) / own.length;
    return { bin, results: own.length, meanScore, confirmed: confirmed.length / own.length };
  });
}

test('counts results, verdicts and disagreements, and tells how far scores are true', async () => {
  const figures = await ask(['admin']);
  const total = totalOf(figures)!;
  const count = (is: (one: TestScored) => boolean): number => RESULTS.filter(is).length;
  const { shows, ...sums } = total;
  assert.equal(sums, {
    ...{ studies: 63, results: 63, disagreements: count(({ differs }) => differs === true) },
    agreed: count(({ verdict }) => verdict === 'agree'),
    corrected: count(({ verdict }) => verdict === 'correct'),
  });
  assert.is(shows, '/results?model=pneumonia&version=1.0.0&from=2026-01-01&to=2027-01-01');
  const { from, to, ...asked } = Object.fromEntries(new URL(shows!, 'http://x').searchParams);
  const listed = (those: object): Promise<readonly unknown[]> =>
    listResults(database.db, site, {
      ...{ ...asked, from: new Date(from!), to: new Date(to!), limit: 100 },
      ...those,
    });
  assert.is((await listed({})).length, 63);
  assert.is((await listed({ verdict: 'agree' })).length, sums.agreed!);
  assert.is((await listed({ verdict: 'correct' })).length, sums.corrected!);
  assert.is((await listed({ differs: '1' })).length, sums.disagreements!);
  const { calibration, series } = figures.models[0]!;
  const close = (value: number): number => Math.round(value * 1e9) / 1e9;
  assert.equal(
    calibration.map(({ bin, figures: of }) => [bin, of!.results, close(of!.meanScore), close(of!.confirmed)]),
    binsOf(RESULTS).map(({ bin, results, meanScore, confirmed }) => [
      bin,
      results,
      close(meanScore),
      close(confirmed),
    ]),
  );
  assert.equal(
    series.map(({ period, figures: of }) => [period, of!.studies]),
    [
      ['2026-01-15', 43],
      ['2026-03-15', 20],
    ],
  );
});

test('knows cohorts: of sex, age band and modality', async () => {
  const of = async (query: object) =>
    totalOf(await ask(['radiologist'], { ...YEAR, ...query }))?.studies ?? 0;
  assert.equal(
    [await of({ sex: 'F' }), await of({ sex: 'M' }), await of({ sex: 'O' }), await of({ sex: 'unknown' })],
    [40, 23, 0, 0],
  );
  assert.equal([await of({ ageBand: '50-59' }), await of({ ageBand: '90+' })], [63, 0]);
  assert.equal([await of({ modality: 'DX' }), await of({ modality: 'DX', sex: 'M' })], [32, 12]);
  assert.is(totalOf(await ask(['admin'], { ...YEAR, sex: 'F' }))!.shows, null);
});

test('withholds from researchers each month in which a group would be small, inside or outside of a filter', async () => {
  const [all, women, men, january] = await Promise.all([
    ask(['researcher']),
    ask(['researcher'], { ...YEAR, sex: 'F' }),
    ask(['researcher'], { ...YEAR, sex: 'M' }),
    ask(['researcher'], { from: '2026-01-01', to: '2026-01-31', sex: 'F' }),
  ]);
  assert.is(totalOf(all)!.studies, 63);
  // January has three men: told of the women in it, one could subtract.
  assert.equal([totalOf(women), women.models[0]!.isPartial], [null, true]);
  assert.is(totalOf(january), null);
  assert.equal([totalOf(men)!.studies, men.models[0]!.isPartial], [20, true]);
  assert.equal(
    men.models[0]!.series.map(({ period, figures }) => [period, figures?.studies ?? null]),
    [
      ['2026-01', null],
      ['2026-03', 20],
    ],
  );
  assert.equal([all.by, totalOf(all)!.shows], ['month', null]);
});

test('no answer to researchers is larger by fewer than five studies than one of a part of it', async () => {
  const sexes = ['F', 'M', 'O', 'unknown'].map((sex) => ({ sex }));
  const modalities = ['DX', 'CR', 'CT'].map((modality) => ({ modality }));
  const both = sexes.flatMap((sex) => modalities.map((modality) => ({ ...sex, ...modality })));
  const filters: readonly object[] = [{}, ...sexes, ...modalities, ...both, { ageBand: '50-59' }];
  const ranges = [YEAR, { from: '2026-01-01', to: '2026-02-28' }, { from: '2026-02-01', to: '2026-12-31' }];
  const questions = ranges.flatMap((range) => filters.map((filter) => ({ range, filter })));
  const answers = await Promise.all(
    questions.map(async ({ range, filter }) => {
      const studies = totalOf(await ask(['researcher'], { ...range, ...filter }))?.studies ?? 0;
      return { range, filter: Object.entries(filter), studies };
    }),
  );
  let compared = 0;
  for (const whole of answers)
    for (const part of answers) {
      const isPart =
        whole.filter.every(([key, value]) => part.filter.some(([k, v]) => k === key && v === value)) &&
        part.range.from >= whole.range.from &&
        part.range.to <= whole.range.to;
      if (!isPart) continue;
      compared += 1;
      const difference = whole.studies - part.studies;
      const about = JSON.stringify([whole, part]);
      assert.ok(difference === 0 || difference >= SMALLEST_CELL, about);
    }
  assert.ok(compared > 100);
});

test('a small bin takes a second one with it', () => {
  const bins = [6, 4, 9].map((results, bin) => ({ bin, results, meanScore: 0.5, confirmed: 0.5 }));
  const isShown = (guarded: boolean) => guardBins(bins, guarded).map(({ figures }) => figures !== null);
  assert.equal(isShown(true), [false, false, true]);
  assert.equal(isShown(false), [true, true, true]);
  assert.equal(
    guardBins(bins.slice(0, 1), true).map(({ figures }) => figures?.results),
    [6],
  );
});

test('small bins of few results together take a larger one with them', () => {
  const bins = [1, 9, 2, 7].map((results, bin) => ({ bin, results, meanScore: 0.5, confirmed: 0.5 }));
  assert.equal(
    guardBins(bins, true).map(({ figures }) => figures?.results ?? null),
    [null, 9, null, null],
  );
});

/** Of version `version`, each of a study of its own, without a patient that is known. */
async function addResults(
  version: string,
  count: number,
  { at = '2026-04-15T10:00:00Z', ...more }: Partial<TestScored>,
): Promise<void> {
  for (let nth = 0; nth < count; nth += 1)
    await insertTestScored(database.db, {
      ...{ version, study: `2.25.${version}.${randomUUID()}`, at, score: 0.9 },
      ...more,
    });
}

test('a sum of several answers tells researchers of no smaller group either', async () => {
  for (const [sex, count] of [
    ['F', 20],
    ['M', 20],
    ['O', 2],
  ] as const)
    await addResults('3.0.0', count, { patient: { sex, ageBand: '50-59' } });
  const of = async (query: object) =>
    totalOf(await ask(['researcher'], { ...YEAR, ...query }), '3.0.0')?.studies ?? null;
  assert.is(await of({}), 42);
  assert.equal(
    [await of({ sex: 'F' }), await of({ sex: 'M' }), await of({ sex: 'O' })],
    [null, null, null],
    'all but women and men are two',
  );
  await addResults('3.0.0', 3, {});
  assert.equal(
    [await of({ sex: 'F' }), await of({ sex: 'M' }), await of({ sex: 'O' }), await of({ sex: 'unknown' })],
    [20, 20, null, null],
    'all but women and men are five',
  );
});

test('verdicts that are withheld of a month are told by no sum of several months', async () => {
  const verdict = { verdict: 'correct', correctedTo: 'normal' } as const;
  const agreed = { verdict: 'agree' } as const;
  const may = '2026-05-15T10:00:00Z';
  await addResults('4.0.0', 2, verdict);
  await addResults('4.0.0', 8, agreed);
  await addResults('4.0.0', 10, { ...verdict, at: may });
  await addResults('4.0.0', 8, { ...agreed, at: may });
  const figures = await ask(['researcher']);
  const { series } = figures.models.find(({ version }) => version === '4.0.0')!;
  assert.equal(
    series.map(({ figures: of }) => of!.corrected),
    [null, 10],
  );
  assert.equal([totalOf(figures, '4.0.0')!.results, totalOf(figures, '4.0.0')!.corrected], [28, null]);
  assert.is(totalOf(await ask(['admin']), '4.0.0')!.corrected, 12, 'administrators are told');
});

test('counts whole months that are over for researchers', async () => {
  const months = ({ from, to }: { from: string; to: string }) => {
    const { since: _, until: __, cohort: ___, ...said } = wholeMonths(askedOf({ from, to }, NOW), NOW);
    return Object.values(said).join(' ');
  };
  assert.is(months({ from: '2026-01-31', to: '2026-02-01' }), '2026-01-01 2026-02-28');
  assert.is(months({ from: '2025-12-24', to: '2026-11-23' }), '2025-12-01 2026-10-31');
  assert.is(months({ from: '2026-11-01', to: '2026-11-23' }), '2026-10-01 2026-10-31');
  assert.is(months({ from: '2026-12-01', to: '2026-12-23' }), '2026-10-01 2026-10-31');
});

test('keeps a model without results, and says nothing of it', async () => {
  const { models } = await ask(['admin'], { from: '2020-01-01', to: '2020-01-02' });
  assert.equal(models, []);
});

test.run();
