import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reviewDefinitionSchema, type ReviewDefinition } from '#shared/protocol/reviews.ts';
import {
  nameFor,
  newQuestion,
  ofKind,
  readType,
  toTyped,
  type TypedQuestion,
  type TypedType,
} from './type-form.ts';

const test = suite('the form of a review type');

const definition: ReviewDefinition = {
  title: 'Knee',
  readers: 2,
  hidesFinding: true,
  assignment: 'turn',
  modalities: ['CR', 'DX'],
  bodyParts: ['HAND'],
  form: {
    type: 'object',
    properties: {
      tear: {
        ...{ title: 'Is the meniscus torn?', description: 'Either of them' },
        ...{ 'x-field': 'radio', type: 'string' },
        oneOf: [
          { const: 'no', title: 'No' },
          { const: 'yes', title: 'Yes' },
        ],
        'x-positive': ['yes'],
        'x-negative': ['no'],
      },
      certainty: {
        ...{ title: 'How certain?', 'x-field': 'scale', type: 'integer', minimum: 1, maximum: 5 },
        ...{ 'x-tolerance': 1, 'x-ends': ['Guess', 'Certain'] },
      },
      gap: {
        ...{ title: 'Gap', 'x-field': 'measurement', type: 'number', minimum: 0.5, maximum: 40 },
        'x-unit': 'mm',
      },
      count: { title: 'Fragments', 'x-field': 'number', type: 'number', minimum: 0, maximum: 9 },
      comment: { title: 'Comment', 'x-field': 'text', type: 'string', maxLength: 500 },
    },
    required: ['tear', 'gap'],
    additionalProperties: false,
  },
};

const typedWith = (some: Partial<TypedQuestion>, type: Partial<TypedType> = {}): TypedType => ({
  ...{ title: 'Knee', readers: '1', hidesFinding: false, assignment: 'hand', modalities: [], bodyParts: [] },
  questions: [{ ...newQuestion(0), title: 'What is it?', ...some }],
  ...type,
});
const mistakeOf = (typed: TypedType) => {
  const read = readType(typed);
  return read.kind === 'mistake' ? read.mistake : null;
};
const options = (...titles: string[]) => titles.map((title) => ({ code: '', title, means: null }));

test('a definition that is opened and saved is the same', () => {
  assert.ok(reviewDefinitionSchema.safeParse(definition).success);
  assert.equal(readType(toTyped(definition)), { kind: 'definition', definition });
});

test('a name that was given stays when its text changes, and a new one is made of its text', () => {
  const typed = toTyped(definition);
  const [tear] = typed.questions;
  const changed = {
    ...typed,
    questions: [
      { ...tear!, title: 'Torn?', options: [...tear!.options, ...options('Größe unklar')] },
      { ...newQuestion(9), title: 'Torn?', options: options('Ja', 'Nein', 'Ja') },
      { ...newQuestion(10), title: '膝', kind: 'text' as const },
    ],
  };
  const read = readType(changed);
  assert.is(read.kind, 'definition');
  const { properties, required } = (read as { definition: ReviewDefinition }).definition.form;
  assert.equal(Object.keys(properties), ['tear', 'torn', 'q']);
  assert.equal(required, ['tear', 'torn', 'q']);
  const codes = Object.values(properties).map((field) =>
    field['x-field'] === 'radio' ? field.oneOf.map((option) => option.const) : null,
  );
  assert.equal(codes, [['no', 'yes', 'gro-e-unklar'], ['ja', 'nein', 'ja2'], null]);
});

test('a new number has no range yet, and a new scale five steps', () => {
  const rangeOf = (kind: TypedQuestion['kind'], question = newQuestion(0)) => {
    const { minimum, maximum } = { ...question, ...ofKind(question, kind) };
    return [minimum, maximum];
  };
  assert.equal(rangeOf('number'), ['', '']);
  assert.equal(rangeOf('measurement'), ['', '']);
  assert.equal(rangeOf('scale'), ['1', '5']);
  assert.equal(rangeOf('scale', { ...newQuestion(0), minimum: '0', maximum: '3' }), ['0', '3']);
});

test('each mistake is named, with the question that has it', () => {
  const good = { options: options('Yes', 'No') };
  const OK = null;
  for (const [question, type, fault] of [
    [good, {}, OK],
    [good, { title: ' ' }, 'title'],
    [good, { questions: [] }, 'questions'],
    ...['0', '6', '1.5', 'x', ''].map((readers) => [good, { readers }, 'readers'] as const),
  ] as const)
    assert.equal(mistakeOf(typedWith(question, type)), fault && { fault, place: null }, JSON.stringify(type));
  for (const [question, fault] of [
    [{ ...good, title: '' }, 'question'],
    [{ options: options('Yes', ' ') }, 'options'],
    [{ kind: 'number', minimum: '5', maximum: '5' }, 'range'],
    [{ kind: 'number', minimum: '', maximum: '5' }, 'range'],
    [{ kind: 'scale', minimum: '1', maximum: '10' }, OK],
    [{ kind: 'scale', minimum: '1', maximum: '11' }, 'steps'],
    [{ kind: 'scale', minimum: '0,5', maximum: '3' }, 'steps'],
    [{ kind: 'measurement', minimum: '0,5', maximum: '3' }, OK],
    [{ kind: 'text', maxLength: '4001' }, 'length'],
    [{ kind: 'text', maxLength: '4000' }, OK],
  ] as const)
    assert.equal(mistakeOf(typedWith(question)), fault && { fault, place: 0 }, JSON.stringify(question));
});

test('a new type gets a name that no other has', () => {
  assert.is(nameFor('Knee, two readers', []), 'knee-two-readers');
  assert.is(nameFor('Knee', ['knee', 'knee2']), 'knee3');
  assert.is(nameFor('2 Readers', []), 'q2-readers');
});

test.run();
