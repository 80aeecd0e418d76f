/**
 * Limits the memory for opened entries: a large entry waits for entries of other files, whichever account sent them.
 */
import { createRoom, type Room } from '../../threads/room.ts';
import { ROOMLESS_BYTES } from '../files/open-talk.ts';

/**
 * The most bytes of entries that are open at once; a larger entry is opened alone. An element of 8 bytes takes some
 * 500 while it is open (measured), and this many bytes hold as many elements as an instance may have. More than one
 * such instance at a time would exceed the 300 MB by which a gateway may grow.
 */
const ROOM_BYTES = 4 * 1024 ** 2;

/** The room that all threads share, in order of arrival. */
export const createEntriesRoom = (): Room => createRoom(ROOM_BYTES);

/** The share of one file in that room. The file reads one entry after the other. */
export type EntryRoom = {
  /** Releases the room of the previous entry, and waits for room for the next one. */
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
      // The file was given up while waiting.
      if (isOver.aborted) leave();
      else giveBack = leave;
    },
    leave: () => giveBack(),
  };
}
