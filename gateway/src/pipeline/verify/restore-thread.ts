/**
 * Restoring in a thread of its own: a piece takes up to 40 ms in one go, and there are many. It asks for the
 * coded bytes as it needs them and gives out a piece when the one before it was taken, so that an instance of
 * any size costs a few MiB. Accounts take turns: an instance has its thread until it is restored.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { CodingError } from '#shared/transfer/coding/coded-format.ts';
import { giving, toOwn, type Given, type ThreadOptions } from '../../threads/thread.ts';
import type { Restore } from '../pipeline-tools.ts';
import { createVerifyThreads } from './verify-threads.ts';

type Bytes = Uint8Array<ArrayBuffer>;
export type RestoreTalk = {
  readonly task: { readonly size: number; readonly encoding: string; readonly bytes: number };
  readonly question:
    | { readonly kind: 'read'; readonly offset: number; readonly length: number }
    | { readonly kind: 'piece'; readonly piece: Bytes };
  /** The reply to `read` has the bytes; the reply to `piece` only says that it was taken. */
  readonly reply: Bytes;
  /** How what came is damaged; null: it is restored. */
  readonly answer: string | null;
};

type Piece = { readonly kind: 'piece'; readonly bytes: Bytes; readonly taken: (none: Given<Bytes>) => void };

/** If its thread ends unexpectedly, the work in progress fails; the next call starts a new thread. */
export function createRestoreThread({
  script = new URL('./restore.worker.ts', import.meta.url),
  ...options
}: ThreadOptions & { readonly script?: URL } = {}): Restore {
  const enter = createVerifyThreads<RestoreTalk>(script, options);
  return async function* (source, coded, turn) {
    const left = new AbortController();
    let next = Promise.withResolvers<Piece>();
    const reply = async (asked: RestoreTalk['question']): Promise<Given<Bytes>> => {
      if (asked.kind === 'read') return giving(toOwn(await source.read(asked.offset, asked.length)));
      const taken = Promise.withResolvers<Given<Bytes>>();
      next.resolve({ kind: 'piece', bytes: asked.piece, taken: taken.resolve });
      return taken.promise;
    };
    const signal = AbortSignal.any([turn.signal, left.signal]);
    const ended = enter(turn, (thread) =>
      thread.do(giving({ size: source.size, ...coded }), reply, signal),
    ).then((damage) => ({ kind: 'ended', damage }) as const);
    void ignoreFailure(ended, 'it may fail between two waits for it; the next one sees it');
    try {
      for (;;) {
        const said = await Promise.race([next.promise, ended]);
        if (said.kind === 'ended' && said.damage !== null) throw new CodingError(said.damage);
        if (said.kind === 'ended') return;
        yield said.bytes;
        next = Promise.withResolvers();
        said.taken(giving(new Uint8Array()));
      }
    } finally {
      left.abort();
    }
  };
}
