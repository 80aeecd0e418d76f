/**
 * The open images of a case: the visible one, the next one, which is prefetched, and the previous one. Their pixels are
 * decoded on the device; where that fails, the PACS renders them.
 */
import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { ApiProblem, problemOf, type ApiClient } from '../../net/api-client.ts';
import { instancePath, type StudyPicture } from './study-pictures.ts';
import type { OpenPixels, PixelImage } from './open-image.ts';

export type Held =
  | { readonly kind: 'reading' }
  | { readonly kind: 'pixels'; readonly image: PixelImage }
  /** Only the PACS can draw it. */
  | { readonly kind: 'rendered' }
  | { readonly kind: 'failed' };

interface ImageShelf {
  /** Opens this image, and then the next one. */
  take(at: number): ReadonlySignal<Held>;
  /** Fetches this image again. */
  retry(at: number): void;
  close(): void;
}

export interface ShelfTools {
  readonly api: Pick<ApiClient, 'send'>;
  readonly open: OpenPixels;
  readonly pictures: readonly StudyPicture[];
}

/** The visible image and its two neighbours. */
const KEPT = 3;
/** Larger instances are rendered by the PACS frame by frame, because a tablet could not hold them. */
const INSTANCE_BYTES_LIMIT = 192 * 1024 * 1024;

type Slot = { readonly held: Signal<Held>; readonly closed: AbortController };

export function createImageShelf(tools: ShelfTools): ImageShelf {
  const slots = new Map<number, Slot>();
  const drop = (at: number) => {
    slots.get(at)?.closed.abort();
    slots.delete(at);
  };
  const slotOf = (at: number): Slot => {
    const known = slots.get(at);
    if (known) {
      slots.delete(at);
      slots.set(at, known);
      return known;
    }
    const slot: Slot = { held: signal<Held>({ kind: 'reading' }), closed: new AbortController() };
    slots.set(at, slot);
    void fill(tools, at, slot);
    return slot;
  };
  // The image unused for longest is closed first.
  const shrink = () => [...slots.keys()].slice(0, -KEPT).forEach(drop);
  let wanted = -1;
  return {
    take(at) {
      wanted = at;
      const { held } = slotOf(at);
      shrink();
      const stop = held.subscribe(({ kind }) => {
        if (kind === 'reading' || kind === 'failed' || wanted !== at || at + 1 >= tools.pictures.length)
          return;
        queueMicrotask(() => {
          stop();
          if (wanted !== at) return;
          slotOf(at + 1);
          slotOf(at);
          shrink();
        });
      });
      return held;
    },
    retry: drop,
    close: () => [...slots.keys()].forEach(drop),
  };
}

async function fill({ api, open, pictures }: ShelfTools, at: number, { held, closed }: Slot): Promise<void> {
  const outcome = await read(api, open, pictures[at]!, closed.signal).catch((): Held => ({ kind: 'failed' }));
  if (!closed.signal.aborted) held.value = outcome;
}

async function read(
  api: ShelfTools['api'],
  open: OpenPixels,
  picture: StudyPicture,
  signal: AbortSignal,
): Promise<Held> {
  const headers = { accept: 'application/dicom; transfer-syntax=*' };
  const response = await api.send(instancePath(picture), { headers, signal });
  if (!response.ok) {
    const problem = await problemOf(response);
    // Some PACSs render an image although they do not return it as stored.
    if (problem instanceof ApiProblem && [406, 501, 502].includes(problem.status))
      return { kind: 'rendered' };
    throw problem;
  }
  const bytes = await readWithin(response, INSTANCE_BYTES_LIMIT);
  if (bytes === null) return { kind: 'rendered' };
  const image = await open(bytes, signal).catch(() => null);
  return image === null ? { kind: 'rendered' } : { kind: 'pixels', image };
}

/** Null where the body is longer than `limit`; the rest is not read. */
export async function readWithin(response: Response, limit: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Safari cannot iterate over a stream.
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length;
    chunks.push(part.value);
    if (size <= limit) continue;
    await ignoreFailure(reader.cancel(), 'it ends with the page at the latest');
    return null;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
