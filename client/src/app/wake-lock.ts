/**
 * Keeps the screen on while the page must stay open: while a study is being made safe, and, where the browser
 * does not go on without the page, while something travels (Screen Wake Lock). The browser takes the lock
 * away with the page; it is asked for again when it is back.
 */
import { effect, signal, type ReadonlySignal } from '@preact/signals';

export interface WakeLockTools {
  /** Undefined where the browser has none, or the address is not secure. */
  readonly wakeLock: Pick<WakeLock, 'request'> | undefined;
  readonly wanted: ReadonlySignal<boolean>;
  readonly isHidden: () => boolean;
  readonly onChange: (listener: () => void) => void;
}

/**
 * Holds and releases from now on. Never throws: a battery that is low refuses, and then the screen may go
 * dark.
 */
export function keepAwake({ wakeLock, wanted, isHidden, onChange }: WakeLockTools): void {
  if (!wakeLock) return;
  const isSeen = signal(!isHidden());
  let held: Promise<WakeLockSentinel | null> | null = null;
  onChange(() => (isSeen.value = !isHidden()));
  effect(() => {
    if (wanted.value && isSeen.value) held ??= wakeLock.request('screen').catch(() => null);
    else {
      void held?.then((sentinel) => sentinel?.release()).catch(() => undefined);
      held = null;
    }
  });
}
