/**
 * Carries every queued study to its receipt, and what comes into the queue meanwhile. Knows neither page nor command line: the queue, the
 * network and the time are given.
 */
import type { QueuedUpload } from '../queue/upload-queue.ts';
import { createCarrier, type CarrierTools } from './carry-study.ts';

export interface Uploader {
  /** Carries what is in the queue, and what comes into it, until the signal ends it. */
  run(signal: AbortSignal): Promise<void>;
  /** Carries what is in the queue now and resolves when all of it has arrived or is refused. Throws Unreachable, ReceiptFaulty. */
  drain(signal: AbortSignal): Promise<void>;
  /** The queue has changed, or the link is back. */
  wake(): void;
}

/** A study that failed unexpectedly is taken up again after this. */
const AGAIN_MS = 5_000;

export function createUploader(tools: CarrierTools): Uploader {
  const { queue, clock } = tools;
  const carrier = createCarrier(tools);
  let woken = Promise.withResolvers<void>();

  async function run(signal: AbortSignal): Promise<void> {
    const active = new Map<string, { state: QueuedUpload['state']; abort: AbortController }>();
    signal.addEventListener('abort', () => woken.resolve(), { once: true });
    while (!signal.aborted) {
      woken = Promise.withResolvers<void>();
      for (const study of await queue.pending()) {
        const known = active.get(study.id);
        // A person said "again": what was waiting for a receipt starts from the beginning.
        const isRestart = known !== undefined && known.state === 'attention' && study.state === 'safe';
        if (known !== undefined && !isRestart) continue;
        known?.abort.abort();
        const abort = new AbortController();
        const entry = { state: study.state, abort };
        active.set(study.id, entry);
        carrier.carry(study, AbortSignal.any([signal, abort.signal]))
          // What is unexpected here (a full disk, a closed database) must not end the other studies; it is tried again.
          .catch(() => clock.sleep(AGAIN_MS, signal).catch(() => undefined))
          .finally(() => {
            if (active.get(study.id) === entry) active.delete(study.id);
            woken.resolve();
          });
      }
      await woken.promise;
    }
    tools.follower.close();
  }

  return {
    run,
    async drain(signal) {
      const abort = new AbortController();
      const both = AbortSignal.any([signal, abort.signal]);
      try {
        await Promise.all((await queue.pending()).map((study) => carrier.carry(study, both)));
      } finally {
        abort.abort();
        tools.follower.close();
      }
    },
    wake: () => woken.resolve(),
  };
}
