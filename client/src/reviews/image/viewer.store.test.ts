/** The viewer fetches one image ahead, keeps three, never queues, and falls back to what the PACS renders. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { giveTurns, json, openTestApi, refusal, untilRead, type Answering } from '../../testing/open-api.ts';
import { assertEach } from '../../testing/assert-each.ts';
import type { StudyPicture } from './study-pictures.ts';
import type { OpenPixels } from './open-image.ts';
import type { DrawnFrame, GreyWindow } from './read-image.ts';
import { readWithin } from './image-shelf.ts';
import { createViewerStore } from './viewer.store.ts';

const PICTURES = Array.from({ length: 8 }, (_, at): StudyPicture => {
  const uids = { studyInstanceUID: '1.2', seriesInstanceUID: '1.2.3', sopInstanceUID: `1.2.3.${at}` };
  return { ...uids, rows: 10, columns: 20, frames: at === 1 ? 3 : null };
});
const DRAWN: DrawnFrame = {
  ...{ width: 1, height: 1, rgba: new Uint8ClampedArray(4), values: [0, 9], spacing: null },
  window: { center: 5, width: 10 },
};
const bytes = () => new Response(new Uint8Array(8));
const isStored = (path: string) => !path.endsWith('/rendered');

/** A device whose decoders answer when the test lets them. */
function openViewer(answer: Answering = bytes, pixels = true) {
  const { api, asked } = openTestApi(answer);
  const asks: { frame: number; window: GreyWindow | null; give: (drawn: DrawnFrame | null) => void }[] = [];
  let open = 0;
  const openPixels: OpenPixels = async (_, closed) => {
    if (!pixels) return null;
    open += 1;
    closed.addEventListener('abort', () => (open -= 1));
    return {
      head: { columns: 20, rows: 10, frames: 3, modality: 'CT', mayHoldName: false },
      draw: (frame, window) => new Promise((give) => asks.push({ frame, window, give })),
      close: () => {},
    };
  };
  const decode = async () => ({ columns: 5, rows: 5, source: {} as CanvasImageSource, close: () => {} });
  const viewer = createViewerStore({ api, pictures: PICTURES, open: openPixels, decode });
  return { viewer, asked, asks, openImages: () => open };
}

test('the next image is fetched ahead, and no more than three are kept', async () => {
  const { viewer, asked, openImages } = openViewer();
  for (let at = 0; at < 5; at += 1) {
    viewer.go({ at, frame: 1 });
    assert.ok(await untilRead(() => asked.length === at + 2));
    await giveTurns();
    assert.ok(openImages() <= 3);
  }
  const fetched = asked.map(({ path }) => Number(path.split('.').at(-1)));
  assert.equal(fetched, [0, 1, 2, 3, 4, 5], 'each once');
  viewer.close();
  await giveTurns();
  assert.is(openImages(), 0);
});

test('a slider has no queue behind it: the newest window is drawn after the one under way', async () => {
  const { viewer, asks } = openViewer();
  assert.ok(await untilRead(() => asks.length === 1));
  for (const center of [1, 2, 3, 4]) viewer.window.value = { center, width: 10 };
  asks[0]!.give(DRAWN);
  assert.ok(await untilRead(() => asks.length === 2));
  asks[1]!.give(DRAWN);
  assert.ok(await untilRead(() => viewer.phase.value === 'ready'));
  await giveTurns();
  assertEach(asks, ({ window }) => window?.center, [undefined, 4]);
});

test('steps go through the frames and on to the next image, and back to the last frame of the one before', async () => {
  const { viewer, asks } = openViewer();
  assert.ok(await untilRead(() => asks.length === 1));
  const seen = [];
  for (const by of [1, 1, 1, 1, 1, 1, -1, -1, -1, -1]) {
    viewer.step(by);
    await giveTurns();
    seen.push(`${viewer.place.value.at}.${viewer.place.value.frame}`);
  }
  assert.equal(seen, ['0.2', '0.3', '1.1', '1.2', '1.3', '2.1', '1.3', '1.2', '1.1', '0.1']);
  viewer.step(-1);
  assert.equal(viewer.place.value, { at: 0, frame: 1 });
});

test('an image that cannot be read here comes as the PACS renders it, in the size that the PACS says', async () => {
  const { viewer, asked } = openViewer(bytes, false);
  assert.ok(await untilRead(() => viewer.phase.value === 'ready'));
  assert.is(viewer.shown.value?.content.kind, 'rendered');
  assert.equal(viewer.shown.value?.extent, { columns: 20, rows: 10 });
  assert.ok(asked.some(({ path }) => path.endsWith('/frames/1/rendered')));
});

test('a frame that cannot be drawn here is rendered, and a PACS that gives nothing can be asked again', async () => {
  const { viewer, asks } = openViewer(({ path }) =>
    isStored(path) ? bytes() : refusal(502, 'pacs-unreachable'),
  );
  assert.ok(await untilRead(() => asks.length === 1));
  asks[0]!.give(null);
  assert.ok(await untilRead(() => viewer.phase.value === 'failed'));
  viewer.retry();
  assert.ok(await untilRead(() => asks.length === 2));
  asks[1]!.give(DRAWN);
  assert.ok(await untilRead(() => viewer.phase.value === 'ready'));
});

test('an image that is refused says so, and longer ones than the device holds are not read to their end', async () => {
  const { viewer } = openViewer(() => refusal(404, 'not-found'));
  assert.ok(await untilRead(() => viewer.phase.value === 'failed'));
  assert.is(await readWithin(json({ long: 'x'.repeat(100) }), 50), null);
  assert.is((await readWithin(new Response(new Uint8Array(50)), 50))?.length, 50);
});

test.run();
