/**
 * The frames of each instance that were on the screen as large as it allows: an instance was looked at once that is all
 * of them. A name can be too small to be read in the small picture beside the list.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { FoundFile } from '../ingest/group-studies.ts';

/** By the place of the instance (`ordinal`); frames are counted from 0. */
export type LookedFrames = ReadonlyMap<number, ReadonlySet<number>>;

type Film = Pick<FoundFile, 'ordinal' | 'frames'>;

export interface Looked {
  readonly looked: ReadonlySignal<LookedFrames>;
  /** `frame`: counted from 0. */
  markLooked(found: Film, frame: number): void;
  /** The instances of which some picture, also a small one, was drawn; by their place. */
  readonly drawn: ReadonlySignal<ReadonlySet<number>>;
  markDrawn(found: Film): void;
}

/** Of one screen; nothing was shown on it yet. */
export function createLooked(): Looked {
  const looked = signal<LookedFrames>(new Map());
  const drawn = signal<ReadonlySet<number>>(new Set());
  return {
    looked,
    drawn,
    markDrawn({ ordinal }) {
      if (!drawn.peek().has(ordinal)) drawn.value = new Set(drawn.peek()).add(ordinal);
    },
    markLooked(found, frame) {
      looked.value = withFrame(looked.peek(), found, frame);
    },
  };
}

/** An instance without frames is one picture at most. */
export const framesOf = ({ frames }: Pick<Film, 'frames'>): number => Math.max(1, frames);

/** A film begins there: its first frame is often empty. Counted from 0. */
export const middleFrame = ({ frames }: Pick<Film, 'frames'>): number => Math.floor(frames / 2);

export const framesShown = (looked: LookedFrames, { ordinal }: Film): number =>
  looked.get(ordinal)?.size ?? 0;

export const isShown = (looked: LookedFrames, { ordinal }: Film, frame: number): boolean =>
  looked.get(ordinal)?.has(frame) ?? false;

export const areAllShown = (looked: LookedFrames, film: Film): boolean =>
  framesShown(looked, film) >= framesOf(film);

/** The same map where there is nothing to add. */
export function withFrame(looked: LookedFrames, film: Film, frame: number): LookedFrames {
  if (isShown(looked, film, frame) || frame < 0 || frame >= framesOf(film)) return looked;
  return new Map(looked).set(film.ordinal, new Set(looked.get(film.ordinal)).add(frame));
}

/** Of several films together. */
export function countShown(looked: LookedFrames, films: readonly Film[]): { shown: number; frames: number } {
  return {
    shown: films.reduce((sum, film) => sum + framesShown(looked, film), 0),
    frames: films.reduce((sum, film) => sum + framesOf(film), 0),
  };
}
