/** The room for entries in memory: a large one waits for that of other files, whoever sent them. */
import { createRoom, type Room } from '../threads/room.ts';
import { ENTRY_BYTES_LIMIT } from './list-entries.ts';
import { ROOMLESS_BYTES } from './open-talk.ts';

/**
 * Of entries in the threads at once: one takes three times its bytes while names are removed from it. One of the
 * largest at a time, in the order in which they came.
 */
export const createEntriesRoom = (): Room => createRoom(ENTRY_BYTES_LIMIT);

/** Of one file, which reads an entry after the other. */
export type EntryRoom = {
  /** Gives back the room of the entry before, and waits for that of the next. */
  enter(bytes: number, isOver: AbortSignal): Promise<void>;
  leave(): void;
};

export function createEntryRoom(room: Room): EntryRoom {
  let giveBack = (): void => undefined;
  return {
    async enter(bytes, isOver) {
      giveBack();
      if (bytes <= ROOMLESS_BYTES) return;
      const leave = await room.enter(bytes);
      // Nobody reads it any more.
      if (isOver.aborted) leave();
      else giveBack = leave;
    },
    leave: () => giveBack(),
  };
}
