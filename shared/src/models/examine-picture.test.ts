/**
 * The whole look at a picture, by the real models on drawn ones: silent where a model must be silent, and
 * everything that a finding needs where not.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { drawnFilm, stripes, turnedPicture } from '#testing/drawn-film.ts';
import { openModels } from '#testing/open-models.ts';
import { findingSchema } from '../protocol/inference.ts';
import { CARDS } from './card.ts';
import { disagreement } from './disagreement.ts';
import { examinePicture } from './examine-picture.ts';
import { isComplete } from './integrated-gradients.ts';
import type { ModelId, RunModel } from './model.ts';

const test = suite('the look at a picture');
let opened: ReturnType<typeof openModels>;
/** The models that were asked, in order. */
let asked: ModelId[] = [];
let models: Record<ModelId, RunModel>;

const withoutModelAndInput = findingSchema.omit({ model: true, input: true }).strict();

test.before(async () => {
  opened = openModels();
  const noting = (id: ModelId, run: RunModel): [ModelId, RunModel] => [
    id,
    async (input, signal) => {
      asked.push(id);
      return await run(input, signal);
    },
  ];
  models = Object.fromEntries(
    Object.entries(opened.models).map(([id, run]) => noting(id as ModelId, run)),
  ) as Record<ModelId, RunModel>;
});
test.before.each(() => {
  asked = [];
});
test.after(() => opened.engine.close());

test('inside the population: score, map, lungs, attributions and sentences of measured facts', async () => {
  const { finding, maps } = await examinePicture({ picture: drawnFilm(), population: 'inside' }, models, {
    explain: ['cam', 'integrated-gradients', 'lung-fields', 'image'],
  });
  withoutModelAndInput.parse(finding);
  assert.equal(finding.image.kind, 'CXR');
  assert.equal([finding.film, finding.warnings, finding.threshold], [[], [], 0.212]);
  assert.is(finding.positive, finding.score! >= 0.212);
  assert.equal(finding.explanations, ['cam', 'integrated-gradients', 'lung-fields', 'image']);
  assert.ok(isComplete(finding.completeness!));
  assert.equal(
    [maps.cam?.length, maps.attributions?.attributions.length, maps.lungs?.right.length],
    [400, 160 * 160, 128 * 128],
  );
  const { right, left, fraction } = finding.lungs!;
  assert.ok(Math.abs(right.fraction + left.fraction - fraction) < 0.01);
  const middle = (mask: Uint8Array): number =>
    mask.reduce((sum, value, at) => sum + value * (at % 128), 0) /
    mask.reduce((sum, value) => sum + value, 0);
  assert.ok(middle(maps.lungs!.right) < 64 && middle(maps.lungs!.left) > 64);
  assert.match(
    finding.rationale.join(' '),
    new RegExp(`Score ${finding.score!.toFixed(3)}.*threshold of 0.212.*lung.*Limits: `),
  );
  assert.is(finding.intendedUse, CARDS.pneumonia.intendedUse);
});

test('the lungs of a film swap names if the header says that it is mirrored', async () => {
  const [plain, mirrored] = await Promise.all(
    [false, true].map((isMirrored) =>
      examinePicture({ picture: drawnFilm(), population: 'inside', isMirrored }, models),
    ),
  );
  assert.equal(
    [mirrored!.maps.lungs!.right, mirrored!.maps.lungs!.left],
    [plain!.maps.lungs!.left, plain!.maps.lungs!.right],
  );
  assert.equal(
    [mirrored!.finding.lungs!.right, mirrored!.finding.lungs!.left],
    [plain!.finding.lungs!.left, plain!.finding.lungs!.right],
  );
  assert.not.equal(plain!.finding.lungs!.right, plain!.finding.lungs!.left);
});

test('outside the population no model is asked for a score, but the film is checked', async () => {
  const { finding, maps } = await examinePicture({ picture: drawnFilm(), population: 'outside' }, models);
  withoutModelAndInput.parse(finding);
  assert.equal(
    [finding.probabilities, finding.score, finding.positive, finding.camPeak, maps.cam],
    [null, null, null, null, null],
  );
  assert.equal(finding.warnings, ['outside-population']);
  assert.not(asked.includes('pneumonia'));
  assert.ok(finding.lungs);
});

test('an image that is no chest film gets no further model, and a rotated one no score', async () => {
  const { finding } = await examinePicture({ picture: stripes(), population: 'unknown' }, models);
  assert.equal(
    [finding.score, finding.lungs, finding.film, finding.warnings],
    [null, null, [], ['not-a-chest-film']],
  );
  assert.equal([...new Set(asked)], ['image-kind']);
  const { finding: turned } = await examinePicture(
    { picture: turnedPicture(drawnFilm(), { degrees: 90, isInverted: false }), population: 'inside' },
    models,
  );
  assert.equal(
    [turned.score, turned.film, turned.lungs, turned.warnings],
    [null, ['rotated'], null, ['not-a-chest-film', 'film-rotated']],
  );
  assert.equal([...new Set(asked)], ['image-kind', 'lung-fields'], 'whether its lungs are cut off');
});

test('an unknown population is scored, and said', async () => {
  const { finding } = await examinePicture({ picture: drawnFilm(), population: 'unknown' }, models, {
    threshold: 0.99,
  });
  assert.ok(finding.score !== null);
  assert.equal(
    [finding.warnings, finding.threshold, finding.positive],
    [['population-unknown'], 0.99, false],
  );
  assert.not.match(finding.rationale.join(' '), /not used for training/);
});

test('without a model its part is left out', async () => {
  const { finding } = await examinePicture(
    { picture: drawnFilm(), population: 'inside' },
    { 'image-kind': models['image-kind'], pneumonia: models.pneumonia },
  );
  assert.equal(
    [finding.lungs, finding.warnings, finding.explanations],
    [null, ['lung-fields-not-available'], ['image', 'cam']],
  );
  assert.ok(finding.score !== null);
});

test('an aborted examination rejects with the reason', async () => {
  const reason = new Error('enough');
  const error = await examinePicture({ picture: drawnFilm(), population: 'inside' }, models, {
    signal: AbortSignal.abort(reason),
  }).catch((caught: unknown) => caught);
  assert.is(error, reason);
});

test('device and gateway disagree beyond the tolerance, and where one of them is silent', () => {
  assert.is(disagreement(0.5, 0.5019), null);
  assert.ok(disagreement(0.5, 0.5021));
  assert.is(disagreement(null, null), null);
  assert.equal(disagreement(0.5, 0.75), { device: 0.5, gateway: 0.75, difference: 0.25 });
  assert.equal(disagreement(null, 0.75), { device: null, gateway: 0.75, difference: 1 });
});

test.run();
