/** Reads one instance and answers. Glue only; the work is in read-held.ts. */
import { loadCodecs } from '#shared/pixels/load-codecs.browser.ts';
import type { FromHeldWorker, ToHeldWorker } from './held-reader.ts';
import { readHeld } from './read-held.ts';

globalThis.addEventListener('message', ({ data }: MessageEvent<ToHeldWorker>) => {
  readHeld(data, loadCodecs()).then((held): FromHeldWorker => held, (): FromHeldWorker => null).then((answer) => globalThis.postMessage(answer));
});
