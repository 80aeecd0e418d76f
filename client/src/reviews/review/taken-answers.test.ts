import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReviewForm } from '#shared/protocol/review-forms.ts';
import { takenAnswers } from './taken-answers.ts';

const FORM: ReviewForm = {
  type: 'object',
  properties: {
    certainty: { title: 'Certainty', 'x-field': 'scale', type: 'integer', minimum: 1, maximum: 5 },
    comment: { title: 'Comment', 'x-field': 'text', type: 'string', maxLength: 100 },
  },
  required: [],
  additionalProperties: false,
};

test('answers are taken over, and a colleague’s own words are not', () => {
  const answers = { certainty: 4, comment: 'I saw this patient before' };
  const said = { decision: 'correct', answers, reason: 'As I said', at: '2026-11-20T10:00:00.000Z' } as const;
  assert.equal(takenAnswers(FORM, said), { decision: 'correct', answers: { certainty: 4 }, reason: '' });
});

test.run();
