/**
 * Sends the queue of a page: one sender for each account with waiting studies, each under its account's own right.
 * Studies are sent whoever is signed in, even if nobody is. A sign-in only lets that account renew its right.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { watchQueue } from '../../queue/rows/watch-queue.ts';
import { claimNobodys, watchAccounts } from '../../queue/rows/waiting-accounts.ts';
import type { Clock } from '../../../net/clock.ts';
import type { UploadRight } from '../upload-right.ts';
import type { TokenSource } from '../../../net/api-client.ts';
import { createSender, type Sender, type SenderTools } from './create-sender.ts';

interface SendersTools extends Omit<SenderTools, 'session' | 'signedIn' | 'mayStream'> {
  /** The account that is signed in, online or offline; null: none. */
  readonly account: () => string | null;
  /** The session while it belongs to this account, otherwise null. */
  readonly session: (account: string) => TokenSource | null;
}

export interface Senders {
  /**
   * Sends the studies in the queue, including ones added later, until the signal aborts. Throws if the database can
   * no longer be used.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Tells the senders that the queue has changed, or that the connection is back. */
  wake(): void;
  /** Called when a person has signed in or out: senders that wait for that check again. */
  accountChanged(): void;
  right(account: string): UploadRight;
}

/**
 * A right that seems valid but gives no token must not be asked in a tight loop. An ended right may have been renewed
 * in another tab.
 */
const LOOK_AGAIN_MS = { first: 2_000, later: 60_000 } as const;

/**
 * Resolves when the right may give a token. `nextChange`: resolves at the next sign-in or sign-out after the
 * call.
 */
export async function untilRight(
  right: Pick<UploadRight, 'mayGive'>,
  nextChange: () => Promise<void>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await clock.sleep(LOOK_AGAIN_MS.first, signal);
  for (;;) {
    // Called before the check, so that a sign-in during the check is not missed.
    const change = nextChange();
    if (await right.mayGive()) return;
    await Promise.race([change, clock.sleep(LOOK_AGAIN_MS.later, signal)]);
    signal.throwIfAborted();
  }
}

export function createSenders(tools: SendersTools): Senders {
  const { database, clock } = tools;
  const senders = new Map<string, Sender>();
  const running = new Set<string>();
  let changed = Promise.withResolvers<void>();

  function senderOf(account: string): Sender {
    const known = senders.get(account);
    if (known) return known;
    const made = createSender(account, {
      ...tools,
      session: () => tools.session(account),
      signedIn: (right, signal) => untilRight(right, () => changed.promise, clock, signal),
      // The device has one stream, because each one takes up one of the six connections that a browser opens to a
      // gateway without HTTP/2.
      mayStream: () => (tools.account() ?? running.values().next().value) === account,
    });
    senders.set(account, made);
    return made;
  }

  const wake = (): void => {
    for (const account of running) senderOf(account).uploader.wake();
  };

  async function claim(): Promise<void> {
    const account = tools.account();
    if (account !== null) await claimNobodys(database, account);
  }

  return {
    wake,
    right: (account) => senderOf(account).right,
    async run(signal) {
      const ended = Promise.withResolvers<void>();
      const over = new AbortController();
      const stopAccounts = watchAccounts(database, (accounts) => {
        if (accounts.includes(null)) void claim().catch(ended.reject);
        for (const account of accounts) {
          if (account === null || running.has(account)) continue;
          running.add(account);
          senderOf(account).uploader.run(over.signal).catch(ended.reject);
        }
      });
      const stopQueue = watchQueue(database, wake);
      signal.addEventListener('abort', () => ended.resolve(), { once: true });
      await ended.promise.finally(() => {
        stopAccounts();
        stopQueue();
        over.abort();
        running.clear();
      });
    },
    accountChanged() {
      void ignoreFailure(claim(), 'claimed when the accounts are next looked at');
      changed.resolve();
      changed = Promise.withResolvers<void>();
    },
  };
}
