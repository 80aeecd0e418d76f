import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReviewForm } from '#shared/protocol/review-forms.ts';
import type { ReviewDefinition, ReviewPlace, Said } from '#shared/protocol/reviews.ts';
import { foundOf, headOf, outcomeOf, waitingFor } from './outcome-of.ts';

const finding = {
  ...{ title: 'What is it?', 'x-field': 'radio', type: 'string', 'x-negative': ['normal'] },
  oneOf: [
    { const: 'normal', title: 'Nothing abnormal' },
    { const: 'other', title: 'Something else' },
  ],
} as const;
const size = { title: 'Size', 'x-field': 'number', type: 'number', minimum: 0, maximum: 9 } as const;
const definitionOf = (properties: object): ReviewDefinition => ({
  ...{ title: 'Film', readers: 2, hidesFinding: true, assignment: 'hand' },
  form: { type: 'object', properties, required: [], additionalProperties: false } as ReviewForm,
});
const at = '2026-11-20T10:00:00.000Z';
const place = (of: number, name: string | null, said: Partial<Said> | null): ReviewPlace => ({
  ...{ place: of, state: said ? 'signed' : 'assigned', version: 3, isMine: false, signedAt: null },
  reader: name === null ? null : { id: '3f0c2f0a-6f2f-4b43-9b58-2f9f0f6a4d11', username: name },
  said: said && { decision: 'accept', answers: {}, reason: '', at, ...said },
});

const settledAs = (review: Omit<Parameters<typeof outcomeOf>[0], 'state'>) =>
  outcomeOf({ ...review, state: 'settled' });

test('a settled review says its answers in the words of its form, and who gave them', () => {
  const definition = definitionOf({ finding, size });
  const answers = { finding: 'normal', size: 4 };
  const ana = place(1, 'ana', { answers });
  const ben = place(2, 'ben', { answers });
  const settled = { definition, finalPlace: 1, places: [ana, ben] };
  assert.is(settledAs(settled), 'Nothing abnormal · read by ana, ben');
  const cleo = place(0, 'cleo', { answers: { finding: 'other' } });
  const decided = { definition, finalPlace: 0, places: [cleo, ana, ben] };
  assert.is(settledAs(decided), 'Something else · decided by cleo as adjudicator');
  const measured = { definition: definitionOf({ size }), finalPlace: 1, places: [ana] };
  assert.is(settledAs(measured), '4 · read by ana');
  const refused = place(1, 'ana', { decision: 'reject' });
  assert.is(settledAs({ definition, finalPlace: 1, places: [refused] }), 'Not assessable · read by ana');
});

test('a review that is not settled, or whose answers are withheld, says nothing of them', () => {
  const definition = definitionOf({ finding });
  assert.is(
    outcomeOf({ state: 'reading', definition, finalPlace: null, places: [place(1, 'ana', null)] }),
    null,
  );
  assert.is(settledAs({ definition, finalPlace: 1, places: [place(1, 'ana', null)] }), null);
});

test('a settled review that is kept from who reads its case again says so', () => {
  const definition = definitionOf({ finding });
  assert.is(settledAs({ definition, finalPlace: null, places: [] }), 'hidden until you have signed');
});

test('a list says of a settled review what it found, if it says whether there is something', () => {
  assert.is(foundOf({ positive: true }), 'abnormality found');
  assert.is(foundOf({ positive: false }), 'no abnormality');
  assert.is(foundOf({ positive: null }), null);
});

const settled: Parameters<typeof headOf>[0] = {
  ...{ state: 'settled', outcomeNow: 'stands' },
  ...{ pseudonym: 'P-17', finalPlace: 1, notesAfter: 0, readingsAfter: [] },
};

test('a review is disputed, and no answers stand, while another reading contradicts it and nobody has decided', () => {
  const nobodyDecided = 'Disputed · P-17 · Nobody has decided which reading is final';
  assert.is(headOf(settled), 'Review completed · P-17 · Final answers');
  assert.is(headOf({ ...settled, outcomeNow: 'contradicted' }), nobodyDecided);
  assert.is(headOf({ ...settled, outcomeNow: 'contradicted', notesAfter: 1 }), nobodyDecided);
});

test('answers that a later reading replaces or decides against are not called those that stand', () => {
  for (const outcomeNow of ['overruled', 'replaced'] as const)
    assert.is(headOf({ ...settled, outcomeNow }), 'Review completed · P-17');
  assert.is(headOf({ ...settled, notesAfter: 1 }), 'Review completed · P-17', 'a note came after it');
});

test('a review waits for those who have not signed and may be named', () => {
  const places = [place(1, 'ana', {}), place(2, 'ben', null), place(3, null, null)];
  assert.equal(waitingFor({ places }), ['ben']);
  assert.equal(waitingFor({ places: places.map((one) => ({ ...one, isMine: true })) }), []);
});

test.run();
