/** Reads one instance and answers. Glue only; the work is in read-stored.ts. */
import { loadCodecs } from '#shared/pixels/load-codecs.browser.ts';
import type { FromStoredWorker, ToStoredWorker } from './stored-reader.ts';
import { readStored } from './read-stored.ts';

globalThis.addEventListener('message', ({ data }: MessageEvent<ToStoredWorker>) => {
  void readStored(data, loadCodecs())
    .then(
      (stored): FromStoredWorker => stored,
      (): FromStoredWorker => null,
    )
    .then((answer) => globalThis.postMessage(answer));
});
