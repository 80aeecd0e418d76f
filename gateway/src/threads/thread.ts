/**
 * A thread for work that takes longer than the gateway's main thread may stand still, for that one takes in
 * parcels and answers everybody. The thread does its tasks side by side. A task may ask back while it works
 * (for bytes, for a run of a model), and ends with an answer, with an error, or given up.
 *
 * The thread may have a process of its own, for work that is suspected to end the process that it runs in.
 *
 * The thread starts with the first task and ends when none has come for a while; it does not keep the process
 * alive. When it ends unexpectedly, all of its tasks fail, and the next task starts another thread. A caller
 * that gives up does not wait; a task that then does not let go is taken to hang (a codec that never looks
 * up), and its thread is ended. So is one that says nothing for too long though nobody asked it to stop, and
 * one that takes more memory than it may: the data may be an attacker's, and the process must outlive it.
 */
import { startProcess, startWorker, type Body, type Listener } from './start-thread.ts';

/** The messages of both sides. All of them are cloned. */
export type Talk = {
  readonly task: unknown;
  readonly question: unknown;
  readonly reply: unknown;
  readonly answer: unknown;
};
/**
 * A value, and memory of it that moves to the other side instead of being copied: the giver no longer has it.
 */
export type Given<Value> = { readonly value: Value; readonly moved: ArrayBuffer[] };
export const giving = <Value>(value: Value, ...moved: ArrayBuffer[]): Given<Value> => ({ value, moved });

/** Replies to a task's question. `isOver`: nobody waits for the reply any more. */
export type Reply<T extends Talk> = (
  question: T['question'],
  isOver: AbortSignal,
) => Promise<Given<T['reply']>>;
export type KeptThread<T extends Talk> = {
  /**
   * The task's answer. Throws what `reply` throws, the signal's reason, an Error that says nothing of the
   * data where the task fails, ThreadEnded and ThreadNotStarted.
   */
  do(task: Given<T['task']>, reply: Reply<T>, signal: AbortSignal): Promise<T['answer']>;
  /** Resolves once the thread works at nothing: a task that was given up is over when the thread lets go of it. */
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
  /** The task waits for this side: for replies, or for nothing more. */
  readonly isWaiting: () => boolean;
};
/** Like `setTimeout`: time is an input. The timer keeps no process alive. */
type StartTimer = (work: () => void, ms: number) => Timer;
type Timer = { refresh(): unknown; clear(): void };

type Running<T extends Talk> = {
  readonly body: Body;
  readonly tasks: Map<number, Task<T>>;
  readonly hangs: Set<NodeJS.Timeout>;
  /** Wait until it has no task. */
  readonly resting: (() => void)[];
  /** Ends it when it has been silent for too long. */
  silence: Timer | null;
  idle: NodeJS.Timeout | null;
};

/** Long enough for the pauses within an upload or a study; to start a thread again takes 50 to 200 ms. */
const IDLE_MS = 30_000;
/** The longest that a task does not look up is some 10 s, for a frame of 134 megapixels. */
const HANGS_AFTER_MS = 30_000;

/**
 * The longest silence of a thread that works. Ten times what the slowest honest task has needed between two
 * messages on the smallest machine; a hostile one ends after two minutes.
 */
const SILENT_MS = 120_000;
/** The heap of a thread: an instance with as many elements as the reader takes needs 300 MB. */
const HEAP_MB = 512;

/** The thread ended before it had answered: it crashed, took too much memory or was silent for too long. */
export class ThreadEnded extends Error {
  /** The thread had no other task: this one has ended it. */
  readonly wasAlone: boolean;
  constructor(wasAlone: boolean) {
    super('a thread ended');
    this.wasAlone = wasAlone;
  }
}

/**
 * The system had no thread or process to give (EAGAIN, ENOMEM, EMFILE), or ended it before it was given a task. That
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
  /** For the script: `workerData`. */
  readonly data?: unknown;
  /** The thread runs in a process of its own, which it may end. That takes half a second more to start. */
  readonly hasOwnProcess?: boolean;
};

/** A kept thread, or the place for one. */
type Place<T extends Talk> = {
  readonly script: URL;
  readonly idleMs: number;
  readonly hangsAfterMs: number;
  readonly silentMs: number;
  /** Timer of the silence. */
  readonly startTimer: StartTimer;
  readonly start: typeof startWorker;
  readonly heapMb: number;
  readonly data: unknown;
  running: Running<T> | null;
  /** Number of the latest task. */
  id: number;
};

/** A task from its caller's side. */
type Asked<T extends Talk> = {
  readonly id: number;
  readonly on: Running<T>;
  readonly answer: PromiseWithResolvers<T['answer']>;
  readonly over: AbortController;
};

/** `script` calls `serveTasks`. */
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
    // An error of the engine (out of memory) says nothing of the data; one of the script might.
    if (error !== null) Object.assign(ended, { name: error.name, stack: framesOf(error.stack) });
    for (const task of tasks.values()) task.fail(ended);
    tasks.clear();
    tellRest(started);
  };
  const take = (message: unknown): void => {
    // A thread that still talks does not hang: a task that was given up waits behind the others.
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

/** The message of an error may hold anything; its frames do not. */
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

/** The task has ended in the thread. */
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
/** Bytes in memory that holds nothing else, which alone can move. */
export function toOwn(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength
    ? (bytes as Bytes)
    : // Not `slice`: that of a Buffer copies nothing.
      new Uint8Array(bytes);
}
