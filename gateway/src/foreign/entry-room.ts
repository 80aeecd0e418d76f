/** The room for entries in memory: a large one waits for those of other files, whoever sent them. */
import { createRoom, type Room } from '../threads/room.ts';
import { ENTRY_BYTES_LIMIT } from './list-entries.ts';
import { ROOMLESS_BYTES } from './open-talk.ts';

/**
 * The room of all threads, for one of the largest entries at a time, in the order in which they came: an entry takes
 * three times its bytes while names are removed from it.
 */
export const createEntriesRoom = (): Room => createRoom(ENTRY_BYTES_LIMIT);

/** The part of that room which one file has: it reads one entry after the other. */
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
      // The file was given up meanwhile.
      if (isOver.aborted) leave();
      else giveBack = leave;
    },
    leave: () => giveBack(),
  };
}
