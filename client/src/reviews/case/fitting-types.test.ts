import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReviewType } from '#shared/protocol/reviews.ts';
import { imagesOf, offerTypes, type KnownImages } from './fitting-types.ts';

const test = suite('the forms that are offered for a case');

const typeNamed = (name: string, fits: Pick<ReviewType['definition'], 'modalities' | 'bodyParts'> = {}) => ({
  ...{ name, version: 1, madeBy: null, madeAt: null },
  definition: {
    ...{ title: name, readers: 1, hidesFinding: false, assignment: 'load', ...fits },
    form: { type: 'object', properties: {}, required: [], additionalProperties: false },
  } satisfies ReviewType['definition'],
});
const TYPES: readonly ReviewType[] = [
  typeNamed('breast', { bodyParts: ['BREAST'] }),
  typeNamed('chest-film', { modalities: ['CR', 'DX'], bodyParts: ['CHEST'] }),
  typeNamed('general'),
  typeNamed('head-ct', { modalities: ['CT'], bodyParts: ['HEAD'] }),
  typeNamed('site'),
];
const offered = (images: Partial<KnownImages>): [string[], string[]] => {
  const { fitting, others } = offerTypes(TYPES, { modalities: [], bodyParts: [], ...images });
  return [fitting.map(({ name }) => name), others.map(({ name }) => name)];
};

test('for a CT no form of a chest film is offered first', () => {
  assert.equal(offered({ modalities: ['CT'], bodyParts: ['TRUNK'] }), [
    ['general', 'site'],
    ['breast', 'chest-film', 'head-ct'],
  ]);
  assert.is(offered({ modalities: ['CT'] })[0][0], 'head-ct', 'nobody knows yet which part it shows');
  assert.is(offered({ modalities: ['MR'], bodyParts: ['BREAST'] })[0][0], 'breast');
});

test('for a film the form of a chest film comes first, unless it shows something else', () => {
  assert.equal(offered({ modalities: ['DX'], bodyParts: ['CHEST'] })[0], ['chest-film', 'general', 'site']);
  assert.is(offered({ modalities: ['CR'] })[0][0], 'chest-film');
  assert.is(offered({ modalities: ['DX'], bodyParts: ['HAND'] })[0][0], 'general');
});

test('where nothing is known of the images, a form for any comes first', () =>
  assert.is(offered(imagesOf({ studies: [] }))[0][0], 'general'));

test.run();
