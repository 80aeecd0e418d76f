/**
 * Restoring in a thread of its own: a piece takes up to 40 ms in one go, and the thread that takes in parcels and answers everybody must not
 * stand still for so long, and for so often. It asks for the coded bytes as it needs them and gives out a piece when the one before it was
 * taken, so that an instance of any size costs a few MiB. It is started at the first instance, and ended when none came for a while.
 */
import { Worker } from 'node:worker_threads';
import type { ByteSource } from '#shared/dicom/data-set.ts';
import { CodingError } from '#shared/transfer/coding/coded-format.ts';
import type { Restore } from '../tools.ts';

type Bytes = Uint8Array<ArrayBuffer>;
export type Asked = { readonly kind: 'read'; readonly offset: number; readonly length: number } | { readonly kind: 'piece'; readonly piece: Bytes };
export type FromThread = { readonly id: number } & (
  | (Asked & { readonly question: number })
  | { readonly kind: 'end' }
  | { readonly kind: 'fault'; readonly isDamage: boolean; readonly what: string }
);
export type ToThread = { readonly id: number } & (
  | { readonly kind: 'restore'; readonly size: number; readonly encoding: string; readonly bytes: number }
  /** To `read` the bytes; to `piece` none: it was taken. */
  | { readonly kind: 'answer'; readonly question: number; readonly bytes: Bytes }
  | { readonly kind: 'stop' }
);

type Job = { readonly source: ByteSource; readonly take: (message: FromThread) => void; readonly fail: (error: unknown) => void };
type Thread = { readonly worker: Worker; readonly jobs: Map<number, Job>; idle: NodeJS.Timeout | null };

/** Long enough for the pauses within an upload; to start it again takes some 50 ms. */
const IDLE_MS = 30_000;

/** Bytes in memory that holds nothing else: a message would carry all of it. */
export function toOwn(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength ? (bytes as Bytes) : bytes.slice();
}

function startThread(ended: (thread: Thread) => void): Thread {
  const thread: Thread = { worker: new Worker(new URL('./restore.worker.ts', import.meta.url)), jobs: new Map(), idle: null };
  const say = (message: ToThread): void => thread.worker.postMessage(message);
  thread.worker.on('message', (message: FromThread) => {
    const { id } = message;
    const job = thread.jobs.get(id);
    if (job === undefined) return;
    if (message.kind !== 'read') return job.take(message);
    const { question, offset, length } = message;
    job.source.read(offset, length).then((bytes) => say({ id, kind: 'answer', question, bytes: toOwn(bytes) }), job.fail);
  });
  const fail = (error: Error): void => {
    ended(thread);
    for (const job of thread.jobs.values()) job.fail(error);
  };
  thread.worker.on('error', fail);
  thread.worker.on('exit', () => fail(new Error('the thread that restores ended')));
  return thread;
}

/** What is being restored fails where the thread ends unexpectedly; the next one starts another. */
export function createRestoreThread(idleMs = IDLE_MS): Restore {
  let thread: Thread | null = null;
  let ids = 0;
  const forget = (ended: Thread): void => void (thread === ended && (thread = null));

  function begin(): Thread {
    const begun = (thread ??= startThread(forget));
    if (begun.idle !== null) clearTimeout(begun.idle);
    begun.idle = null;
    begun.worker.ref();
    return begun;
  }

  /** It keeps no process alive that has nothing else to do. */
  function rest(resting: Thread): void {
    resting.worker.unref();
    resting.idle = setTimeout(() => {
      forget(resting);
      void resting.worker.terminate();
    }, idleMs).unref();
  }

  return async function* (source, encoding, bytes, signal) {
    const on = begin();
    const id = (ids += 1);
    const say = (message: ToThread): void => on.worker.postMessage(message);
    let next = awaited();
    on.jobs.set(id, { source, take: (message) => next.resolve(message), fail: (error) => next.reject(error) });
    try {
      say({ id, kind: 'restore', size: source.size, encoding, bytes });
      for (;;) {
        const message = await next.promise;
        signal.throwIfAborted();
        if (message.kind === 'end') return;
        if (message.kind === 'fault') throw message.isDamage ? new CodingError(message.what) : new Error(message.what);
        if (message.kind !== 'piece') continue;
        yield message.piece;
        next = awaited();
        say({ id, kind: 'answer', question: message.question, bytes: new Uint8Array() });
      }
    } finally {
      on.jobs.delete(id);
      say({ id, kind: 'stop' });
      if (on.jobs.size === 0) rest(on);
    }
  };
}

/** The thread's next word. That it failed may come while nobody waits for it. */
function awaited(): PromiseWithResolvers<FromThread> {
  const next = Promise.withResolvers<FromThread>();
  next.promise.catch(() => undefined);
  return next;
}
