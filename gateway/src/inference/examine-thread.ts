/**
 * Looking at images in a thread of its own: to decode one and to reckon with its pixels takes up to seconds, and the thread that takes in parcels and
 * answers everybody must not stand still for so long. The models do not run here: the thread asks for each run, and what is given for `run` (the engine,
 * a process of its own) does it. It is started at the first image, and ended when none came for a while, or when a codec hangs.
 */
import { Worker } from 'node:worker_threads';
import type { Tensor } from '#shared/models/model.ts';
import type { Examined, Question, Shown } from './examination.ts';

/** Which of the question's models. */
export type RunRole = 'asked' | 'image-kind' | 'lung-fields' | 'pneumonia-gradient';
export type Outputs = Readonly<Record<string, Tensor>>;
/** Runs a model of the question. Throws what the engine throws. */
export type Run = (role: RunRole, input: Tensor, signal: AbortSignal) => Promise<Outputs>;

export type Asked = { readonly kind: 'examine'; readonly question: Question } | { readonly kind: 'show'; readonly bytes: Uint8Array; readonly frame: number; readonly sideLimit: number };
export type FromThread = { readonly id: number } & (
  | { readonly kind: 'run'; readonly run: number; readonly role: RunRole; readonly input: Tensor }
  | { readonly kind: 'done'; readonly answer: Examined | Shown }
  | { readonly kind: 'fault'; readonly what: string; readonly stack: string }
  | { readonly kind: 'stopped' }
);
export type ToThread = { readonly id: number } & (Asked | { readonly kind: 'outputs'; readonly run: number; readonly outputs: Outputs } | { readonly kind: 'stop' });

export type Examiner = {
  /** What the models say of one image. Throws what `run` throws, the signal's reason, and an Error where the thread ends unexpectedly. */
  examine(question: Question, run: Run, signal: AbortSignal): Promise<Examined>;
  /** The image as a person sees it, scaled down to `sideLimit` pixels a side. */
  show(bytes: Uint8Array, frame: number, sideLimit: number, signal: AbortSignal): Promise<Shown>;
  close(): Promise<void>;
};

type Task = { readonly take: (message: FromThread) => void; readonly fail: (error: unknown) => void };
type Thread = { readonly worker: Worker; readonly tasks: Map<number, Task>; idle: NodeJS.Timeout | null };

/** Long enough for the pauses within a study; to start it again takes some 200 ms. */
const IDLE_MS = 30_000;
/** A codec that does not look up for so long is taken to hang: its thread is ended. A frame of 40 megapixels takes 3 s. */
const HANGS_AFTER_MS = 10_000;

function startThread(ended: (thread: Thread) => void): Thread {
  const thread: Thread = { worker: new Worker(new URL('./examine.worker.ts', import.meta.url)), tasks: new Map(), idle: null };
  thread.worker.on('message', (message: FromThread) => thread.tasks.get(message.id)?.take(message));
  const fail = (error: Error): void => {
    ended(thread);
    for (const task of thread.tasks.values()) task.fail(error);
    thread.tasks.clear();
  };
  thread.worker.on('error', fail);
  thread.worker.on('exit', () => fail(new Error('the thread that looks at images ended')));
  return thread;
}

export function createExaminer(idleMs = IDLE_MS): Examiner {
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

  function end(ending: Thread): Promise<number> {
    forget(ending);
    return ending.worker.terminate();
  }

  /** It keeps no process alive that has nothing else to do. */
  function rest(resting: Thread): void {
    if (resting.tasks.size > 0) return;
    resting.worker.unref();
    resting.idle = setTimeout(() => void end(resting), idleMs).unref();
  }

  function ask<Answer>(asked: Asked, run: Run, signal: AbortSignal): Promise<Answer> {
    const on = begin();
    const id = (ids += 1);
    const say = (message: ToThread): void => on.worker.postMessage(message);
    const answer = Promise.withResolvers<Answer>();
    const over = new AbortController();
    const leave = (): void => {
      on.tasks.delete(id);
      rest(on);
    };
    const stop = (error: unknown): void => {
      // The run that was asked for ends by the same signal.
      if (over.signal.aborted) return;
      answer.reject(error);
      over.abort(error);
      const hangs = setTimeout(() => void end(on), HANGS_AFTER_MS).unref();
      on.tasks.set(id, {
        take: ({ kind }) => {
          if (kind === 'run') return;
          clearTimeout(hangs);
          leave();
        },
        fail: () => clearTimeout(hangs),
      });
      say({ id, kind: 'stop' });
    };
    const isOver = AbortSignal.any([signal, over.signal]);
    on.tasks.set(id, {
      fail: answer.reject,
      take(message) {
        if (message.kind === 'run') run(message.role, message.input, isOver).then((outputs) => say({ id, kind: 'outputs', run: message.run, outputs }), stop);
        else if (message.kind === 'done') answer.resolve(message.answer as Answer);
        else if (message.kind === 'fault') answer.reject(Object.assign(new Error('an image could not be looked at'), { stack: message.stack }));
        if (message.kind !== 'run') leave();
      },
    });
    const abort = (): void => stop(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    say({ id, ...asked });
    return answer.promise.finally(() => signal.removeEventListener('abort', abort));
  }

  return {
    async examine(question, run, signal) {
      signal.throwIfAborted();
      return ask<Examined>({ kind: 'examine', question }, run, signal);
    },
    async show(bytes, frame, sideLimit, signal) {
      signal.throwIfAborted();
      return ask<Shown>({ kind: 'show', bytes, frame, sideLimit }, () => Promise.reject(new Error('no model is asked to show a picture')), signal);
    },
    close: async () => void (thread && (await end(thread))),
  };
}
