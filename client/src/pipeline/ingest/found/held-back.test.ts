/**
 * Instances that the policy cannot make safe: held by default, released by a person, and packed together with
 * the record of that release.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { claimedBoxes, type Box } from '#shared/dicom/boxes.ts';
import { areCovered } from '#shared/pixels/check-cover.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { sumOf } from '../../queue/count-reasons.ts';
import { rememberRate } from '../../queue/rows/device-notes.ts';
import { DEIDENTIFIED, filesOf, openIngest, foundOf, queuedInstances } from '../../../testing/open-ingest.ts';
import { valuesOf } from '../../../testing/values-of.ts';

const BURNED_IN_ANNOTATION = 0x00280301;
const study = () =>
  syntheticStudy({ seed: 41, series: 2, instancesPerSeries: 2, rows: 16, columns: 16, burnedInSeries: 2 });

async function chosen() {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  // On a fast link nothing is coded: the bytes can be read as they are.
  await rememberRate(device.database, 'link-rate', 1e9);
  const made = study();
  await device.store.addFiles(filesOf(made));
  const held = device.store.inspection
    .seriesOf(made.studyInstanceUID)
    .flatMap(({ files }) => files.filter((found) => found.held.length > 0));
  return { ...device, study: made, held };
}

type Device = Awaited<ReturnType<typeof chosen>>;

/** Burned In Annotation of each instance that was packed. */
const saidInQueue = async (device: Device): Promise<(string | null)[]> =>
  (await queuedInstances(device))
    .map((instance) => textOf(findElement(instance.elements, BURNED_IN_ANNOTATION), instance))
    .sort();

/** Counts for each queued study the instances chosen, held back and left out. */
async function heldInQueue({ database }: Pick<Device, 'database'>): Promise<number[][]> {
  const rows = (await database.studies.toArray()).sort((a, b) => b.chosen - a.chosen);
  return rows.map(({ chosen: all, held }) => [all, sumOf(held.reasons), held.leftOut]);
}

test('held instances are listed with their reason before Send, and only under a policy that removes names', async () => {
  const { store, held } = await chosen();
  assert.is(held.length, 2);
  assert.equal(valuesOf(store.heldBack.value, 'reason'), ['burned-in-annotation', 'burned-in-annotation']);
  store.choosePolicy('identified');
  assert.equal(store.heldBack.value, []);
  store.choosePolicy('deidentified');
  assert.is(store.heldBack.value.length, 2);
  store.clear();
  assert.equal([store.heldBack.value, store.released.value.size], [[], 0]);
});

test('without a release held instances are not sent; the rest of the study is', async () => {
  const device = await chosen();
  await device.store.send();
  assert.equal(await heldInQueue(device), [[4, 2, 0]]);
  assert.equal(await saidInQueue(device), [null, null]);
});

test('held instances are not among those that Send has to make safe', async () => {
  const { store } = await chosen();
  const totals = new Set<number>();
  store.queueing.subscribe(({ instancesTotal }) => totals.add(instancesTotal));
  await store.send();
  assert.equal([...totals], [0, 2]);
});

test('a released instance is sent and says NO; with the release withdrawn it stays', async () => {
  const device = await chosen();
  device.store.release(device.held);
  assert.equal(device.store.heldBack.value, []);
  device.store.holdBack([device.held[1]!]);
  assert.is(device.store.heldBack.value.length, 1);
  await device.store.send();
  assert.equal(await heldInQueue(device), [[4, 1, 0]]);
  assert.equal(await saidInQueue(device), ['NO', null, null].sort());
});

