/** The forms of reviews: judged as any validator of JSON Schema judges them, and compared as people would. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  answersSchema,
  differencesOf,
  faultsOf,
  reviewFormSchema,
  splitAnswers,
  type Answers,
  type ReviewField,
  type ReviewForm,
} from './review-forms.ts';

const test = suite('forms of reviews');

const radio: ReviewField = {
  title: 'Finding',
  'x-field': 'radio',
  type: 'string',
  oneOf: [
    { const: 'normal', title: 'Normal' },
    { const: 'nodule', title: 'Nodule' },
  ],
  'x-positive': ['nodule'],
};
const scale: ReviewField = {
  title: 'Certainty',
  'x-field': 'scale',
  type: 'integer',
  minimum: 1,
  maximum: 5,
  'x-tolerance': 1,
};
const size: ReviewField = {
  title: 'Diameter',
  'x-field': 'measurement',
  'x-unit': 'mm',
  type: 'number',
  minimum: 0,
  maximum: 80,
  'x-tolerance': 2,
};
const count: ReviewField = {
  title: 'How many',
  'x-field': 'number',
  type: 'number',
  minimum: 0,
  maximum: 9,
};
const text: ReviewField = { title: 'Comment', 'x-field': 'text', type: 'string', maxLength: 5 };
const fields: Readonly<Record<string, ReviewField>> = { radio, scale, size, count, text };
const form: ReviewForm = {
  type: 'object',
  properties: fields,
  required: ['radio', 'scale'],
  additionalProperties: false,
};

/** Each field with and without an answer that fits; compiled once. */
const FORMS: readonly ReviewForm[] = [
  form,
  { ...form, required: [] },
  { ...form, properties: { radio, text }, required: ['text'] },
  { ...form, properties: { size, count }, required: ['size', 'count'] },
];
const FITTING: Readonly<Record<string, readonly (string | number)[]>> = {
  radio: ['normal', 'nodule'],
  scale: [1, 3, 5],
  size: [0, 2.5, 80],
  count: [0, 9],
  text: ['short', '👍👍👍👍👍'],
};
const any = fc.constantFrom<string | number>('normal', 'other', 'too long', '👍👍👍👍👍👍', -1, 2.5, 6, 80.5);
const known = fc.record(
  Object.fromEntries(
    Object.entries(FITTING).map(([name, fitting]) => [
      name,
      fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...fitting) }, any),
    ]),
  ),
  { noNullPrototype: true },
);
/** Without one of them, or with one that nobody asked for. */
const answersArbitrary: fc.Arbitrary<Answers> = fc
  .tuple(known, fc.constantFrom('', '', '', 'unknown', ...Object.keys(FITTING)), fc.constantFrom(...FORMS))
  .map(([answers, changed, { properties }]) => {
    const asked = Object.entries(answers).filter(([name]) => name in properties && name !== changed);
    return { ...Object.fromEntries(asked), ...(changed === 'unknown' && { unknown: 'x' }) };
  });

test('an answer fits where a validator of JSON Schema says so', async () => {
  const ajv = new Ajv2020({ strict: false });
  const forms = FORMS.map((one) => ({ one, isValid: ajv.compile(one) }));
  const seen = { fitting: 0, wrong: 0 };
  await fc.assert(
    fc.property(fc.constantFrom(...forms), answersArbitrary, ({ one, isValid }, answers) => {
      const fits = isValid(answers);
      seen[fits ? 'fitting' : 'wrong'] += 1;
      assert.is(faultsOf(one, answers).length === 0 && answersSchema.safeParse(answers).success, fits);
    }),
    { seed: 16, numRuns: 2000 },
  );
  assert.ok(Math.min(seen.fitting, seen.wrong) > 100, JSON.stringify(seen));
  for (const one of FORMS) assert.ok(reviewFormSchema.safeParse(one).success);
});

test('a form that a page cannot draw is refused', () => {
  const withField = (field: unknown): unknown => ({ ...form, properties: { ...fields, radio: field } });
  const refused: Readonly<Record<string, unknown>> = {
    'no question': { ...form, properties: {}, required: [] },
    'required, and not there': { ...form, required: ['nothing'] },
    'required twice': { ...form, required: ['radio', 'radio'] },
    'more may be answered': { ...form, additionalProperties: true },
    'a name that loses its place': { ...form, properties: { ...fields, '7': scale } },
    'one option': withField({ ...radio, oneOf: [{ const: 'normal', title: 'Normal' }] }),
    'two options of one code': withField({ ...radio, oneOf: [...radio.oneOf, ...radio.oneOf] }),
    'a positive answer that is none': withField({ ...radio, 'x-positive': ['cancer'] }),
    'an answer that means both': withField({ ...radio, 'x-negative': ['nodule'] }),
    'twelve steps': withField({ ...scale, maximum: 12 }),
    'nothing between': withField({ ...size, maximum: 0 }),
    'an unknown unit': withField({ ...size, 'x-unit': 'furlong' }),
    'an unknown keyword': withField({ ...text, pattern: '^(a+)+$' }),
    'an unknown kind': withField({ ...text, 'x-field': 'html' }),
  };
  assert.ok(reviewFormSchema.safeParse(form).success);
  for (const [what, asked] of Object.entries(refused))
    assert.not.ok(reviewFormSchema.safeParse(asked).success, what);
});

test('readers differ beyond the tolerance, and never by what they typed', () => {
  const one = { radio: 'normal', scale: 3, size: 10, text: 'Yamada' };
  assert.equal(differencesOf(form, one, { ...one, scale: 4, size: 12, text: 'other' }), []);
  assert.equal(differencesOf(form, one, { ...one, radio: 'nodule', scale: 5, size: 12.5 }), [
    'radio',
    'scale',
    'size',
  ]);
  assert.equal(differencesOf(form, one, { radio: 'normal', scale: 3 }), ['size']);
  assert.equal(splitAnswers(form, one), {
    coded: { radio: 'normal', scale: 3, size: 10 },
    typed: { text: 'Yamada' },
  });
});

test.run();
