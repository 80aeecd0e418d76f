/** Reads an instance beside the page's thread: a worker for each, ended with it or with the signal. */
import type { Held } from './read-held.ts';

/** The bytes of a Part 10 file. */
export type ToHeldWorker = Uint8Array<ArrayBuffer>;
/** Null: the reader itself failed. */
export type FromHeldWorker = Held | null;

/** Throws the signal's reason, or Error where the worker died or its reader failed. The bytes are gone afterwards: they are handed over. */
export type HeldReader = (bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal) => Promise<Held>;

export function readInWorker(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<Held> {
  const worker = new Worker(new URL('./held.worker.ts', import.meta.url), { type: 'module' });
  const read = new Promise<Held>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    worker.onmessage = ({ data }: MessageEvent<FromHeldWorker>) => (data === null ? reject(new Error('the reader failed')) : resolve(data));
    worker.onerror = () => reject(new Error('the worker died'));
    worker.postMessage(bytes satisfies ToHeldWorker, [bytes.buffer]);
  });
  return read.finally(() => worker.terminate());
}
