/** The switch *Hide names and titles*: the choice of this device, for all pages of cases. */
import { signal } from '@preact/signals';

const KEY = 'relaypacs-anonymise';

export function createAnonymise(storage: Pick<Storage, 'getItem' | 'setItem'>) {
  const isOn = signal(storage.getItem(KEY) === '1');
  return {
    isOn,
    choose(on: boolean): void {
      isOn.value = on;
      storage.setItem(KEY, on ? '1' : '0');
    },
  };
}
export type Anonymise = ReturnType<typeof createAnonymise>;
