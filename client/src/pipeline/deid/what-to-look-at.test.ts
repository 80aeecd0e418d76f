/** Nobody can state that nothing in a film names a person before every frame of it was on the screen. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Box } from '#shared/dicom/boxes.ts';
import { burnedInFile } from '#testing/burned-in-file.ts';
import { DEIDENTIFIED, openIngest } from '../../testing/open-ingest.ts';
import { reasonsUnder } from '../ingest/found/held-back.ts';
import { createComparisonStore } from './comparison.store.ts';
import { deidWords } from './deid-words.ts';
import { countShown } from './looked-frames.ts';
import { coveredWith, hasPicture, seenOf, statementFor } from './what-to-look-at.ts';

const FRAMES = 40;

async function open(frames: readonly number[] = [FRAMES, 1]) {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  const films = frames.map((each, at) => {
    const size = { rows: 8, columns: 160, frames: each } as const;
    const film = { seed: 4021, number: at + 1, ...size, coding: 'native' } as const;
    return new File([burnedInFile(film) as Uint8Array<ArrayBuffer>], `${at}.dcm`);
  });
  await device.store.addFiles(films);
  const { studyInstanceUID } = device.store.studies.value[0]!;
  const store = createComparisonStore(device.store, studyInstanceUID);
  const files = store.series.value[0]!.files;
  return { ingest: device.store, store, files, film: files[0]!, still: files[1]! };
}

test('a film was seen once each of its frames was, in any order; a single picture at once', async () => {
  const { store, files, film, still } = await open();
  const seen = () => seenOf(store, DEIDENTIFIED, files);
  assert.equal(seen(), []);
  assert.not(hasPicture(store, DEIDENTIFIED, film), 'nothing of it was drawn');
  store.markDrawn(film);
  store.markDrawn(still);
  assert.equal(seen(), [], 'a small picture alone shows no name');
  store.markLooked(still, 0, []);
  assert.equal(seen(), [still]);
  for (let frame = FRAMES - 1; frame > 0; frame -= 1) store.markLooked(film, frame, []);
  assert.equal([seen(), hasPicture(store, DEIDENTIFIED, film)], [[still], true]);
  assert.equal(countShown(store.looked.value, [film]), { shown: FRAMES - 1, frames: FRAMES });
  store.markLooked(film, 0, []);
  assert.equal(seen(), [film, still]);
  store.close();
});

test('a frame counts once, and a frame that the film does not have counts for nothing', async () => {
  const { store, film } = await open();
  for (let turn = 0; turn < 2 * FRAMES; turn += 1) store.markLooked(film, 3, []);
  store.markLooked(film, FRAMES, []);
  store.markLooked(film, -1, []);
  assert.equal([...store.looked.value.get(film.ordinal)!], [3]);
  store.close();
});

test('a picture seen only under boxes cannot be released without them; frames on which none lies can', async () => {
  const { store, files, film, still } = await open();
  const box = { x: 0, y: 0, width: 8, height: 8 };
  store.markLooked(still, 0, [{ ...box, frames: null }]);
  for (let frame = 0; frame < FRAMES; frame += 1) store.markLooked(film, frame, [{ ...box, frames: [2, 2] }]);
  assert.equal(seenOf(store, DEIDENTIFIED, files), []);
  store.markLooked(film, 1, []);
  assert.equal(seenOf(store, DEIDENTIFIED, files), [film], 'its other frames were in sight as they are');
  store.close();
});

test('boxes for all are for those that wait for a decision, and for the one on which they are drawn', async () => {
  const { ingest, store } = await open([1, 1, 1, 1]);
  const filesNow = () => store.series.value[0]!.files;
  for (const file of filesNow()) store.markDrawn(file);
  await ingest.leaveOut([filesNow()[1]!], true);
  const release = (places: readonly number[], boxes?: readonly Box[]) => {
    const files = places.map((at) => filesNow()[at]!);
    for (const file of files) store.markLooked(file, 0, []);
    ingest.release(seenOf(store, DEIDENTIFIED, files), boxes);
  };
  release([2]);
  const covered = (at: number) =>
    coveredWith(filesNow()[at]!, filesNow(), store, ingest).map((file) => filesNow().indexOf(file));
  assert.equal(covered(0), [0, 3]);
  assert.equal(covered(2), [0, 2, 3], 'its own boxes are changed');
  const box = { x: 0, y: 0, width: 8, height: 8, frames: null };
  release([0, 2, 3], [box]);
  assert.equal(
    [covered(0), covered(3)],
    [
      [0, 2, 3],
      [0, 2, 3],
    ],
    'boxes given to all are changed for all',
  );
  release([3], [box, box]);
  assert.equal([covered(0), covered(3)], [[0, 2], [3]], 'another decision stays');
  store.close();
});

test('the button says how many pictures are left to look at', () => {
  const { openAll } = deidWords.held;
  assert.equal(
    [openAll(1, 1), openAll(2, 2), openAll(4, 4), openAll(2, 4), openAll(1, 4)],
    [
      'Open the picture',
      'Look at both pictures',
      'Look at all 4 pictures',
      'Look at the other 2 pictures',
      'Look at the last picture',
    ],
  );
});

test('under a policy that asks for no picture nothing has to be shown', async () => {
  const { store, files } = await open();
  const names = { ...DEIDENTIFIED, deidentify: false };
  assert.equal(seenOf(store, names, files), files);
  store.close();
});

test('the statement names the frames, with the texts where there are some', async () => {
  const { store, film, still } = await open();
  const reasons = reasonsUnder(DEIDENTIFIED, film);
  const naming = [{ path: '0008,103e', text: 'Doe' }] as unknown as typeof film.naming;
  assert.match(statementFor(reasons, film), /all 40 frames/);
  assert.match(statementFor(reasons, { ...film, naming }), /texts and looked at all 40 frames/);
  assert.match(statementFor(reasons, still), /this picture/);
  store.close();
});

test.run();
