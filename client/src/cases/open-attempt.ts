/** One attempt at a time to change something on the gateway: whether it is under way, and why the last one failed. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { troubleOf, type CaseTrouble } from './case-trouble.ts';

export interface Attempt {
  readonly isBusy: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<CaseTrouble | null>;
  /** Resolves to whether `work` succeeded. */
  tried(work: () => Promise<void>): Promise<boolean>;
}

export function openAttempt(): Attempt {
  const isBusy = signal(false);
  const trouble = signal<CaseTrouble | null>(null);
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
