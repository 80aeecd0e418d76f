/** The queue of a person who can no longer send it, given to an administrator. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  answerOf,
  openDevice,
  queueOver,
  queueStudy,
  storeOver,
  type TestDevice,
} from '../../../testing/open-queue.ts';
import { failureOf } from '../../../testing/failure-of.ts';
import type { ProblemDetails } from '#shared/protocol/api.ts';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { ApiProblem, Unreachable } from '../../../net/api-client.ts';
import { cancelledWhat } from '../cancelled-what.ts';
import { endingWords } from '../ending-words.ts';
import { createRate } from '../rate.ts';
import { showStudy } from '../show-study.ts';
import type { StudyRow } from './local-database.ts';
import { toldSince } from './told-since.ts';
import { untilRead } from '../../../testing/open-api.ts';

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
    hasLeft: true,
    departed: 2,
    acknowledged: 2,
    ...more,
  });
}

const ownersOf = async ({ database }: TestDevice) =>
  Object.fromEntries((await database.studies.toArray()).map(({ id, account }) => [id, account]));

const untilOwnerless = async (store: ReturnType<typeof storeOver>, count: number) =>
  assert.ok(await untilRead(() => store.ready.value && store.ownerless.value === count));

test('studies whose owner can no longer send them begin again as the administrator’s own, and nobody else’s do', async () => {
  const device = await openDevice();
  const { database } = device;
  for (const [id, account] of Object.entries({ one: 'ann', two: 'ann', three: 'dan', own: 'boss' }))
    await queueStudy(device, id, [100, 100], { account });
  await strand(device, 'one');
  await strand(device, 'two', { state: 'uploading' });
  const told: unknown[] = [];
  let woken = 0;
  using store = storeOver(device, {
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
  for (const study of await database.studies.bulkGet(['one', 'two'])) {
    const { state, waiting, uploadId, hasLeft, instances } = study!;
    assert.equal([state, waiting, uploadId, hasLeft, instances], ['safe', null, null, true, 2]);
  }
  const parcels = await database.parcels.where('studyId').anyOf('one', 'two').toArray();
  assert.ok(parcels.length > 0 && parcels.every(({ state, location }) => state === 'waiting' && !location));
  const instances = await database.instances.where('studyId').anyOf('one', 'two').toArray();
  assert.equal([...new Set(instances.map(({ state }) => state))], ['safe']);
});

test('nothing is taken over that the gateway has not noted', async () => {
  const device = await openDevice();
  await queueStudy(device, 'one', [100], { account: 'ann' });
  await strand(device, 'one');
  using store = storeOver(device, {
    account: signal('boss'),
    noteTakeOver: () => Promise.reject(new Error('no answer')),
  });
  await untilOwnerless(store, 1);
  assert.is((await failureOf(store.takeOver())).message, 'no answer');
  assert.equal(await ownersOf(device), { one: 'ann' });
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
  using store = storeOver(device, {
    account: signal('boss'),
    noteTakeOver: async () => void (await database.studies.update('back', { waiting: null })),
  });
  await untilOwnerless(store, 2);
  await store.takeOver();
  assert.equal(await ownersOf(device), { back: 'ann', half: 'boss' });
  const rows = await database.instances.where('studyId').equals('half').count();
  assert.equal([(await database.studies.get('half'))?.instances, rows], [1, 1]);
});

type Decide = NonNullable<NonNullable<Parameters<typeof storeOver>[1]>['decide']>;

/** Ann has sent one of two parcels; boss has taken the study over. */
async function takenOver(decide: Decide) {
  const device = await openDevice();
  const instances = await queueStudy(device, 'study', [100, 1_500_000], { account: 'ann' });
  await strand(device, 'study', { state: 'uploading', departed: 1, acknowledged: 1 });
  const store = storeOver(device, { account: signal('boss'), decide });
  await untilOwnerless(store, 1);
  await store.takeOver();
  const about = { title: null, label: null, heldStudy: null, rate: createRate(), at: 1 };
  const shown = async () => showStudy((await device.database.studies.get('study'))!, about);
  return { device, instances, store, shown };
}

test('a study taken over after bytes of it have left is not taken back, but left out of the upload that has them', async () => {
  const told: unknown[] = [];
  const { store, shown } = await takenOver(
    async (uploadId, decision, own) => void told.push([uploadId, decision, own.length]),
  );
  const { canTakeBack, canCancel } = await shown();
  assert.equal([canTakeBack, canCancel], [false, true]);
  assert.not(await store.takeBack('study'));
  await store.cancel('study');
  assert.equal(told, [['upload of study', 'leave-out', 2]]);
  const over = await shown();
  assert.equal([over.state, over.wasCancelled, over.mayStillArrive], ['taken-back', true, false]);
  store.close();
});

test('announced under its new account too, it is left out of both uploads, the earlier one first', async () => {
  const told: string[] = [];
  const { device, instances, store } = await takenOver(async (uploadId) => void told.push(uploadId));
  const queue = queueOver(device, { account: 'boss' });
  await queue.announced('study', answerOf({ uploadId: 'own', need: instances }));
  await store.cancel('study');
  assert.equal(told, ['upload of study', 'own']);
  store.close();
});

for (const code of ['upload-not-found', 'decision-not-possible'] as const)
  test(`where the earlier upload cannot be left out (${code}), the study says that parts of it may still arrive`, async () => {
    const problem = { code, title: '', status: 409 } as ProblemDetails;
    const { store, shown } = await takenOver(() => Promise.reject(new ApiProblem(409, problem, null)));
    await store.cancel('study');
    const over = await shown();
    assert.is(over.state, 'taken-back');
    assert.ok(cancelledWhat(over).endsWith(endingWords.mayStillArrive), cancelledWhat(over));
    store.close();
  });

test('while the gateway cannot be asked about the earlier upload, the study is being cancelled', async () => {
  const { store, shown } = await takenOver(() => Promise.reject(new Unreachable('offline')));
  await store.cancel('study');
  assert.equal([(await shown()).state, (await shown()).cancelling], ['safe', true]);
  store.close();
});

test('instances that its earlier upload brought to the PACS did not come another way', () => {
  const counts = { promised: 1, atGateway: 0, inPacs: 1, refused: 0, quarantined: 0, leftOut: 0 };
  const uploads = [{ uploadId: 'former', counts }] as unknown as SentStudy['uploads'];
  const cancelled = { uploadId: null, formerUploads: ['former'], chosen: 2, instances: 2 };
  assert.equal(toldSince(cancelled, uploads), { inPacs: 1, uploadId: 'former', isOther: false });
});

test.run();
