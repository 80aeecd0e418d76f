/** The small picture of a series: drawn from any coding that is read here, or the reason why it is not. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { CODED, CODED_COLUMNS, CODED_ROWS } from '#testing/coded-pictures.ts';
import { untilRead } from '../../../testing/open-api.ts';
import { openIngest } from '../../../testing/open-ingest.ts';
import { chosenWords } from './chosen-words.ts';
import type { NoPicture, Task } from '../workers/device-tasks.ts';
import { TaskFault } from '../workers/worker-pool.ts';

const test = suite('the small picture of a series');

const DAMAGED = CODED.jpeg2000.slice(0, CODED.jpeg2000.length / 3);
const JPEG_2000 = '1.2.840.10008.1.2.4.90';
const MPEG_4 = '1.2.840.10008.1.2.4.102';
const film = (codestream: Uint8Array, more: { syntax?: string; rows?: number; columns?: number } = {}) => {
  const { syntax = JPEG_2000, rows = CODED_ROWS, columns = CODED_COLUMNS } = more;
  return builtFile([], {
    syntax,
    image: { rows, columns, bitsAllocated: 8, bitsStored: 8, pixels: [codestream] },
  });
};
const FILM = film(CODED.jpeg2000);

const failing = (error: Error) => (): never => {
  throw error;
};
const GONE = Object.defineProperty({ kind: 'file' }, 'file', {
  get: failing(new DOMException('', 'NotFoundError')),
});

/** `before`: at the task that draws it. */
async function pictureOf(bytes: Uint8Array<ArrayBuffer>, before?: (task: Task) => unknown) {
  const { store, hooks } = await openIngest();
  hooks.beforeTask = async (task) => {
    if (task.kind === 'thumbnail') before?.(task);
  };
  await store.addFiles([new File([bytes], 'film.dcm')]);
  const [series] = store.studies.value[0]!.series;
  store.showThumbnail(series!.seriesInstanceUID);
  assert.is(series!.thumbnail.value, 'making');
  assert.ok(await untilRead(() => series!.thumbnail.value !== 'making'));
  return series!.thumbnail.value;
}

test('is drawn from a film in JPEG 2000', async () => {
  const picture = await pictureOf(FILM);
  assert.ok(typeof picture === 'object');
  assert.ok(new Set(picture.rgba).size > 3, 'no black tile');
});

test('says in its place why it is not drawn, where the device knows', async () => {
  for (const [why, sentence, bytes, before] of [
    ['image-damaged', 'The image is damaged.', film(DAMAGED)],
    ['image-type-unsupported', 'Its format can’t be shown.', film(DAMAGED, { syntax: MPEG_4 })],
    ['image-too-large', 'The image is too large.', film(DAMAGED, { rows: 8_200, columns: 8_200 })],
    ['image-without-pixels', 'It contains no image.', builtFile([])],
    ['took-too-long', 'Drawing it took too long.', FILM, failing(new DOMException('', 'TimeoutError'))],
    ['file-unreadable', 'The file can’t be read.', FILM, (task) => Object.assign(task, { ref: GONE })],
    ['unknown', 'Picture can’t be shown here.', FILM, failing(new TaskFault('WorkerEnded'))],
  ] satisfies [NoPicture, string, Uint8Array<ArrayBuffer>, ((task: Task) => unknown)?][]) {
    assert.is(await pictureOf(bytes, before), why);
    assert.is(chosenWords.noPicture[why], sentence);
  }
});

test.run();
