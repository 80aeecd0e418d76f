/**
 * Sends the verdicts that could not be sent, at sign-in and whenever the network returns: the page of results need not
 * be open. The outbox is fetched only where something waits.
 */
import { effect, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { SessionState } from '../net/session.ts';
import type { VerdictOutbox } from '../results/verdict-outbox.ts';

export interface KeptVerdictsTools {
  /** The person who is here; without a network the last one. */
  readonly account: ReadonlySignal<string | null>;
  readonly state: ReadonlySignal<SessionState>;
  readonly isOnline: ReadonlySignal<boolean>;
  /** How many verdicts of this account wait on this device. */
  readonly count: (account: string) => Promise<number>;
  /** Opened for the first time, an outbox sends what was kept before. */
  readonly open: (account: string) => Promise<Pick<VerdictOutbox, 'retry'>>;
}

/** Returns a function that ends it. */
export function sendKeptVerdicts({ account, state, isOnline, count, open }: KeptVerdictsTools): () => void {
  const sendOf = async (author: string): Promise<void> => {
    if ((await count(author)) > 0) await (await open(author)).retry();
  };
  return effect(() => {
    void [state.value, isOnline.value];
    const author = account.value;
    if (author !== null) void ignoreFailure(sendOf(author), 'they stay on the device until the next time');
  });
}
