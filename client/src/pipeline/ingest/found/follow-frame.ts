/** Reads the pictures of frames that a person asks for. */
import { effect, signal, type ReadonlySignal } from '@preact/signals';
import type { DevicePicture, WantedPicture } from '../workers/device-tasks.ts';
import type { IngestStore } from './found-study.ts';
import type { FoundFile } from './group-studies.ts';

export interface FramePlace {
  readonly found: FoundFile;
  /** Counted from 0. */
  readonly frame: number;
}

interface WantedFrame extends FramePlace {
  readonly look: Omit<WantedPicture, 'frame'>;
}

export interface ReadFrame extends WantedFrame {
  /** Null if it cannot be drawn. */
  readonly picture: DevicePicture | null;
}

interface FollowedFrame {
  /** The last frame that was read, even while the next one is being read; undefined until the first one. */
  readonly read: ReadonlySignal<ReadFrame | undefined>;
  stop(): void;
}

/**
 * Only one picture is read at a time, and then the newest one that is wanted, so that a slider or a player never
 * builds up a queue.
 */
export function followFrame(
  { inspection }: Pick<IngestStore, 'inspection'>,
  wanted: ReadonlySignal<WantedFrame>,
): FollowedFrame {
  const read = signal<ReadFrame | undefined>(undefined);
  let isReading = false;
  let isClosed = false;
  async function follow(): Promise<void> {
    if (isReading) return;
    isReading = true;
    for (let asked: WantedFrame | null = null; asked !== wanted.peek() && !isClosed; ) {
      asked = wanted.peek();
      const { found, frame, look } = asked;
      // The worker is allowed to finish, because ending it for each step of a slider would cost more.
      const picture = await inspection
        .picture(found, { ...look, frame }, new AbortController().signal)
        .catch(() => null);
      if (!isClosed) read.value = { found, frame, look, picture };
    }
    isReading = false;
  }
  const stop = effect(() => {
    void wanted.value;
    void follow();
  });
  return {
    read,
    stop() {
      isClosed = true;
      stop();
    },
  };
}
