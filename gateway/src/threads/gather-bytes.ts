/**
 * Gathers the bytes of a body as they come. A sender may cut them as small as it likes, and each piece kept on its own
 * would cost a hundred times its size. Small pieces are copied together, large ones are kept as they are.
 */

import { setImmediate } from 'node:timers/promises';
import { giveBack } from '#shared/give-back.ts';

const BLOCK_BYTES = 64 * 1024;
/** Copying this many bytes, into new memory, takes the thread some 7 ms. */
const COPIED_A_TURN_BYTES = 8 * 1024 ** 2;

type Gathered = {
  add(piece: Uint8Array): void;
  size(): number;
  /** In order. Blocks have at least 64 KiB, except the last and those before a large one. */
  chunks(): readonly Uint8Array[];
};

export function gatherBytes(): Gathered {
  const chunks: Uint8Array[] = [];
  let block: Uint8Array | null = null;
  let filled = 0;
  let size = 0;
  const close = (): void => {
    if (block !== null) chunks.push(block.subarray(0, filled));
    block = null;
    filled = 0;
  };
  /** The first piece of a block is not copied, because often it is the only one. */
  const append = (piece: Uint8Array): void => {
    if (block === null) block = piece;
    else {
      if (block.length < BLOCK_BYTES) block = grown(block);
      block.set(piece, filled);
    }
    filled += piece.length;
  };
  return {
    add(piece) {
      if (piece.length === 0) return;
      size += piece.length;
      const isLarge = piece.length >= BLOCK_BYTES / 2;
      if (isLarge || filled + piece.length > BLOCK_BYTES) close();
      if (isLarge) chunks.push(piece);
      else append(piece);
    },
    size: () => size,
    chunks() {
      close();
      return chunks;
    },
  };
}

function grown(piece: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(piece);
  return block;
}

/** Joins the whole body into one array. Throws what the pieces throw. */
export async function joinBytes(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const gathered = gatherBytes();
  for await (const piece of pieces) gathered.add(piece);
  return joinChunks(gathered.chunks());
}

/**
 * Joins chunks that are already here, and frees their memory. The result has memory of its own, which can move to a
 * thread. Takes several turns of the event loop.
 */
export async function joinChunks(chunks: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const joined = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    const before = at;
    at += chunk.length;
    giveBack(chunk);
    if (Math.floor(at / COPIED_A_TURN_BYTES) > Math.floor(before / COPIED_A_TURN_BYTES)) await setImmediate();
  }
  return joined;
}
