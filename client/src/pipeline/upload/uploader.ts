/**
 * Carries every queued study to its receipt, including studies queued meanwhile. It does not depend on the page or
 * the command line: the queue, the network and the time are inputs.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Trouble } from '../queue/queued-study.ts';
import { CopyUnreadable, type QueuedUpload } from '../queue/upload-queue.ts';
import { ReceiptFaulty } from './await-receipt.ts';
import { createCarrier, type Carrier, type CarrierTools } from './carry-study.ts';

export interface Uploader {
  /** Carries the studies in the queue, including ones added later, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Carries the studies that are in the queue now. Resolves when all of them have arrived or are refused. Throws
   * Unreachable or ReceiptFaulty.
   */
  drain(signal: AbortSignal): Promise<void>;
  /** Tells the uploader that the queue has changed, or that the connection is back. */
  wake(): void;
}

/**
 * A study that failed unexpectedly is retried after 5 s, then less and less often, up to every 5 minutes. A new
 * receipt may be available by then.
 */
const AGAIN_MS = { first: 5_000, longest: 300_000 } as const;

/** A study that is being carried, or that rests between two attempts. */
interface Active extends Pick<QueuedUpload, 'state' | 'turn'> {
  readonly abort: AbortController;
  /** Aborts with the run, or when this study has to stop. */
  readonly until: AbortSignal;
  isTroubled: boolean;
}

interface Run {
  readonly tools: CarrierTools;
  readonly carrier: Carrier;
  readonly active: Map<string, Active>;
  /** The number of consecutive attempts that failed or changed nothing, for each study. */
  readonly failures: Map<string, number>;
  readonly signal: AbortSignal;
  wake(): void;
}

export function createUploader(tools: CarrierTools): Uploader {
  const { queue, follower } = tools;
  const carrier = createCarrier(tools);
  let woken = Promise.withResolvers<void>();
  const wake = (): void => woken.resolve();

  return {
    wake,
    async run(signal) {
      const run: Run = { tools, carrier, active: new Map(), failures: new Map(), signal, wake };
      signal.addEventListener('abort', wake, { once: true });
      while (!signal.aborted) {
        woken = Promise.withResolvers<void>();
        const pending = await queue.pending();
        carrier.arrange(pending.map(({ id }) => id));
        endOthers(run, pending);
        for (const study of pending) start(run, study);
        await woken.promise;
      }
      follower.close();
    },
    async drain(signal) {
      const abort = new AbortController();
      const both = AbortSignal.any([signal, abort.signal]);
      try {
        const pending = await queue.pending();
        carrier.arrange(pending.map(({ id }) => id));
        await Promise.all(pending.map((study) => carrier.carry(study, both)));
      } finally {
        abort.abort();
        follower.close();
      }
    },
  };
}

/** Stops paused, cancelled or taken-back studies within their current piece. The gateway keeps what it has. */
function endOthers({ active }: Run, pending: readonly QueuedUpload[]): void {
  const wanted = new Set(pending.map(({ id }) => id));
  for (const [id, { abort }] of active) {
    if (wanted.has(id)) continue;
    abort.abort();
    active.delete(id);
  }
}

/** Carries the study, unless it is already being carried. */
function start(run: Run, study: QueuedUpload): void {
  const { carrier, active, signal } = run;
  const known = active.get(study.id);
  if (known !== undefined && !isRestart(known, study)) return;
  known?.abort.abort();
  const abort = new AbortController();
  const until = AbortSignal.any([signal, abort.signal]);
  const entry: Active = { state: study.state, turn: study.turn, abort, until, isTroubled: false };
  active.set(study.id, entry);
  carrier
    .carry(study, until)
    .then(
      () => restIfUnchanged(run, study, until),
      (error: unknown) => restAfterFailure(run, study.id, entry, error),
    )
    .finally(() => {
      if (active.get(study.id) === entry) active.delete(study.id);
      run.wake();
    });
}

/**
 * After a person's decision, a study that waited for a receipt starts from the beginning, and a resting one is
 * retried at once.
 */
function isRestart(known: Active, study: QueuedUpload): boolean {
  return (
    known.turn !== study.turn ||
    (known.state === 'attention' && study.state === 'safe') ||
    (known.isTroubled && study.trouble === null)
  );
}

/** Reports the failure on the screen and retries the study later, without ending the others. */
async function restAfterFailure(run: Run, id: string, entry: Active, error: unknown): Promise<void> {
  if (entry.until.aborted) return;
  entry.isTroubled = await run.tools.queue.troubled(id, troubleOf(error)).then(
    () => true,
    () => false,
  );
  await rest(run, id, entry.until);
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof ReceiptFaulty) return 'receipt-faulty';
  return error instanceof CopyUnreadable ? 'copy-unreadable' : 'unexpected';
}

/** A study whose attempt changed nothing also rests, so that it does not loop as fast as the gateway answers. */
async function restIfUnchanged(run: Run, study: QueuedUpload, until: AbortSignal): Promise<void> {
  const pending = await ignoreFailure(
    run.tools.queue.pending(),
    'the next turn of the run meets the failure',
  );
  const now = pending?.find(({ id }) => id === study.id);
  const isSame =
    now !== undefined &&
    now.state === study.state &&
    now.turn === study.turn &&
    now.receiptId === study.receiptId;
  if (isSame) await rest(run, study.id, until);
  else run.failures.delete(study.id);
}

async function rest({ tools, failures }: Run, id: string, until: AbortSignal): Promise<void> {
  const turn = failures.get(id) ?? 0;
  failures.set(id, turn + 1);
  const ms = Math.min(AGAIN_MS.longest, AGAIN_MS.first * 2 ** turn);
  await ignoreFailure(tools.clock.sleep(ms, until), 'aborted: a person decided, or the run is over');
}
