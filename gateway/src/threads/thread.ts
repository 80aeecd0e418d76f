/**
 * Work in a thread of its own: what takes longer than the thread that takes in parcels and answers everybody
 * may stand still. A thread does its tasks side by side. A task may ask back while it works (for bytes, for a
 * run of a model), and ends with an answer, with an error, or given up.
 *
 * The thread is started at the first task and ended when none came for a while; it keeps no process alive
 * that has nothing else to do. Where it ends unexpectedly, all that it was doing fails, and the next task
 * starts another. Who gives up waits for nothing; a task that then does not let go is taken to hang (a codec
 * that never looks up), and its thread is ended.
 */
import { parentPort, Worker } from 'node:worker_threads';

/** What both sides say to each other. All of it is cloned. */
export type Talk = {
  readonly task: unknown;
  readonly question: unknown;
  readonly reply: unknown;
  readonly answer: unknown;
};
/**
 * A value, and memory of it that moves to the other side instead of being copied: who gives it has it no
 * more.
 */
export type Given<Value> = { readonly value: Value; readonly moved: ArrayBuffer[] };
export const giving = <Value>(value: Value, ...moved: ArrayBuffer[]): Given<Value> => ({ value, moved });

/** Replies to what a task asks. `isOver`: nobody waits for it any more. */
export type Reply<T extends Talk> = (
  question: T['question'],
  isOver: AbortSignal,
) => Promise<Given<T['reply']>>;
export type KeptThread<T extends Talk> = {
  /**
   * The task's answer. Throws what `reply` throws, the signal's reason, and an Error that says nothing of the
   * data where the task fails or the thread ends.
   */
  do(task: Given<T['task']>, reply: Reply<T>, signal: AbortSignal): Promise<T['answer']>;
  close(): Promise<void>;
};

type ToThread<T extends Talk> = { readonly id: number } & (
  | { readonly kind: 'task'; readonly task: T['task'] }
  | { readonly kind: 'reply'; readonly to: number; readonly reply: T['reply'] }
  | { readonly kind: 'stop' }
);
type FromThread<T extends Talk> = { readonly id: number } & (
  | { readonly kind: 'question'; readonly number: number; readonly question: T['question'] }
  | { readonly kind: 'answer'; readonly answer: T['answer'] }
  | { readonly kind: 'fault'; readonly name: string; readonly stack: string }
  | { readonly kind: 'stopped' }
);

type Task<T extends Talk> = {
  readonly take: (message: FromThread<T>) => void;
  readonly fail: (error: Error) => void;
};
type Running<T extends Talk> = {
  readonly worker: Worker;
  readonly tasks: Map<number, Task<T>>;
  readonly hangs: Set<NodeJS.Timeout>;
  idle: NodeJS.Timeout | null;
};

/** Long enough for the pauses within an upload or a study; to start a thread again takes 50 to 200 ms. */
const IDLE_MS = 30_000;
/** The longest that a task does not look up is some 10 s, for a frame of 134 megapixels. */
const HANGS_AFTER_MS = 30_000;

type Patience = { readonly idleMs?: number | undefined; readonly hangsAfterMs?: number };

