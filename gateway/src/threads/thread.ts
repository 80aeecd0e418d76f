/**
 * A thread for work that would block the gateway's main thread, which takes in parcels and answers requests, for too
 * long. The thread does its tasks side by side. A task may ask back while it works (for bytes, for a run of a model).
 * It ends with an answer, with an error, or by being given up.
 *
 * The thread may have a process of its own, for work that is suspected of ending the process in which it runs.
 *
 * The thread starts with the first task, and ends when none has come for a while; it does not keep the process alive.
 * When it ends unexpectedly, all of its tasks fail, and the next task starts another thread. A caller that gives up
 * does not wait. A task that then does not let go is considered to hang (a codec that never checks the signal), and its
 * thread is ended. So is a thread that is silent for too long without having been stopped, and one that takes too much
 * memory: the data may be an attacker's, and the process must survive it.
 */
import { startProcess, startWorker, type Body, type Listener } from './start-thread.ts';

/** The messages of both sides. All of them are passed by structured clone. */
export type Talk = {
  readonly task: unknown;
  readonly question: unknown;
  readonly reply: unknown;
  readonly answer: unknown;
};
/** A value, and memory that moves to the other side instead of being copied; the sender no longer has it. */
export type Given<Value> = { readonly value: Value; readonly moved: ArrayBuffer[] };
export const giving = <Value>(value: Value, ...moved: ArrayBuffer[]): Given<Value> => ({ value, moved });

/** Replies to a task's question. `isOver`: aborted once the reply is no longer needed. */
export type Reply<T extends Talk> = (
  question: T['question'],
  isOver: AbortSignal,
) => Promise<Given<T['reply']>>;
export type KeptThread<T extends Talk> = {
  /**
   * Returns the task's answer. Throws what `reply` throws, the signal's reason, ThreadEnded, ThreadNotStarted, and an
   * Error without any of the data where the task fails.
   */
  do(task: Given<T['task']>, reply: Reply<T>, signal: AbortSignal): Promise<T['answer']>;
  /** Resolves once the thread has no work. A task that was given up counts until the thread lets go of it. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

export type ToThread<T extends Talk> = { readonly id: number } & (
  | { readonly kind: 'task'; readonly task: T['task'] }
  | { readonly kind: 'reply'; readonly to: number; readonly reply: T['reply'] }
  | { readonly kind: 'stop' }
);
export type FromThread<T extends Talk> = { readonly id: number } & (
  | { readonly kind: 'question'; readonly number: number; readonly question: T['question'] }
  | { readonly kind: 'answer'; readonly answer: T['answer'] }
  | { readonly kind: 'fault'; readonly name: string; readonly stack: string }
  | { readonly kind: 'stopped' }
);

type Task<T extends Talk> = {
  readonly take: (message: FromThread<T>) => void;
  readonly fail: (error: Error) => void;
  /** The task is waiting for this side: for replies, or because it was given up. */
  readonly isWaiting: () => boolean;
};
/** Like `setTimeout`, but replaceable in tests. The timer does not keep the process alive. */
type StartTimer = (work: () => void, ms: number) => Timer;
type Timer = { refresh(): unknown; clear(): void };

type Running<T extends Talk> = {
  readonly body: Body;
  readonly tasks: Map<number, Task<T>>;
  readonly hangs: Set<NodeJS.Timeout>;
  /** Callers that wait until it has no task. */
  readonly resting: (() => void)[];
  /** Ends the thread when it has been silent for too long. */
  silence: Timer | null;
  idle: NodeJS.Timeout | null;
};

/** Long enough for the pauses within an upload or a study. Starting a thread again takes 50 to 200 ms. */
const IDLE_MS = 30_000;
/** The longest that a task does not check the signal is some 10 s, for a frame of 134 megapixels. */
const HANGS_AFTER_MS = 30_000;

/**
 * The longest silence of a working thread. Ten times what the slowest legitimate task has needed between two messages
 * on the smallest machine; a hostile one is ended after two minutes.
 */
const SILENT_MS = 120_000;
/** The heap of a thread: an instance with as many elements as the reader accepts needs 300 MB. */
const HEAP_MB = 512;

