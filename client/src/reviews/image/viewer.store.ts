/**
 * The visible image: which one, which of its frames, and in which window. While the next picture is read, the last one
 * stays and says which one it is.
 */
import {
  batch,
  computed,
  effect,
  signal,
  untracked,
  type ReadonlySignal,
  type Signal,
} from '@preact/signals';
import type { Spacing } from '#shared/pixels/frame-spacing.ts';
import type { ImageSize } from '../../kit/picture-view.ts';
import { problemOf, type ApiClient } from '../../net/api-client.ts';
import { framePath, type StudyPicture } from './study-pictures.ts';
import { createImageShelf, type Held, type ShelfTools } from './image-shelf.ts';
import type { PixelImage } from './open-image.ts';
import type { DrawnFrame, GreyWindow } from './read-image.ts';

/** `frame`: counted from 1. */
interface Place {
  readonly at: number;
  readonly frame: number;
}

/** A picture as the PACS rendered it. */
export interface Rendered extends ImageSize {
  readonly source: CanvasImageSource;
  close(): void;
}

export interface Shown extends Place {
  readonly extent: ImageSize;
  readonly mayHoldName: boolean;
  readonly content:
    | { readonly kind: 'pixels'; readonly drawn: DrawnFrame; readonly modality: string }
    /** The grey window of a rendered image cannot be changed. */
    | { readonly kind: 'rendered'; readonly rendered: Rendered };
}

export interface ViewerStore {
  readonly pictures: readonly StudyPicture[];
  readonly place: ReadonlySignal<Place>;
  /** The picture drawn last; null before the first. */
  readonly shown: ReadonlySignal<Shown | null>;
  readonly phase: ReadonlySignal<'reading' | 'ready' | 'failed'>;
  /** The number of frames of the visible image; 1 until it is known. */
  readonly frames: ReadonlySignal<number>;
  /** The window set by the person; null: the header's window. */
  readonly window: Signal<GreyWindow | null>;
  /** Spacings of the frames that were shown, by `frameName`. */
  readonly spacings: ReadonlySignal<ReadonlyMap<string, Spacing | null>>;
  go(place: Place): void;
  /** Steps forward or back by this many frames or images. */
  step(by: number): void;
  retry(): void;
  close(): void;
}

interface ViewerTools extends ShelfTools {
  readonly api: Pick<ApiClient, 'send'>;
  /** Throws if the blob is not a picture. */
  readonly decode: (blob: Blob) => Promise<Rendered>;
}

export const frameName = (sopInstanceUID: string, frame: number): string => `${sopInstanceUID}#${frame}`;

const openState = () => ({
  place: signal<Place>({ at: 0, frame: 1 }),
  shown: signal<Shown | null>(null),
  phase: signal<'reading' | 'ready' | 'failed'>('reading'),
  window: signal<GreyWindow | null>(null),
  spacings: signal<ReadonlyMap<string, Spacing | null>>(new Map()),
  tries: signal(0),
});
type State = ReturnType<typeof openState>;

export function createViewerStore(tools: ViewerTools): ViewerStore {
  const { pictures } = tools;
  const state = openState();
  const shelf = createImageShelf(tools);
  const at = computed(() => state.place.value.at);
  const held = computed(() => {
    void state.tries.value;
    const wanted = at.value;
    return untracked(() => shelf.take(wanted));
  });
  const frames = computed(() => {
    const of = held.value.value;
    return of.kind === 'pixels' ? of.image.head.frames : (pictures[at.value]?.frames ?? 1);
  });
  const stop = effect(() => {
    const wanted = { ...state.place.value, window: state.window.value };
    const of = held.value.value;
    return untracked(() => follow(tools, state, { of, wanted }));
  });
  const go = ({ at, frame }: Place) => {
    if (at < 0 || at >= pictures.length) return;
    state.place.value = { at, frame: Math.max(1, frame) };
  };
  return {
    pictures,
    ...{ place: state.place, shown: state.shown, phase: state.phase, window: state.window },
    ...{ frames, spacings: state.spacings, go },
    step(by) {
      const { at, frame } = state.place.peek();
      const next = frame + by;
      if (next >= 1 && next <= frames.peek()) return go({ at, frame: next });
      // Stepping back goes to the last frame of the previous image, if its number of frames is known.
      go(by > 0 ? { at: at + 1, frame: 1 } : { at: at - 1, frame: pictures[at - 1]?.frames ?? 1 });
    },
    retry() {
      shelf.retry(state.place.peek().at);
      state.tries.value += 1;
    },
    close() {
      stop();
      shelf.close();
      const content = state.shown.peek()?.content;
      if (content?.kind === 'rendered') content.rendered.close();
    },
  };
}

