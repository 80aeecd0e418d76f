/** The page knows what was sent from it and what was left behind. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { filesOf, openIngest, foundOf } from '../../../testing/open-ingest.ts';
import { assertEach } from '../../../testing/assert-each.ts';

const pathOf = (study: ReturnType<typeof syntheticStudy>): string => filesOf(study)[0]!.name;

test('the page knows the studies it sent and the files that were cleared from it, until somebody else signs in', async () => {
  const { store, database } = await openIngest();
  const first = syntheticStudy({ seed: 81, instancesPerSeries: 2 });
  const second = syntheticStudy({
    seed: 82,
    instancesPerSeries: 2,
    patient: { name: 'Left^Out', id: 'L-1' },
  });
  const damaged = new File([first.instances[0]!.bytes.slice(0, 700)], 'cut.dcm');
  await store.addFiles([...filesOf(first), ...filesOf(second), damaged]);
  store.toggle(second.studyInstanceUID);
  await store.send();
  store.clear();
  const [row] = await database.studies.toArray();
  const { sent: ids, leftBehind } = store.sentFromHere.value;
  assert.equal([...ids], [[row!.id, 0]]);
  assert.equal(
    [...leftBehind],
    [
      [
        String(second.studyInstanceUID),
        {
          files: second.instances.length,
          why: 'not-sent',
          path: pathOf(second),
          patientName: 'Left^Out',
          choice: 0,
        },
      ],
      ['cut.dcm', { files: 1, why: 'not-sent', path: 'cut.dcm', patientName: null, choice: 0 }],
    ],
  );
  await store.addFiles(filesOf(second));
  await store.send();
  assert.equal(
    [store.sentFromHere.value.sent.size, [...store.sentFromHere.value.leftBehind.keys()]],
    [2, ['cut.dcm']],
  );
  store.clear('held-back');
  assert.equal([store.sentFromHere.value.sent.size, store.sentFromHere.value.leftBehind.size], [0, 0]);
});

test('each clearing of files of which nothing more is known counts, until a person needs none of them', async () => {
  const { store } = await openIngest();
  const study = (seed: number) => filesOf(syntheticStudy({ seed, instancesPerSeries: 2 }));
  const damaged = new File([new Uint8Array(200)], 'cut.dcm');
  await store.addFiles(study(86));
  await store.send();
  store.clear();
  assert.is(store.sentFromHere.value.clearings, 0, 'all of it was sent');
  for (const [times, unsent] of [study(87), study(87), [damaged]].entries()) {
    await store.addFiles(unsent);
    store.clear();
    assert.is(store.sentFromHere.value.clearings, times + 1);
    await store.addFiles(study(88 + times));
    await store.send();
    assert.is(store.sentFromHere.value.clearings, times + 1, 'another study does not stand for them');
    store.clear();
  }
  store.settleNotSent();
  assert.is(store.sentFromHere.value.clearings, 0);
});

test('files that were sent are not left behind when they are chosen again and cleared', async () => {
  const { store } = await openIngest();
  const files = filesOf(syntheticStudy({ seed: 85, instancesPerSeries: 3 }));
  await store.addFiles(files.slice(1));
  await store.send();
  store.clear();
  await store.addFiles(files.slice(1));
  store.clear();
  assert.is(store.sentFromHere.value.leftBehind.size, 0);
  const other = filesOf(syntheticStudy({ seed: 86, instancesPerSeries: 2 }));
  await store.addFiles([...files, ...other]);
  store.toggle(store.studies.value[0]!.studyInstanceUID);
  await store.send();
  store.clear();
  assertEach(store.sentFromHere.value.leftBehind.values(), ({ files: count, path }) => [count, path], [
    [1, files[0]!.name],
  ]);
});

test('files that were cleared before anything was sent are not among those not sent', async () => {
  const { store } = await openIngest();
  await store.addFiles(filesOf(syntheticStudy({ seed: 87, instancesPerSeries: 2 })));
  store.clear();
  await store.addFiles(filesOf(syntheticStudy({ seed: 88, instancesPerSeries: 2 })));
  await store.send();
  store.clear();
  assert.equal([store.sentFromHere.value.sent.size, store.sentFromHere.value.leftBehind.size], [1, 0]);
});

test('a study that the PACS has as it was chosen is not among those not sent when it is cleared', async () => {
  for (const [compared, leftBehind] of [
    [3, 0],
    [2, 1],
  ] as const) {
    const { store } = await openIngest();
    const there = syntheticStudy({ seed: 89, series: 1, instancesPerSeries: 3 });
    const other = syntheticStudy({ seed: 90, instancesPerSeries: 2 });
    await store.addFiles([...filesOf(there), ...filesOf(other)]);
    store.toggle(there.studyInstanceUID);
    await store.send();
    const found = store.studies.value.find(
      ({ studyInstanceUID }) => studyInstanceUID === there.studyInstanceUID,
    );
    const files = foundOf(store, there.studyInstanceUID);
    const places = new Set(files.slice(0, compared).map(({ ordinal }) => ordinal));
    found!.inPacs.value = { places, policy: store.policy.value, released: store.released.value };
    store.clear();
    assert.is(store.sentFromHere.value.leftBehind.size, leftBehind, `the PACS has ${compared} of 3`);
  }
});

test('a choice begins on an empty page once something of the one before was sent', async () => {
  const { store } = await openIngest();
  const first = syntheticStudy({ seed: 83, instancesPerSeries: 2 });
  const second = syntheticStudy({ seed: 84, instancesPerSeries: 2 });
  const choices = () => store.sentFromHere.value.choices.length;
  await store.addFiles(filesOf(first));
  store.clear();
  await store.addFiles(filesOf(first));
  assert.is(choices(), 1, 'cleared, and chosen again');
  await store.addFiles(filesOf(second).slice(0, 1));
  assert.is(choices(), 1, 'more was added to it');
  await store.send();
  await store.addFiles(filesOf(second).slice(1));
  assert.equal([choices(), ...store.sentFromHere.value.sent.values()], [2, 0, 0]);
  await store.send();
  assert.equal(new Set(store.sentFromHere.value.sent.values()).size, 2);
});

test.run();
