/** The queue of a person who can no longer send it, given to an administrator. */
import { effect, signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openDevice, queueStudy, storeOver, type TestDevice } from '../../../testing/open-queue.ts';
import type { StudyRow } from './local-database.ts';

/** Sent as far as it goes, and then its account's right ended. */
async function strand({ database }: TestDevice, id: string, more: Partial<StudyRow> = {}): Promise<void> {
  await database.parcels
    .where('studyId')
    .equals(id)
    .modify({ state: 'sent', location: `/files/${id}` });
  await database.instances.where('studyId').equals(id).modify({ state: 'received' });
  await database.studies.update(id, {
    state: 'at-gateway',
    waiting: 'signed-out',
    uploadId: `upload of ${id}`,
    sending: true,
    departed: 2,
    acknowledged: 2,
    ...more,
  });
}

const ownersOf = async ({ database }: TestDevice) =>
  Object.fromEntries((await database.studies.toArray()).map(({ id, account }) => [id, account]));

function untilOwnerless(store: ReturnType<typeof storeOver>, count: number): Promise<void> {
  return new Promise((resolve) => {
    effect(() => {
      if (store.ready.value && store.ownerless.value === count) resolve();
    });
  });
}

test('studies whose owner can no longer send them begin again as the administrator’s own, and nobody else’s do', async () => {
  const device = await openDevice();
  const { database } = device;
  for (const [id, account] of Object.entries({ one: 'ann', two: 'ann', three: 'dan', own: 'boss' }))
    await queueStudy(device, id, [100, 100], { account });
  await strand(device, 'one');
  await strand(device, 'two', { state: 'uploading' });
  const told: unknown[] = [];
  let woken = 0;
  const store = storeOver(device, {
    account: signal('boss'),
    noteTakeOver: async (owner, studies) => void told.push([owner, studies]),
    wake: () => {
      woken += 1;
    },
  });
  await untilOwnerless(store, 2);
  await store.takeOver();
  await untilOwnerless(store, 0);
  assert.equal(await ownersOf(device), { one: 'boss', two: 'boss', three: 'dan', own: 'boss' });
  assert.equal([told, woken], [[['ann', 2]], 1]);
  const taken = await database.studies.bulkGet(['one', 'two']);
  for (const study of taken)
    assert.equal(
      [study?.state, study?.waiting, study?.uploadId, study?.sending, study?.instances],
      ['safe', null, null, false, 2],
    );
  const parcels = await database.parcels.where('studyId').anyOf('one', 'two').toArray();
  assert.ok(parcels.length > 0 && parcels.every(({ state, location }) => state === 'waiting' && !location));
  const instances = await database.instances.where('studyId').anyOf('one', 'two').toArray();
  assert.equal([...new Set(instances.map(({ state }) => state))], ['safe']);
  store.close();
});

test('nothing is taken over that the gateway has not noted', async () => {
  const device = await openDevice();
  await queueStudy(device, 'one', [100], { account: 'ann' });
  await strand(device, 'one');
  const store = storeOver(device, {
    account: signal('boss'),
    noteTakeOver: () => Promise.reject(new Error('no answer')),
  });
  await untilOwnerless(store, 1);
  await store.takeOver().then(
    () => assert.unreachable(),
    ({ message }) => assert.is(message, 'no answer'),
  );
  assert.equal(await ownersOf(device), { one: 'ann' });
  store.close();
});

test('a study whose owner has signed in meanwhile stays theirs; what has no copy here stays out', async () => {
  const device = await openDevice();
  const { database } = device;
  await queueStudy(device, 'back', [100], { account: 'ann' });
  await queueStudy(device, 'half', [100, 100], { account: 'ann' });
  await strand(device, 'back');
  await strand(device, 'half');
  // The PACS had one when it was announced.
  await database.instances
    .where('[studyId+position]')
    .equals(['half', 0])
    .modify({ parcelId: null, inPacs: true });
  const store = storeOver(device, {
    account: signal('boss'),
    noteTakeOver: async () => void (await database.studies.update('back', { waiting: null })),
  });
  await untilOwnerless(store, 2);
  await store.takeOver();
  assert.equal(await ownersOf(device), { back: 'ann', half: 'boss' });
  assert.equal(
    [
      (await database.studies.get('half'))?.instances,
      await database.instances.where('studyId').equals('half').count(),
    ],
    [1, 1],
  );
  store.close();
});

test.run();
