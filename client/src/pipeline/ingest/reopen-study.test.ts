/**
 * Instances that are held back when their study is sent: they stay with it, counted once, until a person has looked,
 * left them out, or chosen the study again.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Withheld } from '#shared/protocol/withheld.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { countStudy } from '../queue/count-study.ts';
import type { StudyRow } from '../queue/rows/local-database.ts';
import { createDecisions } from '../queue/rows/decide-study.ts';
import { accountsWithWork } from '../queue/rows/waiting-accounts.ts';
import { decisionTools, onDisk, queueOver, type TestDevice } from '../../testing/open-queue.ts';
import {
  DEIDENTIFIED,
  filesOf,
  IDENTIFIED,
  openIngest,
  chooseOn,
  deliver,
  foundOf,
} from '../../testing/open-ingest.ts';
import { valuesOf } from '../../testing/values-of.ts';
import { sendableOf } from './found/sendable.ts';
import { recordedReceipt } from '../../testing/recorded-receipt.ts';

const study = (seed = 51) =>
  syntheticStudy({ seed, series: 2, instancesPerSeries: 2, rows: 16, columns: 16, burnedInSeries: 2 });

const needing = (row: StudyRow): number => countStudy(row).track.needsYou;
/** Their keys are random: in an order of their own. */
const rowsOf = ({ database }: Pick<TestDevice, 'database'>) =>
  database.studies
    .toArray()
    .then((rows) => rows.sort((a, b) => b.chosen - a.chosen || needing(b) - needing(a)));
/** The track of each queued study: where its chosen instances are, without empty places. */
const tracksOf = async (device: Pick<TestDevice, 'database'>) =>
  (await rowsOf(device)).map((row) =>
    Object.fromEntries(Object.entries(countStudy(row).track).filter(([, count]) => count > 0)),
  );
const decisionsOver = (device: Pick<TestDevice, 'database'>) => createDecisions(decisionTools(device));

/** A study of four, two of which are held back, sent as it is. */
async function sent() {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  const made = study();
  await device.store.addFiles(filesOf(made));
  await device.store.send();
  const [row] = await rowsOf(device);
  return { ...device, made, id: row!.id };
}

const releaseAll = ({ store, made }: Awaited<ReturnType<typeof sent>>) =>
  store.release(foundOf(store, made.studyInstanceUID));

/** The instances that the manifest of each entry does not promise, by cause. */
const withheldBy = async (device: TestDevice) => {
  const said = [];
  for (const { id } of await rowsOf(device)) said.push((await queueOver(device).manifestOf(id)).withheld);
  return said;
};

test('the gateway is told how many are held back, until they are sent, and by the next entry at once', async () => {
  const device = await sent();
  assert.equal(await withheldBy(device), [{ held: 2 }]);
  const later = await chooseOn(device, filesOf(device.made));
  const again = { ...device, store: later.store };
  releaseAll(again);
  const during: unknown[] = [];
  later.hooks.beforeTask = async ({ kind }) => {
    if (kind === 'pack') during.push((await withheldBy(device))[1]);
  };
  await later.store.send();
  assert.ok(during.length > 0);
  assert.ok(
    during.every((said) => said === undefined),
    'it may be announced before it is packed',
  );
  assert.equal(await withheldBy(device), [undefined, undefined]);
});

test('instances that are held back stay with the study, need somebody, and are named nowhere in the clear', async () => {
  const device = await sent();
  assert.equal(await tracksOf(device), [{ safe: 2, needsYou: 2 }]);
  const [row] = await rowsOf(device);
  assert.equal(countStudy(row!).needs, [{ cause: 'held', reason: 'burned-in-annotation', instances: 2 }]);
  const disk = await onDisk(device.database);
  for (const { identifiers } of device.made.instances)
    assert.not(disk.includes(identifiers.sopInstanceUID), 'an original is kept only under the device’s key');
  assert.equal([device.store.studies.value, device.store.rejected.value], [[], []]);
});

