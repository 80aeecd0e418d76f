/** A study that a person resumes while the gateway has not confirmed yet that it is cancelled. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  answerOf,
  openDevice,
  queueOver,
  queueStudy,
  receiptOf,
  storeOver,
} from '../../../testing/open-queue.ts';
import { giveTurns, openTestApi, refusal } from '../../../testing/open-api.ts';
import { failureOf } from '../../../testing/failure-of.ts';
import { ApiProblem, OtherAccount, Unreachable } from '../../../net/api-client.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { ProblemDetails } from '#shared/protocol/api.ts';
import { keyOf, type InstanceKey } from '../upload-queue.ts';
import { knownLink } from './device-notes.ts';
import { instancesOf } from './instance-rows.ts';
import { decisionsTo } from './tell-decision.ts';

const problemOf = (status: number, code: string, retryAfterMs: number | null = null) =>
  new ApiProblem(status, { code, title: '', status } as ProblemDetails, retryAfterMs);
const away = { decide: () => Promise.reject(new Unreachable(null)) };

/** Two instances under way: the gateway has the first. */
async function underWay(
  decide: (decision: string, named: readonly InstanceKey[]) => Promise<void>,
  tools: Parameters<typeof queueOver>[1] = {},
) {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100, 200]);
  const queue = queueOver(device, { decide: (_, decision, named) => decide(decision, named), ...tools });
  await queue.announced('study', answerOf({ need: instances }));
  await queue.beginSending('study');
  await queue.parcelSent('study', 'study-0');
  const statesOf = async () => (await instancesOf(device.database, 'study')).map(({ state }) => state).sort();
  const rowOf = async () => (await device.database.studies.get('study'))!;
  const conflict = instances.map((instance) => ({ ...instance, reason: 'left-out' as const }));
  return { device, instances, queue, statesOf, rowOf, leftOut: answerOf({ conflict }) };
}

test('is not ended by the late answer, and is asked for again with all that was left out', async () => {
  const told: [string, string[]][] = [];
  const { device, instances, queue, statesOf, rowOf, leftOut } = await underWay(async (decision, named) => {
    told.push([decision, named.map(keyOf).sort()]);
  });
  assert.equal(await statesOf(), ['safe', 'sent']);
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  using store = storeOver(device, {
    decide: () => {
      asked.resolve();
      return answered.promise;
    },
  });
  const over = store.cancel('study');
  await asked.promise;
  await store.resume('study');
  answered.resolve();
  await over;
  const { state, paused } = await rowOf();
  assert.equal([state, paused, await device.database.parcels.count()], ['uploading', false, 2]);
  assert.is((await queue.pending())[0]?.turn, 1, 'whoever sends it begins again');
  assert.ok(await queue.announced('study', leftOut));
  assert.equal(told, [['retry', instances.map(keyOf).sort()]]);
  assert.equal(await statesOf(), ['safe', 'safe']);
  assert.is((await rowOf()).resumed, undefined);
});

test('is asked for again until the gateway has heard it', async () => {
  let isReached = false;
  let asked = 0;
  const { device, queue, statesOf, leftOut } = await underWay(async () => {
    asked += 1;
    if (!isReached) throw new Unreachable(null);
  });
  using store = storeOver(device, away);
  await store.cancel('study');
  await store.resume('study');
  await failureOf(queue.announced('study', leftOut));
  isReached = true;
  assert.ok(await queue.announced('study', leftOut));
  assert.equal([asked, await statesOf()], [2, ['safe', 'safe']]);
  assert.ok(await queue.announced('study', leftOut));
  assert.equal([asked, await statesOf()], [2, ['left-out', 'left-out']], 'left out by somebody since');
});

test('stays left out where the PACS has another image in its place, and holds nothing up', async () => {
  const { device, queue, statesOf, rowOf, leftOut } = await underWay(() =>
    Promise.reject(problemOf(409, 'decision-not-possible')),
  );
  using store = storeOver(device, away);
  await store.cancel('study');
  await store.resume('study');
  assert.ok(await queue.announced('study', leftOut));
  assert.is((await rowOf()).resumed, undefined);
  assert.ok(await queue.announced('study', leftOut));
  assert.equal(await statesOf(), ['left-out', 'left-out']);
});

