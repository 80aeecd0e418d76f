/** Light, dark, or the device's own setting. The choice is kept in this browser's localStorage. */
import { effect, signal, type Signal } from '@preact/signals';
import { provided } from '../kit/provided.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export const [ProvideTheme, useTheme] = provided<Signal<Theme>>('theme');

const KEY = 'relaypacs-theme';

/**
 * Reads the choice, applies it to the root element, and keeps it when it changes. Where storage is forbidden
 * it lasts as long as the page.
 */
export function createTheme(
  root: HTMLElement,
  storage: Pick<Storage, 'getItem' | 'setItem'> | null,
): Signal<Theme> {
  let kept: string | null = null;
  try {
    kept = storage?.getItem(KEY) ?? null;
  } catch {
    // Private windows of some browsers throw here; the system's choice is a good one.
  }
  const theme = signal<Theme>(THEMES.find((known) => known === kept) ?? 'system');
  effect(() => {
    if (theme.value === 'system') root.removeAttribute('data-theme');
    else root.setAttribute('data-theme', theme.value);
    try {
      storage?.setItem(KEY, theme.value);
    } catch {
      // As above.
    }
  });
  return theme;
}