test('looked at again and released, they are sent, and count with their new entry alone', async () => {
  const device = await sent();
  const { store, id } = device;
  store.clear();
  assert.equal([...store.reopenable.value.keys()], [id]);
  assert.is(await store.reopen(id), store.studies.value[0]?.id);
  assert.equal([store.phase.value, store.studies.value[0]?.instances], ['found', 2]);
  await store.send();
  assert.is((await rowsOf(device)).length, 1, 'without a release there is nothing to send');
  releaseAll(device);
  await store.send();
  assert.equal(await tracksOf(device), [{ safe: 2 }, { safe: 2 }]);
  assert.equal([store.studies.value.length, store.reopenable.value.size], [0, 0]);
});

test('after a restart the study is chosen again: of it only what is still held back needs somebody, once', async () => {
  const device = await sent();
  const later = await openIngest({ chosen: DEIDENTIFIED, device });
  assert.is(await later.store.reopen(device.id), null);
  const [released] = device.made.instances.filter((_, at) => at >= 2);
  await later.store.addFiles(filesOf(device.made));
  const files = foundOf(later.store, device.made.studyInstanceUID);
  later.store.release(
    files.filter(({ sopInstanceUID }) => sopInstanceUID === released!.identifiers.sopInstanceUID),
  );
  await later.store.send();
  assert.equal(await tracksOf(device), [{ safe: 3, needsYou: 1 }, { safe: 2 }]);
});

test('until the study that was chosen again is safe, its earlier entry still says what is held back', async () => {
  const device = await sent();
  const before = await tracksOf(device);
  const fails = async () => Promise.reject(new Error('the device failed'));
  for (const stop of [fails, 'cancel'] as const) {
    const later = await chooseOn(device, filesOf(device.made));
    const during: unknown[] = [];
    later.hooks.beforeTask = async ({ kind }) => {
      if (kind !== 'pack') return;
      during.push((await tracksOf(device)).map(({ needsYou }) => needsYou));
      if (stop === 'cancel') later.store.cancel();
      else await stop();
    };
    await later.store.send();
    assert.equal(during[0], [2, 2], 'a page that is closed now loses neither');
    const cancelled = stop === 'cancel' ? [{ leftOut: 4 }] : [];
    assert.equal(await tracksOf(device), [...before, ...cancelled]);
  }
});

test('a study that turns out to be in the PACS while it is packed takes over what is held back', async () => {
  const device = await sent();
  const later = await chooseOn(device, filesOf(device.made));
  later.hooks.beforeTask = async ({ kind }) => {
    if (kind === 'pack')
      await device.database.studies
        .filter(({ packing }) => packing)
        .modify({ state: 'done', packing: false });
  };
  await later.store.send();
  assert.equal(await tracksOf(device), [{ inPacs: 2, needsYou: 2 }, { safe: 2 }]);
});

test('an interrupted study that holds more back than is chosen now stays in the list', async () => {
  const device = await sent();
  await device.database.studies.update(device.id, { waiting: 'interrupted' });
  const later = await chooseOn(device, filesOf(device.made).slice(0, 3));
  await later.store.send();
  assert.equal(await tracksOf(device), [{ needsYou: 3 }, { safe: 2, needsYou: 1 }]);
  await later.store.addFiles(filesOf(device.made));
  await later.store.send();
  assert.equal(await tracksOf(device), [{ safe: 2, needsYou: 2 }, { safe: 2 }]);
});

test('sent with names by another policy, instances that were held back need nobody', async () => {
  const device = await sent();
  const { store, id } = device;
  await store.reopen(id);
  store.choosePolicy(IDENTIFIED.name);
  await store.send();
  assert.equal(await tracksOf(device), [{ safe: 2 }, { safe: 2 }]);
});

test('a study chosen again in part leaves the need of the rest where it is', async () => {
  const device = await sent();
  const later = await openIngest({ chosen: DEIDENTIFIED, device });
  const [first] = filesOf(device.made).slice(2);
  await later.store.addFiles([filesOf(device.made)[0]!, first!]);
  await later.store.send();
  assert.equal(await tracksOf(device), [
    { safe: 2, needsYou: 1 },
    { safe: 1, needsYou: 1 },
  ]);
});

