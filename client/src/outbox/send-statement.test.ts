/** A statement waits for its answer as long as a slow gateway may need, and not for ever. */
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestApi, unreachable } from '../testing/open-api.ts';
import { trySend } from './send-statement.ts';
import type { Statement } from './statements.ts';

const MINUTE_MS = 60_000;
const ACCOUNT = randomUUID();
const of = { reviewId: randomUUID(), at: 1 };
const once = { id: randomUUID(), place: 1, version: 0 };
const MARKS: Statement = { ...of, step: 'annotate', request: { ...once, annotations: [], lastNumber: 0 } };
const DECIDED: Statement = {
  ...{ ...of, step: 'decide' },
  request: { ...once, decision: 'accept', answers: {}, reason: '' },
};

/** The time that an answer may take, in milliseconds. */
async function timeFor(said: Statement): Promise<readonly number[]> {
  const { timeout } = AbortSignal;
  const times: number[] = [];
  AbortSignal.timeout = (ms) => {
    times.push(ms);
    return new AbortController().signal;
  };
  const { api } = openTestApi(unreachable, () => ACCOUNT);
  await trySend({ api, account: ACCOUNT }, said).finally(() => {
    AbortSignal.timeout = timeout;
  });
  return times;
}

test('marks may take ten minutes, because the gateway fetches every marked image first; other steps take one', async () => {
  assert.equal(await timeFor(MARKS), [10 * MINUTE_MS]);
  assert.equal(await timeFor(DECIDED), [MINUTE_MS]);
});

test.run();
