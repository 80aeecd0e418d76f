/**
 * Carries every queued study to its receipt, and what comes into the queue meanwhile. Knows neither page nor
 * command line: the queue, the network and the time are given.
 */
import type { Trouble } from '../queue/queued-study.ts';
import { CopyUnreadable, type QueuedUpload } from '../queue/upload-queue.ts';
import { createCarrier, ReceiptFaulty, type CarrierTools } from './carry-study.ts';

export interface Uploader {
  /** Carries what is in the queue, and what comes into it, until the signal ends it. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Carries what is in the queue now and resolves when all of it has arrived or is refused. Throws
   * Unreachable, ReceiptFaulty.
   */
  drain(signal: AbortSignal): Promise<void>;
  /** The queue has changed, or the link is back. */
  wake(): void;
}

/**
 * A study that failed unexpectedly is taken up again after 5 s, then ever more calmly: every 5 minutes a new
 * receipt may be there.
 */
const AGAIN_MS = { first: 5_000, longest: 300_000 } as const;

type Active = Pick<QueuedUpload, 'state' | 'turn'> & { readonly abort: AbortController; isTroubled: boolean };

/**
 * A person said "again", "leave it out", "stop": what waited for a receipt starts from the beginning, what
 * was resting goes on.
 */
function isRestart(known: Active, study: QueuedUpload): boolean {
  return (
    known.turn !== study.turn ||
    (known.state === 'attention' && study.state === 'safe') ||
    (known.isTroubled && study.trouble === null)
  );
}

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
    const againAfter = (id: string): number => {
      const turn = failures.get(id) ?? 0;
      failures.set(id, turn + 1);
      return Math.min(AGAIN_MS.longest, AGAIN_MS.first * 2 ** turn);
    };
    /** It is said on the screen, must not end the other studies, and is tried again. */
    const rest = async (id: string, entry: Active, error: unknown, until: AbortSignal): Promise<void> => {
      if (until.aborted) return;
      entry.isTroubled = await queue.troubled(id, troubleOf(error)).then(
        () => true,
        () => false,
      );
      await clock.sleep(againAfter(id), until).catch(() => undefined);
    };
    /**
     * What was carried and is still as it was waits as well: nothing may turn in a circle as fast as the
     * gateway answers.
     */
    const doze = async (study: QueuedUpload, until: AbortSignal): Promise<void> => {
      const now = (await queue.pending().catch(() => [])).find(({ id }) => id === study.id);
      const isSame =
        now !== undefined &&
        now.state === study.state &&
        now.turn === study.turn &&
        now.receiptId === study.receiptId;
      if (isSame) await clock.sleep(againAfter(study.id), until).catch(() => undefined);
      else failures.delete(study.id);
    };
    signal.addEventListener('abort', () => woken.resolve(), { once: true });
    while (!signal.aborted) {
      woken = Promise.withResolvers<void>();
      const pending = await queue.pending();
      carrier.arrange(pending.map(({ id }) => id));
      endOthers(active, pending);
      for (const study of pending) {
        const known = active.get(study.id);
        if (known !== undefined && !isRestart(known, study)) continue;
        known?.abort.abort();
        const abort = new AbortController();
        const entry: Active = { state: study.state, turn: study.turn, abort, isTroubled: false };
        const until = AbortSignal.any([signal, abort.signal]);
        active.set(study.id, entry);
        carrier
          .carry(study, until)
          .then(
            () => doze(study, until),
            (error: unknown) => rest(study.id, entry, error, until),
          )
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
        const pending = await queue.pending();
        carrier.arrange(pending.map(({ id }) => id));
        await Promise.all(pending.map((study) => carrier.carry(study, both)));
      } finally {
        abort.abort();
        tools.follower.close();
      }
    },
    wake: () => woken.resolve(),
  };
}

/** What is paused, cancelled or taken back ends within its piece; the gateway keeps what it has of it. */
function endOthers(active: Map<string, Active>, pending: readonly QueuedUpload[]): void {
  const wanted = new Set(pending.map(({ id }) => id));
  for (const [id, { abort }] of active) {
    if (wanted.has(id)) continue;
    abort.abort();
    active.delete(id);
  }
}
