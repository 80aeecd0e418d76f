/** Under "Send only over Wi-Fi" nothing more is sent on a metered link, and every screen says so. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  openDevice,
  queueOver,
  queueStudy,
  storeOver,
  type TestDevice,
} from '../../../testing/open-queue.ts';
import { untilRead } from '../../../testing/open-api.ts';
import { trackOf } from '../track-of.ts';
import { accountsWithWork } from './waiting-accounts.ts';
import { watchQueue } from './watch-queue.ts';
import { setWifiTerms } from './wifi-terms.ts';

async function withStudy(id = 'early', queuedAt = 10): Promise<TestDevice> {
  const device = await openDevice();
  await queueStudy(device, id, [10], { queuedAt });
  return device;
}

async function pendingIds(device: TestDevice, isMetered: boolean): Promise<string[]> {
  const queue = queueOver(device, { isMetered: () => isMetered });
  return (await queue.pending()).map(({ id }) => id);
}

test('without the setting a metered link is used like any other', async () => {
  const device = await withStudy();
  assert.equal(await pendingIds(device, true), ['early']);
});

test('with the setting nothing is sent on a metered link, and everything on another', async () => {
  const device = await withStudy();
  await setWifiTerms(device.database, { only: true });
  assert.equal([await pendingIds(device, true), await pendingIds(device, false)], [[], ['early']]);
});

test('a study that is being sent stops; one that the gateway has is followed', async () => {
  const device = await withStudy();
  await setWifiTerms(device.database, { only: true });
  await device.database.studies.update('early', { state: 'uploading' });
  assert.equal(await pendingIds(device, true), []);
  await device.database.studies.update('early', { state: 'at-gateway' });
  assert.equal(await pendingIds(device, true), ['early']);
});

test('a person sends what waits anyway; a study queued later waits again', async () => {
  const device = await withStudy();
  await setWifiTerms(device.database, { only: true });
  using store = storeOver(device, { isMetered: signal(true), now: () => 15 });
  await store.sendAnyway();
  await queueStudy(device, 'later', [10], { queuedAt: 20 });
  assert.equal(await pendingIds(device, true), ['early']);
});

test('a study that is dated ahead, because the clock was set back since, is sent anyway', async () => {
  const device = await withStudy('ahead', 1000);
  await setWifiTerms(device.database, { only: true });
  using store = storeOver(device, { isMetered: signal(true), now: () => 15 });
  await store.sendAnyway();
  await queueStudy(device, 'later', [10], { queuedAt: 20 });
  assert.equal(await pendingIds(device, true), ['ahead']);
});

test('a change of the setting wakes every sender of the device', async () => {
  const device = await withStudy();
  let woken = 0;
  const stop = watchQueue(device.database, () => {
    woken += 1;
  });
  assert.ok(await untilRead(() => woken === 1));
  await setWifiTerms(device.database, { only: true });
  assert.ok(await untilRead(() => woken === 2));
  stop();
});

test('the row and the count say that it waits for Wi-Fi, until the link changes', async () => {
  const device = await withStudy();
  const isMetered = signal(true);
  using store = storeOver(device, { isMetered, now: () => 15 });
  assert.ok(await untilRead(() => store.ready.value));
  const waiting = () => store.studies.value.map((study) => trackOf(study, 'online').waitingFor);
  assert.equal([waiting(), store.waitingForWifi.value], [[null], 0]);
  await store.setWifiOnly(true);
  assert.ok(await untilRead(() => store.wifiOnly.value && store.waitingForWifi.value === 1));
  assert.equal(waiting(), ['metered']);
  isMetered.value = false;
  assert.ok(await untilRead(() => store.waitingForWifi.value === 0));
  assert.equal(waiting(), [null]);
  isMetered.value = true;
  assert.ok(await untilRead(() => store.waitingForWifi.value === 1));
  await store.sendAnyway();
  assert.ok(await untilRead(() => store.waitingForWifi.value === 0));
});

test('in the background a study that waits for Wi-Fi is no work', async () => {
  const device = await withStudy();
  await setWifiTerms(device.database, { only: true });
  assert.equal(await accountsWithWork(device.database), ['a']);
  assert.equal(await accountsWithWork(device.database, true), []);
  assert.equal(await accountsWithWork(device.database, false), ['a']);
});

test.run();
