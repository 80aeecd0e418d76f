/** The thread that reads ranges of blobs: message glue, the work is in read-records.ts. */
import { readSync } from 'node:fs';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { serveTasks } from '../../threads/serve-tasks.ts';
import { giving, toOwn } from '../../threads/thread.ts';
import { telling, type Digests } from '../digests.ts';
import { BlobDamaged } from './blobs.ts';
import { createBuffers } from './lent-buffers.ts';
import { PIECE_BYTES, piecesIn, toReadable } from './read-records.ts';
import type { StreamTalk } from './stream-thread.ts';

const lend = createBuffers(PIECE_BYTES);

serveTasks<StreamTalk>(async ({ file, descriptor, key, range, md5 }, ask, isOver) => {
  const bytes = {
    // Not by way of another thread: this one has nothing else to do.
    read: async (into: Buffer, at: number, length: number, position: number) => ({
      bytesRead: readSync(descriptor, into, at, length, position),
    }),
  };
  const plain = piecesIn(toReadable(file, bytes, key, lend), range, isOver);
  let digests: Digests | null = null;
  const tell = (made: Digests): void => {
    digests = made;
  };
  const pieces = telling(plain, md5 === null ? undefined : { md5, tell });
  let taken: Promise<unknown> = Promise.resolve();
  try {
    for await (const piece of pieces) {
      const own = toOwn(piece);
      // The next piece is made while this one is taken.
      await taken;
      taken = ask(giving({ bytes: own, digests }, own.buffer));
      void ignoreFailure(taken, 'it fails where the task was given up, which ends the loop');
    }
    await taken;
    return giving(null);
  } catch (error) {
    if (error instanceof BlobDamaged) return giving(error.offset);
    throw error;
  }
});
