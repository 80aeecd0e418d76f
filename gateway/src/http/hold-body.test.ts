/** Bodies in memory: one budget for all routes, and no account waits for those of others that send slowly. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Problem } from '#shared/protocol/problem.ts';
import { createBodyHolder, type HoldBody } from './hold-body.ts';
import { joinBytes } from '../threads/gather-bytes.ts';

const test = suite('bodies that are held');
const KIB = 1024;
const LARGE = 100 * KIB;
const SMALL = 64 * KIB;
/** The gateway's own budget, a few hundred times smaller; looked at each 5 ms. */
const BUDGET = {
  small: { atOnce: 2 * SMALL, ofOne: SMALL },
  middle: { atOnce: 0, ofOne: 0 },
  large: { atOnce: 2 * LARGE, ofOne: LARGE },
  batch: { atOnce: 2 * LARGE, ofOne: LARGE },
};
const createHold = (patienceMs?: number): HoldBody =>
  createBodyHolder(BUDGET, { lookMs: 5, ...(patienceMs !== undefined && { patienceMs }) });

/** A body of which the test gives the pieces. */
function sending(size = LARGE) {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  const caller = new AbortController();
  const request = {
    headers: new Headers({ 'content-length': String(size) }),
    body: readable,
    signal: caller.signal,
  };
  return {
    request,
    piece: (bytes: number) => writer.write(new Uint8Array(bytes)).catch(() => undefined),
    end: () => writer.close().catch(() => undefined),
  };
}

const nothing = async (): Promise<void> => undefined;

function send(hold: HoldBody, from: string, work = nothing, { size = LARGE, isBatch = false } = {}) {
  const { request, piece, end } = sending(size);
  const answered = hold({ request, from, heldBytes: LARGE, isBatch }, async (pieces) => {
    const { length } = await joinBytes(pieces);
    await work();
    return length;
  });
  return {
    outcome: answered.catch((error: unknown) => (error instanceof Problem ? error.code : String(error))),
    async whole() {
      await piece(size);
      await end();
    },
    piece,
  };
}

test('of three accounts that send slowly do not keep a fourth one from its answer', async () => {
  const hold = createHold();
  const slow = ['a', 'b', 'c'].map((account) => send(hold, account));
  for (const one of slow) void one.piece(1);
  const fourth = send(hold, 'd');
  await Promise.all([fourth.whole(), assertAnswered(fourth.outcome)]);
  assert.is(await Promise.race(slow.map(({ outcome }) => outcome)), 'rate-limited', 'a slow one was ended');
});

async function assertAnswered(outcome: Promise<unknown>, size = LARGE): Promise<void> {
  assert.is(await outcome, size);
}

test('that come slowly stay where nobody needs their room', async () => {
  const hold = createHold();
  const slow = send(hold, 'a');
  await slow.piece(1);
  // A second body of the same account waits for the first, which is no reason to end anybody's.
  const own = send(hold, 'a');
  const others = Array.from({ length: 10 }, () => send(hold, 'b'));
  for (const one of others) {
    await one.whole();
    await assertAnswered(one.outcome);
  }
  await slow.whole().catch(() => undefined);
  assert.is(typeof (await slow.outcome), 'number');
  await own.whole();
  await assertAnswered(own.outcome);
});

for (const [size, limit] of [
  [LARGE, BUDGET.large.atOnce],
  [SMALL, BUDGET.small.atOnce],
] as const)
  test(`of ${size} bytes are never more than the budget, however many accounts bring them, and by whatever route`, async () => {
    const hold = createHold();
    let held = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      held += size;
      most = Math.max(most, held);
      await new Promise((resolve) => setImmediate(resolve));
      held -= size;
    };
    const all = Array.from({ length: 12 }, (_, at) => send(hold, `account ${at}`, work, { size }));
    await Promise.all(all.map((one) => one.whole()));
    await Promise.all(all.map((one) => assertAnswered(one.outcome, size)));
    assert.is(most, limit);
  });

test('of batches, and small ones, leave room for bodies whose answer somebody waits for, and a login needs none', async () => {
  const hold = createHold(1_000);
  const free = Promise.withResolvers<void>();
  const work = (): Promise<void> => free.promise;
  const busy = ['a', 'b'].flatMap((account) => [
    { size: LARGE, ...send(hold, account, work, { isBatch: true }) },
    { size: SMALL, ...send(hold, account, work, { size: SMALL }) },
  ]);
  await Promise.all(busy.map((one) => one.whole()));
  for (const size of [LARGE, 4 * KIB]) {
    const urgent = send(hold, 'c', nothing, { size });
    await urgent.whole();
    await assertAnswered(urgent.outcome, size);
  }
  free.resolve();
  for (const { outcome, size } of busy) await assertAnswered(outcome, size);
});

test('that are whole stay while the gateway works with them, however slowly, and others lose their room', async () => {
  const hold = createHold();
  const free = Promise.withResolvers<void>();
  const working = send(hold, 'a', () => free.promise);
  await working.whole();
  const slow = send(hold, 'b');
  await slow.piece(1);
  const waiting = send(hold, 'c');
  assert.is(await slow.outcome, 'rate-limited');
  await waiting.whole();
  await assertAnswered(waiting.outcome);
  free.resolve();
  await assertAnswered(working.outcome);
});

test.run();
