/**
 * Opens an image in its own worker. A hostile file that keeps its decoder busy then delays no other image, and ends
 * with the worker.
 */
import type { DrawnFrame, GreyWindow, ImageHead } from './read-image.ts';

export type ToImageWorker = { readonly id: number } & (
  | { readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly frame: number; readonly window: GreyWindow | null }
);
export type FromImageWorker = { readonly id: number } & (
  | { readonly head: ImageHead | null }
  | { readonly drawn: DrawnFrame | null }
  /** The decoder itself failed. */
  | { readonly failed: true }
);

export interface PixelImage {
  readonly head: ImageHead;
  /** Null where the frame cannot be drawn here. Rejects once the image is closed. */
  draw(frame: number, window: GreyWindow | null): Promise<DrawnFrame | null>;
  close(): void;
}

/** Null: the pixels cannot be decoded here. The bytes are transferred and unusable afterwards. */
export type OpenPixels = (bytes: Uint8Array<ArrayBuffer>, closed: AbortSignal) => Promise<PixelImage | null>;

type Waiting = { readonly give: (answer: FromImageWorker) => void; readonly fail: (error: Error) => void };

export const openInWorker: OpenPixels = async (bytes, closed) => {
  const worker = new Worker(new URL('./image.worker.ts', import.meta.url), { type: 'module' });
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  const end = (because: string) => {
    worker.terminate();
    for (const { fail } of waiting.values()) fail(new Error(because));
    waiting.clear();
  };
  const close = () => end('the image is closed');
  closed.addEventListener('abort', close, { once: true });
  worker.onerror = () => end('the worker died');
  worker.onmessage = ({ data }: MessageEvent<FromImageWorker>) => {
    waiting.get(data.id)?.give(data);
    waiting.delete(data.id);
  };
  const ask = (question: object, transfer: Transferable[]) =>
    new Promise<FromImageWorker>((give, fail) => {
      asked += 1;
      waiting.set(asked, { give, fail });
      worker.postMessage({ ...question, id: asked }, transfer);
    });
  const answer = await ask({ bytes }, [bytes.buffer]);
  const head = 'head' in answer ? answer.head : null;
  if (head === null) {
    close();
    return null;
  }
  return {
    head,
    async draw(frame, window) {
      const drawn = await ask({ frame, window }, []);
      return 'drawn' in drawn ? drawn.drawn : null;
    },
    close,
  };
};
