/** A study of which the gateway was asked for what it had left out: nobody takes it back, it is cancelled there. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  answerOf,
  decisionTools,
  nameStudy,
  openSent,
  openDevice,
  queueOver,
  queueStudy,
  receiptOf,
  storeOver,
} from '../../../testing/open-queue.ts';
import { Unreachable } from '../../../net/api-client.ts';
import { showStudy } from '../show-study.ts';
import { createRate } from '../rate.ts';
import { giveUpStudy } from './end-study.ts';
import type { StudyRow } from './local-database.ts';

const shown = (row: StudyRow) =>
  showStudy(row, { title: null, label: null, heldStudy: null, rate: createRate(), at: 1 });

/** Chosen again after it was cancelled: the gateway left it out, and is being asked for it. */
async function askedAgain(queueIt: typeof queueStudy | typeof nameStudy = queueStudy) {
  const device = await openDevice();
  // Each has a lock of its own, which a test that fails does not free.
  const id = crypto.randomUUID();
  const instances = await queueIt(device, id, [100, 200]);
  const told: string[] = [];
  const asked = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const queue = queueOver(device, {
    locks: navigator.locks,
    async decide(_, decision) {
      asked.resolve();
      await arrived.promise;
      told.push(decision);
    },
  });
  const conflict = instances.map((each) => ({ ...each, reason: 'left-out' as const }));
  const announced = queue.announced(id, answerOf({ conflict }));
  await asked.promise;
  const waits = Promise.withResolvers<void>();
  const request = async (name: string, work: LockGrantedCallback<void>) => {
    waits.resolve();
    return navigator.locks.request(name, work);
  };
  const tell = async (decision: string) => {
    told.push(decision);
    waits.resolve();
  };
  const gateway = {
    locks: { request } as Pick<LockManager, 'request'>,
    decide: (_: string, decision: string) => tell(decision),
    withdraw: () => tell('withdraw'),
  };
  /** Waits for what was begun: it needs the retry, which arrives now. */
  const afterRetry = async (over: Promise<void>) => {
    await Promise.race([waits.promise, over]);
    arrived.resolve();
    await Promise.all([announced, over]);
  };
  const rowOf = async () => (await device.database.studies.get(id))!;
  return { id, device, told, announced, arrived, gateway, waits, afterRetry, rowOf };
}

test('a study that was chosen again is not taken back while its retry is open, and cancelling comes after that', async () => {
  const { id, device, told, gateway, afterRetry, rowOf } = await askedAgain();
  using store = storeOver(device, gateway);
  assert.not(await store.takeBack(id), `told ${told}`);
  const { canTakeBack, canCancel, cancelling, wasCancelled } = shown(await rowOf());
  assert.equal([canTakeBack, canCancel, cancelling, wasCancelled], [false, true, false, false]);
  await afterRetry(store.cancel(id));
  assert.equal(told, ['retry', 'leave-out']);
  const row = await rowOf();
  assert.equal([row.state, shown(row).wasCancelled], ['taken-back', true]);
});

test('cancelled without a link it says so until the gateway has confirmed it', async () => {
  const { id, device, told, announced, arrived, gateway, rowOf } = await askedAgain();
  arrived.resolve();
  await announced;
  const away = { ...gateway, decide: () => Promise.reject(new Unreachable('offline')) };
  using store = storeOver(device, away);
  await store.cancel(id);
  const row = await rowOf();
  assert.equal([row.state, shown(row).cancelling, told], ['uploading', true, ['retry']]);
});

test('given up while it is packed, it is left out only after the retry', async () => {
  const { id, device, told, gateway, afterRetry, rowOf } = await askedAgain(nameStudy);
  await afterRetry(giveUpStudy(decisionTools(device, gateway), id, 'cancelled'));
  assert.equal([told, (await rowOf()).state], [['retry', 'leave-out'], 'taken-back']);
});

test('refused images that a person has tried again are left out by cancelling, not taken back', async () => {
  const { device, instances, queue } = await openSent([100, 200]);
  await queue.settle('study', receiptOf(instances, 'stored', 'refused'));
  const told: string[] = [];
  using store = storeOver(device, {
    decide: async (_, decision) => void told.push(decision),
    withdraw: async () => void told.push('withdraw'),
  });
  await store.retry('study');
  assert.not(await store.takeBack('study'));
  await store.cancel('study');
  assert.equal(told, ['retry', 'leave-out']);
});

test('resumed while cancelling waits for the retry, it is not left out', async () => {
  const { id, device, told, gateway, waits, afterRetry, rowOf } = await askedAgain();
  using store = storeOver(device, gateway);
  const over = store.cancel(id);
  await Promise.race([waits.promise, over]);
  await store.resume(id);
  await afterRetry(over);
  const { state, cancelling, paused } = await rowOf();
  assert.equal([told, state, cancelling, paused], [['retry'], 'uploading', undefined, false]);
});

for (const when of ['cancelling waits for the retry', 'the gateway is asked'] as const)
  test(`left out is what was announced last: while ${when}`, async () => {
    const device = await openDevice();
    const need = await queueStudy(device, 'study', [100]);
    const queue = queueOver(device);
    await queue.announced('study', answerOf({ need }));
    await queue.beginSending('study');
    const announceAgain = () => queue.announced('study', answerOf({ uploadId: 'u2', need }));
    const told: string[] = [];
    const request = async (_: string, work: () => unknown) => {
      if (when === 'cancelling waits for the retry') await announceAgain();
      return work();
    };
    using store = storeOver(device, {
      locks: { request } as unknown as Pick<LockManager, 'request'>,
      async decide(uploadId) {
        told.push(uploadId);
        if (uploadId === 'u1') await announceAgain();
      },
    });
    await store.cancel('study');
    const { state } = (await device.database.studies.get('study'))!;
    assert.equal([told, state], [when === 'the gateway is asked' ? ['u1', 'u2'] : ['u2'], 'taken-back']);
  });

test('answered while it is being cancelled, it is not asked for again', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100]);
  await device.database.studies.update('study', { hasLeft: true, cancelling: true, paused: true });
  const told: string[] = [];
  const queue = queueOver(device, { decide: async (_, decision) => void told.push(decision) });
  const conflict = instances.map((each) => ({ ...each, reason: 'left-out' as const }));
  assert.ok(await queue.announced('study', answerOf({ conflict })));
  assert.equal([told, (await device.database.studies.get('study'))?.uploadId], [[], 'u1']);
});

test.run();
