/** The sentences for a person whose request failed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ApiProblem, Unreachable } from './api-client.ts';
import { refusalSentence } from './refusal-sentence.ts';

const test = suite('a person whose request failed');
const NOT_REACHED = 'The gateway could not be reached.';
const told = (error: unknown): string => refusalSentence(error, NOT_REACHED);
const refused = (code: string, detail?: string): ApiProblem =>
  new ApiProblem(
    409,
    {
      type: 'about:blank',
      title: 'No.',
      status: 409,
      code,
      correlationId: 'x',
      ...(detail ? { detail } : {}),
    },
    null,
  );

test('is told why the gateway refused it, and when that ends', () => {
  const detail = 'Leave them out in 11 min.';
  assert.is(told(refused('decision-not-possible', detail)), detail);
});

test('is told what the gateway calls it and what to do, also by a gateway that is newer than the page', () => {
  assert.is(told(refused('decision-not-possible')), 'No. Check their current state.');
  assert.is(told(refused('something-new')), 'No.');
});

test('is told that nobody was reached only if nobody was, or another one answered', () => {
  for (const error of [new Unreachable('cut'), new ApiProblem(502, null, null), new Error('ours')])
    assert.is(told(error), NOT_REACHED);
});

test.run();
