/** Holds one image and draws its frames. Glue only; the work is in read-image.ts. */
import { loadCodecs } from '#shared/pixels/load-codecs.browser.ts';
import type { FromImageWorker, ToImageWorker } from './open-image.ts';
import { openImage, type OpenedImage } from './read-image.ts';

let opened: Promise<OpenedImage | null> = Promise.resolve(null);

async function answerTo(asked: ToImageWorker): Promise<FromImageWorker> {
  if ('bytes' in asked) {
    opened = openImage(asked.bytes, loadCodecs());
    return { id: asked.id, head: (await opened)?.head ?? null };
  }
  return { id: asked.id, drawn: (await (await opened)?.draw(asked.frame, asked.window)) ?? null };
}

globalThis.addEventListener('message', ({ data }: MessageEvent<ToImageWorker>) => {
  void answerTo(data)
    .catch((): FromImageWorker => ({ id: data.id, failed: true }))
    .then((answer) => {
      const pixels = 'drawn' in answer && answer.drawn ? [answer.drawn.rgba.buffer] : [];
      globalThis.postMessage(answer, { transfer: pixels });
    });
});