/** `script` calls `serveTasks`. */
export function keepThread<T extends Talk>(
  script: URL,
  { idleMs = IDLE_MS, hangsAfterMs = HANGS_AFTER_MS }: Patience = {},
): KeptThread<T> {
  let kept: Running<T> | null = null;
  let ids = 0;

  function start(): Running<T> {
    const started: Running<T> = {
      worker: new Worker(script),
      tasks: new Map(),
      hangs: new Set(),
      idle: null,
    };
    const lose = (error: Error): void => {
      forget(started);
      for (const task of started.tasks.values()) task.fail(error);
      started.tasks.clear();
    };
    started.worker.on('message', (message: FromThread<T>) => {
      // A thread that still talks does not hang: what was given up waits behind the others.
      for (const hangs of started.hangs) hangs.refresh();
      started.tasks.get(message.id)?.take(message);
    });
    started.worker.on('error', lose);
    started.worker.on('exit', () => lose(new Error('a thread ended')));
    return started;
  }

  const forget = (ended: Running<T>): void => void (kept === ended && (kept = null));

  function end(ending: Running<T>): Promise<number> {
    forget(ending);
    return ending.worker.terminate();
  }

  function wake(): Running<T> {
    const woken = (kept ??= start());
    if (woken.idle !== null) clearTimeout(woken.idle);
    woken.idle = null;
    woken.worker.ref();
    return woken;
  }

  function rest(resting: Running<T>): void {
    if (resting.tasks.size > 0) return;
    resting.worker.unref();
    resting.idle = setTimeout(() => void end(resting), idleMs).unref();
  }

  return {
    async do(task, reply, signal) {
      signal.throwIfAborted();
      const on = wake();
      const id = (ids += 1);
      const say = (message: ToThread<T>, moved: ArrayBuffer[] = []): void =>
        on.worker.postMessage(message, moved);
      const answer = Promise.withResolvers<T['answer']>();
      const over = new AbortController();
      const leave = (): void => {
        on.tasks.delete(id);
        rest(on);
      };
      const giveUp = (error: unknown): void => {
        if (over.signal.aborted || !on.tasks.has(id)) return;
        answer.reject(error);
        over.abort(error);
        const hangs = setTimeout(() => void end(on), hangsAfterMs).unref();
        on.hangs.add(hangs);
        const letGo = (): void => {
          clearTimeout(hangs);
          on.hangs.delete(hangs);
        };
        on.tasks.set(id, {
          fail: letGo,
          take({ kind }) {
            if (kind === 'question') return;
            letGo();
            leave();
          },
        });
        say({ id, kind: 'stop' });
      };
      on.tasks.set(id, {
        fail(error) {
          answer.reject(error);
          over.abort(error);
        },
        take(message) {
          if (message.kind === 'question') {
            reply(message.question, over.signal)
              .then(({ value, moved }) => say({ id, kind: 'reply', to: message.number, reply: value }, moved))
              .catch(giveUp);
            return;
          }
          if (message.kind === 'answer') answer.resolve(message.answer);
          else if (message.kind === 'fault')
            answer.reject(
              Object.assign(new Error('a task of a thread failed'), {
                name: message.name,
                stack: message.stack,
              }),
            );
          leave();
        },
      });
      const abort = (): void => giveUp(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      try {
        say({ id, kind: 'task', task: task.value }, task.moved);
        return await answer.promise;
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
    close: async () => void (kept && (await end(kept))),
  };
}

/** Asks the other side, from within a task. Rejects where the task was given up. */
export type Ask<T extends Talk> = (question: Given<T['question']>) => Promise<T['reply']>;
/** Throws what it likes: of that the other side is told the name of the error and where it was thrown. */
export type Work<T extends Talk> = (
  task: T['task'],
  ask: Ask<T>,
  isOver: AbortSignal,
) => Promise<Given<T['answer']>>;

/** The thread's side: called once, by the script of the thread. */
export function serveTasks<T extends Talk>(work: Work<T>): void {
  const port = parentPort!;
  const say = (message: FromThread<T>, moved: ArrayBuffer[] = []): void => port.postMessage(message, moved);
  const tasks = new Map<
    number,
    { readonly awaited: Map<number, PromiseWithResolvers<T['reply']>>; readonly over: AbortController }
  >();

  async function begin(id: number, task: T['task']): Promise<void> {
    const awaited = new Map<number, PromiseWithResolvers<T['reply']>>();
    const over = new AbortController();
    let count = 0;
    tasks.set(id, { awaited, over });
    const ask: Ask<T> = async ({ value, moved }) => {
      over.signal.throwIfAborted();
      const number = (count += 1);
      const reply = Promise.withResolvers<T['reply']>();
      awaited.set(number, reply);
      say({ id, kind: 'question', number, question: value }, moved);
      return reply.promise.finally(() => awaited.delete(number));
    };
    try {
      const { value, moved } = await work(task, ask, over.signal);
      say({ id, kind: 'answer', answer: value }, moved);
    } catch (error) {
      // The message may hold anything; the frames do not.
      const stack =
        error instanceof Error
          ? (error.stack ?? '')
              .split('\n')
              .filter((line) => line.startsWith('    at '))
              .join('\n')
          : '';
      say(
        over.signal.aborted
          ? { id, kind: 'stopped' }
          : { id, kind: 'fault', name: error instanceof Error ? error.name : typeof error, stack },
      );
    } finally {
      tasks.delete(id);
    }
  }

  port.on('message', (message: ToThread<T>) => {
    if (message.kind === 'task') return void begin(message.id, message.task);
    const task = tasks.get(message.id);
    if (message.kind === 'reply') return task?.awaited.get(message.to)?.resolve(message.reply);
    // It may have ended while this was on its way.
    if (task === undefined) return say({ id: message.id, kind: 'stopped' });
    task.over.abort();
    for (const { reject } of task.awaited.values()) reject(task.over.signal.reason);
  });
}

type Bytes = Uint8Array<ArrayBuffer>;
/** Bytes in memory that holds nothing else, which alone can move. */
export function toOwn(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength
    ? (bytes as Bytes)
    : bytes.slice();
}
