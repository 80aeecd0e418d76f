import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlaceState, ReviewState } from '#shared/protocol/review-state.ts';
import { progressOf } from './progress-of.ts';

const test = suite('how far a review is');

const review = (state: ReviewState, ...places: readonly PlaceState[]) => ({
  ...{ state, outcomeNow: null },
  // The first place is the adjudicator's.
  places: places.map((each, place) => ({
    ...{ place, state: each, version: 1, isMine: false, reader: null, said: null, signedAt: null },
  })),
});

test('readers are counted, the adjudicator is not', () => {
  assert.is(progressOf(review('reading', 'open', 'signed', 'decided')), 'Being read · 1 of 2 signed');
  assert.is(progressOf(review('reading', 'assigned', 'assigned')), 'Being read · 0 of 1 signed');
});

test('a reader is told no count, because the other readers are not shown', () => {
  const { places, ...rest } = review('reading', 'open', 'signed');
  const mine = places.map((place) => ({ ...place, isMine: true }));
  assert.is(progressOf({ ...rest, places: mine }), 'Being read');
});

test('free places alone say nothing of those that are taken', () => {
  assert.is(progressOf(review('reading', 'open', 'open')), 'Being read');
});

test('a review that is no longer read has nothing to count', () => {
  assert.is(progressOf(review('adjudication', 'open', 'signed', 'signed')), 'Readers differ');
  assert.is(progressOf(review('settled', 'signed', 'signed', 'signed')), 'Review completed');
});

test('a settled review that another reading contradicts is disputed until somebody decides', () => {
  assert.is(progressOf({ ...review('settled', 'open', 'signed'), outcomeNow: 'contradicted' }), 'Disputed');
});

test.run();