test('left out by a person before Send, they need nobody, and are left out with their cause', async () => {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  const { store, database } = device;
  const made = study();
  await store.addFiles(filesOf(made));
  const held = () => foundOf(store, made.studyInstanceUID).filter(({ held: causes }) => causes.length > 0);
  await store.leaveOut(held(), true);
  const counted = () => [
    store.heldBack.value.length,
    store.leftOut.value.get(made.studyInstanceUID)?.instances,
  ];
  assert.equal(counted(), [0, 2]);
  assert.is(sendableOf(store).instances, 2, 'Send counts none that was left out');
  await store.leaveOut(held().slice(0, 1), false);
  assert.equal(counted(), [1, 1]);
  assert.is(sendableOf(store).instances, 2);
  await store.leaveOut(held(), true);
  await store.send();
  assert.equal(await withheldBy(device), [{ 'left-out-name': 2 }]);
  const [row] = await database.studies.toArray();
  assert.equal([row?.held.reasons, row?.instances, row?.chosen], [[], 2, 4]);
});

test('left out by a person they are counted as left out, and no longer once they are sent later all the same', async () => {
  const device = await sent();
  await decisionsOver(device).leaveOutHeld(device.id, 'burned-in-annotation');
  assert.equal(await tracksOf(device), [{ safe: 2, leftOut: 2 }], 'they need nobody');
  assert.equal(await withheldBy(device), [{ 'left-out-name': 2 }]);
  const later = await chooseOn(device, filesOf(device.made));
  releaseAll({ ...device, store: later.store });
  await later.store.send();
  assert.equal(await tracksOf(device), [{ safe: 4 }, { safe: 2 }]);
  assert.equal(await withheldBy(device), [undefined, undefined]);
});

/** The gateway has taken the study and signs that all that was sent is in the PACS. */
async function settle({ database, id, ...device }: Awaited<ReturnType<typeof sent>>, withheld?: Withheld) {
  const queue = queueOver({ ...device, database });
  const { instances } = await queue.manifestOf(id);
  if ((await database.studies.get(id))?.state === 'safe')
    await database.studies.update(id, { state: 'at-gateway', uploadId: 'upload' });
  const stored = instances.map(({ sopInstanceUID, digest, bytes }) => {
    return { sopInstanceUID, digest, bytes, state: 'stored' as const };
  });
  const receipt = recordedReceipt({ instances: stored, ...(withheld && { withheld }) });
  await queue.settle(id, { jws: 'a.b.c', receipt });
}

test('a study in the PACS keeps its name, and its row, until somebody has decided what is held back', async () => {
  const device = await sent();
  const { id } = device;
  await settle(device, { held: 2 });
  assert.equal(await tracksOf(device), [{ inPacs: 2, needsYou: 2 }]);
  await decisionsOver(device).dismiss(id);
  const [kept] = await rowsOf(device);
  assert.equal([kept?.state, kept?.title !== null, kept?.removed], ['done', true, undefined]);
  await decisionsOver(device).leaveOutHeld(id, 'burned-in-annotation');
  const [decided] = await rowsOf(device);
  assert.equal([decided?.title, await tracksOf(device)], [null, [{ inPacs: 2, leftOut: 2 }]]);
});

