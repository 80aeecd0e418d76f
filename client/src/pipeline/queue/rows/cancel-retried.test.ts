/** A study of which the gateway was asked for what it had left out: nobody takes it back, it is cancelled there. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  nameStudy,
  OPEN_LOCKS,
  openDevice,
  queueOver,
  queueStudy,
  receiptOf,
  storeOver,
  STUDY,
} from '../../../testing/open-queue.ts';
import { Unreachable } from '../../../net/api-client.ts';
import { showStudy } from '../show-study.ts';
import { createRate } from '../rate.ts';
import { giveUpStudy } from './end-study.ts';
import type { StudyRow } from './local-database.ts';

const answer = { uploadId: 'u1', studyInstanceUID: STUDY, revision: 1, have: [], need: [], conflict: [] };
const buttonsOf = (row: StudyRow) => {
  const about = { title: null, label: null, heldStudy: null, rate: createRate(), at: 1 };
  const { canTakeBack, canCancel, cancelling, wasCancelled } = showStudy(row, about);
  return { canTakeBack, canCancel, cancelling, wasCancelled };
};

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
  const left = { ...answer, conflict: instances.map((each) => ({ ...each, reason: 'left-out' as const })) };
  const announced = queue.announced(id, left);
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
  const rowOf = async () => (await device.database.studies.get(id))!;
  return { id, device, told, announced, arrived, gateway, waits, rowOf };
}

test('a study that was chosen again is not taken back while its retry is open, and cancelling comes after that', async () => {
  const { id, device, told, announced, arrived, gateway, waits, rowOf } = await askedAgain();
  using store = storeOver(device, gateway);
  assert.not(await store.takeBack(id), `told ${told}`);
  assert.equal(buttonsOf(await rowOf()), {
    ...{ canTakeBack: false, canCancel: true, cancelling: false, wasCancelled: false },
  });
  const over = store.cancel(id);
  await Promise.race([waits.promise, over]);
  arrived.resolve();
  await Promise.all([announced, over]);
  assert.equal(told, ['retry', 'leave-out']);
  const row = await rowOf();
  assert.equal([row.state, buttonsOf(row).wasCancelled], ['taken-back', true]);
});

test('cancelled without a link it says so until the gateway has confirmed it', async () => {
  const { id, device, told, announced, arrived, gateway, rowOf } = await askedAgain();
  arrived.resolve();
  await announced;
  const away = { ...gateway, decide: () => Promise.reject(new Unreachable('offline')) };
  using store = storeOver(device, away);
  await store.cancel(id);
  const row = await rowOf();
  assert.equal([row.state, buttonsOf(row).cancelling, told], ['uploading', true, ['retry']]);
});

test('given up while it is packed, it is left out only after the retry', async () => {
  const { id, device, told, announced, arrived, gateway, waits, rowOf } = await askedAgain(nameStudy);
  const { database } = device;
  const over = giveUpStudy(
    {
      ...gateway,
      database,
      isOnline: signal(true),
      now: () => 1,
      wake: () => undefined,
      later: () => undefined,
    },
    id,
    'cancelled',
  );
  await Promise.race([waits.promise, over]);
  arrived.resolve();
  await Promise.all([announced, over]);
  assert.equal(told, ['retry', 'leave-out']);
  assert.is((await rowOf()).state, 'taken-back');
});

test('refused images that a person has tried again are left out by cancelling, not taken back', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100, 200]);
  const queue = queueOver(device);
  await queue.announced('study', answer);
  await queue.beginSending('study');
  await queue.allSent('study');
  await queue.settle('study', receiptOf(instances, 'stored', 'refused'));
  const told: string[] = [];
  using store = storeOver(device, {
    locks: OPEN_LOCKS,
    decide: async (_, decision) => void told.push(decision),
    withdraw: async () => void told.push('withdraw'),
  });
  await store.retry('study');
  assert.not(await store.takeBack('study'));
  await store.cancel('study');
  assert.equal(told, ['retry', 'leave-out']);
});

test('resumed while cancelling waits for the retry, it is not left out', async () => {
  const { id, device, told, announced, arrived, gateway, waits, rowOf } = await askedAgain();
  using store = storeOver(device, gateway);
  const over = store.cancel(id);
  await Promise.race([waits.promise, over]);
  await store.resume(id);
  arrived.resolve();
  await Promise.all([announced, over]);
  const { state, cancelling, paused } = await rowOf();
  assert.equal([told, state, cancelling, paused], [['retry'], 'uploading', undefined, false]);
});

/** Under way as the upload u1; the next answer that is written down names u2. */
async function announcedTwice() {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100]);
  const queue = queueOver(device);
  await queue.announced('study', { ...answer, need: instances });
  await queue.beginSending('study');
  const announceAgain = () => queue.announced('study', { ...answer, uploadId: 'u2', need: instances });
  const stateOf = async () => (await device.database.studies.get('study'))?.state;
  return { device, announceAgain, stateOf };
}

test('left out is what was announced last: while cancelling waits for the retry', async () => {
  const { device, announceAgain, stateOf } = await announcedTwice();
  const told: string[] = [];
  const request = async (_: string, work: () => unknown) => {
    await announceAgain();
    return work();
  };
  using store = storeOver(device, {
    locks: { request } as unknown as Pick<LockManager, 'request'>,
    decide: async (uploadId) => void told.push(uploadId),
  });
  await store.cancel('study');
  assert.equal([told, await stateOf()], [['u2'], 'taken-back']);
});

test('left out is what was announced last: while the gateway is asked', async () => {
  const { device, announceAgain, stateOf } = await announcedTwice();
  const told: string[] = [];
  using store = storeOver(device, {
    async decide(uploadId) {
      told.push(uploadId);
      if (uploadId === 'u1') await announceAgain();
    },
  });
  await store.cancel('study');
  assert.equal([told, await stateOf()], [['u1', 'u2'], 'taken-back']);
});

test('answered while it is being cancelled, it is not asked for again', async () => {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100]);
  await device.database.studies.update('study', { hasLeft: true, cancelling: true, paused: true });
  const told: string[] = [];
  const queue = queueOver(device, { decide: async (_, decision) => void told.push(decision) });
  const conflict = instances.map((each) => ({ ...each, reason: 'left-out' as const }));
  assert.ok(await queue.announced('study', { ...answer, conflict }));
  assert.equal([told, (await device.database.studies.get('study'))?.uploadId], [[], 'u1']);
});

test.run();
