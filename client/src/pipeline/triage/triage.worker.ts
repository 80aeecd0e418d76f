/**
 * The worker of the models: takes one request after the other and answers. It only passes messages; the work is in
 * examine-instance.ts.
 */
import { loadCodecs } from '#shared/pixels/load-codecs.browser.ts';
import { createDeviceModels, PARTS, RUNTIME_NAME } from './device-models.ts';
import { createExaminer } from './examine-instance.ts';
import { createKeptParts } from './kept-parts.ts';
import type { FromModelWorker, ToModelWorker } from './model-worker.ts';

const parts = createKeptParts({ caches: globalThis.caches, fetch: (url, init) => fetch(url, init) });
const models = createDeviceModels(parts);
const examine = createExaminer({
  run: models.run,
  runtime: RUNTIME_NAME,
  codecs: loadCodecs(),
  now: () => performance.now(),
});

async function answer(message: ToModelWorker): Promise<FromModelWorker> {
  if (message.kind === 'examine') return { kind: 'examined', examined: await examine(message.ref) };
  await parts.keep(PARTS);
  return { kind: 'kept' };
}

globalThis.addEventListener('message', ({ data }: MessageEvent<ToModelWorker>) => {
  void answer(data)
    .catch(
      (error: unknown): FromModelWorker => ({
        kind: 'fault',
        name: error instanceof Error ? error.name : 'Error',
      }),
    )
    .then((said) => globalThis.postMessage(said));
});
