/** One run over many images takes few rows of the list, and hides nothing that a person has to decide. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding, Result } from '#shared/protocol/inference.ts';
import { idOf, recordedFinding, recordedResult } from '../testing/recorded-answers.ts';
import { foldRuns } from './fold-runs.ts';

const test = suite('the rows of one run');
const RUN = idOf(900);

const guess = (number: number, kind: Finding['image']['kind'], some: Partial<Result> = {}): Result =>
  recordedResult(
    number,
    { jobId: RUN, ...some },
    {
      ...{ score: null, positive: null, probabilities: null },
      model: { ...recordedFinding().model, id: 'image-kind' },
      image: { kind, probability: 0.5 + number / 100 },
    },
  );
const numbersOf = (results: readonly Result[]) =>
  foldRuns(results).map((row) => row.map(({ id }) => Number(id.slice(-4))));

test('a run over 35 images has one row for each answer', () => {
  const run = Array.from({ length: 35 }, (_, nth) => guess(nth + 1, nth % 7 === 3 ? 'other' : 'HeadCT'));
  const rows = numbersOf([recordedResult(50), ...run, recordedResult(51)]);
  assert.equal(
    rows.map((row) => [row[0], row.length]),
    [
      [50, 1],
      [1, 30],
      [4, 5],
      [51, 1],
    ],
  );
});

test('scores, other runs and images with a verdict have rows of their own', () => {
  const verification = {
    verdict: 'agree',
    finding: null,
    at: '2026-11-20T12:40:00.000Z',
    by: idOf(1),
  } as const;
  assert.equal(
    numbersOf([
      recordedResult(1, { jobId: RUN }),
      recordedResult(2, { jobId: RUN }),
      guess(3, 'HeadCT', { verification }),
      guess(4, 'HeadCT', { jobId: idOf(901) }),
      guess(5, 'HeadCT', { jobId: null }),
      guess(6, 'HeadCT', { jobId: null }),
      guess(7, 'HeadCT'),
    ]),
    [[1], [2], [3], [4], [5], [6], [7]],
  );
});

test('images on which a person is asked to agree with no answer have rows of their own', () => {
  const silent = (number: number, kind: Finding['image']['kind'], some: Partial<Finding>): Result =>
    recordedResult(
      number,
      { jobId: RUN },
      {
        ...{ score: null, positive: null, probabilities: null, image: { kind, probability: 0.9 } },
        ...some,
      },
    );
  const asked: Partial<Finding>[] = [
    { film: ['rotated'] },
    { population: 'outside' },
    { population: 'inside' },
    { warnings: ['not-a-chest-film'] },
  ];
  const twice = asked.flatMap((some) => [some, some]).map((some, at) => silent(at + 1, 'CXR', some));
  assert.equal(numbersOf(twice), [[1], [2], [3], [4], [5], [6], [7], [8]]);
  assert.equal(numbersOf([silent(1, 'HeadCT', {}), silent(2, 'HeadCT', {}), silent(3, 'other', {})]), [
    [1, 2, 3],
  ]);
});

test.run();
