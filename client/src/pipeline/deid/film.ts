/** Instances on a screen: the frame in sight, its picture, and the player that shows all of them. */
import { batch, computed, signal, type ReadonlySignal } from '@preact/signals';
import type { IngestStore } from '../ingest/found-study.ts';
import type { FoundFile } from '../ingest/group-studies.ts';
import { followFrame, type FramePlace, type ReadFrame } from './follow-frame.ts';
import { createFramePlayer, waitForMs, type FramePlayer } from './frame-player.ts';
import type { LookedFrames } from './looked-frames.ts';

export interface Film {
  readonly place: ReadonlySignal<FramePlace>;
  /** The last picture that was read, also while the next one is. */
  readonly read: ReadonlySignal<ReadFrame | undefined>;
  readonly player: FramePlayer;
  /** A person chooses this frame: the player stops. */
  choose(place: FramePlace): void;
  close(): void;
}

export interface FilmAsked {
  /** In the order in which they are shown; more may come while it is open. */
  readonly files: () => readonly FoundFile[];
  readonly first: FramePlace;
  readonly maxSide: number;
  readonly looked: ReadonlySignal<LookedFrames>;
}

export function openFilm(
  ingest: Pick<IngestStore, 'inspection'>,
  { files, first, maxSide, looked }: FilmAsked,
): Film {
  const place = signal(first);
  const followed = followFrame(
    ingest,
    computed(() => ({ ...place.value, look: { maxSide } })),
  );
  const player = createFramePlayer({
    files,
    place,
    show: (next) => {
      place.value = next;
    },
    read: followed.read,
    looked,
    isCalm: asksForCalm(),
    wait: waitForMs,
  });
  return {
    place,
    read: followed.read,
    player,
    choose(next) {
      batch(() => {
        player.pause();
        place.value = next;
      });
    },
    close() {
      player.close();
      followed.stop();
    },
  };
}

export const asksForCalm = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;
