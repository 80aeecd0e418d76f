/** The script of a page that has nothing but a worker; `ask` gives it one address after the other. */
import type { PictureDigests } from './picture-digests.ts';

const worker = new Worker(new URL('./pixels.worker.ts', import.meta.url), { type: 'module' });

async function ask(address: string): Promise<PictureDigests> {
  const answer = new Promise<MessageEvent<PictureDigests>>((resolve) =>
    worker.addEventListener('message', resolve, { once: true }),
  );
  worker.postMessage(address);
  return (await answer).data;
}

Object.assign(globalThis, { ask });
