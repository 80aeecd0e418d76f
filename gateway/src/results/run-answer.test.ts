/** A run over many images takes few rows of the list, and hides nothing that a person has to decide. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding } from '#shared/protocol/inference.ts';
import { runAnswerOf } from './run-answer.ts';

const test = suite('the answer of a run');

const FINDING: Finding = {
  model: { id: 'pneumonia', version: '1.0.0', digest: 'a'.repeat(64), runtime: 'a test' },
  input: {
    digest: 'b'.repeat(64),
    kind: 'dicom',
    rows: 64,
    columns: 64,
    frame: 0,
    studyInstanceUID: '2.25.1',
  },
  image: { kind: 'TrunkCT', probability: 0.9 },
  population: 'unknown',
  film: [],
  probabilities: null,
  score: null,
  threshold: null,
  positive: null,
  lungs: null,
  camPeak: null,
  explanations: [],
  completeness: null,
  rationale: [],
  limits: [],
  warnings: [],
  intendedUse: 'A test.',
};

test('images of another kind share an answer, and those with a score, a turned film, or none do not', () => {
  const kinds = { ...FINDING.model, id: 'image-kind' };
  const shared: readonly (readonly [Partial<Finding>, string | null])[] = [
    [{}, 'run 2.25.1 silent'],
    [{ model: kinds }, 'run 2.25.1 TrunkCT'],
    [{ score: 0.2, positive: false }, null],
    [{ film: ['inverted'] }, null],
    [{ image: { kind: 'CXR', probability: 0.9 } }, null],
  ];
  for (const [some, answer] of shared) assert.is(runAnswerOf({ ...FINDING, ...some }, 'run'), answer);
  assert.is(runAnswerOf(FINDING, null), null, 'of no run');
});

test.run();
