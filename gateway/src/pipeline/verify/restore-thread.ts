/**
 * Restores instances in a thread of its own: a piece takes up to 40 ms in one go, and there are many. The thread asks
 * for the coded bytes as it needs them, and gives out a piece only when the previous one was taken, so that an instance
 * of any size costs a few MiB. Accounts take turns: an instance keeps its thread until it is restored.
 */
import { CodingError } from '#shared/transfer/coding/coded-format.ts';
import { givenPieces } from '../../threads/given-pieces.ts';
import { giving, toOwn, type ThreadOptions } from '../../threads/thread.ts';
import type { Restore } from '../plan/pipeline-tools.ts';
import { createVerifyThreads } from './verify-threads.ts';

type Bytes = Uint8Array<ArrayBuffer>;
export type RestoreTalk = {
  readonly task: { readonly size: number; readonly encoding: string; readonly bytes: number };
  readonly question:
    | { readonly kind: 'read'; readonly offset: number; readonly length: number }
    | { readonly kind: 'piece'; readonly piece: Bytes };
  /** The reply to `read` is the bytes; the reply to `piece` only says that the piece was taken. */
  readonly reply: Bytes;
  /** What is wrong with the coded bytes; null: the instance is restored. */
  readonly answer: string | null;
};

/** If its thread ends unexpectedly, the work in progress fails; the next call starts a new thread. */
export function createRestoreThread({
  script = new URL('./restore.worker.ts', import.meta.url),
  ...options
}: ThreadOptions & { readonly script?: URL } = {}): Restore {
  const enter = createVerifyThreads<RestoreTalk>(script, options);
  return async function* (source, coded, turn) {
    const task = giving({ size: source.size, ...coded });
    const damage = yield* givenPieces<Bytes, string | null>(
      (give, signal) =>
        enter(turn, (thread) =>
          thread.do(
            task,
            async (asked) => {
              if (asked.kind === 'read') return giving(toOwn(await source.read(asked.offset, asked.length)));
              await give(asked.piece);
              return giving(new Uint8Array());
            },
            signal,
          ),
        ),
      turn.signal,
    );
    if (damage !== null) throw new CodingError(damage);
  };
}
