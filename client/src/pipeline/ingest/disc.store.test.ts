/** A disc on the upload page: its index is read, never refused, and never believed against what was found. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticDisc } from '#testing/synthetic-disc.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { untilRead } from '../../testing/open-api.ts';
import { storeOver } from '../../testing/open-queue.ts';
import { createDiscs, NO_DISC, unreadOf } from './choose/disc-view.ts';
import { inFolder, openIngest } from '../../testing/open-ingest.ts';
import { assertEach } from '../../testing/assert-each.ts';

const patientOf = (name: string) => ({ name, id: `ID-${name}` });
const JANE = syntheticStudy({ seed: 41, instancesPerSeries: 2 });
const DISC = syntheticDisc([
  { study: JANE, patient: patientOf('Doe^Jane') },
  { study: syntheticStudy({ seed: 42, instancesPerSeries: 2 }), patient: patientOf('Roe^Richard') },
]);

/** The disc's files as a browser hands them out for this folder. */
function filesIn(folder: string, paths: (path: string) => string | null = (path) => path): File[] {
  return DISC.flatMap(({ path, bytes }) => {
    const named = paths(path);
    if (named === null) return [];
    const cut = named.lastIndexOf('/');
    const within = [folder, named.slice(0, Math.max(0, cut))].filter(Boolean).join('/');
    return [inFolder(new File([bytes], named.slice(cut + 1)), within)];
  });
}

const until = async (isSo: () => boolean): Promise<void> => assert.ok(await untilRead(isSo));

test('a whole disc is found without an alarm, whatever the case of its names', async () => {
  const { store } = await openIngest();
  await store.addFiles(filesIn('cd', (path) => (path === 'DICOMDIR' ? path : `${path.toLowerCase()};1`)));
  assert.equal(
    [store.phase.value, store.studies.value.length, store.rejected.value, store.skipped.value],
    ['found', 2, [], 0],
  );
  assert.equal(store.disc.value, { ...NO_DISC, indexes: 1 });
  store.clear();
  assert.is(store.disc.value.indexes, 0);
});

test('files that the index names and that were not chosen are named, until they are added', async () => {
  const { store } = await openIngest();
  await store.addFiles(filesIn('cd', (path) => (path.startsWith('ST1/') ? null : path)));
  assertEach(store.disc.value.missing, ({ path, study }) => [path, study?.description.patientName], [
    ['ST1/IM0010001', 'Roe^Richard'],
    ['ST1/IM0010002', 'Roe^Richard'],
  ]);
  await store.addFiles(filesIn('ST1', (path) => (path.startsWith('ST1/') ? path.slice(4) : null)));
  assert.equal(store.disc.value.missing, []);
});

test('missing files are compared again after a change only', () => {
  const discs = createDiscs();
  const disc = discs.begin((async function* () {})());
  disc.files.noteIndex('cd/DICOMDIR', {
    kind: 'index',
    studies: [],
    others: ['1', '2'].map((nth) => ({ fileId: `IM${nth}`, sopInstanceUID: `2.25.${nth}` })),
    faults: [],
  });
  disc.listing = 'done';
  const missing = () => discs.view(false).missing;
  const before = missing();
  assert.is(missing(), before);
  discs.noteInstance(disc, { studyInstanceUID: '2.25.9', sopInstanceUID: '2.25.1' }, 'IM1');
  assert.is(missing().length, 1);
  disc.files.notePath('cd/IM2');
  assert.is(missing().length, 0);
});

test('an index alone is not nothing: every file of its disc is missing', async () => {
  const { store } = await openIngest();
  await store.addFiles(filesIn('', (path) => (path === 'DICOMDIR' ? path : null)));
  assert.equal([store.phase.value, store.disc.value.missing.length, store.rejected.value], ['found', 4, []]);
});

test('files that were missing at Send are not sent, until they are; an index that was cleared unsent is forgotten', async () => {
  const { store } = await openIngest();
  const left = () => [...store.sentFromHere.value.leftBehind.values()].map(({ why, path }) => [why, path]);
  await store.addFiles(filesIn('', (path) => (path === 'DICOMDIR' ? path : null)));
  store.clear();
  assert.equal(left(), []);
  await store.addFiles(filesIn('cd', (path) => (path.startsWith('ST1/') ? null : path)));
  await store.send();
  store.clear();
  assert.equal(left(), [
    ['missing', 'ST1/IM0010001'],
    ['missing', 'ST1/IM0010002'],
  ]);
  await store.addFiles(filesIn('ST1', (path) => (path.startsWith('ST1/') ? path.slice(4) : null)));
  await store.send();
  assert.equal(left(), []);
});

const DOE = DISC[1]!.path;
const NO_DICOM: readonly (readonly [string, Uint8Array<ArrayBuffer>])[] = [
  ['nothing that is DICOM', new TextEncoder().encode('overwritten '.repeat(400))],
  ['no bytes', new Uint8Array()],
  ['a picture', new Uint8Array([0xff, 0xd8, 0xff, 0xe0, ...new Uint8Array(400)])],
];

