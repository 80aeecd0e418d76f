/**
 * The account that uses the device now: the signed-in user, or without a network the last one. Null where nobody is
 * signed in or the gateway was not asked yet.
 */
import { computed, effect, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { SessionStore } from '../net/session.ts';
import { rememberUser } from '../pipeline/queue/rows/device-notes.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';

export function createAccount(session: SessionStore, database: LocalDatabase): ReadonlySignal<string | null> {
  const account = computed(() => session.user.value?.id ?? null);
  const tabs = new BroadcastChannel('relaypacs-account');
  const isDecided = () => session.state.peek() === 'signed-in' || session.state.peek() === 'signed-out';
  effect(() => {
    const user = session.user.value;
    if (session.state.value !== 'signed-in' && session.state.value !== 'signed-out') return;
    void ignoreFailure(
      rememberUser(database, user, Date.now()),
      'without a database there is nothing to work on offline either',
    );
    tabs.postMessage(user?.id ?? null);
  });
  // All tabs share one cookie. When somebody signs in or out in one tab, the other tabs ask the gateway who is signed
  // in.
  tabs.addEventListener('message', ({ data }) => {
    if (isDecided() && data !== account.peek()) void session.resume();
  });
  return account;
}

/** Calls `forget` when another person takes over the device. */
export function betweenAccounts(account: ReadonlySignal<string | null>, forget: () => void): void {
  let before: string | null = null;
  effect(() => {
    const now = account.value;
    if (now === null || now === before) return;
    if (before !== null) queueMicrotask(forget);
    before = now;
  });
}

/** Resolves to the first value that is not null. */
export function untilSome<T>(value: ReadonlySignal<T | null>): Promise<T> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      const now = value.value;
      if (now === null) return;
      // `stop` is not assigned yet while the effect runs for the first time.
      queueMicrotask(() => {
        stop();
        resolve(now);
      });
    });
  });
}
