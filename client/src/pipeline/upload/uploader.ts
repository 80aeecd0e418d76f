/**
 * Carries every queued study to its receipt, and what comes into the queue meanwhile. Knows neither page nor command line: the queue, the
 * network and the time are given.
 */
import type { Trouble } from '../queue/queued.ts';
import { CopyUnreadable, type QueuedUpload } from '../queue/upload-queue.ts';
import { createCarrier, ReceiptFaulty, type CarrierTools } from './carry-study.ts';

export interface Uploader {
  /** Carries what is in the queue, and what comes into it, until the signal ends it. */
  run(signal: AbortSignal): Promise<void>;
  /** Carries what is in the queue now and resolves when all of it has arrived or is refused. Throws Unreachable, ReceiptFaulty. */
  drain(signal: AbortSignal): Promise<void>;
  /** The queue has changed, or the link is back. */
  wake(): void;
}

/** A study that failed unexpectedly is taken up again after 5 s, then ever more calmly: every 5 minutes a new receipt may be there. */
const AGAIN_MS = { first: 5_000, longest: 300_000 } as const;

type Active = { readonly state: QueuedUpload['state']; readonly abort: AbortController; isTroubled: boolean };

function troubleOf(error: unknown): Trouble {
  if (error instanceof ReceiptFaulty) return 'receipt-faulty';
  return error instanceof CopyUnreadable ? 'copy-unreadable' : 'unexpected';
}

export function createUploader(tools: CarrierTools): Uploader {
  const { queue, clock } = tools;
  const carrier = createCarrier(tools);
  let woken = Promise.withResolvers<void>();

  async function run(signal: AbortSignal): Promise<void> {
    const active = new Map<string, Active>();
    const failures = new Map<string, number>();
    /** It is said on the screen, must not end the other studies, and is tried again. */
    const rest = async (id: string, entry: Active, error: unknown, until: AbortSignal): Promise<void> => {
      if (until.aborted) return;
      const turn = failures.get(id) ?? 0;
      failures.set(id, turn + 1);
      entry.isTroubled = await queue.troubled(id, troubleOf(error)).then(() => true, () => false);
      await clock.sleep(Math.min(AGAIN_MS.longest, AGAIN_MS.first * 2 ** turn), until).catch(() => undefined);
    };
    signal.addEventListener('abort', () => woken.resolve(), { once: true });
    while (!signal.aborted) {
      woken = Promise.withResolvers<void>();
      for (const study of await queue.pending()) {
        const known = active.get(study.id);
        // A person said "again": what was waiting for a receipt starts from the beginning, what was resting goes on.
        const isRestart = known !== undefined && ((known.state === 'attention' && study.state === 'safe') || (known.isTroubled && study.trouble === null));
        if (known !== undefined && !isRestart) continue;
        known?.abort.abort();
        const abort = new AbortController();
        const entry: Active = { state: study.state, abort, isTroubled: false };
        const until = AbortSignal.any([signal, abort.signal]);
        active.set(study.id, entry);
        carrier.carry(study, until)
          .then(() => void failures.delete(study.id), (error: unknown) => rest(study.id, entry, error, until))
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
