/**
 * The images of a case as the PACS lists them, and the stage that shows one of them, for as long as the review is open.
 */
import { useComputed } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { isEnded } from '#shared/protocol/review-state.ts';
import { problemOf, type ApiClient } from '../../net/api-client.ts';
import { useApi } from '../../net/net-context.ts';
import { createMarksStore } from '../image/marks.store.ts';
import { openInWorker } from '../image/open-image.ts';
import { createStage, type Stage } from '../image/stage.ts';
import { createViewerStore, type Rendered } from '../image/viewer.store.ts';
import type { ReviewStore } from './review.store.ts';
import { listPath, readPictures, type ReadPictures } from '../image/study-pictures.ts';

export type Images =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly retry: () => void }
  /** `other`: the PACS has objects of the case, but no image that can be shown here. */
  | { readonly kind: 'none' | 'other' }
  | { readonly kind: 'shown'; readonly stage: Stage; readonly isCut: boolean };

/** The marks on the images, and the state that decides whether they may be changed. */
export type Marking = Pick<ReviewStore, 'review' | 'own' | 'unsent' | 'marks' | 'annotate' | 'nextNumber'>;

export function useImages(studies: readonly string[] | undefined, store: Marking): Images {
  const api = useApi();
  const [images, setImages] = useState<Images>({ kind: 'loading' });
  const [tries, setTries] = useState(0);
  // Marks cannot be changed until the person has decided about marks that the gateway refused.
  const mayEdit = useComputed(() => {
    const review = store.review.value;
    const own = store.own.value;
    const isRefused = store.unsent.value.some(({ trouble }) => trouble !== null);
    return review !== null && !isEnded(review.state) && own !== null && own.state !== 'signed' && !isRefused;
  });
  useEffect(() => {
    if (studies === undefined) return undefined;
    const closed = new AbortController();
    let stage: Stage | null = null;
    const ask = async () => {
      setImages({ kind: 'loading' });
      const { pictures, isCut, isThere } = await listImages(api, studies, closed.signal);
      if (closed.signal.aborted) return;
      if (pictures.length === 0) return setImages({ kind: isThere ? 'other' : 'none' });
      const viewer = createViewerStore({ api, pictures, open: openInWorker, decode });
      const keep = (marks: Parameters<ReviewStore['annotate']>[0]) => void store.annotate(marks);
      const newId = () => crypto.randomUUID();
      const { marks: kept, nextNumber } = store;
      stage = createStage(viewer, createMarksStore({ kept, nextNumber, mayEdit, keep, newId }));
      setImages({ kind: 'shown', stage, isCut });
    };
    ask().catch(
      () =>
        !closed.signal.aborted && setImages({ kind: 'failed', retry: () => setTries((count) => count + 1) }),
    );
    return () => {
      closed.abort();
      stage?.close();
    };
  }, [studies?.join(), tries]);
  return images;
}

async function listImages(
  api: Pick<ApiClient, 'send'>,
  studies: readonly string[],
  signal: AbortSignal,
): Promise<ReadPictures> {
  const lists = await Promise.all(
    studies.map(async (study) => {
      const headers = { accept: 'application/dicom+json' };
      const response = await api.send(listPath(study), { headers, signal });
      if (!response.ok) throw await problemOf(response);
      return readPictures(study, response.status === 204 ? [] : await response.json());
    }),
  );
  return {
    pictures: lists.flatMap(({ pictures }) => pictures),
    isCut: lists.some(({ isCut }) => isCut),
    isThere: lists.some(({ isThere }) => isThere),
  };
}

async function decode(blob: Blob): Promise<Rendered> {
  const source = await createImageBitmap(blob);
  return { source, columns: source.width, rows: source.height, close: () => source.close() };
}