test('is not done by a receipt that leaves it out, because the request came later than all else', async () => {
  const { device, instances, queue, statesOf, rowOf } = await underWay(async () => undefined);
  using store = storeOver(device, away);
  await store.cancel('study');
  await store.resume('study');
  await queue.announced('study', answerOf({ need: instances }));
  await queue.parcelSent('study', 'study-1');
  await queue.allSent('study');
  await queue.settle('study', receiptOf(instances, 'left-out'));
  assert.equal([(await rowOf()).state, await device.database.parcels.count()], ['uploading', 2]);
  assert.equal(await statesOf(), ['sent', 'sent'], 'the next announcement asks for them');
});

test('stays resumed where a second cancelling is refused', async () => {
  const { device, rowOf } = await underWay(async () => undefined);
  const errors = [new Unreachable(null), problemOf(403, 'not-allowed')];
  using store = storeOver(device, { decide: () => Promise.reject(errors.shift()) });
  await store.cancel('study');
  await store.resume('study');
  await failureOf(store.cancel('study'));
  const { resumed, cancelling } = await rowOf();
  assert.equal([resumed, cancelling], [true, undefined]);
});

test('stays cancelled, and is asked for again, whatever is no answer to it', async () => {
  for (const error of [
    new Unreachable(null),
    new OtherAccount(),
    new ApiProblem(401, null, null),
    problemOf(401, 'not-authenticated'),
    problemOf(429, 'rate-limited'),
    new ApiProblem(502, null, null),
  ]) {
    const { device, rowOf } = await underWay(async () => undefined);
    using store = storeOver(device, { decide: () => Promise.reject(error) });
    await store.cancel('study');
    assert.is((await rowOf()).cancelling, true, String(error));
  }
});

test('stays cancelled while another person is signed in, of whose uploads the gateway knows no such one', async () => {
  const { device, rowOf } = await underWay(async () => undefined);
  let signedIn = 'b';
  const { api, asked } = openTestApi(
    () => (signedIn === 'a' ? new Response() : refusal(404, 'upload-not-found')),
    () => signedIn,
  );
  using store = storeOver(device, decisionsTo(api));
  await ignoreFailure(store.cancel('study'), 'the row tells');
  assert.equal([(await rowOf()).cancelling, asked.length], [true, 0]);
  signedIn = 'a';
  await store.cancel('study');
  assert.equal([(await rowOf()).state, asked.length], ['taken-back', 1]);
});

test('is cancelled where the gateway knows no such upload of its own person: nothing of it is there', async () => {
  const { device, rowOf } = await underWay(async () => undefined);
  const { api } = openTestApi(
    () => refusal(404, 'upload-not-found'),
    () => 'a',
  );
  using store = storeOver(device, decisionsTo(api));
  await ignoreFailure(store.cancel('study'), 'the row tells');
  const { state, mayStillArrive } = await rowOf();
  assert.equal([state, mayStillArrive], ['taken-back', undefined]);
});

/** Cancelling is answered by these errors, then carried out. `due`: what the page will do later, and when. */
async function cancelledAgainst(...errors: Error[]) {
  const { device, rowOf } = await underWay(async () => undefined);
  const due: { readonly work: () => void; readonly ms: number }[] = [];
  const store = storeOver(device, {
    // Each second the screen is drawn again, and each minute its labels.
    later: (work, ms) => void (ms > 1_000 && ms < 60_000 && due.push({ work, ms })),
    async decide() {
      const error = errors.shift();
      if (error !== undefined) throw error;
    },
  });
  const refused = await store.cancel('study').then(
    () => null,
    (error: unknown) => error,
  );
  return { device, store, due, refused, rowOf };
}