/** The thread ended before it answered: it crashed, took too much memory or was silent for too long. */
export class ThreadEnded extends Error {
  /** The thread had no other task, so this task has ended it. */
  readonly wasAlone: boolean;
  constructor(wasAlone: boolean) {
    super('a thread ended');
    this.wasAlone = wasAlone;
  }
}

/**
 * The system could not start another thread or process (EAGAIN, ENOMEM, EMFILE), or ended it before it got a task. That
 * says nothing about the tasks.
 */
export class ThreadNotStarted extends Error {
  constructor(options?: ErrorOptions) {
    super('a thread could not be started', options);
  }
}

export type ThreadOptions = {
  readonly idleMs?: number | undefined;
  readonly hangsAfterMs?: number;
  readonly silentMs?: number;
  readonly startTimer?: StartTimer;
  readonly heapMb?: number;
  /** Passed to the script as `workerData`. */
  readonly data?: unknown;
  /** The thread runs in a process of its own, which it may end. That takes half a second longer to start. */
  readonly hasOwnProcess?: boolean;
};

/** A kept thread, or the place for one. */
type Place<T extends Talk> = {
  readonly script: URL;
  readonly idleMs: number;
  readonly hangsAfterMs: number;
  readonly silentMs: number;
  /** The timer of the silence. */
  readonly startTimer: StartTimer;
  readonly start: typeof startWorker;
  readonly heapMb: number;
  readonly data: unknown;
  running: Running<T> | null;
  /** The number of the latest task. */
  id: number;
};

/** A task as its caller sees it. */
type Asked<T extends Talk> = {
  readonly id: number;
  readonly on: Running<T>;
  readonly answer: PromiseWithResolvers<T['answer']>;
  readonly over: AbortController;
};

