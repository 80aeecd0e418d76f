/** The room for entries in memory: a large one waits for those of other files, whoever sent them. */
import { createRoom, type Room } from '../threads/room.ts';
import { ROOMLESS_BYTES } from './open-talk.ts';

/**
 * Bytes of entries that are open at once; one of more is alone. An element of 8 bytes takes some 500 while it is open
 * (measured), and so many bytes hold as many elements as an instance may have: more than one such instance at a time
 * would need more than the 300 MB that a gateway may grow by.
 */
const ROOM_BYTES = 4 * 1024 ** 2;

/** The room of all threads, in the order in which they came. */
export const createEntriesRoom = (): Room => createRoom(ROOM_BYTES);

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
      const leave = await room.enter(Math.min(bytes, ROOM_BYTES));
      // The file was given up meanwhile.
      if (isOver.aborted) leave();
      else giveBack = leave;
    },
    leave: () => giveBack(),
  };
}
