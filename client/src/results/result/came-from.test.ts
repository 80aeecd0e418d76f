/** The way back from a result leads to where a person came from. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cameFrom } from './came-from.ts';

test('from a case or a review the way back leads to it, and else to the list', () => {
  assert.equal(cameFrom('case-4711'), { href: '#/cases/4711', said: 'Back to the case' });
  assert.equal(cameFrom('review-4712'), { href: '#/reviews/4712', said: 'Back to the review' });
  for (const other of ['', '0b7e', 'case-']) assert.is(cameFrom(other), null, other);
});

test.run();