/** `script` must call `serveTasks`. */
export function keepThread<T extends Talk>(
  script: URL,
  {
    idleMs = IDLE_MS,
    hangsAfterMs = HANGS_AFTER_MS,
    silentMs = SILENT_MS,
    startTimer = startRealTimer,
    heapMb = HEAP_MB,
    data,
    hasOwnProcess = false,
  }: ThreadOptions = {},
): KeptThread<T> {
  const start = hasOwnProcess ? startProcess : startWorker;
  const place: Place<T> = {
    ...{ script, idleMs, hangsAfterMs, silentMs, startTimer, heapMb, data, start },
    ...{ running: null, id: 0 },
  };
  return {
    async do(task, reply, signal) {
      signal.throwIfAborted();
      place.id += 1;
      const asked: Asked<T> = {
        id: place.id,
        on: wake(place),
        answer: Promise.withResolvers(),
        over: new AbortController(),
      };
      asked.on.tasks.set(asked.id, follow(place, asked, reply));
      const abort = (): void => giveUp(place, asked, signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      try {
        say(asked.on, { id: asked.id, kind: 'task', task: task.value }, task.moved);
        return await asked.answer.promise;
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
    async idle() {
      const { running } = place;
      if (running !== null && running.tasks.size > 0)
        await new Promise<void>((resolve) => void running.resting.push(resolve));
    },
    async close() {
      if (place.running !== null) await end(place, place.running);
    },
  };
}

const startRealTimer: StartTimer = (work, ms) => {
  const timer = setTimeout(work, ms).unref();
  return { refresh: () => timer.refresh(), clear: () => clearTimeout(timer) };
};

function start<T extends Talk>(place: Place<T>): Running<T> {
  const tasks: Running<T>['tasks'] = new Map();
  let hasBegun = false;
  const begin = (): void => {
    hasBegun = true;
    started.silence?.refresh();
  };
  const lose = (error: Error | null): void => {
    forget(place, started);
    started.silence?.clear();
    const ended = hasBegun ? new ThreadEnded(tasks.size === 1) : new ThreadNotStarted();
    // An error of the engine (out of memory) says nothing about the data, but one of the script might, so its message
    // is dropped.
    if (error !== null) Object.assign(ended, { name: error.name, stack: framesOf(error.stack) });
    for (const task of tasks.values()) task.fail(ended);
    tasks.clear();
    tellRest(started);
  };
  const take = (message: unknown): void => {
    // A thread that still sends messages does not hang: a task that was given up is waiting behind the others.
    for (const hangs of started.hangs) hangs.refresh();
    started.silence?.refresh();
    const said = message as FromThread<T>;
    tasks.get(said.id)?.take(said);
  };
  const body = bodyIn(place, { begin, take, lose });
  const started: Running<T> = { body, tasks, hangs: new Set(), resting: [], silence: null, idle: null };
  started.silence = place.startTimer(() => {
    if ([...tasks.values()].every((task) => task.isWaiting())) started.silence?.refresh();
    else void end(place, started);
  }, place.silentMs);
  return started;
}

/** Throws ThreadNotStarted. */
function bodyIn<T extends Talk>(place: Place<T>, listener: Listener): Body {
  try {
    return place.start(place, listener);
  } catch (cause) {
    throw new ThreadNotStarted({ cause });
  }
}

/** An error's message may contain anything; its stack frames do not. */
const framesOf = (stack = ''): string =>
  stack
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .join('\n');

function forget<T extends Talk>(place: Place<T>, ended: Running<T>): void {
  if (place.running === ended) place.running = null;
}

function end<T extends Talk>(place: Place<T>, ending: Running<T>): Promise<void> {
  forget(place, ending);
  return ending.body.end();
}

function wake<T extends Talk>(place: Place<T>): Running<T> {
  place.running ??= start(place);
  const woken = place.running;
  if (woken.idle !== null) clearTimeout(woken.idle);
  woken.idle = null;
  woken.body.ref();
  return woken;
}

const tellRest = <T extends Talk>({ resting }: Running<T>): void => {
  for (const resolve of resting.splice(0)) resolve();
};

function rest<T extends Talk>(place: Place<T>, resting: Running<T>): void {
  if (resting.tasks.size > 0) return;
  tellRest(resting);
  resting.body.unref();
  resting.idle = setTimeout(() => void end(place, resting), place.idleMs).unref();
}

function say<T extends Talk>(to: Running<T>, message: ToThread<T>, moved: ArrayBuffer[] = []): void {
  to.silence?.refresh();
  to.body.post(message, moved);
}

/** Called when the task has ended in the thread. */
function leave<T extends Talk>(place: Place<T>, { id, on }: Asked<T>): void {
  on.tasks.delete(id);
  rest(place, on);
}

/** Answers the task's questions until it ends. */
function follow<T extends Talk>(place: Place<T>, asked: Asked<T>, reply: Reply<T>): Task<T> {
  const { id, on, answer, over } = asked;
  let unanswered = 0;
  return {
    isWaiting: () => unanswered > 0,
    fail(error) {
      answer.reject(error);
      over.abort(error);
    },
    take(message) {
      if (message.kind === 'question') {
        unanswered += 1;
        reply(message.question, over.signal)
          .finally(() => {
            unanswered -= 1;
          })
          .then(({ value, moved }) => say(on, { id, kind: 'reply', to: message.number, reply: value }, moved))
          .catch((error: unknown) => giveUp(place, asked, error));
        return;
      }
      if (message.kind === 'answer') answer.resolve(message.answer);
      else if (message.kind === 'fault') answer.reject(toError(message));
      leave(place, asked);
    },
  };
}

function toError({ name, stack }: { readonly name: string; readonly stack: string }): Error {
  return Object.assign(new Error('a task of a thread failed'), { name, stack });
}

/** Rejects the answer, tells the thread to stop the task, and ends the thread if the task does not let go. */
function giveUp<T extends Talk>(place: Place<T>, asked: Asked<T>, error: unknown): void {
  const { id, on, answer, over } = asked;
  if (over.signal.aborted || !on.tasks.has(id)) return;
  answer.reject(error);
  over.abort(error);
  const hangs = setTimeout(() => void end(place, on), place.hangsAfterMs).unref();
  on.hangs.add(hangs);
  const letGo = (): void => {
    clearTimeout(hangs);
    on.hangs.delete(hangs);
  };
  on.tasks.set(id, {
    isWaiting: () => true,
    fail: letGo,
    take({ kind }) {
      if (kind === 'question') return;
      letGo();
      leave(place, asked);
    },
  });
  say(on, { id, kind: 'stop' });
}

type Bytes = Uint8Array<ArrayBuffer>;
/** The bytes in memory that contains nothing else; only such memory can move. */
export function toOwn(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength
    ? (bytes as Bytes)
    : // Not `slice`: that of a Buffer copies nothing.
      new Uint8Array(bytes);
}
