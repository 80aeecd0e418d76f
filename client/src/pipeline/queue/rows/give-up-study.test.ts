/** A study that is given up on the page that packs it, once bytes of it may be at the gateway. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  answerOf,
  decisionTools,
  makeSealingKeys,
  nameStudy,
  openDevice,
  packOne,
  queueOver,
  storeOver,
  type TestDevice,
} from '../../../testing/open-queue.ts';
import { ApiProblem, Unreachable } from '../../../net/api-client.ts';
import type { InstanceKey } from '../upload-queue.ts';
import { giveUpStudy } from './end-study.ts';
import { clearInterrupted } from './drop-study.ts';

type Decide = (uploadId: string, decision: string, instances: readonly InstanceKey[]) => Promise<void>;

const toolsOver = (device: TestDevice, decide: Decide) =>
  decisionTools(device, {
    ...{ locks: navigator.locks, decide },
    withdraw: (uploadId, own) => decide(uploadId, 'withdraw', own),
  });
const offline: Decide = () => Promise.reject(new Unreachable('offline'));

/** A study of two instances: one is packed, and has been sent. */
async function partlySent() {
  const device = await openDevice();
  const id = crypto.randomUUID();
  const instances = await nameStudy(device, id, [100, 200]);
  await packOne(device, await makeSealingKeys(), id, instances[0]!);
  const queue = queueOver(device);
  await queue.announced(id, answerOf({ need: instances }));
  await queue.beginSending(id);
  await queue.parcelSent(id, `${id}-0`);
  return { device, id, queue, rowOf: async () => (await device.database.studies.get(id))! };
}

/** Resolves once everything that is due now was done, `turns` times over. */
async function afterTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * A study chosen again after it was cancelled, so that the gateway is asked for it. Returns what the gateway was told.
 * `turns`: how much later its answer comes; `known`: it was announced before.
 */
async function giveUpBefore(turns: number, known: boolean): Promise<string> {
  const device = await openDevice();
  const id = crypto.randomUUID();
  const instances = await nameStudy(device, id, [100, 200]);
  if (known) await device.database.studies.update(id, { uploadId: 'u1', resumed: true });
  const told: string[] = [];
  const decide: Decide = async (_, decision) => void told.push(decision);
  const queue = queueOver(device, { decide, locks: navigator.locks });
  const conflict = instances.map((each) => ({ ...each, reason: 'left-out' as const }));
  const over = giveUpStudy(toolsOver(device, decide), id, 'cancelled');
  await afterTurns(turns);
  const isNoted = await queue.announced(id, answerOf({ conflict }));
  await over;
  assert.is((await device.database.studies.get(id))!.state, 'taken-back');
  device.database.close();
  return [...told, ...(isNoted ? ['noted'] : [])].join();
}

for (const known of [false, true])
  test(`given up just before its answer comes, it is left out if it was asked for, ${known ? 'announced before' : 'new to the gateway'}`, async () => {
    const all: string[] = [];
    for (let turns = 0; turns < 60; turns += 1) all.push(await giveUpBefore(turns, known));
    const sound = [known ? 'withdraw' : '', 'retry,leave-out,noted'];
    const unsound = all.filter((told) => !sound.includes(told));
    assert.equal(unsound, []);
    assert.ok(all.includes(sound[0]!), all.join(' | '));
  });

test('given up while the gateway does not answer, it is being cancelled until that has confirmed it', async () => {
  const { device, id, queue, rowOf } = await partlySent();
  const { database } = device;
  let woken = 0;
  const wake = () => {
    woken += 1;
  };
  await giveUpStudy({ ...toolsOver(device, offline), wake }, id, 'cancelled');
  const { state, cancelling } = await rowOf();
  assert.equal([state, cancelling, woken], ['uploading', true, 1]);
  assert.equal(await queue.pending(), [], 'nothing more of it leaves');
  await clearInterrupted(database, async () => false);
  const told: unknown[] = [];
  const over = Promise.withResolvers<void>();
  using _store = storeOver(device, {
    locks: navigator.locks,
    decide: async (uploadId, decision, own) => void told.push([uploadId, decision, own.length]),
    wake: over.resolve,
  });
  await over.promise;
  assert.equal([told, (await rowOf()).state], [[['u1', 'leave-out', 2]], 'taken-back']);
  assert.is(await database.parcels.count(), 0);
});

test('given up after the session has ended, it is being cancelled until its person is here again', async () => {
  const { device, id, rowOf } = await partlySent();
  const ended: Decide = () => Promise.reject(new ApiProblem(401, null, null));
  await giveUpStudy(toolsOver(device, ended), id, 'cancelled');
  const account = signal<string | null>(null);
  const over = Promise.withResolvers<void>();
  using _store = storeOver(device, { locks: navigator.locks, account, wake: over.resolve });
  assert.is((await rowOf()).cancelling, true);
  account.value = 'a';
  await over.promise;
  assert.is((await rowOf()).state, 'taken-back');
});

test('resumed after it was given up, it is never called safe: it is chosen again', async () => {
  const { device, id, queue, rowOf } = await partlySent();
  await giveUpStudy(toolsOver(device, offline), id, 'cancelled');
  const store = storeOver(device, { isOnline: signal(false) });
  await store.resume(id);
  store.close();
  assert.is((await rowOf()).packing, true);
  assert.is((await queue.pending()).length, 1);
  await clearInterrupted(device.database, async () => false);
  assert.is((await rowOf()).waiting, 'interrupted');
});

test('a file that fails while its study is being cancelled leaves the cancelling as it is', async () => {
  const { device, id, rowOf } = await partlySent();
  const away = toolsOver(device, offline);
  using store = storeOver(device, { ...away, isOnline: signal(false) });
  await store.cancel(id);
  await giveUpStudy(away, id, 'failed');
  assert.is((await rowOf())?.cancelling, true);
});

test.run();
