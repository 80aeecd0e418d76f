import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { standingOf } from './may-close.ts';

test('the page says that it may be closed only when nothing can be lost by it', () => {
  assert.is(
    standingOf({ phase: 'queueing', unsafe: 1, chosen: 516, safe: 515, undecided: 0, goesOnAlone: true })
      .kind,
    'keep-open',
  );
  assert.is(
    standingOf({ phase: 'found', unsafe: 0, chosen: 516, safe: 128, undecided: 0, goesOnAlone: true }).kind,
    'not-queued',
  );
  assert.is(
    standingOf({ phase: 'reading', unsafe: 0, chosen: 2, safe: 0, undecided: 0, goesOnAlone: true }).kind,
    'not-queued',
  );
  assert.equal(
    standingOf({ phase: 'idle', unsafe: 0, chosen: 0, safe: 128, undecided: 0, goesOnAlone: true }),
    { kind: 'may-close', safe: 128 },
  );
  assert.is(
    standingOf({ phase: 'idle', unsafe: 0, chosen: 0, safe: 0, undecided: 0, goesOnAlone: true }).kind,
    'empty',
  );
});

test('in a browser that cannot upload without the page, the page says that it must stay open', () => {
  assert.equal(
    standingOf({ phase: 'idle', unsafe: 0, chosen: 0, safe: 128, undecided: 0, goesOnAlone: false }),
    { kind: 'goes-on-open', safe: 128 },
  );
});

test('studies that wait for a decision are counted', () => {
  assert.equal(
    standingOf({ phase: 'idle', unsafe: 0, chosen: 0, safe: 0, undecided: 3, goesOnAlone: true }),
    { kind: 'decide', undecided: 3 },
  );
});

test.run();