test('is asked about again when a busy gateway says, and that gateway is not called unreachable', async () => {
  const busy = problemOf(429, 'rate-limited', 7_000);
  const { device, store, due, rowOf } = await cancelledAgainst(busy, busy);
  await store.cancel('study');
  const link = await knownLink(device.database);
  const times = due.map(({ ms }) => ms);
  const { cancelling } = await rowOf();
  due[0]?.work();
  while ((await rowOf()).state !== 'taken-back' && due.length === 1) await giveTurns();
  store.close();
  assert.equal([link, times, cancelling], ['online', [7_000], true]);
  assert.is((await rowOf()).state, 'taken-back');
});

test('is not cancelled later where a person has resumed it meanwhile', async () => {
  const { store, due, rowOf } = await cancelledAgainst(new ApiProblem(503, null, null));
  await store.resume('study');
  for (const { work } of due) work();
  await giveTurns();
  store.close();
  assert.equal([due.length, (await rowOf()).state, (await rowOf()).cancelling], [1, 'uploading', undefined]);
});

test('is sent on where something before the gateway forbids to cancel it, and the person is told', async () => {
  const { store, due, refused, rowOf } = await cancelledAgainst(new ApiProblem(403, null, null));
  store.close();
  assert.equal([refused instanceof ApiProblem, due.length, (await rowOf()).cancelling], [true, 0, undefined]);
});

test('cancelled again while it is asked for, is left out after that, and not before', async () => {
  const told: string[] = [];
  const asked = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const decide = async (decision: string) => {
    asked.resolve();
    await arrived.promise;
    told.push(decision);
  };
  const { device, queue, rowOf, leftOut } = await underWay(decide, { locks: navigator.locks });
  let isReached = false;
  const waits = Promise.withResolvers<void>();
  const request = async (name: string, work: LockGrantedCallback<void>) => {
    if (isReached) waits.resolve();
    return navigator.locks.request(name, work);
  };
  using store = storeOver(device, {
    locks: { request } as Pick<LockManager, 'request'>,
    async decide(_, decision) {
      if (!isReached) throw new Unreachable(null);
      told.push(decision);
      waits.resolve();
    },
  });
  await store.cancel('study');
  await store.resume('study');
  const announced = queue.announced('study', leftOut);
  await asked.promise;
  isReached = true;
  const over = store.cancel('study');
  await waits.promise;
  arrived.resolve();
  await Promise.all([announced, over]);
  assert.equal(told, ['retry', 'leave-out']);
  assert.is((await rowOf()).state, 'taken-back');
});

test('cancelling leaves out what waits for a person only once it is over', async () => {
  const { device, instances, rowOf } = await underWay(async () => undefined);
  await device.database.instances
    .filter(({ state }) => state === 'safe')
    .modify({ state: 'quarantined', reason: 'uid-conflict' });
  const told: string[][] = [];
  const answered = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  using store = storeOver(device, {
    decide: (_, __, named) => {
      told.push(named.map(keyOf));
      asked.resolve();
      return answered.promise;
    },
  });
  const over = store.cancel('study');
  await asked.promise;
  assert.equal(told, [[keyOf(instances[0]!)]]);
  answered.resolve();
  await over;
  assert.equal(told[1], [keyOf(instances[1]!)]);
  assert.is((await rowOf()).state, 'taken-back');
});

test('a study cancelled too late is followed to its end', async () => {
  const { device, rowOf } = await underWay(async () => undefined);
  const isOnline = signal(false);
  const told = Promise.withResolvers<void>();
  using store = storeOver(device, {
    isOnline,
    decide: () =>
      Promise.reject(isOnline.peek() ? problemOf(409, 'decision-not-possible') : new Unreachable(null)),
    wake: () => isOnline.peek() && told.resolve(),
  });
  await store.cancel('study');
  isOnline.value = true;
  await told.promise;
  const { cancelling, paused, state } = await rowOf();
  assert.equal([cancelling, paused, state], [undefined, false, 'uploading']);
});

test.run();