test('left out once the study is in the PACS, the gateway is told until a receipt says so, or none can', async () => {
  const device = await sent();
  const { database, id } = device;
  const toTell = async () => [
    (await queueOver(device).pending()).map(({ state, isUntold }) => `${state} ${isUntold}`),
    (await accountsWithWork(database)).length,
  ];
  await settle(device, { held: 2 });
  assert.equal(await toTell(), [[], 0]);
  await decisionsOver(device).leaveOutHeld(id, 'burned-in-annotation');
  assert.equal(await toTell(), [['done true'], 1]);
  // Another page may have closed before the gateway heard of it.
  await settle(device, { held: 2 });
  assert.equal(await toTell(), [['done true'], 1]);
  await settle(device, { 'left-out-name': 2 });
  assert.equal(await toTell(), [[], 0]);
  assert.equal(await tracksOf(device), [{ inPacs: 2, leftOut: 2 }]);
  await database.studies.update(id, { untold: true });
  await queueOver(device).refused(id, 'upload-not-found');
  assert.equal([await toTell(), (await rowsOf(device))[0]?.state], [[[], 0], 'done']);
});

test('chosen again, originals that were covered count as in the PACS, those left out as left out, and nobody is asked', async () => {
  const device = await sent();
  const { database, id, made, store } = device;
  await store.reopen(id);
  const [first] = foundOf(store, made.studyInstanceUID);
  store.release([first!], [{ frames: null, x: 2, y: 2, width: 4, height: 4 }]);
  await store.send();
  await deliver({ database });
  const [row] = (await rowsOf(device)).filter(({ held }) => held.reasons.length > 0);
  await decisionsOver(device).leaveOutHeld(row!.id, 'burned-in-annotation');
  const later = await chooseOn(device, filesOf(made));
  await later.store.send();
  const newest = (await rowsOf(device)).find(({ state }) => state !== 'done')!;
  const { instances, withheld } = await queueOver(device).manifestOf(newest.id);
  assert.equal([instances.length, newest.held.reasons, withheld], [3, [], { 'left-out-name': 1 }]);
  const sentBefore = await database.instances.where('studyId').notEqual(newest.id).toArray();
  const keys = new Set(sentBefore.map(({ sopInstanceUID, digest }) => `${sopInstanceUID} ${digest}`));
  assert.ok(instances.every(({ sopInstanceUID, digest }) => keys.has(`${sopInstanceUID} ${digest}`)));
  // A person who has changed their mind releases it before Send.
  const last = await chooseOn(device, filesOf(made));
  releaseAll({ ...device, store: last.store });
  await last.store.send();
  assert.is(countStudy((await rowsOf(device)).at(0)!).track.leftOut, 0);
});

test('a study of which everything is held back stays where it is chosen; the others are sent', async () => {
  const { store, database } = await openIngest({ chosen: DEIDENTIFIED });
  const held = syntheticStudy({ seed: 52, instancesPerSeries: 2, rows: 16, columns: 16, burnedInSeries: 1 });
  await store.addFiles([...filesOf(held), ...filesOf(study())]);
  await store.send();
  assert.is(await database.studies.count(), 1);
  assert.equal(valuesOf(store.studies.value, 'studyInstanceUID', 'instances'), [[held.studyInstanceUID, 2]]);
});

test('the next person on the device cannot open the files', async () => {
  const { store, id } = await sent();
  store.clear('held-back');
  assert.equal([store.reopenable.value.size, await store.reopen(id), store.studies.value], [0, null, []]);
});

test('the policy is the configured one again after each Send, and after a cleared choice', async () => {
  const { store } = await openIngest({ chosen: DEIDENTIFIED });
  for (const seed of [53, 54]) {
    await store.addFiles(filesOf(study(seed)));
    assert.is(store.policy.value?.name, DEIDENTIFIED.name);
    store.choosePolicy(IDENTIFIED.name);
    await store.send();
    assert.is(store.policy.value?.name, DEIDENTIFIED.name);
  }
  store.choosePolicy(IDENTIFIED.name);
  store.clear();
  assert.is(store.policy.value?.name, DEIDENTIFIED.name);
});

test('a Send that did not work keeps the policy that was chosen for it', async () => {
  const { store } = await openIngest({ chosen: DEIDENTIFIED, room: 1 });
  await store.addFiles(filesOf(study()));
  store.choosePolicy(IDENTIFIED.name);
  await store.send();
  assert.equal([store.problem.value, store.policy.value?.name], ['no-room', IDENTIFIED.name]);
});

test.run();
