/**
 * Reads an instance outside the page's thread, in a worker of its own, which is terminated at the end or by the signal.
 */
import type { Stored } from './read-stored.ts';

/** The bytes of a Part 10 file. */
export type ToStoredWorker = Uint8Array<ArrayBuffer>;
/** Null: the reader itself failed. */
export type FromStoredWorker = Stored | null;

/**
 * Throws the signal's reason, or Error if the worker died or its reader failed. The bytes are transferred and
 * unusable afterwards.
 */
export type StoredReader = (bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal) => Promise<Stored>;

export function readInWorker(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<Stored> {
  const worker = new Worker(new URL('./stored.worker.ts', import.meta.url), { type: 'module' });
  const read = new Promise<Stored>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    worker.onmessage = ({ data }: MessageEvent<FromStoredWorker>) =>
      data === null ? reject(new Error('the reader failed')) : resolve(data);
    worker.onerror = () => reject(new Error('the worker died'));
    worker.postMessage(bytes satisfies ToStoredWorker, [bytes.buffer]);
  });
  return read.finally(() => worker.terminate());
}
