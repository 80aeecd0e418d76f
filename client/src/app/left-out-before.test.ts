/** An image that a person left out of a study that was sent counts there alone, also when the study is chosen again. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { untilRead } from '../testing/open-api.ts';
import { DEIDENTIFIED, filesOf, openIngest } from '../testing/open-ingest.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { countStudy } from '../pipeline/queue/count-study.ts';
import { leaveOutHeld } from '../pipeline/queue/rows/keep-held.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import { watchChoices, type ChosenStudy, type KeptChoices } from '../pipeline/queue/rows/kept-choices.ts';
import { outcomesOf, pageOf, unsentStudies } from './choice-outcomes.ts';
import { openOwnDevice } from '../testing/open-queue.ts';

const LENA = { name: 'Keller^Lena', id: '6120-777' };
const KARL = { name: 'Weber^Karl', id: '3300-001' };
const ofPatient = (patient: typeof LENA) =>
  filesOf(syntheticStudy({ seed: 71, series: 1, instancesPerSeries: 5, rows: 8, columns: 8, patient }));
/** Four images of one study, one of which is Karl’s. */
const LENAS = ofPatient(LENA).slice(0, 3);
const MIXED_UP = [...LENAS, ...ofPatient(KARL).slice(3, 4)];

type Store = Awaited<ReturnType<typeof openIngest>>['store'];

async function leaveOutKarl(store: Store): Promise<void> {
  for (const [uid, { parts }] of store.mixed.value)
    await store.leaveOutPatients(uid, parts.find(({ person }) => person.name === KARL.name)!.keys);
}

/** Lena’s images were sent, and Karl’s was left out. */
async function sentWithoutKarl() {
  const opened = await openIngest({ chosen: DEIDENTIFIED, device: await openOwnDevice() });
  const { store } = opened;
  await store.addFiles(MIXED_UP);
  await leaveOutKarl(store);
  await store.send();
  return opened;
}

/** Counts the images of a study that a page took along and the next page names as lost. */
async function lostOf(database: LocalDatabase, study: ChosenStudy): Promise<number> {
  await database.device.put({ name: 'choice/1', value: { account: 'a', studies: [study] } });
  const kept = await new Promise<KeptChoices>((resolve) => watchChoices(database, resolve));
  return study.instances - Math.max(0, kept.queued.get(study.mark)! - study.sent);
}

test('it is not also a file of the page that was not sent', async () => {
  const { store, database } = await sentWithoutKarl();
  const [row] = await database.studies.toArray();
  const { track } = countStudy(row!);
  await store.addFiles(MIXED_UP);
  const queued = [queuedStudy({ id: row!.id, track, instances: 4 })];
  const { notSent } = outcomesOf(store.sentFromHere.value, queued, pageOf(store));
  assert.equal([notSent.leftOut.length, notSent.left], [1, []]);
  store.clear();
  assert.is(store.sentFromHere.value.leftBehind.size, 0);
});

test('it is not lost with a later page on which the study was chosen again, as a new image is', async () => {
  for (const [files, lost] of [
    [MIXED_UP, 0],
    [[...MIXED_UP, ofPatient(LENA)[4]!], 1],
  ] as const) {
    const device = await sentWithoutKarl();
    const { store } = await openIngest({ chosen: DEIDENTIFIED, device });
    await store.addFiles([...files]);
    const before = unsentStudies(store);
    assert.ok(await untilRead(() => store.studies.value.some(({ leftOut }) => leftOut.length > 0)));
    for (const [study] of [before, unsentStudies(store)])
      assert.is(await lostOf(device.database, study!), lost);
  }
});

test('it is counted once too while a person decides about it again on a later page', async () => {
  const device = await sentWithoutKarl();
  const [row] = await device.database.studies.toArray();
  const { store } = await openIngest({ chosen: DEIDENTIFIED, device });
  await store.addFiles(MIXED_UP);
  assert.ok(await untilRead(() => store.studies.value.some(({ leftOut }) => leftOut.length > 0)));
  await store.askPatientsAgain(store.studies.value[0]!.studyInstanceUID);
  const { track } = countStudy({ ...row!, state: 'done' });
  const queued = [queuedStudy({ id: row!.id, state: 'done', track, instances: 4 })];
  const { notSent } = outcomesOf(store.sentFromHere.value, queued, pageOf(store));
  const files = notSent.left.map((each) => each.files);
  assert.equal(
    [notSent.leftOut.length, files],
    [1, [LENAS.length]],
    'Lena’s, which were sent from another page',
  );
  assert.is(await lostOf(device.database, unsentStudies(store)[0]!), 0);
});

