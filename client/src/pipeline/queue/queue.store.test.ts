/** Studies of others, or of a gateway that is gone: they are told as what they are, without a patient. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { User } from '#shared/protocol/api.ts';
import { openDevice, queueStudy, storeOver, type TestDevice } from '../../testing/open-queue.ts';
import { sumOf } from './count-reasons.ts';
import { rememberLink, rememberUser } from './rows/device-notes.ts';
import { untilRead } from '../../testing/open-api.ts';

const OLD = '11111111-1111-4111-8111-111111111111';
const NEW = '22222222-2222-4222-8222-222222222222';
const user = (id: string, siteId: string): User => ({ id, username: id, roles: ['technician'], siteId });

type Store = ReturnType<typeof storeOver>;

/** Resolves once the screen shows so many studies: of another gateway, of others on their way, and waiting. */
const untilShown = async (store: Store, wanted: readonly number[]) => {
  const shown = () => [store.foreign.value, store.others.value, store.othersWaiting.value].join();
  assert.ok(await untilRead(() => store.ready.value && shown() === wanted.join()));
};

const contents = async ({ database }: TestDevice): Promise<number[]> =>
  Promise.all([database.studies.count(), database.parcels.count(), database.records.count()]);

test('a gateway that was set up again is told from other people, and its studies can be deleted', async () => {
  const device = await openDevice();
  await rememberUser(device.database, user('a', OLD), 1);
  await queueStudy(device, 'old', [100, 100], { account: 'a' });
  await rememberUser(device.database, user('c', NEW), 1);
  await queueStudy(device, 'of-c', [100], { account: 'c' });
  await rememberUser(device.database, user('b', NEW), 1);
  using store = storeOver(device, { account: signal('b') });
  await untilShown(store, [1, 1, 0]);
  await store.deleteForeign();
  await untilShown(store, [0, 1, 0]);
  assert.equal(await contents(device), [1, 1, 1], 'the study of c is as it was');
});

test('studies are not foreign when nobody was signed in, here or when they were queued', async () => {
  const device = await openDevice();
  await queueStudy(device, 'nobodys', [100], { account: 'a' });
  await rememberUser(device.database, user('a', OLD), 1);
  await queueStudy(device, 'of-a', [100], { account: 'a' });
  await rememberUser(device.database, null, 1);
  using store = storeOver(device, { account: signal(null) });
  await untilShown(store, [0, 2, 0]);
  await store.deleteForeign();
  assert.equal(await contents(device), [2, 2, 2]);
});

test('an undecided instance is counted for whoever comes next, without its patient, as for its sender', async () => {
  const device = await openDevice();
  await queueStudy(device, 'conflict', [100, 100], { account: 'a' });
  const refused = [{ reason: 'pacs-refused', instances: 1 }];
  const reasons = { refused, quarantined: [], leftOut: 0 };
  await device.database.studies.update('conflict', { state: 'attention', hasLeft: true, reasons });
  const account = signal<string | null>(null);
  using store = storeOver(device, { account });
  const untilUndecided = async (count: number) =>
    assert.ok(await untilRead(() => store.ready.value && store.othersUndecided.value === count));
  await untilUndecided(1);
  assert.equal(store.studies.value, []);
  account.value = 'b';
  await untilUndecided(1);
  assert.equal(store.studies.value, []);
  account.value = 'a';
  await untilUndecided(0);
  assert.is(sumOf(store.studies.value.flatMap(({ needs }) => needs)), 1);
});

test('the link is unknown until this page has heard of it, whatever an earlier one has noted', async () => {
  const device = await openDevice();
  await rememberLink(device.database, 'pacs-unreachable');
  using store = storeOver(device);
  assert.is(store.link.value, 'unknown');
  assert.ok(await untilRead(() => store.ready.value));
  assert.is(store.link.value, 'unknown');
  store.hearLink('gateway-unreachable');
  assert.is(store.link.value, 'gateway-unreachable');
  await rememberLink(device.database, 'online');
  assert.ok(await untilRead(() => store.link.value === 'online'), 'as the sender has found out since');
});

test('without a network nobody looks for the gateway', async () => {
  using store = storeOver(await openDevice(), { isOnline: signal(false) });
  assert.is(store.link.value, 'offline');
});

test.run();
