/** A study of which a file is damaged does not look whole: on its card, in the queue, at its end and for the disc. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { createArchiveWriter } from '#shared/ingest/write-archive.ts';
import { sayOf } from '../../app/choice-outcome.ts';
import { outcomesOf, pageOf } from '../../app/choice-outcomes.ts';
import { DEIDENTIFIED, filesOf, IDENTIFIED, inFolder, openIngest } from '../../testing/open-ingest.ts';
import { untilRead } from '../../testing/open-api.ts';
import { storeOver } from '../../testing/open-queue.ts';
import { queuedStudy } from '../../testing/queued-study.ts';
import { valuesOf } from '../../testing/values-of.ts';
import { notSentOf } from '../upload/not-sent.ts';
import { chosenWords } from './found/chosen-words.ts';

const STUDY = syntheticStudy({ seed: 95, instancesPerSeries: 3 });
const OTHER = syntheticStudy({ seed: 96, instancesPerSeries: 2 });
const [LAST] = STUDY.instances.slice(-1) as [SyntheticInstance];
const UID = String(STUDY.studyInstanceUID);

const cut = ({ bytes }: SyntheticInstance, name = 'cut.dcm', end = bytes.length - 100): File =>
  new File([bytes.slice(0, end)], name);
const wholeOnes = () => filesOf(STUDY).slice(0, -1);

test('its own card says so, in whatever order the files are read, and another study’s does not', async () => {
  for (const files of [
    [...filesOf(OTHER), ...wholeOnes(), cut(LAST)],
    [cut(LAST), cut(LAST, 'again.dcm'), ...wholeOnes(), ...filesOf(OTHER)],
  ]) {
    const { store } = await openIngest();
    await store.addFiles(files);
    assert.equal([...store.damaged.value], [[UID, 1]]);
    assert.is(store.perhapsDamaged.value.size, 0, 'nobody has to wonder');
  }
  assert.is(chosenWords.damaged(1), '1 image of this study is damaged. Copy it again.');
});

test('a good copy takes the note away, before and after', async () => {
  const { store } = await openIngest();
  await store.addFiles([...wholeOnes(), cut(LAST)]);
  await store.addFiles(filesOf(STUDY).slice(-1));
  assert.is(store.damaged.value.size, 0);
  await store.addFiles([cut(LAST, 'again.dcm')]);
  assert.is(store.damaged.value.size, 0);
});

test('only where its front does not say which study it is of, every study may lack it', async () => {
  const { store } = await openIngest();
  await store.addFiles([...wholeOnes(), cut(LAST, 'early.dcm', 400)]);
  assert.is(store.damaged.value.size, 0);
  assert.equal(valuesOf(store.perhapsDamaged.value.get(UID)!, 'path'), ['early.dcm']);
});

test('an entry of an archive that is damaged in it is a damaged file of its study', async () => {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const archive = await createArchiveWriter(async (bytes) => void parts.push(bytes.slice()));
  for (const { fileName, bytes } of STUDY.instances) await archive.add(fileName, bytes);
  await archive.close();
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  bytes[bytes.length - LAST.bytes.length]! ^= 0xff;
  const { store } = await openIngest();
  await store.addFiles([new File([bytes], 'study.zip')]);
  assert.equal(valuesOf(store.perhapsDamaged.value.get(UID)!, 'reason'), ['archive-damaged']);
});

test('in a folder beside files of one study, that one alone may lack it', async () => {
  const { store } = await openIngest();
  const folder = (name: string) => (file: File) => inFolder(file, name);
  const early = cut(LAST, 'early.dcm', 400);
  const alone = cut(LAST, 'alone.dcm', 400);
  await store.addFiles([...wholeOnes(), early].map(folder('a')));
  await store.addFiles(filesOf(OTHER).map(folder('b')));
  const ofEach = () =>
    [UID, OTHER.studyInstanceUID].map((uid) =>
      valuesOf(store.perhapsDamaged.value.get(String(uid))!, 'path'),
    );
  assert.equal(ofEach(), [['a/early.dcm'], []]);
  await store.addFiles([alone].map(folder('c')));
  assert.equal(ofEach(), [['a/early.dcm', 'c/alone.dcm'], ['c/alone.dcm']]);
});

test('of which nothing is left, but a name like those of the images, is a damaged one of some study', async () => {
  const images = wholeOnes().map((file, at) => new File([file], `IM${at}`));
  const ruins = [new File([], 'IM7'), new File([new Uint8Array(60)], 'im8'), new File(['text'], 'x.dcm')];
  const others = [new File([], 'README'), new File(['text'], 'IM9.txt')];
  for (const files of [
    [...images, ...ruins, ...others],
    [...others, ...ruins, ...images],
  ]) {
    const { store } = await openIngest({ chosen: IDENTIFIED });
    await store.addFiles(files.map((file) => inFolder(file, 'cd')));
    const paths = valuesOf(store.perhapsDamaged.value.get(UID)!, 'path');
    assert.equal(paths.sort(), ['cd/IM7', 'cd/im8', 'cd/x.dcm']);
    await store.send();
    const [id] = store.sentFromHere.value.sent.keys();
    const arrived = queuedStudy({ id: id!, state: 'done', receiptId: 'receipt' });
    const { choices } = outcomesOf(store.sentFromHere.value, [arrived], pageOf(store));
    assert.is(sayOf(choices).except, ruins.length, 'the disc is not said to be free');
  }
});

for (const policy of [IDENTIFIED, DEIDENTIFIED])
  test(`is sent without it, and says so at its end and of the disc (${policy.name})`, async () => {
    const opened = await openIngest({ chosen: policy });
    const { store } = opened;
    using queue = storeOver(opened);
    await store.addFiles([...wholeOnes(), cut(LAST)]);
    await store.send();
    assert.equal([store.problem.value, store.rejected.value], [null, []], 'counted in one place');
    store.clear();
    assert.ok(await untilRead(() => queue.studies.value.length === 1));
    const [study] = queue.studies.value;
    assert.equal([study!.instances, study!.track.safe, study!.track.leftOut], [3, 2, 1]);
    assert.equal(notSentOf(study!), ['1 image damaged or missing on the disc: not in the PACS']);
    const track = { ...study!.track, safe: 0, inPacs: 2 };
    const arrived = { ...study!, state: 'done' as const, receiptId: 'receipt', track };
    const { choices } = outcomesOf(store.sentFromHere.value, [arrived], pageOf(store));
    assert.equal(sayOf(choices), { standing: 'in-pacs', studies: 1, except: 1, isAtLeast: false });
  });

for (const policy of [IDENTIFIED, DEIDENTIFIED])
  test(`is missing no longer once a good copy was sent after it (${policy.name})`, async () => {
    const opened = await openIngest({ chosen: policy });
    const { store, database } = opened;
    const counted = async () =>
      (await database.studies.toArray())
        .toSorted((a, b) => b.instances - a.instances || b.chosen - a.chosen)
        .map(({ chosen, instances, held }) => [chosen, instances, held.leftOut]);
    const [first] = filesOf(STUDY);
    await store.addFiles([...wholeOnes(), cut(LAST)]);
    await store.send();
    assert.equal(await counted(), [[3, 2, 1]]);
    // Damaged again: still missing, and counted once.
    await store.addFiles([first!, cut(LAST)]);
    await store.send();
    assert.equal(await counted(), [
      [2, 2, 0],
      [2, 1, 1],
    ]);
    await store.addFiles(filesOf(STUDY).slice(-1));
    await store.send();
    assert.equal(await counted(), [
      [2, 2, 0],
      [1, 1, 0],
      [1, 1, 0],
    ]);
    const rows = await database.studies.toArray();
    assert.ok(rows.every(({ held }) => held.sealed === undefined && held.damaged === undefined));
    assert.not.match(JSON.stringify(rows), String(LAST.identifiers.sopInstanceUID));
  });

test('a damaged file that was cleared is an exception until a good copy of it is sent', async () => {
  const { store } = await openIngest();
  const left = () =>
    [...store.sentFromHere.value.leftBehind].map(([key, { files }]) => [key, files] as const);
  await store.addFiles([...wholeOnes(), cut(LAST), ...filesOf(OTHER)]);
  store.toggle(STUDY.studyInstanceUID);
  await store.send();
  store.clear();
  assert.equal(left(), [
    [UID, 2],
    [String(LAST.identifiers.sopInstanceUID), 1],
  ]);
  await store.addFiles(wholeOnes());
  await store.send();
  assert.equal(left(), [[String(LAST.identifiers.sopInstanceUID), 1]], 'not chosen again');
  await store.addFiles(filesOf(STUDY).slice(-1));
  await store.send();
  assert.equal(left(), []);
});

test.run();
