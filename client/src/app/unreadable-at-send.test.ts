/** Files that can no longer be read at Send: the medium was pulled out, or they were changed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import type { FileToQueue } from '../pipeline/ingest/workers/device-tasks.ts';
import { untilRead } from '../testing/open-api.ts';
import { filesOf, openIngest } from '../testing/open-ingest.ts';
import { storeOver } from '../testing/open-queue.ts';
import { valuesOf } from '../testing/values-of.ts';
import { outcomesOf, pageOf, unsentStudies } from './choice-outcomes.ts';

const small = (seed: number, patient = { name: 'Halb^Hanna', id: 'H-1' }) =>
  syntheticStudy({ seed, instancesPerSeries: 3, rows: 16, columns: 16, patient });

/** The browser finds nothing of a file that was pulled out after it was chosen. */
const nothing = () => Promise.reject(new DOMException('', 'NotFoundError'));
const gone: Blob = Object.assign(new Blob(['gone']), { arrayBuffer: nothing, slice: () => gone });

/** Pulls files out before they are named, or before they are packed. */
function pullOut(
  { hooks }: Awaited<ReturnType<typeof openIngest>>,
  when: 'name' | 'pack',
  isOut: (position: number) => boolean,
): void {
  hooks.beforeTask = async (task) => {
    if (task.kind !== when) return;
    const files = task.files as FileToQueue[];
    for (const [at, file] of files.entries())
      if (isOut(file.position)) files[at] = { ...file, ref: { kind: 'file', file: gone } };
  };
}

for (const when of ['name', 'pack'] as const)
  test(`a file that is gone when Send wants to ${when} it counts as damaged or missing of its study, also after a reload, until it is sent`, async () => {
    const opened = await openIngest();
    const { store } = opened;
    const files = filesOf(small(11));
    await store.addFiles(files);
    pullOut(opened, when, (position) => position === 1);
    await store.send();
    using view = storeOver(opened);
    assert.ok(await untilRead(() => view.studies.value.length === 1));
    const counted = () =>
      view.studies.value.map(({ instances, withheld }) => [instances, withheld.damaged ?? 0]);
    assert.equal(counted(), [[3, 1]]);
    assert.equal((await opened.queue.manifestOf(view.studies.value[0]!.id)).withheld, { damaged: 1 });
    assert.is(store.rejected.value.length, 1, 'the page lists it');
    store.clear();
    assert.is(store.sentFromHere.value.leftBehind.size, 0, 'counted once, with its study');
    const later = await openIngest({ device: opened });
    await later.store.addFiles(files);
    await later.store.send();
    assert.ok(await untilRead(() => counted().every(([, damaged]) => damaged === 0)));
  });

test('a file that is no DICOM file is named as such among those not sent, on the page and after it was cleared', async () => {
  const opened = await openIngest();
  const { store } = opened;
  const [first, ...others] = filesOf(small(13));
  const cut = new File([first!.slice(0, first!.size - 100)], 'cut.dcm');
  // A disc with scratches gives such a file: nobody can tell what it was.
  const scratched = new File([new Uint8Array(2000)], 'scratched.dcm');
  await store.addFiles([...others, cut, scratched, new File(['%PDF-1.7'], 'report.pdf')]);
  using view = storeOver(opened);
  const whyNot = () =>
    outcomesOf(store.sentFromHere.value, view.studies.value, pageOf(store)).notSent.left.map(
      ({ why }) => why,
    );
  assert.equal(
    whyNot().toSorted(),
    ['not-dicom', 'not-pressed', 'not-sent', 'not-sent'],
    'the PDF, the study, its cut file, the scratched one',
  );
  await store.send();
  assert.ok(await untilRead(() => view.studies.value.length === 1));
  store.clear();
  const left = [...store.sentFromHere.value.leftBehind.values()].map(({ path, why }) => [path, why]);
  assert.equal(
    left,
    [
      ['scratched.dcm', 'not-sent'],
      ['report.pdf', 'not-dicom'],
    ],
    'the cut one counts with its study',
  );
});

test('a study of which nothing can be read at Send stays chosen and not sent, under its patient’s name, until it is sent', async () => {
  const opened = await openIngest();
  const { store, database } = opened;
  const fuchs = small(13, { name: 'Fuchs^Ute', id: 'F-1' });
  await store.addFiles([...filesOf(small(12), 'a'), ...filesOf(fuchs, 'b')]);
  pullOut(opened, 'name', (position) => position >= 3);
  const left = () =>
    [...store.sentFromHere.value.leftBehind].map(([uid, { files, why, patientName }]) => [
      ...[uid, files, why, patientName],
    ]);
  const stays = [[String(fuchs.studyInstanceUID), 3, 'unreadable', 'Fuchs^Ute']];
  for (let time = 0; time < 2; time += 1) {
    await store.send();
    assert.equal([left(), store.rejected.value.length, await database.studies.count()], [stays, 3, 1]);
    assert.equal(valuesOf(unsentStudies(store), 'instances', 'sent'), [[3, 0]]);
    await store.addFiles(filesOf(fuchs, 'b'));
  }
  assert.equal(valuesOf(pageOf(store).studies, 'instances'), [3], 'it was chosen again');
  store.clear();
  opened.hooks.beforeTask = async () => undefined;
  await store.addFiles(filesOf(fuchs, 'b'));
  await store.send();
  assert.equal([left(), store.rejected.value, unsentStudies(store)], [[], [], []]);
});

test('a study that was not ticked, and cleared once the other one was sent, is told after a reload until a person has read it', async () => {
  const { store } = await openIngest();
  await store.addFiles([...filesOf(small(1), 'a'), ...filesOf(small(2), 'b')]);
  store.toggle(store.studies.value[1]!.studyInstanceUID);
  const kept = () => unsentStudies(store).map(({ instances, sent }) => [instances, sent]);
  await store.send();
  assert.equal(kept(), [[3, 0]]);
  store.clear();
  assert.equal(kept(), [[3, 0]]);
  store.settleNotSent();
  assert.equal(kept(), []);
});

test.run();
