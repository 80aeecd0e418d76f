/**
 * Starts a script that calls `serveTasks` (serve-tasks.ts): as a thread of this process, or as the thread of a process
 * of its own (thread-process.ts). If that process dies, only the script can be the cause.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { Worker } from 'node:worker_threads';

type Started = { readonly script: URL; readonly heapMb: number; readonly data: unknown };

export type Listener = {
  /** Called when the script begins: an end before this is not the script's fault. */
  begin(): void;
  take(message: unknown): void;
  /** Called once or more when it has ended. `error`: of the engine, or of the script. */
  lose(error: Error | null): void;
};

/** What a script runs in: a thread, or a process. */
export type Body = {
  /** Messages after its end are lost. */
  post(message: unknown, moved: ArrayBuffer[]): void;
  /** After `ref`, this process waits for the thread; after `unref`, it may end without it. */
  ref(): void;
  unref(): void;
  end(): Promise<void>;
};

/** Throws where the system cannot start another thread. */
export function startWorker({ script, heapMb, data }: Started, { begin, take, lose }: Listener): Body {
  const worker = new Worker(script, {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  worker.once('online', begin);
  worker.on('message', take);
  worker.on('error', lose);
  worker.on('exit', () => lose(null));
  return {
    post: (message, moved) => worker.postMessage(message, moved),
    ref: () => worker.ref(),
    unref: () => worker.unref(),
    end: async () => void (await worker.terminate()),
  };
}

/** The first message to the process, which starts the script (thread-process.ts). */
export type ProcessStart = { readonly script: string; readonly heapMb: number; readonly data: unknown };

/** The process's first message, sent before the script gets its first task. */
export const BEGINS = 'begins';

/** Throws where the system cannot start another process, or loses it at once. */
export function startProcess({ script, heapMb, data }: Started, { begin, take, lose }: Listener): Body {
  const { NODE_COMPILE_CACHE } = process.env;
  const child = fork(new URL('./thread-process.ts', import.meta.url), {
    serialization: 'advanced',
    // It can talk only by messages, and gets no settings of the gateway; it leaves no dump of its memory.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
    env: NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE },
  });
  const ended = endOf(child, lose);
  child.once('message', begin);
  child.on('message', (message) => void (message !== BEGINS && take(message)));
  const post = (message: unknown): void => {
    // A process that could not be started has no channel; its end is reported as an error.
    if (child.connected) child.send(message as object, () => undefined);
  };
  post({ script: script.href, heapMb, data } satisfies ProcessStart);
  return {
    post,
    ref() {
      child.ref();
      child.channel?.ref();
    },
    unref() {
      child.unref();
      child.channel?.unref();
    },
    end() {
      child.ref();
      child.kill('SIGKILL');
      return ended;
    },
  };
}

/** Resolves once the process has ended, and reports that. */
function endOf(child: ChildProcess, lose: Listener['lose']): Promise<void> {
  return new Promise((resolve) => {
    let isOver = false;
    const finish = (): void => {
      if (isOver) return;
      isOver = true;
      lose(null);
      resolve();
    };
    child.once('exit', finish);
    // The process could not be started, or a message did not reach it. Every error needs a listener: an unhandled one
    // ends the gateway.
    child.on('error', () => {
      if (!isOver) child.kill('SIGKILL');
      finish();
    });
  });
}