for (const [what, bytes] of NO_DICOM)
  test(`a file that the index names and that holds ${what} is a damaged image of its study`, async () => {
    const opened = await openIngest();
    const { store } = opened;
    const others = filesIn('cd', (path) => (path === DOE ? null : path));
    const stray = inFolder(new File([bytes], 'README.TXT'), 'cd');
    const damaged = inFolder(new File([bytes], DOE.slice(4).toLowerCase()), `cd/${DOE.slice(0, 3)}`);
    await store.addFiles([...others, stray, damaged]);
    assert.equal([...store.damaged.value], [[String(JANE.studyInstanceUID), 1]]);
    assertEach(store.rejected.value, ({ path, reason, state }) => [path.toUpperCase(), reason, state], [
      [`CD/${DOE}`, 'not-parseable', 'refused'],
    ]);
    assert.equal(
      [store.skippedFiles.value.map(({ path }) => path), store.disc.value.missing],
      [['cd/README.TXT'], []],
    );
    await store.send();
    store.clear();
    using queue = storeOver(opened);
    assert.ok(await untilRead(() => queue.studies.value.length === 2));
    assert.equal(queue.studies.value.map(({ track }) => track.leftOut).toSorted(), [0, 1]);
  });

test('a file that the index names and nobody chose stays counted with its study after a reload, until it is sent', async () => {
  const opened = await openIngest();
  const { store } = opened;
  await store.addFiles(filesIn('cd', (path) => (path === DOE ? null : path)));
  await store.send();
  using queue = storeOver(opened);
  assert.ok(await untilRead(() => queue.studies.value.length === 2));
  const counted = () => queue.studies.value.map(({ withheld }) => withheld.damaged ?? 0).toSorted();
  assert.equal(counted(), [0, 1]);
  const id = queue.studies.value.find(({ withheld }) => withheld.damaged)!.id;
  assert.equal((await opened.queue.manifestOf(id)).withheld, { damaged: 1 });
  const later = await openIngest({ device: opened });
  await later.store.addFiles(filesIn('cd'));
  await later.store.send();
  assert.ok(await untilRead(() => counted().every((count) => count === 0)));
});

test('an index counts no file of another choice to its studies, and one that was chosen without its folder it does', async () => {
  const { store } = await openIngest();
  const [name] = DOE.split('/').slice(-1) as [string];
  await store.addFiles(filesIn('cd', (path) => (path === DOE ? null : path)));
  await store.addFiles([inFolder(new File(['overwritten'], name), `cd/${DOE.slice(0, 3)}`)]);
  assert.equal([store.damaged.value.size, store.skipped.value], [0, 1]);
  const [index] = filesIn('', (path) => (path === 'DICOMDIR' ? path : null));
  const alone = DISC.filter(({ path }) => path !== DOE && path !== 'DICOMDIR').map(
    ({ path, bytes }) => new File([bytes], path.slice(4)),
  );
  await store.addFiles([...alone, new File(['overwritten'], name), index!]);
  assert.equal(store.rejected.value.length, 1);
});

test('files of which reading was stopped are counted', async () => {
  const { store, hooks } = await openIngest();
  let tasks = 0;
  hooks.beforeTask = async () => {
    tasks += 1;
    if (tasks === 2) store.cancel();
  };
  await store.addFiles(filesIn('cd'));
  const { filesFound, filesRead } = store.progress.value;
  assert.ok(filesRead < filesFound, `${filesRead} of ${filesFound} read`);
  assert.is(unreadOf(store.disc.value.stopped!), filesFound - filesRead);
});

test('an index that is cut is no file that cannot be sent, and is said to be damaged', async () => {
  const { store } = await openIngest();
  const [index, ...rest] = filesIn('cd');
  await store.addFiles([inFolder(new File([index!.slice(0, -60)], 'DICOMDIR'), 'cd'), ...rest]);
  assert.equal([store.rejected.value, store.studies.value.length], [[], 2]);
  assert.equal([store.disc.value.isInDoubt, store.disc.value.missing], [true, []]);
});

test('the studies of a disc are named before one of their instances is read', async () => {
  const { store, hooks } = await openIngest();
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let tasks = 0;
  hooks.beforeTask = async () => {
    tasks += 1;
    if (tasks > 1) await gate;
  };
  const reading = store.addFiles(filesIn('cd'));
  await until(() => store.disc.value.expected.length === 2);
  assert.is(store.studies.value.length, 0);
  assertEach(store.disc.value.expected, ({ description, files }) => [description.patientName, files.length], [
    ['Doe^Jane', 2],
    ['Roe^Richard', 2],
  ]);
  open();
  await reading;
  assert.equal([store.studies.value.length, store.disc.value.expected], [2, []]);
});

test('nothing is called missing where reading was stopped', async () => {
  const { store, hooks } = await openIngest();
  let tasks = 0;
  hooks.beforeTask = async () => {
    tasks += 1;
    if (tasks === 1) return;
    await until(() => store.disc.value.indexes === 1);
    store.cancel();
  };
  await store.addFiles(filesIn('cd', (path) => (path.startsWith('ST1/') ? null : path)));
  assert.equal([store.disc.value.indexes, store.disc.value.missing], [1, []]);
});

test.run();
