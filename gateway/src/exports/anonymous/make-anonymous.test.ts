/** Every combination of quasi-identifiers that leaves is that of `k` rows or more. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip, skipped } from '#testing/environment.ts';
import { askProgram } from '../../testing/open-subject.ts';
import { makeAnonymous } from './make-anonymous.ts';
import { ANY, HIERARCHIES, QUASI_IDENTIFIERS, type QuasiLabels, type Subject } from './quasi-identifiers.ts';

const test = suite('anonymous rows');

const K = 5;
const SCORER = fileURLToPath(new URL('../../../../shared/testing/score-anonymity.py', import.meta.url));
const ADMISSIONS = fileURLToPath(
  new URL('../../../../../shared/data/diabetes-admissions.csv.gz', import.meta.url),
);
const SOMEBODY: Subject = {
  ...{ ageYears: 52, sex: 'F', modalities: ['CT'], bodyParts: ['CHEST'], month: '2026-05', site: 'North' },
};

const subjects = fc.record<Subject>({
  ageYears: fc.option(fc.integer({ min: -1, max: 160 })),
  sex: fc.constantFrom('F', 'M', 'O', 'f ', 'Ana', '', null),
  modalities: fc.subarray(['CT', 'MR', 'DX', 'US', 'Ana']),
  bodyParts: fc.subarray(['CHEST', 'HEAD', 'KNEE', 'LSPINE', 'TRUNK', 'Ana'], { maxLength: 2 }),
  month: fc.constantFrom('2025-01', '2025-02', '2025-11', '2026-05', '2026-13', '19991231', 'Ana', null),
  site: fc.constantFrom('North', 'South', null),
});

const sizesOf = (labels: readonly (QuasiLabels | null)[]): number[] => [
  ...Map.groupBy(
    labels.filter((one) => one !== null),
    (one) => JSON.stringify(one),
  )
    .values()
    .map(({ length }) => length),
];

test('each combination is that of k rows, for any rows and any k', async () => {
  const rows = fc.array(subjects, { maxLength: 120 });
  const property = fc.property(rows, fc.integer({ min: 1, max: 12 }), (some, k) => {
    const labels = makeAnonymous(some, k);
    assert.is(labels.length, some.length);
    assert.ok(Math.min(k, ...sizesOf(labels)) >= k);
    assert.ok(some.length < k || labels.some((one) => one !== null), 'some leave where k or more came');
  });
  await fc.assert(property, { seed: 5, numRuns: 400 });
});

test('a label is one of the subject’s own, and never a word of a header', async () => {
  const property = fc.property(fc.array(subjects, { minLength: K, maxLength: 60 }), (some) => {
    for (const [at, labels] of makeAnonymous(some, K).entries()) {
      for (const name of QUASI_IDENTIFIERS)
        if (labels !== null) assert.ok(HIERARCHIES[name](some[at]!).includes(labels[name]));
      assert.not.match(JSON.stringify(labels), /ana/i);
    }
  });
  await fc.assert(property, { seed: 6, numRuns: 200 });
});

test('the order of the rows changes no label', async () => {
  const property = fc.property(
    fc.array(subjects, { maxLength: 80 }),
    fc.infiniteStream(fc.nat()),
    (some, keys) => {
      const places = [...some.keys()].map((at) => ({ at, key: keys.next().value! }));
      const other = places.sort((a, b) => a.key - b.key).map(({ at }) => at);
      const labels = makeAnonymous(some, K);
      const moved = makeAnonymous(
        other.map((at) => some[at]!),
        K,
      );
      assert.equal(
        other.map((at) => labels[at]),
        moved,
      );
    },
  );
  await fc.assert(property, { seed: 7, numRuns: 100 });
});

test('k rows alike leave as they are, and one fewer do not leave at all', () => {
  const [labels] = makeAnonymous(Array<Subject>(K).fill(SOMEBODY), K);
  assert.equal(labels, {
    ...{
      ageBand: '50 to 54',
      sex: 'F',
      modalities: 'CT',
      bodyParts: 'CHEST',
      month: '2026-05',
      site: 'North',
    },
  });
  for (const few of [0, 1, K - 1])
    assert.equal(makeAnonymous(Array<Subject>(few).fill(SOMEBODY), K), Array(few).fill(null));
});

test('one row that differs is told no better than k of the others', () => {
  const labels = makeAnonymous([...Array<Subject>(K).fill(SOMEBODY), { ...SOMEBODY, ageYears: 71 }], K);
  assert.equal(sizesOf(labels), [K + 1]);
  assert.is(labels[0]!.ageBand, ANY);
  // Among many it is left out, so that they need not be told less exactly.
  const many = makeAnonymous([...Array<Subject>(500).fill(SOMEBODY), { ...SOMEBODY, ageYears: 71 }], K);
  assert.equal([many[0]?.ageBand, many.at(-1)], ['50 to 54', null]);
});

test('rows that are all different leave without what tells them apart', () => {
  const rows = Array.from(
    { length: 12 },
    (_, at): Subject => ({ ...SOMEBODY, month: `2026-${`${at + 1}`.padStart(2, '0')}` }),
  );
  const labels = makeAnonymous(rows, K);
  assert.equal([...new Set(labels.map((one) => one?.sex))], ['F']);
  assert.ok(labels.every((one) => one?.month === '2026'));
});

test('nobody is told to be above 89', () => {
  const ages = [88, 89, 90, 91, 99, 104, 130];
  const bands = (at: number) => ages.map((ageYears) => HIERARCHIES.ageBand({ ...SOMEBODY, ageYears })[at]);
  const young = '85 to 89';
  const old = '90 and over';
  assert.equal(bands(0), [young, young, old, old, old, old, old]);
  assert.equal(bands(1), ['80 to 89', '80 to 89', old, old, old, old, old]);
  assert.equal(
    bands(2),
    ages.map(() => '80 and over'),
  );
  for (const ageYears of [-1, 150, null, Number.NaN])
    assert.is(HIERARCHIES.ageBand({ ...SOMEBODY, ageYears })[0], 'unknown');
});

test('of 10 000 real admissions at least 95 in 100 leave, most of them told more exactly than sex and modality', () => {
  if (!existsSync(ADMISSIONS)) skip('anonymous rows of real admissions', '../shared is not there');
  const rows = admissions(10_000);
  const labels = makeAnonymous(rows, K);
  const kept = labels.filter((one) => one !== null);
  assert.ok(Math.min(...sizesOf(labels)) >= K);
  assert.ok(kept.length >= 9500, `${kept.length} kept`);
  const scored = score(kept, rows.length);
  if (scored === null) skipped('the score of 10 000 anonymous rows', 'python3 is not installed');
  else assert.ok(scored.smallest >= K && scored.kept >= 0.95, JSON.stringify(scored));
  const told = (name: keyof QuasiLabels) => kept.filter((one) => one[name] !== ANY).length / kept.length;
  assert.ok(told('sex') > 0.9 && told('modalities') > 0.9 && told('bodyParts') > 0.9);
  assert.ok(told('ageBand') > 0.6 && told('month') > 0.6, `${told('ageBand')} ${told('month')}`);
});

/** Null where python3 is missing. */
function score(kept: readonly QuasiLabels[], of: number): { smallest: number; kept: number } | null {
  const lines = kept.map((one) => QUASI_IDENTIFIERS.map((name) => one[name]).join(','));
  const csv = [QUASI_IDENTIFIERS.join(','), ...lines, ''].join('\r\n');
  const asked = askProgram('python3', [SCORER, '--of', `${of}`], new TextEncoder().encode(csv));
  return asked && JSON.parse(asked.text);
}

/** Age and sex are real; the rest is drawn, some values more often than others. */
function admissions(count: number): Subject[] {
  let seed = 16;
  const draw = (values: readonly string[]): string => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const drawn = (seed >>> 8) / 2 ** 24;
    return values[Math.floor(drawn ** 2 * values.length)]!;
  };
  const lines = gunzipSync(readFileSync(ADMISSIONS))
    .toString('utf8')
    .split('\n')
    .slice(1, count + 1);
  return lines.map((line) => {
    const [, sex = '', decade = ''] = line.split(',');
    return {
      ageYears: decade === '' ? null : Number(decade) + Number(draw([...'0123456789'])),
      sex,
      modalities: [draw(['DX', 'CT', 'MR', 'US', 'MG'])],
      bodyParts: [draw(['CHEST', 'ABDOMEN', 'HEAD', 'KNEE', 'HAND', 'PELVIS', 'LSPINE', 'BREAST'])],
      month: `2026-${draw(['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12'])}`,
      site: draw(['North', 'South', 'West']),
    };
  });
}

test.run();