test('a covered instance is sent with its boxes blank, whether it was held or not; a box that is none keeps it here', async () => {
  const device = await chosen();
  const [plain] = device.store.inspection.seriesOf(device.study.studyInstanceUID)[0]!.files;
  const box: Box = { x: 0, y: 0, width: 16, height: 4, frames: null };
  device.store.release([device.held[0]!, plain!], [box]);
  device.store.release([device.held[1]!], [{ ...box, x: 1 }]);
  assert.equal(device.store.heldBack.value, []);
  await device.store.send();
  assert.equal(valuesOf(device.store.rejected.value, 'reason'), ['cannot-be-covered']);
  const sent = await queuedInstances(device);
  assert.equal(sent.map(({ elements }) => claimedBoxes(elements)!.length).sort(), [0, 1, 1]);
  for (const instance of sent) {
    const boxes = claimedBoxes(instance.elements)!;
    assert.ok(await areCovered(instance, boxes, { codecs: loadCodecs() }));
    assert.is(await areCovered(instance, [box], { codecs: loadCodecs() }), boxes.length > 0);
  }
});

test('once sending has begun a release can be neither given nor withdrawn', async () => {
  const device = await chosen();
  device.store.release([device.held[0]!]);
  device.hooks.beforeTask = async (task) => {
    if (task.kind !== 'name') return;
    device.store.holdBack([device.held[0]!]);
    device.store.release([device.held[1]!]);
  };
  await device.store.send();
  assert.equal([...device.store.released.value.keys()], [device.held[0]!.ordinal]);
  assert.equal(await saidInQueue(device), ['NO', null, null].sort());
});

test('instances that are not held, or that no look can make safe, cannot be released', async () => {
  const {
    store,
    study: { studyInstanceUID },
  } = await chosen();
  const [plain] = store.inspection.seriesOf(studyInstanceUID)[0]!.files;
  store.release([plain!, { ...plain!, ordinal: 99, held: ['document'] }]);
  assert.is(store.released.value.size, 0);
});

test('images that often have names in their pixels and do not say so are held, pointed out and released alike', async () => {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  await rememberRate(device.database, 'link-rate', 1e9);
  const shape = { instancesPerSeries: 2, rows: 16, columns: 16, undeclaredSeries: 1 };
  const made = syntheticStudy({ seed: 43, modality: 'SC', ...shape });
  await device.store.addFiles(filesOf(made));
  const reasons = () => device.store.heldBack.value.map(({ reason }) => reason);
  assert.equal(reasons(), ['undeclared-text', 'undeclared-text']);
  assert.ok(device.store.studies.value[0]!.warnings.includes('undeclared-text'));
  const held = foundOf(device.store, made.studyInstanceUID);
  device.store.release([held[0]!]);
  assert.equal(reasons(), ['undeclared-text']);
  await device.store.send();
  assert.equal(await heldInQueue(device), [[2, 1, 0]]);
  assert.equal(await saidInQueue({ ...device, study: made, held }), ['NO']);
});

test('each frame of an instance has a picture, and a missing frame has none', async () => {
  const { store } = await openIngest({ chosen: DEIDENTIFIED });
  const cine = syntheticStudy({ seed: 42, instancesPerSeries: 1, rows: 8, columns: 8, frames: 3 });
  await store.addFiles(filesOf(cine));
  const found = store.inspection.seriesOf(cine.studyInstanceUID)[0]!.files[0]!;
  assert.is(found.frames, 3);
  const { signal } = new AbortController();
  const pictureOf = (frame: number) => store.inspection.picture(found, { frame, maxSide: 8 }, signal);
  const pictures = await Promise.all([0, 1, 2, 3].map(pictureOf));
  const bytes = pictures.map((picture) => (picture && 'rgba' in picture ? picture.rgba.join() : null));
  assert.is(new Set(bytes.slice(0, 3)).size, 3, 'three frames, three pictures');
  assert.is(bytes[3], null);
});

test('a reason is answered once every instance held for it is released, and asked again when one is not', async () => {
  const { store, held, study: made } = await chosen();
  const answered = () => [...(store.answered.value.get(made.studyInstanceUID) ?? [])];
  store.release(held.slice(1));
  assert.equal([held.length, answered()], [2, []]);
  store.release(held);
  assert.equal(answered(), ['burned-in-annotation']);
  store.holdBack(held.slice(0, 1));
  assert.equal(answered(), []);
});

test.run();
