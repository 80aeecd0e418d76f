/** The thread that evaluates blinded elements answers with its key, and the main thread stays free meanwhile. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  blindInputs,
  deriveEvaluationPair,
  evaluateBlinded,
  ObliviousPrfError,
  openEvaluated,
} from '#shared/transfer/oblivious-prf.ts';
import { createEvaluateThread } from './evaluate-thread.ts';

const test = suite('evaluations in a thread');
const pair = deriveEvaluationPair(new Uint8Array(32).fill(3), 'test');
const inputs = Array.from({ length: 8 }, (_, at) => Uint8Array.of(at));

test('open to the same secrets as on the main thread, which takes turns while eight are evaluated', async () => {
  const inTurn = createEvaluateThread();
  const asked = blindInputs(inputs);
  const elements = asked.map(({ blinded }) => blinded);
  let turns = 0;
  let isDone = false;
  const answer = inTurn('a', pair, elements).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await nextTurn();
    turns += 1;
  }
  assert.ok(turns > 2, `${turns} turns`);
  assert.equal(
    openEvaluated(asked, await answer, pair.publicKey),
    openEvaluated(asked, evaluateBlinded(pair, elements), pair.publicKey),
  );
});

test('are refused where an element is not a point; the next are made', async () => {
  const inTurn = createEvaluateThread();
  const asked = blindInputs(inputs.slice(0, 1));
  const refused = await inTurn('a', pair, [new Uint8Array(33)]).catch((error: unknown) => error);
  assert.instance(refused, ObliviousPrfError);
  const answer = await inTurn('a', pair, [asked[0]!.blinded]);
  assert.is(openEvaluated(asked, answer, pair.publicKey).length, 1);
});

test.run();
