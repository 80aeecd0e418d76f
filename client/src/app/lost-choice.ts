/**
 * A page that goes takes along what was chosen on it and not sent. The browser asks before; where the page goes all the
 * same, the next one says how many instances that were. A number alone is kept.
 */
import { effect, signal, type ReadonlySignal } from '@preact/signals';

const KEY = 'relaypacs-choice-lost';

export interface ChoiceWatch {
  readonly page: Pick<Window, 'addEventListener'>;
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** Instances that are being written into the queue. */
  readonly unsafe: ReadonlySignal<number>;
  /** Instances that were chosen and not sent. */
  readonly chosen: ReadonlySignal<number>;
}

/** The instances that the last page took along, until something is chosen again. */
export function watchChoice({ page, storage, unsafe, chosen }: ChoiceWatch): ReadonlySignal<number> {
  const lost = signal(Number(storage.getItem(KEY) ?? 0));
  storage.removeItem(KEY);
  page.addEventListener('beforeunload', (event) => {
    if (unsafe.peek() + chosen.peek() > 0) event.preventDefault();
  });
  page.addEventListener('pagehide', () => {
    if (chosen.peek() > 0) storage.setItem(KEY, String(chosen.peek()));
  });
  // Back from the browser's memory, with all that was chosen.
  page.addEventListener('pageshow', () => storage.removeItem(KEY));
  effect(() => {
    if (chosen.value > 0) lost.value = 0;
  });
  return lost;
}
