/**
 * Sends the verdicts that could not be sent earlier, at sign-in and whenever the network returns, even if the results
 * page is not open. The code of the outbox is fetched only if something waits, here or because another tab stored it.
 * Verdicts of other people are only counted.
 */
import { effect, type ReadonlySignal, type Signal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { SessionState } from '../net/session.ts';
import type { Outbox } from '../outbox/outbox.ts';

interface KeptVerdictsTools {
  /** The person who is signed in; without a network, the last one. */
  readonly account: ReadonlySignal<string | null>;
  readonly state: ReadonlySignal<SessionState>;
  readonly isOnline: ReadonlySignal<boolean>;
  /** The number of verdicts of this account that wait on this device; null: of all accounts. */
  readonly count: (account: string | null) => Promise<number>;
  /** Calls `onChange` whenever any tab stores, sends or discards a verdict of any account. */
  readonly watch: (onChange: () => void) => void;
  /** The number of verdicts of other people that wait here. */
  readonly others: Signal<number | null>;
  /** Opens the outbox of this account. When it is first opened, it sends what was kept before. */
  readonly open: (account: string) => Promise<Pick<Outbox, 'retry'>>;
}

/** Returns a function that stops it. */
export function sendKeptVerdicts(tools: KeptVerdictsTools): () => void {
  const { account, state, isOnline, count, watch, others, open } = tools;
  const openOf = async (author: string | null) => {
    const own = author === null ? 0 : await count(author);
    const all = await count(null);
    // Until it is known who is here, nobody knows whose verdicts these are.
    if (all > 0 && state.peek() === 'unknown') return null;
    if (author === account.peek()) others.value = Math.max(0, all - own);
    return author !== null && own > 0 ? open(author) : null;
  };
  watch(() => void ignoreFailure(openOf(account.peek()), 'the next change counts them'));
  return effect(() => {
    void [state.value, isOnline.value];
    const sent = openOf(account.value).then((outbox) => outbox?.retry());
    void ignoreFailure(sent, 'they stay on the device until the next time');
  });
}
