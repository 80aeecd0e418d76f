/**
 * De-identification reports, from naming to the manifest: each once, within bounds, and deleted with the
 * study.
 */
import { IDBFactory } from 'fake-indexeddb';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { REPORTS_CHARACTERS_LIMIT, type WireReport } from '#shared/protocol/deid-report.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { dropStudy } from './drop-study.ts';
import { finishPacking } from './finish-packing.ts';
import { beginStudy, finishNaming, nameInstances } from './name-study.ts';
import {
  answerOf,
  makeSealingKeys,
  openDevice,
  packOne,
  POLICY,
  prepareInstance,
  queueOver,
  receiptOf,
  TITLE,
  type TestDevice,
  type TestInstance,
} from '../../../testing/open-queue.ts';
import { valuesOf } from '../../../testing/values-of.ts';

const ACTION = '0008,0020 Z profile';
const reportOf = (n: number, actions: readonly string[] | null = [ACTION]): WireReport => ({
  edition: 'DICOM 2024e',
  options: ['retain-uids'],
  digest: n.toString(16).padStart(64, '0'),
  actions,
});

const named = ({ bytes, originalDigest: _, ...instance }: TestInstance, report?: WireReport) => ({
  ...instance,
  bytes: sizeOf(bytes),
  ...(report && { report: report.digest }),
});

/** A study named in batches by workers: its instances with their reports. */
async function nameBatches(
  device: TestDevice,
  batches: readonly (readonly (WireReport | undefined)[])[],
): Promise<TestInstance[]> {
  const { database, key } = device;
  await beginStudy(database, key, {
    ...{ id: 'study', queuedAt: 1, account: 'a', policy: POLICY, title: TITLE, chosen: 2 },
    about: { modalities: ['CT'], series: 1 },
  });
  const all: TestInstance[] = [];
  for (const reports of batches) {
    const instances = await Promise.all(reports.map((_, at) => prepareInstance(all.length + at, 100)));
    all.push(...instances);
    const distinct = new Map(
      reports.filter((report) => report !== undefined).map((report) => [report.digest, report]),
    );
    await nameInstances(
      database,
      'study',
      instances.map((instance, at) => named(instance, reports[at])),
      [...distinct.values()],
    );
  }
  await finishNaming(database, 'study');
  return all;
}

test('a manifest lists each report once across batches, and each instance names its own', async () => {
  const device = await openDevice();
  const one = reportOf(1);
  const two = reportOf(2, [ACTION, ACTION]);
  const long = reportOf(3, null);
  await nameBatches(device, [
    [one, two],
    [two, undefined, one],
    [long, one],
  ]);
  const { deidentification, instances } = await queueOver(device).manifestOf('study');
  assert.equal(deidentification, {
    edition: 'DICOM 2024e',
    options: ['retain-uids'],
    reports: [[ACTION], [ACTION, ACTION], long.digest],
  });
  assert.equal(valuesOf(instances, 'report'), [0, 1, 1, undefined, 0, 2, 0]);
  assert.is(await device.database.reports.count(), 3);
});

test('reports beyond the manifest’s limit are not kept: their instances name them by digest', async () => {
  const device = await openDevice();
  const actions = (characters: number) => [ACTION.padEnd(characters, '.')];
  const large = reportOf(1, actions(REPORTS_CHARACTERS_LIMIT - 20));
  const larger = reportOf(2, actions(21));
  const small = reportOf(3, actions(20));
  await nameBatches(device, [[large], [larger, small]]);
  const { deidentification } = await queueOver(device).manifestOf('study');
  assert.equal(deidentification?.reports, [large.actions, larger.digest, small.actions]);
  assert.is((await device.database.studies.get('study'))?.reportCharacters, REPORTS_CHARACTERS_LIMIT);
});

test('a study that was not de-identified is announced without reports', async () => {
  const device = await openDevice();
  await nameBatches(device, [[undefined, undefined]]);
  const manifest = await queueOver(device).manifestOf('study');
  assert.equal(
    ['deidentification' in manifest, manifest.instances.some((instance) => 'report' in instance)],
    [false, false],
  );
});

test('reports are deleted when the study is done or dropped, and survive a reload of the page', async () => {
  for (const end of ['settled', 'dropped'] as const) {
    const factory = new IDBFactory();
    const before = await openDevice(factory);
    const instances = await nameBatches(before, [[reportOf(1)]]);
    const keys = await makeSealingKeys();
    await packOne(before, keys, 'study', instances[0]!);
    await finishPacking(before.database, 'study');
    before.database.close();
    const device = await openDevice(factory);
    const queue = queueOver(device);
    assert.is((await queue.manifestOf('study')).deidentification?.reports.length, 1);
    if (end === 'dropped') await dropStudy(device.database, 'study');
    else {
      await queue.announced('study', answerOf({ need: instances }));
      await queue.beginSending('study');
      await queue.parcelSent('study', 'study-0');
      await queue.allSent('study');
      assert.is(await device.database.reports.count(), 1);
      await queue.settle('study', receiptOf(instances, 'stored'));
    }
    assert.is(await device.database.reports.count(), 0, end);
  }
});

test.run();
