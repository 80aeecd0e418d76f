/**
 * Starts a script that calls `serveTasks` (serve-tasks.ts): as a thread of this process, or as the thread of a
 * process of its own (thread-process.ts), whose death then is the script's doing and nobody else's.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { Worker } from 'node:worker_threads';

type Started = { readonly script: URL; readonly heapMb: number; readonly data: unknown };

export type Listener = {
  /** The script begins: an end before this is not its doing. */
  begin(): void;
  take(message: unknown): void;
  /** Called once or more: it has ended. `error`: of the engine, or of the script. */
  lose(error: Error | null): void;
};

/** The place in which a script runs. */
export type Body = {
  /** After its end messages go nowhere. */
  post(message: unknown, moved: ArrayBuffer[]): void;
  /** The process waits for the thread after `ref`, and ends without it after `unref`. */
  ref(): void;
  unref(): void;
  end(): Promise<void>;
};

/** Throws where the system has no thread to give. */
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

/** The script's first message to its process (thread-process.ts). */
export type ProcessStart = { readonly script: string; readonly heapMb: number; readonly data: unknown };

/** The process's first message. It says so before the script is given anything. */
export const BEGINS = 'begins';

/** Throws where the system has no process to give, or loses it at once. */
export function startProcess({ script, heapMb, data }: Started, { begin, take, lose }: Listener): Body {
  const { NODE_COMPILE_CACHE } = process.env;
  const child = fork(new URL('./thread-process.ts', import.meta.url), {
    serialization: 'advanced',
    // Messages are all that it may say or know: no settings of the gateway, and no dump of its memory.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
    env: NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE },
  });
  const ended = endOf(child, lose);
  child.once('message', begin);
  child.on('message', (message) => void (message !== BEGINS && take(message)));
  const post = (message: unknown): void => {
    // A process that could not be started has no channel; its end comes as an error.
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

/** Resolves once it has ended, and says so. */
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
    // The process could not be started, or a message no longer reached it. Each error is heard: an unheard one
    // ends the gateway.
    child.on('error', () => {
      if (!isOver) child.kill('SIGKILL');
      finish();
    });
  });
}
