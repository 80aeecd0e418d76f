/**
 * Starts a script that calls `serveTasks` (serve-tasks.ts): as a thread of this process, or as the thread of a
 * process of its own (thread-process.ts), whose death then is the script's doing and nobody else's.
 */
import { fork } from 'node:child_process';
import { Worker } from 'node:worker_threads';

export type Started = { readonly script: URL; readonly heapMb: number; readonly data: unknown };

export type Listener = {
  take(message: unknown): void;
  /** Called once or more: it has ended. `error`: of the engine, or of the script. */
  lose(error: Error | null): void;
};

/** The place in which a script runs. */
export type Body = {
  /** After its end messages go nowhere. */
  post(message: unknown, moved: ArrayBuffer[]): void;
  /** This process waits for it, or ends without it. */
  ref(): void;
  unref(): void;
  end(): Promise<void>;
};

export function startWorker({ script, heapMb, data }: Started, { take, lose }: Listener): Body {
  const worker = new Worker(script, {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
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

export function startProcess({ script, heapMb, data }: Started, { take, lose }: Listener): Body {
  const { NODE_COMPILE_CACHE } = process.env;
  const child = fork(new URL('./thread-process.ts', import.meta.url), {
    serialization: 'advanced',
    // Messages are all that it may say or know: no settings of the gateway, and no dump of its memory.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
    env: NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE },
  });
  const ended = new Promise<void>((resolve) => {
    const finish = (): void => {
      lose(null);
      resolve();
    };
    child.once('exit', finish);
    // It could not be started, or a message no longer reached it.
    child.once('error', () => {
      child.kill('SIGKILL');
      finish();
    });
  });
  child.on('message', take);
  const post = (message: unknown): void => {
    child.send(message as object, () => undefined);
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
