/** Decisions and answers that cannot both be true. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReviewForm } from './review-forms.ts';
import { contradicts, positiveAmong, positiveOf, type Positive } from './review-judgement.ts';

const test = suite('a reader’s decision and answers');
const question = (words: object) => ({
  ...{ title: 'Finding', 'x-field': 'radio' as const, type: 'string' as const },
  oneOf: ['none', 'some', 'odd'].map((code) => ({ const: code, title: code })),
  ...words,
});
const form = (...all: object[]): ReviewForm => ({
  ...{ type: 'object', required: [], additionalProperties: false },
  properties: Object.fromEntries(all.map((words, at) => [`q${at}`, question(words)])),
});
const KNOWN = { 'x-positive': ['some'], 'x-negative': ['none'] };

test('answers say something where the form knows them', () => {
  const two = form(KNOWN, KNOWN, {});
  const said: readonly [object, Positive][] = [
    [{ q0: 'none', q1: 'none', q2: 'odd' }, false],
    [{ q0: 'none', q1: 'some' }, true],
    [{ q0: 'none', q1: 'odd' }, null],
    [{ q0: 'none' }, null],
    [{}, null],
  ];
  for (const [answers, positive] of said) assert.is(positiveOf(two, { ...answers }), positive);
  assert.is(positiveOf(form({}), { q0: 'none' }), null);
  assert.equal([[true, false], [false, null], [null], []].map(positiveAmong), [true, false, null, null]);
});

test('accepting says the same as the answers, correcting something else', () => {
  const of = (decision: 'accept' | 'correct' | 'reject', q0: string, found: Positive) =>
    contradicts(form(KNOWN), { decision, answers: { q0 } }, found);
  assert.equal(
    [of('accept', 'none', true), of('accept', 'some', false), of('correct', 'some', true)],
    [true, true, true],
  );
  assert.ok(of('correct', 'none', false));
  assert.equal(
    [of('accept', 'some', true), of('correct', 'none', true), of('accept', 'odd', true)],
    [false, false, false],
  );
  assert.not.ok(of('accept', 'none', null), 'nothing was found');
  assert.not.ok(contradicts(form(KNOWN), { decision: 'reject', answers: {} }, true));
});

test.run();
