/**
 * Keeps the screen on while the page must stay open (Screen Wake Lock): while a study is being made safe and, in
 * browsers that send only with an open page, while something is being sent. The browser releases the lock when the page
 * is hidden; the page requests it again when it is shown.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { effect, signal, type ReadonlySignal } from '@preact/signals';

interface WakeLockTools {
  /** Undefined where the browser has no wake lock, or the address is not secure. */
  readonly wakeLock: Pick<WakeLock, 'request'> | undefined;
  readonly wanted: ReadonlySignal<boolean>;
  readonly isHidden: () => boolean;
  readonly onChange: (listener: () => void) => void;
}

/**
 * Requests and releases the lock from now on. Never throws: with a low battery the browser refuses, and the screen may
 * go dark.
 */
export function keepAwake({ wakeLock, wanted, isHidden, onChange }: WakeLockTools): void {
  if (!wakeLock) return;
  const isSeen = signal(!isHidden());
  let held: Promise<WakeLockSentinel | null> | null = null;
  onChange(() => (isSeen.value = !isHidden()));
  effect(() => {
    if (wanted.value && isSeen.value) held ??= wakeLock.request('screen').catch(() => null);
    else {
      if (held)
        void ignoreFailure(
          held.then((sentinel) => sentinel?.release()),
          'the browser has released it already',
        );
      held = null;
    }
  });
}
