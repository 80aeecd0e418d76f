/** Decisions in the words that their readers chose. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Review } from '#shared/protocol/reviews.ts';
import { recordedResults } from '../../testing/recorded-answers.ts';
import { saidDecision } from './said-decision.ts';

const test = suite('decisions in words');
const at = '2026-11-25T10:00:00.000Z';
const [result] = recordedResults();
const found = (positive: boolean | null, createdAt: string) => [
  { ...result!, createdAt, finding: { ...result!.finding, positive } },
];
const typeOf = (hidesFinding: boolean) =>
  ({ definition: { hidesFinding } }) as unknown as Pick<Review, 'definition'>;
const accepted = (place: number) => ({ decision: 'accept' as const, at, place });

test('an accepted finding and a reading without one are told apart', () => {
  const before = '2026-11-25T09:00:00.000Z';
  const open = typeOf(false);
  assert.is(saidDecision(accepted(1), open, found(false, before)), 'Accept what was found');
  assert.is(saidDecision(accepted(1), open, found(null, before)), 'Assessable');
  assert.is(saidDecision(accepted(1), open, found(true, '2026-11-25T11:00:00.000Z')), 'Assessable');
  const blinded = typeOf(true);
  assert.is(saidDecision(accepted(1), blinded, found(true, before)), 'Assessable');
  assert.is(saidDecision(accepted(0), blinded, found(true, before)), 'Accept what was found');
  assert.is(saidDecision(accepted(1), open, null), 'Answered');
  assert.is(saidDecision({ decision: 'reject', at, place: 1 }, open, null), 'Not assessable');
});

test.run();
