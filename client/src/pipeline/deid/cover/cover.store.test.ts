/** The editor's memory: it follows frame and image, covers every file once before anybody decides, and can be ended. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Box } from '#shared/dicom/boxes.ts';
import { burnedInFile, NAME_PLACE, type BurnedIn } from '#testing/burned-in-file.ts';
import type { Task } from '../../ingest/workers/device-tasks.ts';
import { DEIDENTIFIED, openIngest, foundOf } from '../../../testing/open-ingest.ts';
import { areAllShown, createLooked } from '../looked-frames.ts';
import { createCoverStore, isWholeCovered, showsAll, type CoverStore } from './cover.store.ts';
import { add, clear, undo } from './edit-boxes.ts';

const FILM: BurnedIn = { seed: 881, number: 1, rows: 40, columns: 160, frames: 3, coding: 'rle' };
const BOX: Box = { ...NAME_PLACE, frames: null };

async function open(...films: Partial<BurnedIn>[]) {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  const files = films.map((film, at) => {
    const bytes = burnedInFile({ ...FILM, ...film, number: at + 1 });
    return new File([bytes as Uint8Array<ArrayBuffer>], `${at}.dcm`);
  });
  await device.store.addFiles(files);
  const { studyInstanceUID } = device.store.studies.value[0]!;
  const found = foundOf(device.store, studyInstanceUID);
  const seen = createLooked();
  const store = createCoverStore(device.store, {
    files: found,
    found: found[0]!,
    boxes: [],
    seen,
    isCalm: false,
  });
  await until(store, () => store.extent.value !== null);
  return { ...device, found, store, seen };
}

/** Resolves once this holds, whatever in the store changes it. */
function until(store: CoverStore, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stops: (() => void)[] = [];
    const look = () => {
      if (!holds()) return;
      queueMicrotask(() => {
        for (const stop of stops) stop();
      });
      resolve();
    };
    stops.push(store.shown.subscribe(look), store.phase.subscribe(look));
  });
}

const draw = (store: CoverStore) => {
  store.edit.value = add(store.edit.value, BOX);
};

test('the frame in the middle is shown first; another one, or another image, follows, and is known by its own size', async () => {
  const { store } = await open({}, { rows: 50, frames: 2 });
  assert.equal(store.extent.value, { rows: 40, columns: 160, frames: 3 });
  assert.is(store.shown.value!.frame, 1);
  store.frame.value = 2;
  await until(store, () => store.shown.value?.frame === 2);
  store.show(1);
  assert.is(store.extent.value, null, 'not known before it is read');
  assert.is(store.frame.value, 1, 'the other has two frames');
  await until(store, () => store.extent.value !== null);
  assert.equal(store.extent.value, { rows: 50, columns: 160, frames: 2 });
  store.close();
});

test('of frames that a slider passes only the last one is read, after the one under way', async () => {
  const { store, hooks } = await open({});
  const read: (number | undefined)[] = [];
  hooks.beforeTask = async (task: Task) => {
    if (task.kind === 'thumbnail') read.push(task.frame);
  };
  for (const frame of [0, 1, 2, 1, 0, 2]) store.frame.value = frame;
  await until(store, () => store.shown.value?.frame === 2);
  assert.equal(read, [0, 2]);
  store.close();
});

test('going back to the boxes stops the film that shows what will be sent', async () => {
  const { store } = await open({});
  draw(store);
  await store.tryBoxes();
  store.player.play();
  assert.is(store.player.isPlaying.value, true);
  store.drawOn();
  assert.equal([store.phase.value.kind, store.player.isPlaying.value], ['drawing', false]);
  store.close();
});

test('a narrower range makes the dark parts bright, and a picture says under which one it was drawn', async () => {
  const { store } = await open({});
  const showsAllNow = () => showsAll(store.shown.value!.range);
  assert.ok(showsAllNow());
  const sum = () => store.shown.value!.picture.rgba.reduce((all, value) => all + value, 0);
  const before = sum();
  store.range.value = [0, 0.25];
  assert.ok(showsAllNow(), 'the picture in sight is the one before');
  await until(store, () => sum() !== before);
  assert.ok(sum() > before);
  assert.not(showsAllNow());
  store.range.value = [0, 1];
  await until(store, showsAllNow);
  store.close();
});

test('each file is covered once before the decision; those damaged or of another size are told apart', async () => {
  const { store, found } = await open({}, { isDamaged: true }, { rows: 50 }, { coding: 'native' });
  draw(store);
  store.isForAll.value = true;
  await store.tryBoxes();
  assert.equal(store.phase.value, {
    kind: 'tried',
    able: [found[0], found[3]],
    unable: 1,
    otherSize: 1,
  });
  assert.is(isWholeCovered(store.phase.value), false);
  store.drawOn();
  store.isForAll.value = false;
  await store.tryBoxes();
  assert.equal(store.phase.value, { kind: 'tried', able: [found[0]], unable: 0, otherSize: 0 });
  assert.is(isWholeCovered(store.phase.value), true);
  store.close();
});

test('the trial can be stopped, and what it found until then counts for nothing', async () => {
  const { store, hooks } = await open({}, {});
  draw(store);
  store.isForAll.value = true;
  let tasks = 0;
  hooks.afterTask = async () => {
    tasks += 1;
    store.drawOn();
  };
  await store.tryBoxes();
  assert.equal([store.phase.value.kind, tasks], ['drawing', 1]);
  store.close();
});

test('a look at covered pictures counts for these boxes alone: other boxes, or none, ask for another look', async () => {
  const { store, found, seen } = await open({ frames: 1 }, { frames: 1 });
  const areSeen = () => found.map((each) => areAllShown(store.looked.value, each));
  draw(store);
  for (const each of found) seen.markLooked(each, 0, store.edit.value.boxes);
  assert.equal(areSeen(), [true, true]);
  store.edit.value = clear(store.edit.value);
  assert.equal(areSeen(), [false, false], 'uncovered, neither was seen');
  seen.markLooked(found[0]!, 0, []);
  store.edit.value = add(store.edit.value, { ...BOX, height: BOX.height + 1 });
  assert.equal(areSeen(), [false, false], 'a name that was seen bare may lie beside the boxes');
  store.edit.value = undo(undo(store.edit.value));
  assert.equal(areSeen(), [true, true], 'the first boxes are back');
  store.close();
});

test.run();
