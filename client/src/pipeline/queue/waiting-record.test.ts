/** Studies that the browser cleared silently are listed at the next start. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { UploadStatus } from '#shared/protocol/api.ts';
import { dropStudy } from './rows/drop-study.ts';
import {
  openDevice,
  queueStudy,
  storeOver,
  STUDY,
  nameStudy,
  type TestDevice,
} from '../../testing/open-queue.ts';
import { valuesOf } from '../../testing/values-of.ts';
import type { LostStudy } from './queued-study.ts';
import { untilRead } from '../../testing/open-api.ts';
import { ownStorage } from '../../testing/own-storage.ts';

type Place = Pick<Storage, 'getItem' | 'setItem'>;

/**
 * The studies that the screen lists as lost, after the page has read the database and, if needed, asked the
 * gateway.
 */
async function lostAt(
  device: TestDevice,
  place: Place,
  uploads: readonly UploadStatus[] | null = [],
  account = 'a',
): Promise<readonly LostStudy[]> {
  const looked = Promise.withResolvers<void>();
  const written: Place = {
    getItem: place.getItem,
    setItem(name, value) {
      place.setItem(name, value);
      if (JSON.parse(value).asked.includes(account)) looked.resolve();
    },
  };
  const asked = async (): Promise<readonly UploadStatus[]> => {
    if (uploads !== null) return uploads;
    looked.resolve();
    throw new Error('no answer');
  };
  const store = storeOver(device, { place: written, uploads: asked, account: signal(account) });
  assert.ok(await untilRead(() => store.ready.value));
  // Already asked in this browser: the page does not ask again.
  if (!JSON.parse(place.getItem('relaypacs-waiting') ?? '{"asked":[]}').asked.includes(account))
    await looked.promise;
  const lost = store.lost.value;
  store.close();
  return lost;
}

const unfinished = (some: Partial<UploadStatus> = {}): UploadStatus => ({
  ...{ uploadId: 'u7', studyInstanceUID: '1.2.7', state: 'receiving', revision: 1, policy: 'identified' },
  counts: { promised: 9, atGateway: 4, inPacs: 0, refused: 0, quarantined: 0, leftOut: 0 },
  ...{ bytes: { promised: 0, atGateway: 0, inPacs: 0 }, waiting: null, receipt: null },
  ...some,
});

test('a study that waited when the browser cleared its storage is listed until the same files are chosen again', async () => {
  const place = ownStorage();
  const device = await openDevice();
  await queueStudy(device, 'study', [100, 200], { queuedAt: 77 });
  await queueStudy(device, 'done', [100]);
  await device.database.studies.update('done', { state: 'done' });
  assert.equal(await lostAt(device, place), []);

  const cleared = await openDevice();
  const [lost, ...more] = await lostAt(cleared, place);
  const { studyInstanceUID, modalities, instances, queuedAt, rememberedBy } = lost!;
  assert.equal([studyInstanceUID, modalities, instances, queuedAt], [STUDY, ['CT'], 2, 77]);
  assert.equal([rememberedBy, more.length], ['device', 0]);
  assert.equal((await lostAt(cleared, place)).length, 1, 'it stays listed');
  await nameStudy(cleared, 'again', [100, 200]);
  assert.equal(await lostAt(cleared, place), []);
});

test('a lost study of which only a part was chosen again stays listed', async () => {
  const place = ownStorage();
  const device = await openDevice();
  await queueStudy(device, 'study', [100, 200]);
  await lostAt(device, place);
  const cleared = await openDevice();
  await nameStudy(cleared, 'part', [100]);
  assert.equal(valuesOf(await lostAt(cleared, place), 'instances'), [2]);
});

test('the list holds nothing that identifies a person, and no study that is not safe here', async () => {
  const place = ownStorage();
  const device = await openDevice();
  await queueStudy(device, 'study', [100]);
  await nameStudy(device, 'packing', [200]);
  await lostAt(device, place);
  const kept = place.getItem('relaypacs-waiting')!;
  assert.ok(kept.includes(STUDY));
  for (const planted of ['Planted', 'PLANTED', '19700101', 'packing'])
    assert.not(kept.includes(planted), planted);
});

test('a study that a person removed from the list, or that arrived, is not called lost', async () => {
  const place = ownStorage();
  const device = await openDevice();
  await queueStudy(device, 'study', [100]);
  await lostAt(device, place);
  await dropStudy(device.database, 'study');
  assert.equal(await lostAt(device, place), []);
  assert.equal(await lostAt(await openDevice(), place), []);
});

test('if the list was cleared too, the gateway is asked once for the studies it still waits for', async () => {
  const place = ownStorage();
  const device = await openDevice();
  assert.equal(await lostAt(device, place, null), [], 'not reached: nothing is claimed');
  const uploads = [unfinished(), unfinished({ uploadId: 'u8', state: 'closed' })];
  const lost = await lostAt(device, place, uploads);
  assert.equal(valuesOf(lost, 'studyInstanceUID', 'instances', 'rememberedBy'), [['1.2.7', 5, 'gateway']]);
  const later = await lostAt(device, place, [unfinished({ uploadId: 'u9', studyInstanceUID: '1.2.9' })]);
  assert.is(later.length, 1, 'not asked again: another device may be sending');
  assert.equal(await lostAt(device, place, [], 'b'), [], 'another person is not told of it');
});

test('a study on this device is not lost, whatever the gateway waits for', async () => {
  const device = await openDevice();
  await nameStudy(device, 'study', [100]);
  assert.equal(await lostAt(device, ownStorage(), [unfinished({ studyInstanceUID: STUDY })]), []);
});

test('a person can remove a lost study from the list', async () => {
  const place = ownStorage();
  const device = await openDevice();
  await queueStudy(device, 'study', [100]);
  await lostAt(device, place);
  const cleared = await openDevice();
  const [lost] = await lostAt(cleared, place);
  using store = storeOver(cleared, { place });
  store.forgetLost(lost!.id);
  assert.equal(await lostAt(cleared, place), []);
});

test('a browser that stores nothing outside the database loses only this list', async () => {
  const device = await openDevice();
  await queueStudy(device, 'study', [100]);
  const refuse = () => {
    throw new Error('SecurityError');
  };
  using store = storeOver(device, { place: { getItem: refuse, setItem: refuse } });
  assert.ok(await untilRead(() => store.ready.value));
  assert.is(store.studies.value.length, 1);
});

test.run();
