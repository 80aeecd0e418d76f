/** Instances on a screen: the displayed frame, its picture, and the player that shows all frames. */
import { batch, computed, signal, type ReadonlySignal } from '@preact/signals';
import type { IngestStore } from '../ingest/found/found-study.ts';
import type { FoundFile } from '../ingest/found/group-studies.ts';
import { followFrame, type FramePlace, type ReadFrame } from '../ingest/found/follow-frame.ts';
import { createFramePlayer, waitForMs, type FramePlayer } from './frame-player.ts';
import type { LookedFrames } from './looked-frames.ts';

export interface Film {
  readonly place: ReadonlySignal<FramePlace>;
  /** The last picture that was read, even while the next one is being read. */
  readonly read: ReadonlySignal<ReadFrame | undefined>;
  readonly player: FramePlayer;
  /** Called when a person chooses this frame, which stops the player. */
  choose(place: FramePlace): void;
  close(): void;
}

export interface FilmAsked {
  /** In the order in which they are shown. More files may come while the film is open. */
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
