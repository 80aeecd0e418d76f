import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReviewDefinition } from '#shared/protocol/reviews.ts';
import { describeType } from './describe-type.ts';
import { typeWords } from './type-words.ts';

const test = suite('a review type in one line');

const type = (readers: number, hidesFinding: boolean): ReviewDefinition => ({
  ...{ title: 'Knee', readers, hidesFinding, assignment: 'hand', modalities: ['CR'], bodyParts: ['HAND'] },
  form: {
    ...{ type: 'object', required: [], additionalProperties: false },
    properties: { comment: { title: 'Comment', 'x-field': 'text', type: 'string', maxLength: 500 } },
  },
});

test('says of a blind reading that an adjudicator, where there may be one, sees what models found', () => {
  const said = (readers: number, hidesFinding: boolean) => describeType(type(readers, hidesFinding));
  assert.is(
    said(2, true),
    '2 readers · Readers chosen manually · 1 question · Findings of models hidden from readers, shown to the adjudicator · CR · Hand',
  );
  assert.match(said(1, true), 'Findings of models hidden from readers · CR');
  assert.not.match(said(2, false), 'models');
  assert.match(typeWords.form.hides, 'If readers differ, the adjudicator sees the findings before deciding.');
});

test.run();