type Following = { readonly of: Held; readonly wanted: Asked };

/** Shows the requested place once it is drawn. Returns a function that cancels this. */
function follow(tools: ViewerTools, state: State, { of, wanted }: Following): (() => void) | undefined {
  const place = state.place.peek();
  switch (of.kind) {
    case 'reading':
      state.phase.value = 'reading';
      return undefined;
    case 'failed':
      state.phase.value = 'failed';
      return undefined;
    case 'pixels':
      drawNewest(of.image, wanted, (drawn) => {
        // The drag may have changed the window meanwhile; this picture is shown all the same.
        if (state.place.peek() !== place) return;
        if (drawn === null) void showRendered(tools, state, { place, ended: new AbortController().signal });
        else show(tools, state, place, { head: of.image.head, drawn });
      });
      return undefined;
    case 'rendered': {
      const shown = state.shown.peek();
      if (shown?.at === place.at && shown.frame === place.frame) return undefined;
      state.phase.value = 'reading';
      const ended = new AbortController();
      void showRendered(tools, state, { place, ended: ended.signal });
      return () => ended.abort();
    }
    default:
      return of satisfies never;
  }
}

type Asked = Place & { readonly window: GreyWindow | null };
type Give = (drawn: DrawnFrame | null) => void;
/** For each image, the drawing in progress and the newest request after it. */
const drawing = new WeakMap<PixelImage, { next: (() => void) | null }>();

/** A slider must not build up a queue: while one request is drawn, only the newest one is kept. */
function drawNewest(image: PixelImage, asked: Asked, give: Give): void {
  const run = () => {
    const turn: { next: (() => void) | null } = { next: null };
    drawing.set(image, turn);
    void image
      .draw(asked.frame, asked.window)
      .catch(() => null)
      .then((drawn) => {
        drawing.delete(image);
        give(drawn);
        turn.next?.();
      });
  };
  const turn = drawing.get(image);
  if (turn) turn.next = run;
  else run();
}

type Drawn = Pick<PixelImage, 'head'> & { readonly drawn: DrawnFrame };

function show({ pictures }: ViewerTools, state: State, place: Place, { head, drawn }: Drawn): void {
  const { columns, rows, modality, mayHoldName } = head;
  const name = frameName(pictures[place.at]!.sopInstanceUID, place.frame);
  batch(() => {
    replaceShown(state, {
      ...place,
      extent: { columns, rows },
      mayHoldName,
      content: { kind: 'pixels', drawn, modality },
    });
    if (!state.spacings.peek().has(name))
      state.spacings.value = new Map(state.spacings.peek()).set(name, drawn.spacing);
    state.phase.value = 'ready';
  });
}

type RenderedAsk = { readonly place: Place; readonly ended: AbortSignal };

async function showRendered(tools: ViewerTools, state: State, { place, ended }: RenderedAsk): Promise<void> {
  const picture = tools.pictures[place.at]!;
  try {
    const headers = { accept: 'image/png, image/jpeg' };
    const response = await tools.api.send(framePath(picture, place.frame), { headers, signal: ended });
    if (!response.ok) throw await problemOf(response);
    const rendered = await tools.decode(await response.blob());
    if (ended.aborted || state.place.peek() !== place) return rendered.close();
    const { columns, rows } = picture;
    const extent = columns !== null && rows !== null ? { columns, rows } : rendered;
    batch(() => {
      // The header of a rendered image has not been read here, so a name is possible.
      const mayHoldName = true;
      replaceShown(state, { ...place, extent, mayHoldName, content: { kind: 'rendered', rendered } });
      state.phase.value = 'ready';
    });
  } catch {
    if (!ended.aborted && state.place.peek() === place) state.phase.value = 'failed';
  }
}

function replaceShown({ shown }: State, next: Shown): void {
  const before = shown.peek()?.content;
  if (before?.kind === 'rendered') before.rendered.close();
  shown.value = next;
}