test('left out on the page alone, it is not counted in the queue, which has the others or all of them', async () => {
  for (const [sent, chosen, lost] of [
    [LENAS, MIXED_UP, 0],
    [MIXED_UP, [...MIXED_UP, ofPatient(LENA)[4]!], 1],
  ] as const) {
    const device = await openOwnDevice();
    const first = (await openIngest({ chosen: DEIDENTIFIED, device })).store;
    await first.addFiles([...sent]);
    for (const [uid, { parts }] of first.mixed.value)
      await first.settlePatients(
        uid,
        parts.flatMap(({ keys }) => keys),
      );
    await first.send();
    const { store } = await openIngest({ chosen: DEIDENTIFIED, device });
    await store.addFiles([...chosen]);
    const isNew = () =>
      [...store.mixed.value.values()].some(({ parts }) => parts.some(({ files }) => files[0]!.isNew));
    assert.ok(await untilRead(() => isNew() === (lost === 0)));
    await leaveOutKarl(store);
    const [study] = unsentStudies(store);
    assert.is(study!.instances, chosen.length - 1);
    assert.is(await lostOf(device.database, study!), lost);
  }
});

/** An image that shows a name was held, and a person left it out once the other was in the PACS. */
async function sentWithoutHeld(files: readonly File[]) {
  const device = await openOwnDevice();
  const { database } = device;
  const { store } = await openIngest({ chosen: DEIDENTIFIED, device });
  await store.addFiles(files);
  await store.send();
  const [row] = await database.studies.toArray();
  await leaveOutHeld(database, row!.id, 'burned-in-annotation');
  return { device, id: row!.id };
}

test('held, and left out after Send, it counts with its study alone on a later page too', async () => {
  const shape = { seed: 74, series: 1, instancesPerSeries: 3, rows: 16, columns: 16, burnedInSeries: 1 };
  const plain = syntheticStudy({ ...shape, burnedInSeries: 0 });
  const files = [...filesOf(plain).slice(0, 2), filesOf(syntheticStudy(shape))[2]!];
  const { device, id } = await sentWithoutHeld(files);
  const { store } = await openIngest({ chosen: DEIDENTIFIED, device });
  await store.addFiles(files);
  assert.ok(
    await untilRead(() => [...store.leftOut.value.values()].some(({ instances }) => instances === 1)),
  );
  assert.equal(pageOf(store).studies[0]?.instances, 2);
  const [study] = unsentStudies(store);
  assert.is(await lostOf(device.database, study!), 0, id);
  const [found] = store.studies.value;
  const ordinals = store.inspection
    .seriesOf(plain.studyInstanceUID)
    .flatMap((series) => series.files.map(({ ordinal }) => ordinal));
  const compared = (count: number) => {
    const places = new Set(ordinals.slice(0, count));
    found!.inPacs.value = { places, policy: store.policy.value, released: store.released.value };
  };
  compared(1);
  assert.is(pageOf(store).studies[0]?.instances, 1, 'a file that the PACS has is no file that was not sent');
  assert.is(await lostOf(device.database, unsentStudies(store)[0]!), 0);
  compared(2);
  assert.equal(pageOf(store).studies, []);
  const held = (page: Store) =>
    page.inspection.seriesOf(plain.studyInstanceUID).flatMap(({ files: all }) => all.slice(2));
  store.release(held(store), [{ frames: null, x: 2, y: 2, width: 4, height: 4 }]);
  assert.equal([store.released.value.size, pageOf(store).studies[0]?.instances], [1, 2], 'decided again');
  // Left out on the page, before Send: nobody else counts it.
  const first = (await openIngest({ chosen: DEIDENTIFIED, device: await openOwnDevice() })).store;
  await first.addFiles(files);
  await first.leaveOut(held(first), true);
  assert.is(first.leftOut.value.get(plain.studyInstanceUID)?.instances, 1);
  assert.equal(pageOf(first).studies[0]?.instances, 3);
});

test.run();
