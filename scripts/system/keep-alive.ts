/**
 * Keeps one child process alive: a child that dies is started again, after a pause that grows while it keeps
 * dying.
 *
 * The first start either succeeds or throws: a wrong setting is told at once instead of being tried for ever.
 */
import { setTimeout as after } from 'node:timers/promises';
import { ignoreFailure } from '#shared/ignore-failure.ts';

export type Child = {
  readonly pid: number;
  /** How it ended: its exit code or the name of a signal. */
  readonly exited: Promise<number | string>;
  stop(): Promise<void>;
};

export type KeptAlive = {
  /** Ends the child and the keeping; returns when it is gone. */
  stop(): Promise<void>;
};

export type KeepAliveOptions = {
  readonly name: string;
  /** Returns when the child is ready; throws when it cannot be. */
  readonly start: (signal: AbortSignal) => Promise<Child>;
  readonly say: (line: string) => void;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now?: () => number;
};

/**
 * The first one is short, for a lone crash should hardly be seen; the last keeps a machine usable while
 * something is broken for hours.
 */
const PAUSES_MS = [250, 1_000, 2_000, 5_000, 10_000, 30_000] as const;
/** A child that lived this long was healthy: its next death is a first one. */
const HEALTHY_AFTER_MS = 60_000;

const sleepFor = (ms: number, signal: AbortSignal): Promise<void> => after(ms, undefined, { signal });

/** Starts the child and keeps it alive until `stop`. @throws what `start` throws the first time. */
export async function keepAlive(options: KeepAliveOptions): Promise<KeptAlive> {
  const { name, start, say, sleep = sleepFor, now = () => performance.now() } = options;
  const ending = new AbortController();
  let child: Child | null = await start(ending.signal);
  let startedAt = now();
  let deaths = 0;

  async function startAgain(): Promise<void> {
    while (child === null && !ending.signal.aborted) {
      const pause = PAUSES_MS[Math.min(deaths, PAUSES_MS.length - 1)]!;
      deaths += 1;
      await ignoreFailure(sleep(pause, ending.signal), 'the end interrupts it');
      if (ending.signal.aborted) return;
      try {
        child = await start(ending.signal);
        startedAt = now();
        say(`${name} runs again.`);
      } catch (error) {
        if (!ending.signal.aborted) say(`${name} could not be started again: ${(error as Error).message}`);
      }
    }
  }

  async function watch(): Promise<void> {
    while (child !== null) {
      const how = await child.exited;
      child = null;
      if (ending.signal.aborted) return;
      if (now() - startedAt >= HEALTHY_AFTER_MS) deaths = 0;
      say(`${name} ended (${how}); starting it again.`);
      await startAgain();
    }
  }

  const watching = watch();
  return {
    async stop() {
      ending.abort();
      await child?.stop();
      await watching;
      // A process that became ready in the moment of ending is stopped too.
      await child?.stop();
    },
  };
}
