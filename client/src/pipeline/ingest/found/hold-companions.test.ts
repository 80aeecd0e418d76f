/**
 * An instance whose text names what only its companions name: its study waits on the page until a person has seen
 * that; then the instance stays here, or goes as if it had come alone.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildInstance } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import type { Policy } from '#shared/protocol/api.ts';
import { DEIDENTIFIED, openIngest, chooseOn, deliver, foundOf } from '../../../testing/open-ingest.ts';
import { valuesOf } from '../../../testing/values-of.ts';
import type { Task } from '../workers/device-tasks.ts';
import type { FoundFile } from './group-studies.ts';

const STUDY = '1.2.3.777.1';

interface Header {
  readonly series: number;
  readonly operator?: string;
  readonly model?: string;
  readonly maker?: string;
  readonly burnedIn?: string;
  readonly patient?: string;
}

function fileOf(instance: number, { series, operator, model, maker, burnedIn, patient = 'A' }: Header): File {
  const parts = buildInstance({
    identifiers: {
      studyInstanceUID: parseUid('StudyInstanceUID', STUDY),
      seriesInstanceUID: parseUid('SeriesInstanceUID', `1.2.3.777.2.${series}`),
      sopInstanceUID: parseUid('SOPInstanceUID', `1.2.3.777.3.${series}.${instance}`),
      sopClassUID: SOP_CLASSES.CT,
    },
    transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    elements: [
      [0x00080060, 'CS', 'CT'],
      ...(maker === undefined ? [] : [[0x00080070, 'LO', maker] as const]),
      [0x00081070, 'PN', operator ?? ''],
      [0x00081090, 'LO', model ?? 'Scanner'],
      [0x00100010, 'PN', `Lindqvist^${patient}`],
      [0x00100020, 'LO', patient === 'A' ? 'MRN445566' : 'MRN998877'],
      [0x00200013, 'IS', instance],
      ...(burnedIn === undefined ? [] : [[0x00280301, 'CS', burnedIn] as const]),
    ],
    image: { rows: 4, columns: 4, bitsAllocated: 16, pixels: new Uint8Array(32).fill(instance) },
  });
  return new File([concatBytes(parts) as Uint8Array<ArrayBuffer>], `${series}-${instance}`);
}

const NAMING: Header = { series: 1, model: 'Vossberg Scanner' };
const COMPANION: Header = { series: 2, operator: 'Vossberg^Ilse' };

async function chosen(files: readonly File[], policy: Policy = DEIDENTIFIED) {
  const device = await openIngest({ chosen: policy });
  await device.store.addFiles(files);
  const found = (ordinal: number): FoundFile =>
    foundOf(device.store, STUDY).find((each) => each.ordinal === ordinal)!;
  const queued = async () => {
    const studies = await device.queue.pending();
    const manifests = await Promise.all(studies.map(({ id }) => device.queue.manifestOf(id)));
    return manifests.flatMap(({ instances }) => instances);
  };
  return { ...device, found, queued };
}

const warned = (store: {
  readonly studies: { readonly value: readonly { readonly warnings: readonly string[] }[] };
}) => store.studies.value.some(({ warnings }) => warnings.includes('named-by-companion'));

test('a study with such a text is not queued before a person has seen it; then the instance stays here', async () => {
  const { store, queued, found, database } = await chosen([
    fileOf(1, NAMING),
    fileOf(2, { series: 1 }),
    fileOf(1, COMPANION),
  ]);
  assert.equal([store.heldBack.value, warned(store)], [[], false]);
  await store.send();
  assert.is(store.problem.value, 'look-first');
  assert.equal(await queued(), [], 'nothing of it is in the queue');
  assert.equal(store.rejected.value, []);
  assert.equal(valuesOf(store.heldBack.value, 'path', 'reason'), [['1-1', 'named-by-companion']]);
  assert.ok(warned(store));
  assert.equal(found(0).naming, [{ path: '0008,1090', text: 'Vossberg Scanner' }]);
  await store.send();
  assert.is(store.problem.value, null);
  assert.equal(store.rejected.value, []);
  assert.is((await queued()).length, 2);
  const [study] = await database.studies.toArray();
  assert.equal([study?.chosen, study?.held.reasons], [3, [{ reason: 'named-by-companion', instances: 1 }]]);
});

test('released it goes, byte for byte as if it had come alone', async () => {
  const alone = await chosen([fileOf(1, NAMING)]);
  await alone.store.send();
  const [expected] = await alone.queued();
  const { store, queued, found } = await chosen([fileOf(1, NAMING), fileOf(1, COMPANION)]);
  await store.send();
  store.release([found(0)]);
  assert.equal(store.heldBack.value, []);
  await store.send();
  assert.equal([store.problem.value, store.rejected.value], [null, []]);
  const sent = await queued();
  assert.is(sent.length, 2);
  assert.is(
    sent.find(({ sopInstanceUID }) => sopInstanceUID === expected!.sopInstanceUID)?.digest,
    expected!.digest,
  );
});

test('a release of its pixels, given before, is no release of its texts', async () => {
  const { store, queued, found } = await chosen([
    fileOf(1, { ...NAMING, burnedIn: 'YES' }),
    fileOf(1, COMPANION),
  ]);
  store.release([found(0)]);
  await store.send();
  assert.equal([store.problem.value, [...store.released.value]], ['look-first', []]);
  store.release([found(0)]);
  await store.send();
  assert.equal([store.problem.value, (await queued()).length], [null, 2]);
});

test('chosen again once the PACS has it as it was released, its study is sent without asking', async () => {
  const files = [fileOf(1, NAMING), fileOf(1, COMPANION)];
  const { store, found, database, ...device } = await chosen(files);
  await store.send();
  store.release([found(0)]);
  await store.send();
  await deliver({ database });
  const again = async (inPacs?: ReadonlySet<string>) => {
    const opened = { ...device, database };
    const tools = inPacs ? { inPacsNow: async () => inPacs } : {};
    const page = await chooseOn(opened, files, { tools });
    await page.store.send();
    return [page.store.problem.value, page.store.heldBack.value.length, await database.studies.count()];
  };
  assert.equal(await again(new Set()), ['look-first', 1, 1], 'the PACS no longer has it');
  assert.equal(await again(), [null, 0, 2]);
});

test('a name that is found only now in an image that the PACS has is shown before its study is sent, once', async () => {
  const { store, database, ...device } = await chosen([fileOf(1, NAMING)]);
  await store.send();
  const delivered = async () => {
    await deliver({ database });
  };
  await delivered();
  let at = 1;
  const again = async () => {
    // The newest send counts.
    const tools = { now: () => (at += 1) };
    const page = await openIngest({ chosen: DEIDENTIFIED, device: { ...device, database }, tools });
    await page.store.addFiles([fileOf(1, NAMING), fileOf(1, COMPANION)]);
    await page.store.send();
    return page.store;
  };
  const page = await again();
  const [shown] = page.inspection.seriesOf(STUDY)[0]!.files;
  assert.equal([page.problem.value, await database.studies.count()], ['look-first', 1]);
  assert.equal(shown!.naming, [{ path: '0008,1090', text: 'Vossberg Scanner' }]);
  await page.send();
  assert.equal([page.problem.value, page.rejected.value, await database.studies.count()], [null, [], 2]);
  const rows = await database.instances.toArray();
  assert.not.match(JSON.stringify(rows), 'Vossberg');
  await delivered();
  assert.is((await again()).problem.value, null);
});

test('chosen again with a text for which it was left out before, it is left out again without asking', async () => {
  const files = [fileOf(1, NAMING), fileOf(1, COMPANION)];
  const { store, found, database, ...device } = await chosen(files);
  await store.send();
  await store.leaveOut([found(0)], true);
  await store.send();
  await deliver({ database });
  const again = async (some: readonly File[]) => {
    const page = await openIngest({ chosen: DEIDENTIFIED, device: { ...device, database } });
    await page.store.addFiles(some);
    await page.store.send();
    const held = (await database.studies.toArray()).map(({ held: { reasons, leftOut } }) => [
      reasons.length,
      leftOut,
    ]);
    return [page.store.problem.value, held.toSorted()];
  };
  const once = [
    null,
    [
      [0, 0],
      [0, 1],
    ],
  ]; // The newer entry counts it.
  assert.equal(await again(files), once);
  const other = fileOf(2, NAMING);
  assert.is((await again([...files, other]))[0], 'look-first', 'another one has such a text now');
});

const TWO_TEXTS: Header = { ...NAMING, maker: 'CT Lundgren' };
const LATER: Header = { series: 3, operator: 'Lundgren^Per' };

test('a release covers the texts that were seen: one that files added later name is held again, alone or not', async () => {
  const { store, queued, found } = await chosen([fileOf(1, TWO_TEXTS), fileOf(1, COMPANION)]);
  await store.send();
  const shown = found(0);
  store.release([shown]);
  await store.addFiles([fileOf(1, LATER)]);
  await store.send();
  assert.equal([store.problem.value, [...store.released.value], await queued()], ['look-first', [], []]);
  assert.equal(valuesOf(found(0).naming, 'text'), ['CT Lundgren', 'Vossberg Scanner']);
  store.release([shown]);
  assert.equal([...store.released.value], [], 'a page that still shows one text releases nothing');
  store.release([found(0)]);
  await store.send();
  assert.equal([store.problem.value, (await queued()).length], [null, 3]);
});

test('a text that files added later name shows before Send too, on an instance that was released', async () => {
  const { store, found } = await chosen([fileOf(1, TWO_TEXTS), fileOf(1, COMPANION)]);
  await store.send();
  store.release([found(0)]);
  await store.addFiles([fileOf(1, LATER)]);
  const shown = { studyInstanceUID: STUDY, found: found(0) };
  const compared = await store.inspection.compare(shown, new AbortController().signal);
  assert.equal([compared?.kind, found(0).naming.length, store.released.value.size], ['quarantined', 2, 0]);
});

test('boxes that a person drew before stay drawn over the instance when its texts are released', async () => {
  const { store, hooks, found } = await chosen([fileOf(1, NAMING), fileOf(1, COMPANION)]);
  const box = { x: 0, y: 0, width: 2, height: 2, frames: null };
  store.release([found(0)], [box]);
  assert.is(store.released.value.size, 1);
  await store.send();
  assert.equal([store.problem.value, store.released.value.size], ['look-first', 0]);
  store.release([found(0)]);
  const boxes: unknown[] = [];
  hooks.beforeTask = async (task) => {
    if (task.kind === 'name')
      for (const file of task.files) if (file.position === 0) boxes.push([file.looked, file.boxes]);
  };
  await store.send();
  assert.equal(boxes, [[[{ path: '0008,1090', text: 'Vossberg Scanner' }], [box]]]);
});

test('another patient of the study counts as a companion, in a study of their own', async () => {
  const { store, queued } = await chosen([
    fileOf(1, { series: 1, model: 'of MRN998877' }),
    fileOf(1, { series: 2, patient: 'B' }),
  ]);
  const { parts } = store.mixed.value.get(STUDY)!;
  await store.settlePatients(
    STUDY,
    parts.flatMap(({ keys }) => keys),
  );
  await store.send();
  assert.equal(valuesOf(store.heldBack.value, 'path'), ['1-1']);
  await store.send();
  assert.is((await queued()).length, 1);
});

test('the screen before Send holds it as soon as it is looked at; another policy forgets it', async () => {
  const { store, found, queued } = await chosen([fileOf(1, NAMING), fileOf(1, COMPANION)]);
  const shown = { studyInstanceUID: STUDY, found: found(0) };
  const compared = await store.inspection.compare(shown, new AbortController().signal);
  assert.is(compared?.kind, 'quarantined');
  assert.equal(valuesOf(store.heldBack.value, 'reason'), ['named-by-companion']);
  store.choosePolicy('identified');
  assert.equal([store.heldBack.value, warned(store)], [[], false]);
  await store.send();
  assert.equal([store.rejected.value, (await queued()).length], [[], 2]);
});

test('every header of a study was read before its first instance is named, and no value of them lies in the database', async () => {
  const { store, hooks, database } = await chosen([fileOf(1, { series: 1 }), fileOf(1, COMPANION)]);
  const asked: Extract<Task, { kind: 'name' }>[] = [];
  hooks.beforeTask = async (task) => {
    if (task.kind === 'name') asked.push(task);
  };
  await store.send();
  for (const { companions } of asked) assert.ok(companions.some(({ value }) => value === 'Vossberg^Ilse'));
  const rows = await Promise.all(database.tables.map((table) => table.toArray()));
  assert.not.match(JSON.stringify(rows), 'Vossberg');
});

test.run();
