/**
 * Plays the frames of films one after the other, starting with those that were not on the screen yet. It waits until
 * each frame is loaded, however long that takes, and stops after the last one.
 */
import { effect, signal, type ReadonlySignal } from '@preact/signals';
import type { FoundFile } from '../ingest/found/group-studies.ts';
import type { FramePlace, ReadFrame } from '../ingest/found/follow-frame.ts';
import { framesOf, isShown, withFrame, type LookedFrames } from './looked-frames.ts';

/**
 * At this rate a film of hundreds of frames takes a minute, and a name that appears in only one frame can still be
 * noticed.
 */
const SHORTEST_MS = 150;
const LONGEST_MS = 1000;
/** A film of a few frames takes at least this long, so that it does not flash by. */
const WHOLE_FILM_MS = 6000;
/** A single picture resembles no previous one, so it is shown long enough to look into its corners. */
const STILL_MS = 2000;

interface Played {
  /** In the order in which they are shown. */
  files(): readonly FoundFile[];
  readonly place: ReadonlySignal<FramePlace>;
  show(place: FramePlace): void;
  readonly read: ReadonlySignal<ReadFrame | undefined>;
  readonly looked: ReadonlySignal<LookedFrames>;
  /** Whether a person asked for less motion: one frame a second. */
  readonly isCalm: boolean;
  /** Calls `then` once the time is over; the returned function cancels the wait. */
  wait(ms: number, then: () => void): () => void;
}

export interface FramePlayer {
  readonly isPlaying: ReadonlySignal<boolean>;
  /** Frames that were requested and cannot be drawn here. */
  readonly undrawn: ReadonlySignal<LookedFrames>;
  /** Plays from the displayed frame on, or from the first one if all were shown. */
  play(): void;
  pause(): void;
  close(): void;
}

export const waitForMs = (ms: number, then: () => void): (() => void) => {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
};

export function createFramePlayer(played: Played): FramePlayer {
  const isPlaying = signal(false);
  const undrawn = signal<LookedFrames>(new Map());
  let isReplay = false;
  const isOpen = ({ found, frame }: FramePlace): boolean =>
    !isShown(played.looked.value, found, frame) && !isShown(undrawn.value, found, frame);
  const after = (place: FramePlace): FramePlace | null =>
    isReplay ? following(played.files(), place) : nextOpen(played.files(), place, isOpen);
  const stop = effect(() => {
    const read = played.read.value;
    const place = played.place.value;
    if (read?.found !== place.found || read.frame !== place.frame) return;
    if (read.picture === null) undrawn.value = withFrame(undrawn.peek(), read.found, read.frame);
    if (!isPlaying.value || isOpen(place)) return;
    const next = after(place);
    if (next !== null) return played.wait(dwellOf(place, played.isCalm), () => played.show(next));
    isPlaying.value = false;
  });
  return {
    isPlaying,
    undrawn,
    play() {
      const place = played.place.peek();
      isReplay = !isOpen(place) && nextOpen(played.files(), place, isOpen) === null;
      if (isReplay) played.show({ found: played.files()[0]!, frame: 0 });
      isPlaying.value = true;
    },
    pause() {
      isPlaying.value = false;
    },
    close: stop,
  };
}

function dwellOf({ found }: FramePlace, isCalm: boolean): number {
  if (framesOf(found) === 1) return STILL_MS;
  const even = WHOLE_FILM_MS / framesOf(found);
  return isCalm ? LONGEST_MS : Math.min(LONGEST_MS, Math.max(SHORTEST_MS, even));
}

function following(files: readonly FoundFile[], { found, frame }: FramePlace): FramePlace | null {
  if (frame + 1 < framesOf(found)) return { found, frame: frame + 1 };
  const next = files[files.indexOf(found) + 1];
  return next ? { found: next, frame: 0 } : null;
}

/** The next open frame after this place. After the last film it continues with the first. */
function nextOpen(
  files: readonly FoundFile[],
  from: FramePlace,
  isOpen: (place: FramePlace) => boolean,
): FramePlace | null {
  const at = Math.max(0, files.indexOf(from.found));
  const order = [...files.slice(at), ...files.slice(0, at + 1)];
  for (const [turn, found] of order.entries()) {
    const first = turn === 0 ? from.frame + 1 : 0;
    const end = turn === files.length ? from.frame : framesOf(found);
    for (let frame = first; frame < end; frame += 1) if (isOpen({ found, frame })) return { found, frame };
  }
  return null;
}
