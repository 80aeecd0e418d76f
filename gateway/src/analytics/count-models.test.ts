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
function binsOf(rows: readonly TestScored[], close: (value: number) => number) {
  const judged = rows.filter(({ verdict }) => verdict !== undefined);
  return Array.from({ length: 10 }, (_, bin) => {
    const own = judged.filter(({ score }) => Math.floor(score! * 10) === bin);
    const confirmed = own.filter(({ score, verdict, correctedTo }) =>
      verdict === 'agree' ? score! >= 0.5 : correctedTo !== 'normal',
    );
    const meanScore = own.reduce((sum, { score }) => sum + score!, 0) / own.length;
    const share = confirmed.length / own.length;
    return { bin, results: own.length, meanScore: close(meanScore), confirmed: close(share) };
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
  const shown = { ...asked, from: new Date(from!), to: new Date(to!), limit: 100 };
  for (const [those, expected] of [
    [{}, 63],
    [{ verdict: 'agree' }, sums.agreed],
    [{ verdict: 'correct' }, sums.corrected],
    [{ differs: '1' }, sums.disagreements],
  ] as const) {
    const listed = await listResults(database.db, site, { ...shown, ...those });
    assert.is(listed.length, expected, JSON.stringify(those));
  }
  const { calibration, series } = figures.models[0]!;
  const close = (value: number): number => Math.round(value * 1e9) / 1e9;
  const said = calibration.map(({ bin, figures: of }) => ({
    ...{ bin, results: of!.results },
    ...{ meanScore: close(of!.meanScore), confirmed: close(of!.confirmed) },
  }));
  assert.equal(said, binsOf(RESULTS, close));
  const studies = series.map(({ period, figures: of }) => `${period}: ${of!.studies}`);
  assert.equal(studies, ['2026-01-15: 43', '2026-03-15: 20']);
});

test('knows cohorts: of sex, age band and modality', async () => {
  const of = async (query: object) =>
    totalOf(await ask(['radiologist'], { ...YEAR, ...query }))?.studies ?? 0;
  const bySex = [await of({ sex: 'F' }), await of({ sex: 'M' }), await of({ sex: 'O' })];
  assert.equal([...bySex, await of({ sex: 'unknown' })], [40, 23, 0, 0]);
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
  const studies = men.models[0]!.series.map(({ period, figures }) => `${period}: ${figures?.studies}`);
  assert.equal(studies, ['2026-01: undefined', '2026-03: 20']);
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

test('small bins of few results together take a larger one with them, if researchers ask', () => {
  for (const [results, guarded, shown] of [
    [[6, 4, 9], true, [null, null, 9]],
    [[6, 4, 9], false, [6, 4, 9]],
    [[6], true, [6]],
    [[1, 9, 2, 7], true, [null, 9, null, null]],
  ] as const) {
    const bins = results.map((count, bin) => ({ bin, results: count, meanScore: 0.5, confirmed: 0.5 }));
    const told = guardBins(bins, guarded).map(({ figures }) => figures?.results ?? null);
    assert.equal(told, shown, `${results.join(', ')}${guarded ? ', guarded' : ''}`);
  }
});

/** Adds results of version `version`, each for a study of its own and without a known patient. */
async function addResults(version: string, count: number, more: Partial<TestScored>): Promise<void> {
  const of = { version, at: '2026-04-15T10:00:00Z', score: 0.9, ...more };
  for (let nth = 0; nth < count; nth += 1)
    await insertTestScored(database.db, { study: `2.25.${version}.${randomUUID()}`, ...of });
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
  const bySex = () => Promise.all(['F', 'M', 'O', 'unknown'].map((sex) => of({ sex })));
  assert.is(await of({}), 42);
  assert.equal(await bySex(), [null, null, null, null], 'all but women and men are two');
  await addResults('3.0.0', 3, {});
  assert.equal(await bySex(), [20, 20, null, null], 'all but women and men are five');
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
  const corrected = series.map(({ figures: of }) => of!.corrected);
  assert.equal(corrected, [null, 10]);
  const { results, corrected: inAll } = totalOf(figures, '4.0.0')!;
  assert.equal([results, inAll], [28, null]);
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
