import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createTakings } from './takings.ts';

const test = suite('a PACS that failed on one instance');

test('took others since, if a request that left afterwards brought one in', () => {
  const takings = createTakings();
  const early = takings.begin();
  takings.begin();
  takings.failed(7);
  takings.took(early);
  assert.is(takings.tookOthersSince(7), false, 'it had left before');
  takings.took(takings.begin());
  assert.is(takings.tookOthersSince(7), true);
  assert.is(takings.tookOthersSince(8), false, 'it did not fail on that one');
});

test('took others between two failures, and none between the last two once it fails again', () => {
  const takings = createTakings();
  takings.begin();
  takings.failed(7);
  takings.took(takings.begin());
  takings.failed(7);
  assert.is(takings.tookOthersSince(7), true);
  takings.begin();
  takings.failed(7);
  assert.is(takings.tookOthersSince(7), false);
});

test('passed it over, if it took a later one of the same request', () => {
  const takings = createTakings();
  const request = takings.begin();
  takings.took(request);
  takings.failed(7, request - 1);
  assert.is(takings.tookOthersSince(7), true);
  takings.forget(7);
  assert.is(takings.tookOthersSince(7), false);
});

test.run();
