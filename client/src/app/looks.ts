/** How the app looks on this device: light or dark, and the size of its text. Kept in this browser's localStorage. */
import { effect, signal, type Signal } from '@preact/signals';
import { provided } from '../kit/provided.ts';

/** The first entry follows the device's own setting. */
export const THEMES = ['system', 'light', 'dark'] as const;
export const TEXT_SIZES = ['normal', 'large', 'larger'] as const;

export interface Looks {
  readonly theme: Signal<(typeof THEMES)[number]>;
  readonly text: Signal<(typeof TEXT_SIZES)[number]>;
}

export const [ProvideLooks, useLooks] = provided<Looks>('looks');

type Kept = Pick<Storage, 'getItem' | 'setItem'>;

/** Reads the choices, applies them to the root element, and keeps them when they change. */
export function createLooks(root: HTMLElement, storage: Kept): Looks {
  return {
    theme: keptChoice(root, storage, 'theme', THEMES),
    text: keptChoice(root, storage, 'text', TEXT_SIZES),
  };
}

/** Where storage is forbidden, the choice lasts only as long as the page. */
function keptChoice<T extends string>(
  root: HTMLElement,
  storage: Kept,
  name: string,
  choices: readonly [T, ...T[]],
): Signal<T> {
  const key = `relaypacs-${name}`;
  let kept: string | null = null;
  try {
    kept = storage.getItem(key);
  } catch {
    // Private windows of some browsers throw here. The device's own setting then applies.
  }
  const choice = signal<T>(choices.find((known) => known === kept) ?? choices[0]);
  effect(() => {
    const { value } = choice;
    if (value === choices[0]) root.removeAttribute(`data-${name}`);
    else root.setAttribute(`data-${name}`, value);
    try {
      storage.setItem(key, value);
    } catch {
      // Private windows of some browsers throw here too. The choice then lasts only as long as the page.
    }
  });
  return choice;
}
