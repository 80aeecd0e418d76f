/**
 * Instances that turn out at Send not to be safe under the policy: none is lost, each waits for a person and is counted
 * once, wherever its study was when that was found.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concatBytes } from '#shared/dicom/encode.ts';
import { CODED, CODED_COLUMNS, CODED_ROWS } from '#testing/coded-pictures.ts';
import { codedImage } from '#testing/sample-image.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { DEIDENTIFIED, filesOf, IDENTIFIED, openIngest, foundOf } from '../../testing/open-ingest.ts';
import { valuesOf } from '../../testing/values-of.ts';
import { assertEach } from '../../testing/assert-each.ts';
import { countStudy } from '../queue/count-study.ts';
import type { FileToQueue } from './workers/device-tasks.ts';
import { sendableOf } from './found/sendable.ts';

const STUDY = '1.2.3.3';
const NOT_CLEARABLE = 'pixel-data-not-clearable';

/** The codestream has more comments than any image: only a look at all of its bytes shows that it cannot be cleared. */
function hidingImage(): File {
  const comments = new Uint8Array(4 * 100_000);
  for (let at = 0; at < comments.length; at += 4) comments.set([0xff, 0xfe, 0, 2], at);
  const { jpegBaseline } = CODED;
  const fragment = concatBytes([jpegBaseline.subarray(0, 2), comments, jpegBaseline.subarray(2)]);
  const bytes = codedImage({
    ...{ rows: CODED_ROWS, columns: CODED_COLUMNS, bitsAllocated: 8 },
    ...{ syntax: '1.2.840.10008.1.2.4.50', fragments: [fragment] },
  });
  return new File([bytes as Uint8Array<ArrayBuffer>], 'hiding.dcm');
}

async function sentHiding(others: readonly File[] = []) {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  await device.store.addFiles([hidingImage(), ...others]);
  assert.equal(device.store.heldBack.value, [], 'its header says nothing');
  await device.store.send();
  return device;
}

test('a study that cannot be made safe at Send stays as a card with its reason, and is not said to be no DICOM', async () => {
  const { store, database } = await sentHiding();
  assert.is(await database.studies.count(), 0);
  const [study] = store.studies.value;
  assert.equal([study?.studyInstanceUID, study?.patientId, study?.instances], [STUDY, 'ID', 1]);
  assert.equal([store.phase.value, store.problem.value, store.rejected.value], ['found', 'not-ready', []]);
  assert.equal(valuesOf(store.heldBack.value, 'studyInstanceUID', 'reason'), [[STUDY, NOT_CLEARABLE]]);
  assert.equal(sendableOf(store).held, [study]);
  assert.is(store.sentFromHere.value.sent.size, 0, 'the disc sentence knows that it was not sent');
});

test('another policy is offered for it, and sends it', async () => {
  const { store, database } = await sentHiding();
  assert.equal(
    store.policiesFor(STUDY)?.map(({ name }) => name),
    [IDENTIFIED.name],
  );
  store.choosePolicy(IDENTIFIED.name);
  assert.equal(store.heldBack.value, []);
  await store.send();
  assert.equal([store.studies.value, store.rejected.value, store.problem.value], [[], [], null]);
  assertEach((await database.studies.toArray()).map(countStudy), ({ track }) => track.safe, [1]);
});

test('under a policy that removes names it stays held, also after it was looked at', async () => {
  const { store } = await sentHiding();
  store.release(foundOf(store, STUDY));
  store.choosePolicy(IDENTIFIED.name);
  store.choosePolicy(DEIDENTIFIED.name);
  assert.equal(valuesOf(store.heldBack.value, 'reason', 'isReleasable'), [[NOT_CLEARABLE, false]]);
  assert.equal(sendableOf(store).studies, [], 'Send would fail again');
});

test('the studies beside it are sent', async () => {
  const { store, database } = await sentHiding(filesOf(syntheticStudy({ seed: 9, instancesPerSeries: 1 })));
  assert.is(await database.studies.count(), 1);
  assert.equal(valuesOf(store.studies.value, 'studyInstanceUID'), [STUDY]);
});

/** Sends three instances, of which the one at `at` is another file by the time it is packed. */
async function sentChanging(at: readonly number[], to: Blob) {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  const made = syntheticStudy({ seed: 4, series: 1, instancesPerSeries: 3, rows: 16, columns: 16 });
  await device.store.addFiles(filesOf(made));
  device.hooks.beforeTask = async (task) => {
    if (task.kind !== 'pack') return;
    const files = task.files as FileToQueue[];
    for (const [place, file] of files.entries())
      if (at.includes(file.position)) files[place] = { ...file, ref: { kind: 'file', file: to } };
  };
  await device.store.send();
  return { ...device, made };
}

test('an instance that is found unsafe only while it is packed needs a person, counted once with its study', async () => {
  const { store, database } = await sentChanging([1], hidingImage());
  const [row] = await database.studies.toArray();
  const { track, needs } = countStudy(row!);
  assert.equal([row?.chosen, track.safe, track.needsYou], [3, 2, 1]);
  assert.equal(needs, [{ cause: 'held', reason: NOT_CLEARABLE, instances: 1 }]);
  assert.equal([store.rejected.value, [...store.reopenable.value.keys()]], [[], [row!.id]]);
});

test('if all are found unsafe while they are packed, the study stays as a card', async () => {
  const { store, database, made } = await sentChanging([0, 1, 2], hidingImage());
  assert.is(await database.studies.count(), 0);
  const { studyInstanceUID } = made;
  assert.equal(
    store.heldBack.value.map((file) => [file.studyInstanceUID, file.reason]),
    Array.from({ length: 3 }, () => [studyInstanceUID, NOT_CLEARABLE]),
  );
});

test('a file that can no longer be read at Send is listed as one that was found', async () => {
  const { store } = await sentChanging([0, 1, 2], new Blob([]));
  assert.equal(valuesOf(store.rejected.value, 'wasFound'), [true, true, true]);
});

test.run();
