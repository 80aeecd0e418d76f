/**
 * Attempts to change something on the gateway, one at a time: whether one is in progress, and why the last one failed.
 */
import { signal, type ReadonlySignal } from '@preact/signals';

export interface Attempt<Trouble> {
  readonly isBusy: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  /** Resolves to whether `work` succeeded. */
  tried(work: () => Promise<unknown>): Promise<boolean>;
}

export function openAttempt<Trouble>(troubleOf: (error: unknown) => Trouble): Attempt<Trouble> {
  const isBusy = signal(false);
  const trouble = signal<Trouble | null>(null);
  return {
    isBusy,
    trouble,
    async tried(work) {
      isBusy.value = true;
      trouble.value = null;
      try {
        await work();
        return true;
      } catch (error) {
        trouble.value = troubleOf(error);
        return false;
      } finally {
        isBusy.value = false;
      }
    },
  };
}
