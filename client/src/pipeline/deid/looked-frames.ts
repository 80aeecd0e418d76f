/**
 * The frames of each instance that were on the screen at full size, each with the boxes that lay over it. An instance
 * was looked at once all its frames were. A name can be unreadable in the small picture next to the list, and a frame
 * under boxes does not show what is below them.
 */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { boxesOn, formatBox, type Box } from '#shared/dicom/boxes.ts';
import type { FoundFile } from '../ingest/found/group-studies.ts';

/** By the position of the instance (`ordinal`); frames are counted from 0. */
export type LookedFrames = ReadonlyMap<number, ReadonlySet<number>>;

type Film = Pick<FoundFile, 'ordinal' | 'frames'>;

export interface Looked {
  /** The frames that were seen with nothing drawn over them. */
  readonly looked: ReadonlySignal<LookedFrames>;
  /**
   * The frames that were seen with these boxes over them. A look under other boxes, or at the bare picture, does not
   * count, because it does not show that these boxes cover what was seen.
   */
  lookedUnder<F extends Film>(films: readonly F[], boxesOf: (film: F) => readonly Box[]): LookedFrames;
  /** `frame`: counted from 0. `boxes`: the boxes drawn over the film. */
  markLooked(found: Film, frame: number, boxes: readonly Box[]): void;
  /** The positions of instances of which any picture, even a small one, was drawn. */
  readonly drawn: ReadonlySignal<ReadonlySet<number>>;
  markDrawn(found: Film): void;
}

/** The key is the boxes over the frame, as text. */
type Looks = ReadonlyMap<string, LookedFrames>;
const UNCOVERED = '';
const NO_FRAMES: LookedFrames = new Map();

const lyingOver = (boxes: readonly Box[], frame: number): string =>
  boxesOn(boxes, frame)
    .map((box) => formatBox({ ...box, frames: null }))
    .join('\n');

function framesUnder(looks: Looks, { ordinal }: Film, boxes: readonly Box[]): ReadonlySet<number> {
  const seen = new Set<number>();
  for (const [over, looked] of looks)
    for (const frame of looked.get(ordinal) ?? []) if (over === lyingOver(boxes, frame)) seen.add(frame);
  return seen;
}

/** An empty record of frames for one screen. */
export function createLooked(): Looked {
  const looks = signal<Looks>(new Map());
  const drawn = signal<ReadonlySet<number>>(new Set());
  return {
    looked: computed(() => looks.value.get(UNCOVERED) ?? NO_FRAMES),
    lookedUnder: (films, boxesOf) =>
      new Map(films.map((film) => [film.ordinal, framesUnder(looks.value, film, boxesOf(film))])),
    drawn,
    markDrawn({ ordinal }) {
      if (!drawn.peek().has(ordinal)) drawn.value = new Set(drawn.peek()).add(ordinal);
    },
    markLooked(found, frame, boxes) {
      const over = lyingOver(boxes, frame);
      const before = looks.peek().get(over) ?? NO_FRAMES;
      const after = withFrame(before, found, frame);
      if (after !== before) looks.value = new Map(looks.peek()).set(over, after);
    },
  };
}

/** An instance without frames counts as one picture. */
export const framesOf = ({ frames }: Pick<Film, 'frames'>): number => Math.max(1, frames);

/** The frame at which a film opens, because its first frame is often empty. Counted from 0. */
export const middleFrame = ({ frames }: Pick<Film, 'frames'>): number => Math.floor(frames / 2);

export const framesShown = (looked: LookedFrames, { ordinal }: Film): number =>
  looked.get(ordinal)?.size ?? 0;

export const isShown = (looked: LookedFrames, { ordinal }: Film, frame: number): boolean =>
  looked.get(ordinal)?.has(frame) ?? false;

export const areAllShown = (looked: LookedFrames, film: Film): boolean =>
  framesShown(looked, film) >= framesOf(film);

/** Returns the same map if there is nothing to add. */
export function withFrame(looked: LookedFrames, film: Film, frame: number): LookedFrames {
  if (isShown(looked, film, frame) || frame < 0 || frame >= framesOf(film)) return looked;
  return new Map(looked).set(film.ordinal, new Set(looked.get(film.ordinal)).add(frame));
}

/** Counts the frames of several films together, and how many of them were shown. */
export function countShown(looked: LookedFrames, films: readonly Film[]): { shown: number; frames: number } {
  return {
    shown: films.reduce((sum, film) => sum + framesShown(looked, film), 0),
    frames: films.reduce((sum, film) => sum + framesOf(film), 0),
  };
}
